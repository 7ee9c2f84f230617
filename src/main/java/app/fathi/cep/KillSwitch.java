package app.fathi.cep;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Locale;

/**
 * Something that must not be sent until somebody takes it back: a row of {@code cep_kill_switch}.
 *
 * @param target the channel's name or the push service's origin; empty for the wider scopes
 * @param exceptTransactional messages of the purpose {@code transactional} still go
 */
record KillSwitch(
        Scope scope, String target, boolean exceptTransactional, String reason, String engagedBy, Instant engagedAt) {

    /** What it stops. */
    enum Scope {
        /** The whole installation. */
        ALL,
        WORKSPACE,
        /** One channel of the workspace. */
        CHANNEL,
        /** What would go to one push service, or another single origin, for the workspace. */
        ORIGIN;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Scope of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }

        boolean hasTarget() {
            return this == CHANNEL || this == ORIGIN;
        }
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("scope", scope.word())
                .put("target", target.isEmpty() ? null : target)
                .put("exceptTransactional", exceptTransactional)
                .put("reason", reason)
                .put("engagedBy", engagedBy)
                .put("engagedAt", engagedAt.toString());
    }
}
