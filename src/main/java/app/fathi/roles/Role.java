package app.fathi.roles;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * A role that a workspace has made.
 *
 * @param name what who holds it, and whose parent it is, call it
 * @param permissions its own, in alphabetical order, beside what it has of its parents
 */
record Role(
        UUID id,
        String name,
        String description,
        List<String> tags,
        List<String> permissions,
        List<String> parents,
        UUID createdBy,
        Instant createdAt,
        UUID updatedBy,
        Instant updatedAt,
        long version) {

    Role named(String other) {
        return new Role(
                id,
                other,
                description,
                tags,
                permissions,
                parents,
                createdBy,
                createdAt,
                updatedBy,
                updatedAt,
                version);
    }

    /** What people decide about it. */
    JsonObject decided() {
        return new JsonObject()
                .put("name", name)
                .put("description", description)
                .put("tags", new JsonArray(tags))
                .put("permissions", new JsonArray(permissions))
                .put("parents", new JsonArray(parents));
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .mergeIn(decided())
                .put("builtIn", false)
                .put("createdBy", createdBy.toString())
                .put("createdAt", createdAt.toString())
                .put("updatedBy", updatedBy.toString())
                .put("updatedAt", updatedAt.toString())
                .put("version", version);
    }

    /** Built-in roles have their name for an id, and never change. */
    static JsonObject toJson(BuiltInRole role) {
        return new JsonObject()
                .put("id", role.role())
                .put("name", role.role())
                .put("description", "Every workspace has it.")
                .put("tags", new JsonArray())
                .put("permissions", new JsonArray(RoleGraph.names(role)))
                .put("parents", new JsonArray())
                .put("builtIn", true)
                .putNull("createdBy")
                .putNull("createdAt")
                .putNull("updatedBy")
                .putNull("updatedAt")
                .put("version", 1);
    }
}
