package app.fathi.users;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * A secret API key as it is shown: never with its secret.
 *
 * @param prefix the secret's first characters, to recognise it by
 * @param createdBy the user or key that made it
 * @param expiresAt null when it does not expire
 * @param lastUsedAt to the minute, null when never
 * @param previousUntil until when the secret before works on; null when there is none
 */
record ApiKey(
        UUID id,
        String name,
        String prefix,
        List<String> permissions,
        UUID createdBy,
        Instant createdAt,
        Instant expiresAt,
        Instant lastUsedAt,
        Instant previousUntil,
        long version) {

    JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .put("name", name)
                .put("prefix", prefix)
                .put("permissions", new JsonArray(permissions))
                .put("createdAt", createdAt.toString())
                .put("expiresAt", expiresAt == null ? null : expiresAt.toString())
                .put("lastUsedAt", lastUsedAt == null ? null : lastUsedAt.toString())
                .put("previousSecretUntil", previousUntil == null ? null : previousUntil.toString())
                .put("version", version);
    }
}
