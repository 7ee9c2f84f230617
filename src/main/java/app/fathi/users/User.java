package app.fathi.users;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * Somebody who works in a workspace, as that workspace sees them.
 *
 * @param id the account's, the same in every workspace that it belongs to
 * @param invited has not accepted yet
 * @param disabled cannot sign in here
 * @param createdAt when they joined, or were invited
 */
record User(
        UUID id,
        String email,
        String name,
        boolean invited,
        boolean disabled,
        List<String> roles,
        Instant createdAt,
        Instant updatedAt,
        long version) {

    User withRoles(List<String> names) {
        return new User(id, email, name, invited, disabled, names, createdAt, updatedAt, version);
    }

    /** Can sign in. */
    boolean isActive() {
        return !invited && !disabled;
    }

    private String status() {
        return disabled ? "disabled" : invited ? "invited" : "active";
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .put("email", email)
                .put("name", name)
                .put("status", status())
                .put("roles", new JsonArray(roles))
                .put("createdAt", createdAt.toString())
                .put("updatedAt", updatedAt.toString())
                .put("version", version);
    }

    /** What a change can touch, as the audit trail tells it. */
    JsonObject audited() {
        return new JsonObject().put("name", name).put("disabled", disabled).put("roles", new JsonArray(roles));
    }
}
