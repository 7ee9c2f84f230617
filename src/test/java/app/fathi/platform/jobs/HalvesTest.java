package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HalvesTest {
    private static final List<Integer> ALL = IntStream.range(0, 500).boxed().toList();

    private final List<Integer> done = new ArrayList<>();
    private int times;

    @Test
    void those_who_fail_are_found_and_all_others_done_once() {
        var bad = Set.of(7, 250, 499);
        var failed = Halves.each(ALL, failing(bad, new IllegalStateException("not these")))
                .await();
        assertThat(failed).containsOnlyKeys(7, 250, 499);
        assertThat(done).hasSize(497).doesNotHaveDuplicates().doesNotContainAnyElementsOf(bad);
        assertThat(times).isLessThan(60);
    }

    @Test
    void what_takes_too_long_together_is_done_in_parts() {
        var failed = Halves.each(ALL, some -> some.size() > 100 ? fails(state("57014")) : does(some))
                .await();
        assertThat(failed).isEmpty();
        assertThat(done).isEqualTo(ALL);
    }

    @Test
    void what_is_nobodys_fault_is_not_tried_again_and_again() {
        for (var state : List.of("08006", "53300", "57P01")) {
            times = 0;
            var future = Halves.each(ALL, failing(Set.of(7), state(state)));
            assertThat(future.failed()).as(state).isTrue();
            assertThat(times).isEqualTo(1);
        }
    }

    private Function<List<Integer>, Future<?>> failing(Set<Integer> bad, RuntimeException failure) {
        return some -> {
            times++;
            if (some.stream().anyMatch(bad::contains)) {
                // Thrown or told, it is the same.
                if (some.size() % 2 == 0) {
                    throw failure;
                }
                return fails(failure);
            }
            return does(some);
        };
    }

    private Future<?> does(List<Integer> some) {
        done.addAll(some);
        return Future.succeededFuture();
    }

    private static Future<?> fails(RuntimeException failure) {
        return Future.failedFuture(failure);
    }

    private static PgException state(String state) {
        return new PgException("no", "ERROR", state, null);
    }
}
