package app.fathi.cdp.live;

import app.fathi.platform.errors.Problem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/** One event as listeners are told of it; the edge hides in it what is personal. */
public final class LiveLine {
    /** Larger details are left out: an event may have 32 KB, and hundreds are held. */
    private static final int MAX_DETAIL_CHARACTERS = 4_096;

    private static final int MAX_TEXT = 255;
    private static final List<String> DETAILS = List.of("properties", "traits", "context");

    private LiveLine() {}

    /**
     * An event that came as far as the stream.
     *
     * @param verdict {@code accepted, duplicate} or {@code dropped}
     * @param reason in words; null where there is none
     */
    public static JsonObject of(JsonObject event, String verdict, String reason) {
        var line = line(event, verdict, reason, List.of())
                .put("at", event.getString("at"))
                .put("receivedAt", event.getString("receivedAt"))
                .put("source", event.getString("source"))
                .put("flags", event.getJsonArray("flags", new JsonArray()).copy());
        return withDetails(line, event);
    }

    /**
     * What was refused, as it came: not a word of it can be relied on.
     *
     * @param item what stands in the batch's place; null where nothing could be read
     * @param receivedAt when it came
     */
    public static JsonObject refused(
            Object item, String type, String reason, List<Problem.Fault> faults, String source, String receivedAt) {
        var event = item instanceof JsonObject object ? object : new JsonObject();
        var line = line(event, "rejected", reason, faults)
                .put("at", null)
                .put("receivedAt", receivedAt)
                .put("source", source);
        if (type != null) {
            line.put("type", type);
        }
        return withDetails(line, event);
    }

    private static JsonObject line(JsonObject event, String verdict, String reason, List<Problem.Fault> faults) {
        var errors = new JsonArray();
        faults.forEach(fault ->
                errors.add(new JsonObject().put("pointer", fault.pointer()).put("detail", fault.detail())));
        var name = text(event, "event");
        return new JsonObject()
                .put("verdict", verdict)
                .put("reason", reason)
                .put("errors", errors)
                .put("flags", new JsonArray())
                .put("messageId", text(event, "messageId"))
                .put("type", text(event, "type"))
                .put("name", name == null ? text(event, "name") : name)
                .put("userId", text(event, "userId"))
                .put("anonymousId", text(event, "anonymousId"));
    }

    private static JsonObject withDetails(JsonObject line, JsonObject event) {
        var room = MAX_DETAIL_CHARACTERS;
        var cut = false;
        for (var name : DETAILS) {
            var detail = event.getValue(name) instanceof JsonObject object ? object : new JsonObject();
            var length = detail.encode().length();
            cut |= length > room;
            line.put(name, length > room ? new JsonObject() : detail.copy());
            room -= length > room ? 0 : length;
        }
        return line.put("cut", cut);
    }

    private static String text(JsonObject event, String name) {
        return event.getValue(name) instanceof String text && text.length() <= MAX_TEXT ? text : null;
    }
}
