package app.fathi.webpush;

import app.fathi.cep.Channel.Outgoing;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;

/**
 * The plaintext of a push: one JSON that Safari shows by itself (Declarative Web Push) and our service worker reads
 * elsewhere. What is ours lies in {@code data.fathi}.
 */
final class PushPayload {
    /** Members that are called the same in the contract's content and in the notification. */
    private static final List<String> SAME = List.of(
            "title",
            "body",
            "lang",
            "dir",
            "silent",
            "icon",
            "image",
            "badge",
            "requireInteraction",
            "renotify",
            "vibrate");

    private PushPayload() {}

    static byte[] encode(Outgoing outgoing, PushAddress address, String publicUrl) {
        var content = outgoing.content();
        var home = address.site() == null ? publicUrl : address.site();
        var notification = new JsonObject();
        SAME.forEach(name -> putIfPresent(notification, name, content.getValue(name)));
        notification.put("navigate", content.getString("url", home));
        notification.put(
                "tag",
                content.getString(
                        "tag", outgoing.topic() == null ? outgoing.id().toString() : outgoing.topic()));
        if (content.getString("timestamp") != null) {
            notification.put(
                    "timestamp", Instant.parse(content.getString("timestamp")).toEpochMilli());
        }
        if (content.getJsonArray("actions") != null) {
            notification.put("actions", actions(content.getJsonArray("actions"), notification.getString("navigate")));
        }
        var ours = new JsonObject().put("id", outgoing.id().toString());
        if (outgoing.trackingToken() != null) {
            ours.put("token", outgoing.trackingToken()).put("track", publicUrl + "/api/v1/webpush/track");
        }
        notification.put(
                "data", content.getJsonObject("data", new JsonObject()).copy().put("fathi", ours));
        return new JsonObject()
                .put("web_push", 8030)
                .put("notification", notification)
                .toBuffer()
                .getBytes();
    }

    private static JsonArray actions(JsonArray drafts, String navigate) {
        var actions = new JsonArray();
        for (var draft : drafts) {
            var json = (JsonObject) draft;
            var action = new JsonObject()
                    .put("action", json.getString("action"))
                    .put("title", json.getString("title"))
                    .put("navigate", json.getString("url", navigate));
            putIfPresent(action, "icon", json.getString("icon"));
            actions.add(action);
        }
        return actions;
    }

    private static void putIfPresent(JsonObject json, String name, Object value) {
        if (value != null) {
            json.put(name, value);
        }
    }
}
