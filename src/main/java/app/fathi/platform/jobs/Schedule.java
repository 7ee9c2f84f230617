package app.fathi.platform.jobs;

import io.vertx.core.json.JsonObject;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Objects;

/**
 * A job that comes again by the clock: one for each slot, on whichever node. The job's key is the name and the slot; its
 * payload is this one with the {@code slot} added. Jobs of two slots may run at once when the first is slow.
 *
 * @param name one schedule of it per workspace
 */
public record Schedule(
        int ws, String name, String type, Lane lane, JsonObject payload, Cron cron, ZoneId zone, Missed missed) {
    private static final int MAX_NAME_LENGTH = 150;

    public Schedule {
        Objects.requireNonNull(lane, "lane");
        Objects.requireNonNull(payload, "payload");
        Objects.requireNonNull(cron, "cron");
        Objects.requireNonNull(zone, "zone");
        Objects.requireNonNull(missed, "missed");
        if (name.isEmpty() || name.length() > MAX_NAME_LENGTH) {
            throw new IllegalArgumentException("A schedule's name has 1 to " + MAX_NAME_LENGTH + " characters");
        }
    }

    /** What becomes of slots that passed while no node was there. */
    public enum Missed {
        /** They are not run. */
        SKIP,
        /** The last of them is run. */
        ONE,
        /** All are run, the oldest first. */
        ALL;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Missed of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }
}
