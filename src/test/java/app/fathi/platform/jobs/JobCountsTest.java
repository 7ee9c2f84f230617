package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.jobs.JobsViewStore.Count;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobCountsTest {
    private static final Duration SLOW = Duration.ofMillis(500);

    private long nanos;
    private final List<Promise<List<Count>>> counted = new ArrayList<>();
    private final JobCounts counts = new JobCounts(() -> nanos);

    private Future<List<Count>> ask(int ws, List<String> visible) {
        return counts.of(ws, visible, () -> {
            counted.add(Promise.promise());
            return counted.getLast().future();
        });
    }

    private void after(Duration time) {
        nanos += time.toNanos();
    }

    @Test
    void few_are_counted_for_everybody_who_asks() {
        for (int i = 0; i < 3; i++) {
            ask(1, null);
            after(Duration.ofMillis(2));
            counted.getLast().complete(List.of());
        }
        assertThat(counted).hasSize(3);
    }

    @Test
    void who_asks_while_they_are_counted_gets_the_same_answer() {
        var first = ask(1, null);
        after(SLOW);
        assertThat(ask(1, null)).isSameAs(first);
        assertThat(counted).hasSize(1);
    }

    @Test
    void what_took_long_serves_twenty_times_as_long_and_no_longer() {
        ask(1, null);
        after(SLOW);
        counted.getLast().complete(List.of());
        after(SLOW.multipliedBy(19).minusMillis(1));
        ask(1, null);
        assertThat(counted).hasSize(1);
        after(Duration.ofMillis(1));
        ask(1, null);
        assertThat(counted).hasSize(2);
    }

    @Test
    void a_failure_serves_nobody_else() {
        ask(1, null);
        after(SLOW);
        counted.getLast().fail("the database is down");
        ask(1, null);
        assertThat(counted).hasSize(2);
    }

    @Test
    void each_workspace_and_each_view_of_it_has_its_own() {
        ask(1, null);
        ask(2, null);
        ask(1, List.of("cep.send"));
        assertThat(counted).hasSize(3);
    }
}
