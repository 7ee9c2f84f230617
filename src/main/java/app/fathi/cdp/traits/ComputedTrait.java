package app.fathi.cdp.traits;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * A trait that is computed, as staff define it.
 *
 * @param name the trait's, which stays
 * @param compute the contract's {@code Computation}
 * @param ready whether everybody was computed by it
 * @param edits null for one that is not saved yet
 */
record ComputedTrait(
        UUID id, String name, String description, List<String> tags, JsonObject compute, boolean ready, Edits edits) {
    /** Who is found and left alone by these is not to be computed. */
    private static final Set<String> ADDRESSES = Set.of("email", "phone");

    record Edits(UUID createdBy, Instant createdAt, UUID updatedBy, Instant updatedAt, long version) {}

    /** @throws ProblemException 422 where the name is none for it */
    static ComputedTrait of(UUID id, JsonObject json) {
        var name = json.getString("name");
        if (name.startsWith("$")) {
            throw ProblemException.unprocessable("/name", "Names that begin with $ are for what browsers tell.");
        }
        if (ADDRESSES.contains(name)) {
            throw ProblemException.unprocessable(
                    "/name", "People are found and left alone by their " + name + ": it is said and not computed.");
        }
        return new ComputedTrait(
                id,
                name,
                json.getString("description", ""),
                texts(json.getJsonArray("tags", new JsonArray())),
                json.getJsonObject("compute"),
                false,
                null);
    }

    ComputedTrait with(JsonObject change) {
        return new ComputedTrait(
                id,
                name,
                change.getString("description", description),
                change.containsKey("tags") ? texts(change.getJsonArray("tags")) : tags,
                change.getJsonObject("compute", compute),
                ready && !change.containsKey("compute"),
                edits);
    }

    private static List<String> texts(JsonArray array) {
        return array.stream().map(String.class::cast).distinct().toList();
    }

    /** What staff may set. */
    JsonObject fields() {
        return new JsonObject()
                .put("name", name)
                .put("description", description)
                .put("tags", new JsonArray(tags))
                .put("compute", compute);
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .mergeIn(fields())
                .put("state", ready ? "ready" : "computing")
                .put("createdBy", edits.createdBy().toString())
                .put("createdAt", edits.createdAt().toString())
                .put("updatedBy", edits.updatedBy().toString())
                .put("updatedAt", edits.updatedAt().toString())
                .put("version", edits.version());
    }
}
