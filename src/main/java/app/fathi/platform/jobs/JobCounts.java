package app.fathi.platform.jobs;

import app.fathi.platform.jobs.JobsViewStore.Count;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How many jobs there are. With a million of them counting takes half a second, so what took long serves again for twenty
 * times as long, and whoever asks meanwhile waits for the same answer.
 */
final class JobCounts {
    /** Up to here everybody has it counted anew. */
    private static final long QUICK_NANOS = Duration.ofMillis(100).toNanos();

    private static final int SERVES_TIMES = 20;
    private static final long UNDER_WAY = -1;

    /** Of workspaces; beyond, all are forgotten. */
    private static final int LIMIT = 1_000;

    private record Asked(int ws, List<String> visible) {}

    private final class Counted {
        final Future<List<Count>> counts;
        private final long beganNanos = clock.getAsLong();
        private volatile long tookNanos = UNDER_WAY;

        Counted(Supplier<Future<List<Count>>> counting) {
            counts = counting.get().onComplete(done -> tookNanos = clock.getAsLong() - beganNanos);
        }

        boolean serves() {
            if (tookNanos == UNDER_WAY) {
                return true;
            }
            return counts.succeeded()
                    && tookNanos > QUICK_NANOS
                    && clock.getAsLong() - beganNanos < SERVES_TIMES * tookNanos;
        }
    }

    private final LongSupplier clock;
    private final Map<Asked, Counted> answers = new ConcurrentHashMap<>();

    /** @param clock in the manner of {@link System#nanoTime} */
    JobCounts(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * @param visible types that the caller may see; null for all
     * @param counting does it
     */
    Future<List<Count>> of(int ws, List<String> visible, Supplier<Future<List<Count>>> counting) {
        if (answers.size() > LIMIT) {
            answers.clear();
        }
        return answers.compute(
                        new Asked(ws, visible),
                        (asked, last) -> last != null && last.serves() ? last : new Counted(counting))
                .counts;
    }
}
