package app.fathi.cep.message;

import io.vertx.core.json.JsonObject;
import java.util.UUID;

/**
 * One of many messages that are taken together. Exactly one of the three ids is given.
 *
 * @param content fields of the contract's {@code PushContent} that differ from the batch's; null for none
 * @param data what its templates may name as {@code data}; null for nothing
 */
public record BatchItem(UUID subscriptionId, UUID profileId, String userId, JsonObject content, JsonObject data) {

    /** What is kept of it until it is sent. */
    public JsonObject own() {
        var own = new JsonObject();
        if (content != null) {
            own.put("content", content);
        }
        return data == null ? own : own.put("data", data);
    }

    /** The content with what is the item's own. */
    public static JsonObject content(JsonObject shared, JsonObject own) {
        var fields = own == null ? null : own.getJsonObject("content");
        // One by one: buttons and data of an item replace those of the batch in whole.
        return fields == null ? shared : new JsonObject().mergeIn(shared).mergeIn(fields);
    }
}
