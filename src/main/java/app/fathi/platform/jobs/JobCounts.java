package app.fathi.platform.jobs;

import app.fathi.platform.jobs.JobsViewStore.Count;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How many jobs there are. With a million of them counting takes half a second, so what took long serves again for twenty
 * times as long, and whoever asks meanwhile waits for the same answer.
 */
final class JobCounts {
    /** Up to here everybody has it counted anew. */
    private static final long QUICK_NANOS = Duration.ofMillis(100).toNanos();

    private static final int SERVES_TIMES = 20;

    /** Of workspaces; beyond, all are forgotten. */
    private static final int LIMIT = 1_000;

    private record Asked(int ws, List<String> visible) {}

    private static final class Counted {
        final Future<List<Count>> counts;
        private final long beganNanos = System.nanoTime();
        private volatile long tookNanos = -1;

        Counted(Future<List<Count>> counts) {
            this.counts = counts;
            counts.onComplete(done -> tookNanos = System.nanoTime() - beganNanos);
        }

        boolean serves() {
            if (tookNanos < 0) {
                return true;
            }
            return counts.succeeded()
                    && tookNanos > QUICK_NANOS
                    && System.nanoTime() - beganNanos < SERVES_TIMES * tookNanos;
        }
    }

    private final Map<Asked, Counted> answers = new ConcurrentHashMap<>();

    /** @param visible types that the caller may see; null for all */
    Future<List<Count>> of(SqlClient client, int ws, List<String> visible) {
        if (answers.size() > LIMIT) {
            answers.clear();
        }
        return answers.compute(
                        new Asked(ws, visible),
                        (asked, last) -> last != null && last.serves()
                                ? last
                                : new Counted(JobsViewStore.counts(client, ws, visible)))
                .counts;
    }
}
