package app.fathi.webpush;

import app.fathi.cep.message.Channel.Outgoing;
import app.fathi.cep.message.TrackingTokens;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;

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

    /** What the site of a subscriber says where the message says nothing. */
    private static final Map<String, Function<Site, String>> DEFAULTS =
            Map.of("icon", Site::icon, "badge", Site::badge);

    /** Safari drops a message that leads anywhere else; spaces and other letters are for the browser to encode. */
    private static final Pattern WEB_ADDRESS =
            Pattern.compile("https?://[^\\s/?#\\\\\\p{Cntrl}][^\\p{Cntrl}]*", Pattern.CASE_INSENSITIVE);

    /** As long as a tracking token. */
    private static final String TOKEN_SIZED = "t".repeat(TrackingTokens.TEXT_LENGTH);

    private PushPayload() {}

    /** Links that are none; what a template makes of one is looked at when it is sent. */
    static List<Fault> check(JsonObject content, String pointer, Predicate<String> allowed) {
        var faults = new ArrayList<Fault>();
        check(content.getString("url"), pointer + "/url", allowed, faults);
        var actions = content.getJsonArray("actions", new JsonArray());
        for (int i = 0; i < actions.size(); i++) {
            check(actions.getJsonObject(i).getString("url"), pointer + "/actions/" + i + "/url", allowed, faults);
        }
        return faults;
    }

    private static void check(String url, String pointer, Predicate<String> allowed, List<Fault> faults) {
        if (url == null || url.contains("{{") || url.contains("{%")) {
            return;
        }
        if (!isWebAddress(url)) {
            faults.add(new Fault(pointer, "A link is an absolute URL that begins with https:// or http://."));
        } else if (!allowed.test(url)) {
            faults.add(new Fault(
                    pointer,
                    "Links of this workspace lead to its sites and to the hosts that its linkHosts name, not there."));
        }
    }

    /** Whether the message and its buttons have absolute {@code http(s):} URLs, where they have any. */
    static boolean leadsSomewhere(JsonObject content) {
        return isWebAddress(content.getString("url"))
                && content.getJsonArray("actions", new JsonArray()).stream()
                        .allMatch(action -> isWebAddress(((JsonObject) action).getString("url")));
    }

    /** @param url null where there is another to take instead */
    static boolean isWebAddress(String url) {
        return url == null || WEB_ADDRESS.matcher(url.strip()).matches();
    }

    /** The size of the content as it is sent with tracking, to a browser whose site says nothing. */
    static int octets(JsonObject content, String publicUrl) {
        var address = new PushAddress(null, 0, null, null, null, null, null, null);
        var id = new UUID(0, 0);
        var outgoing =
                new Outgoing(0, id, TOKEN_SIZED, content, address, Instant.MAX, 0, Urgency.NORMAL, null, 1, false);
        return encode(outgoing, address, publicUrl).length;
    }

    static byte[] encode(Outgoing outgoing, PushAddress address, String publicUrl) {
        var content = outgoing.content();
        var site = address.site();
        var home = address.pageOrigin() == null ? publicUrl : address.pageOrigin();
        var notification = new JsonObject();
        SAME.forEach(name -> putIfPresent(notification, name, content.getValue(name)));
        if (site != null) {
            DEFAULTS.forEach((name, value) -> putIfAbsent(notification, name, value.apply(site)));
        }
        if (content.getString("title", "").isBlank()) {
            notification.put("title", site == null ? home.replaceFirst("^https?://", "") : site.name());
        }
        if (content.getBoolean("silent", false)) {
            notification.remove("vibrate"); // together they are no notification at all, and Safari would show nothing
        }
        notification.put("navigate", navigate(content, site, home));
        notification.put("tag", tag(outgoing));
        if (content.getString("timestamp") != null) {
            // The wire has no room for what was before 1970.
            notification.put(
                    "timestamp",
                    Math.max(0, Instant.parse(content.getString("timestamp")).toEpochMilli()));
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

    /** Never empty: without one no notification may ring again, and a repetition would not take the place of the first. */
    private static String tag(Outgoing outgoing) {
        var said = outgoing.content().getString("tag", "");
        var topic = outgoing.topic() == null ? outgoing.id().toString() : outgoing.topic();
        return said.isEmpty() ? topic : said;
    }

    private static String navigate(JsonObject content, Site site, String home) {
        var url = content.getString("url", site == null ? null : site.url());
        return url == null ? home : url.strip();
    }

    private static JsonArray actions(JsonArray drafts, String navigate) {
        var actions = new JsonArray();
        for (var draft : drafts) {
            var json = (JsonObject) draft;
            var action = new JsonObject()
                    .put("action", json.getString("action"))
                    .put("title", json.getString("title"))
                    .put("navigate", json.getString("url", navigate).strip());
            putIfPresent(action, "icon", json.getString("icon"));
            actions.add(action);
        }
        return actions;
    }

    private static void putIfAbsent(JsonObject json, String name, Object value) {
        if (!json.containsKey(name)) {
            putIfPresent(json, name, value);
        }
    }

    private static void putIfPresent(JsonObject json, String name, Object value) {
        if (value != null) {
            json.put(name, value);
        }
    }
}
