package app.fathi.webpush;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.message.Channel.Outgoing;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.http.Contract;
import app.fathi.webpush.encryption.SubscriptionKeys;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The JSON that Safari shows by itself and that our service worker reads: the declarative web push message. */
class PushPayloadTest {
    private static final UUID ID = UUID.fromString("0190a3c4-0000-7000-8000-000000000001");
    private static final String PUBLIC_URL = "https://push.shop.example";

    private static JsonObject encode(JsonObject content, String site, String topic, String token) {
        var address = new PushAddress(
                UUID.randomUUID(),
                1,
                UUID.randomUUID(),
                null,
                site,
                null,
                URI.create("https://push.example/x"),
                new SubscriptionKeys(PushWire.KEY.point(), new byte[SubscriptionKeys.AUTH_OCTETS]));
        var outgoing = new Outgoing(1, ID, token, content, address, Instant.MAX, 60, Urgency.NORMAL, topic, 1, false);
        return new JsonObject(new String(PushPayload.encode(outgoing, address, PUBLIC_URL), UTF_8));
    }

    @Test
    void everything_that_a_message_can_say_has_its_place() {
        var content = new JsonObject(
                """
                {
                  "title": "Grüße, Zoë 👋", "body": "Three pairs left", "url": "https://shop.example/shoes?from=push",
                  "icon": "https://shop.example/icon.png", "image": "https://shop.example/wide.png",
                  "badge": "https://shop.example/badge.png", "lang": "de-CH", "dir": "ltr", "tag": "shoes",
                  "renotify": true, "requireInteraction": true, "silent": false, "vibrate": [100, 50, 100],
                  "timestamp": "2026-03-01T12:00:00.250Z",
                  "actions": [
                    {"action": "buy", "title": "Buy", "url": "https://shop.example/buy", "icon": "https://shop.example/buy.png"},
                    {"action": "later", "title": "Later"}
                  ],
                  "data": {"order": 7, "fathi": "is ours"}
                }
                """);
        assertThat(encode(content, "https://shop.example", "ignored", "token"))
                .isEqualTo(
                        new JsonObject(
                                """
                {
                  "web_push": 8030,
                  "notification": {
                    "title": "Grüße, Zoë 👋", "body": "Three pairs left", "navigate": "https://shop.example/shoes?from=push",
                    "icon": "https://shop.example/icon.png", "image": "https://shop.example/wide.png",
                    "badge": "https://shop.example/badge.png", "lang": "de-CH", "dir": "ltr", "tag": "shoes",
                    "renotify": true, "requireInteraction": true, "silent": false, "vibrate": [100, 50, 100],
                    "timestamp": 1772366400250,
                    "actions": [
                      {"action": "buy", "title": "Buy", "navigate": "https://shop.example/buy", "icon": "https://shop.example/buy.png"},
                      {"action": "later", "title": "Later", "navigate": "https://shop.example/shoes?from=push"}
                    ],
                    "data": {
                      "order": 7,
                      "fathi": {
                        "id": "0190a3c4-0000-7000-8000-000000000001", "token": "token",
                        "track": "https://push.shop.example/api/v1/webpush/track"
                      }
                    }
                  }
                }
                """));
        assertThat(content.getJsonObject("data").getValue("fathi"))
                .as("the content is another delivery's, too")
                .isEqualTo("is ours");
    }

    @Test
    void the_shortest_message_has_what_safari_needs_and_nothing_more() {
        assertThat(encode(new JsonObject().put("title", "Hello"), "https://shop.example", null, null))
                .isEqualTo(
                        new JsonObject(
                                """
                {
                  "web_push": 8030,
                  "notification": {
                    "title": "Hello", "navigate": "https://shop.example", "tag": "0190a3c4-0000-7000-8000-000000000001",
                    "data": {"fathi": {"id": "0190a3c4-0000-7000-8000-000000000001"}}
                  }
                }
                """));
    }

    @Test
    void a_topic_is_the_tag_and_who_subscribed_from_nowhere_is_led_to_us() {
        var notification = encode(new JsonObject().put("title", "Hello"), null, "collapse", null)
                .getJsonObject("notification");
        assertThat(notification.getString("tag")).isEqualTo("collapse");
        assertThat(notification.getString("navigate")).isEqualTo(PUBLIC_URL);
    }

    /**
     * Each field of the contract's content and pairs of them, as the Push API's parser of declarative messages and the
     * Notifications API's making of a notification take them: what either refuses, Safari does not show.
     */
    @Test
    void whatever_a_message_says_a_browser_takes_it_as_a_declarative_message() {
        var values = Map.<String, List<Object>>ofEntries(
                Map.entry("title", List.of("Hello", "", " ")),
                Map.entry("body", List.of("", "Three pairs")),
                Map.entry("url", List.of("https://shop.example/shoes", "HTTPS://bücher.example/ä b")),
                Map.entry("icon", List.of("https://shop.example/icon.png", "")),
                Map.entry("image", List.of("https://shop.example/wide.png")),
                Map.entry("badge", List.of("https://shop.example/badge.png")),
                Map.entry("lang", List.of("de-CH")),
                Map.entry("dir", List.of("auto", "ltr", "rtl")),
                Map.entry("tag", List.of("shoes", "")),
                Map.entry("renotify", List.of(true, false)),
                Map.entry("requireInteraction", List.of(true, false)),
                Map.entry("silent", List.of(true, false)),
                Map.entry("vibrate", List.of(new JsonArray().add(100).add(0), new JsonArray())),
                Map.entry("timestamp", List.of("2026-03-01T12:00:00.250Z", "1066-10-14T09:00:00Z")),
                Map.entry("data", List.of(new JsonObject().put("order", 7))),
                Map.entry(
                        "actions",
                        List.of(content("https://shop.example/go").getJsonArray("actions"), new JsonArray())));
        var fields = Contract.load()
                .document()
                .getJsonObject("components")
                .getJsonObject("schemas")
                .getJsonObject("PushContent")
                .getJsonObject("properties")
                .fieldNames();
        assertThat(values.keySet()).isEqualTo(fields);
        var faults = new ArrayList<String>();
        values.forEach(
                (one, ofOne) -> values.forEach((other, ofOther) -> ofOne.forEach(first -> ofOther.forEach(then -> {
                    var content = new JsonObject()
                            .put("title", "Hello")
                            .put(one, first)
                            .put(other, then);
                    var message = encode(content, "https://shop.example", null, "token");
                    declarativeFaults(message).forEach(fault -> faults.add(content + ": " + fault));
                }))));
        assertThat(faults).isEmpty();
        assertThat(declarativeFaults(new JsonObject().put("web_push", "8030"))).isNotEmpty();
    }

    private static List<String> declarativeFaults(JsonObject message) {
        var faults = new ArrayList<String>();
        var notification = message.getValue("notification") instanceof JsonObject json ? json : new JsonObject();
        if (!Integer.valueOf(8030).equals(message.getValue("web_push"))) {
            faults.add("web_push is the number 8030");
        }
        for (var name : List.of("title", "navigate")) {
            if (!(notification.getValue(name) instanceof String text) || text.isBlank()) {
                faults.add(name + " is needed");
            }
        }
        for (var name : List.of("body", "lang", "tag", "icon", "image", "badge")) {
            if (notification.containsKey(name) && !(notification.getValue(name) instanceof String)) {
                faults.add(name + " is a text");
            }
        }
        for (var name : List.of("silent", "renotify", "requireInteraction")) {
            if (notification.containsKey(name) && !(notification.getValue(name) instanceof Boolean)) {
                faults.add(name + " is true or false");
            }
        }
        if (!List.of("auto", "ltr", "rtl").contains(notification.getString("dir", "auto"))) {
            faults.add("dir is a direction");
        }
        if (notification.containsKey("timestamp")
                && !(notification.getValue("timestamp") instanceof Number number && number.longValue() >= 0)) {
            faults.add("timestamp is milliseconds since 1970");
        }
        if (Boolean.TRUE.equals(notification.getBoolean("silent")) && notification.containsKey("vibrate")) {
            faults.add("nothing vibrates in silence");
        }
        if (Boolean.TRUE.equals(notification.getBoolean("renotify"))
                && notification.getString("tag", "").isEmpty()) {
            faults.add("renotify needs a tag");
        }
        for (var action : notification.getJsonArray("actions", new JsonArray())) {
            for (var name : List.of("action", "title", "navigate")) {
                if (!(((JsonObject) action).getValue(name) instanceof String)) {
                    faults.add("an action has its " + name);
                }
            }
        }
        if (!(notification.getValue("data") instanceof JsonObject data) || !data.containsKey("fathi")) {
            faults.add("ours lies in data");
        }
        return faults;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://shop.example",
                "HTTP://shop.example:8080/a?b=c#d",
                "https://bücher.example/ä b|c",
                "https://[2001:db8::1]/",
                " https://shop.example/\n"
            })
    void an_absolute_web_address_leads_somewhere(String url) {
        var content = content(url);
        assertThat(PushPayload.leadsSomewhere(content)).isTrue();
        var notification = encode(content, null, null, null).getJsonObject("notification");
        assertThat(notification.getString("navigate")).isEqualTo(url.strip());
        assertThat(notification.getJsonArray("actions").getJsonObject(0).getString("navigate"))
                .isEqualTo(url.strip());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "/shoes",
                "//shop.example/shoes",
                "shop.example",
                "https:shop.example",
                "https://",
                "https:///shoes",
                "https://?a",
                "javascript:alert(1)",
                "data:text/html,x",
                "ftp://shop.example",
                "java\nscript:alert('https://shop.example')",
                "https://shop.example/\u0000"
            })
    void anything_else_leads_nowhere(String url) {
        assertThat(PushPayload.leadsSomewhere(
                        new JsonObject().put("title", "Hello").put("url", url)))
                .isFalse();
        assertThat(PushPayload.leadsSomewhere(content(url).put("url", "https://shop.example")))
                .as("a button")
                .isFalse();
    }

    private static JsonObject content(String url) {
        return new JsonObject()
                .put("title", "Hello")
                .put("url", url)
                .put(
                        "actions",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("action", "go")
                                        .put("title", "Go")
                                        .put("url", url)));
    }
}
