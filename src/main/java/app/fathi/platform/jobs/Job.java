package app.fathi.platform.jobs;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.UUID;

/**
 * A claimed job as its handler sees it.
 *
 * @param id the same in log lines, answers and tables
 * @param attempt 1 for the first run; more after a failure, or after a worker died with it
 * @param requestId the request that asked for it, for log lines; null when none did
 * @param deadline after it the work makes no sense any more; null for work that always does
 * @param children what became of the jobs that it spawned in earlier runs
 * @param createdAt by the database's clock
 */
public record Job(
        UUID id,
        int ws,
        String type,
        Lane lane,
        String key,
        JsonObject payload,
        int attempt,
        String requestId,
        Instant deadline,
        Children children,
        Instant createdAt) {

    /**
     * How many jobs it spawned, and how many of these are over.
     *
     * @param failed those that ended as dead letters
     */
    public record Children(int total, int done, int failed, int cancelled) {
        public static final Children NONE = new Children(0, 0, 0, 0);

        int open() {
            return total - done - failed - cancelled;
        }
    }
}
