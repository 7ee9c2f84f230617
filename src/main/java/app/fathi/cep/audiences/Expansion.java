package app.fathi.cep.audiences;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;

/**
 * How far the people of a described audience are found: a row of {@code cep_expansion} with what stands beside it in the run.
 *
 * @param segment that was asked for; null for a rule
 * @param frozen what {@link app.fathi.segments.Audiences} goes on with; null before it has begun
 * @param asOf the moment for which everybody is asked; null before it has begun
 * @param before everybody from this profile number on was asked
 * @param chunks how many were made
 * @param reason why it failed, for people; null when it did not
 * @param planned people who were found
 */
public record Expansion(
        long run,
        UUID segment,
        JsonObject rule,
        JsonObject frozen,
        Instant asOf,
        int before,
        int chunks,
        State state,
        String reason,
        int planned) {

    enum State {
        /** For its time. */
        WAITING,
        FINDING,
        /** Everybody. */
        FOUND,
        /** Somebody cancelled it. */
        STOPPED,
        FAILED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        public static State of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }

        boolean isOpen() {
            return this == WAITING || this == FINDING;
        }
    }

    /** The contract's {@code MessageAudience}. */
    public JsonObject toJson() {
        return new JsonObject()
                .put("segment", segment == null ? null : segment.toString())
                .put("state", state.word())
                .put("reason", reason)
                .put("asOf", asOf == null ? null : asOf.toString());
    }
}
