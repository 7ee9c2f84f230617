package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class JobsMetricsTest {
    @Test
    void the_number_of_running_jobs_is_known_after_a_collection_of_garbage() {
        var registry = new SimpleMeterRegistry();
        var running = new AtomicInteger(3);
        new JobsMetrics(registry, running::get, List.of());
        var garbage = new WeakReference<>(new Object());
        JobsWorld.until(() -> {
            System.gc();
            return garbage.get() == null;
        });
        assertThat(registry.get("jobs.running").gauge().value()).isEqualTo(3);
    }

    @Test
    void the_first_end_of_a_type_is_an_increase() {
        var registry = new SimpleMeterRegistry();
        new JobsMetrics(registry, () -> 0, List.of("cep.send"));
        assertThat(registry.get("jobs.ended").tag("verdict", "done").counter().count())
                .isZero();
        assertThat(registry.get("jobs.died").tag("type", "cep.send").counter().count())
                .isZero();
        assertThat(registry.get("jobs.fenced").tag("type", "cep.send").counter().count())
                .isZero();
    }
}
