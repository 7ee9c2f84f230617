package app.fathi.platform.jobs;

import io.vertx.core.json.JsonObject;
import java.time.Instant;

/**
 * A claimed job as its handler sees it.
 *
 * @param attempt 1 for the first run; more after a failure, or after a worker died with it
 * @param requestId the request that asked for it, for log lines; null when none did
 * @param createdAt by the database's clock
 */
public record Job(
        long id,
        int ws,
        String type,
        Lane lane,
        String key,
        JsonObject payload,
        int attempt,
        String requestId,
        Instant createdAt) {}
