package app.fathi.webpush;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.Channel.Outgoing;
import app.fathi.cep.Urgency;
import app.fathi.webpush.encryption.SubscriptionKeys;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.time.Instant;
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
                site,
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
