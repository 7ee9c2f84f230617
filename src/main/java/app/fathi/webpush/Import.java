package app.fathi.webpush;

import app.fathi.platform.imports.ImportFormat;
import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;

/**
 * A file of subscriptions and how far it was read.
 *
 * @param header of a CSV, once it was read; null before
 * @param position octets that were read, and what came of them is written
 * @param line the line that comes next
 */
record Import(
        UUID id,
        UUID keyId,
        ImportFormat format,
        UUID upload,
        long octets,
        State state,
        String reason,
        List<String> header,
        long position,
        long line,
        Counts counts,
        OffsetDateTime createdAt,
        OffsetDateTime finishedAt) {

    enum State {
        QUEUED,
        RUNNING,
        COMPLETED,
        FAILED,
        CANCELLED;

        String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        boolean isOver() {
            return this != QUEUED && this != RUNNING;
        }
    }

    /** What became of the rows. */
    record Counts(long created, long updated, long unchanged, long skipped, long faulty) {
        static final Counts NONE = new Counts(0, 0, 0, 0, 0);

        long rows() {
            return created + updated + unchanged + skipped + faulty;
        }
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .put("state", state.word())
                .put("reason", reason)
                .put("format", format.word())
                .put("keyId", keyId.toString())
                .put("octets", octets)
                .put("octetsRead", position)
                .put(
                        "counts",
                        new JsonObject()
                                .put("rows", counts.rows())
                                .put("created", counts.created())
                                .put("updated", counts.updated())
                                .put("unchanged", counts.unchanged())
                                .put("skipped", counts.skipped())
                                .put("faulty", counts.faulty()))
                .put("createdAt", PushKeyReport.text(createdAt))
                .put("finishedAt", PushKeyReport.text(finishedAt));
    }
}
