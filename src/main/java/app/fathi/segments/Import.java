package app.fathi.segments;

import app.fathi.platform.imports.ImportFormat;
import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * A file of people for a static segment, and how far it was read.
 *
 * @param header of a CSV, once it was read; null before
 * @param position octets that were read, and what came of them is written
 * @param line the line that comes next
 */
record Import(
        UUID id,
        UUID segment,
        Mode mode,
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

    enum Mode {
        /** Who is in the segment stays. */
        ADD,
        /** Who is in the segment and not in the file leaves when it was read. */
        REPLACE;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Mode of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }

    enum State {
        QUEUED,
        RUNNING,
        COMPLETED,
        FAILED,
        CANCELLED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static State of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }

        boolean isOver() {
            return this != QUEUED && this != RUNNING;
        }
    }

    /** What became of the rows, and how many people left. */
    record Counts(long added, long unchanged, long unknown, long faulty, long removed) {
        long rows() {
            return added + unchanged + unknown + faulty;
        }
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .put("segmentId", segment.toString())
                .put("mode", mode.word())
                .put("state", state.word())
                .put("reason", reason)
                .put("format", format.word())
                .put("octets", octets)
                .put("octetsRead", position)
                .put(
                        "counts",
                        new JsonObject()
                                .put("rows", counts.rows())
                                .put("added", counts.added())
                                .put("unchanged", counts.unchanged())
                                .put("unknown", counts.unknown())
                                .put("faulty", counts.faulty())
                                .put("removed", counts.removed()))
                .put("createdAt", text(createdAt))
                .put("finishedAt", text(finishedAt));
    }

    private static String text(OffsetDateTime time) {
        return time == null ? null : time.toInstant().toString();
    }
}
