package app.fathi.platform.jobs;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Objects;

/**
 * Work that somebody asks for.
 *
 * @param type which {@link JobHandler} does it, an imperative such as {@code cep.sendChunk}
 * @param key names the work: while a job of this workspace, type and key is live, asking again adds none. Asked before it
 *     is over, it runs once more
 * @param payload what the handler needs to find its data: small, ids rather than contents
 * @param runAt not before this instant
 * @param deadline after it the work makes no sense any more, so that a dead letter is not brought back; null for never.
 *     The handler is still run after it, to bring its own records to their end
 */
public record NewJob(int ws, String type, Lane lane, String key, JsonObject payload, Instant runAt, Instant deadline) {
    private static final int MAX_NAME_LENGTH = 200;

    public NewJob {
        Objects.requireNonNull(lane, "lane");
        Objects.requireNonNull(payload, "payload");
        Objects.requireNonNull(runAt, "runAt");
        if (type.isEmpty() || type.length() > MAX_NAME_LENGTH || key.isEmpty() || key.length() > MAX_NAME_LENGTH) {
            throw new IllegalArgumentException("A job's type and key have 1 to " + MAX_NAME_LENGTH + " characters");
        }
    }

    /** Work that makes sense whenever it is done. */
    public NewJob(int ws, String type, Lane lane, String key, JsonObject payload, Instant runAt) {
        this(ws, type, lane, key, payload, runAt, null);
    }
}
