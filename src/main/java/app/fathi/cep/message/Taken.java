package app.fathi.cep.message;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;

/**
 * The answer to a message request.
 *
 * @param id null for a dry run
 * @param planned how many people were found
 * @param reachable how many of them have an address; counted for a dry run only, null otherwise
 * @param unknown ids that name nobody here
 */
public record Taken(UUID id, int planned, Integer reachable, List<String> unknown) {

    public boolean dryRun() {
        return id == null;
    }

    /** The contract's {@code MessageTaken}. */
    public JsonObject toJson() {
        var json = new JsonObject()
                .put("id", dryRun() ? null : id.toString())
                .put("state", dryRun() ? "dry-run" : "queued")
                .put("planned", planned)
                .put("unknown", new JsonArray(unknown));
        if (reachable != null) {
            json.put("reachable", reachable);
        }
        return json;
    }
}
