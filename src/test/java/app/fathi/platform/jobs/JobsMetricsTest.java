package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class JobsMetricsTest {
    @Test
    void the_number_of_running_jobs_is_known_after_a_collection_of_garbage() {
        var registry = new SimpleMeterRegistry();
        var running = new AtomicInteger(3);
        new JobsMetrics(registry, running::get);
        var garbage = new WeakReference<>(new Object());
        JobsWorld.until(() -> {
            System.gc();
            return garbage.get() == null;
        });
        assertThat(registry.get("jobs.running").gauge().value()).isEqualTo(3);
    }
}
