package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the push API takes and what a push service then gets, through the whole server. */
class PushMessagesTest {
    private static FakePushService push;
    private static TestServer server;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    private static String subscribe(VirtualSubscription device) {
        var draft = device.toJson();
        draft.remove("expirationTime");
        return server.admin("POST", "/api/v1/webpush/subscriptions", draft)
                .json()
                .getString("id");
    }

    private static JsonObject message(JsonArray subscriptions, JsonObject content) {
        return new JsonObject()
                .put("audience", new JsonObject().put("subscriptionIds", subscriptions))
                .put("purpose", "marketing")
                .put("tracking", false)
                .put("content", content);
    }

    private static JsonObject completed(JsonObject message) {
        var taken = server.admin("POST", "/api/v1/webpush/messages", message);
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        var path = "/api/v1/webpush/messages/" + taken.json().getString("id");
        return eventually("completed", () -> server.admin("GET", path, null).json(), status -> status.getString("state")
                .equals("completed"));
    }

    private static Map<String, Object> reasons(JsonObject message) {
        return completed(message).getJsonObject("reasons").getMap();
    }

    // --- size -----------------------------------------------------------------------------------------------------

    private static void assertLimit(int octets) {
        var device = push.subscribe();
        var to = new JsonArray().add(subscribe(device));
        completed(message(to, sized(1)));
        int around = octets(device) - 1;

        assertThat(reasons(message(to, sized(octets - around)))).isEqualTo(Map.of("accepted", 1));
        assertThat(octets(device)).as("octets of plaintext").isEqualTo(octets);
        assertThat(reasons(message(to, sized(octets - around + 1)))).isEqualTo(Map.of("payload_too_large", 1));
        assertThat(device.receipts()).as("nothing of it left").hasSize(2);
    }

    /** What counts are octets: some letters have two. */
    private static JsonObject sized(int more) {
        int inTitle = Math.min(more, 900);
        return new JsonObject().put("title", "x".repeat(inTitle)).put("body", "ü" + "x".repeat(more - inTitle));
    }

    private static int octets(VirtualSubscription device) {
        return device.receipts().getLast().plaintext().getBytes(UTF_8).length;
    }

    @Test
    void a_plaintext_of_3993_octets_is_sent_and_one_octet_more_is_too_large() {
        assertLimit(3_993);
    }

    // --- links ----------------------------------------------------------------------------------------------------

    @Test
    void a_link_that_leads_nowhere_is_refused_when_it_is_written_and_skipped_when_a_template_makes_it() {
        var device = push.subscribe();
        var to = new JsonArray().add(subscribe(device));
        var refused = server.admin("POST", "/api/v1/webpush/messages", message(to, sized(1).put("url", "/shoes")));
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body()).contains("/content/url", "https://");

        var action = new JsonObject().put("action", "go").put("title", "Go").put("url", "javascript:alert(1)");
        var button = server.admin(
                "POST", "/api/v1/webpush/messages", message(to, sized(1).put("actions", new JsonArray().add(action))));
        assertThat(button.status()).isEqualTo(422);
        assertThat(button.body()).contains("/content/actions/0/url");

        assertThat(reasons(message(to, sized(1).put("url", "{{ traits.missing }}/shoes"))))
                .isEqualTo(Map.of("template_aborted", 1));
        assertThat(device.receipts()).isEmpty();
    }

    @Test
    void an_item_of_a_batch_whose_link_leads_nowhere_keeps_no_other_back() {
        var device = push.subscribe();
        var id = subscribe(device);
        var bad = new JsonObject().put("subscriptionId", id).put("content", sized(1).put("url", "javascript:alert(1)"));
        var good =
                new JsonObject().put("subscriptionId", id).put("content", sized(1).put("url", "https://shop.example"));
        var batch = new JsonObject()
                .put("purpose", "marketing")
                .put("items", new JsonArray().add(bad).add(good));
        var taken =
                server.admin("POST", "/api/v1/webpush/messages/batch", batch).json();
        assertThat(taken.getInteger("queued")).isEqualTo(1);
        var refused = taken.getJsonArray("items").getJsonObject(0);
        assertThat(refused.getString("status")).isEqualTo("invalid");
        assertThat(refused.getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo("/items/0/content/url");
        eventually("the other came", () -> device.receipts().size(), count -> count == 1);
    }

    // --- who sends ------------------------------------------------------------------------------------------------

    @Test
    void one_token_serves_all_messages_to_an_origin_and_each_origin_has_its_own() {
        try (var other = FakePushService.start()) {
            var here = IntStream.range(0, 50).mapToObj(i -> push.subscribe()).toList();
            var there = other.subscribe();
            var ids = new JsonArray();
            here.forEach(device -> ids.add(subscribe(device)));
            ids.add(subscribe(there));
            assertThat(reasons(message(ids, sized(1)))).isEqualTo(Map.of("accepted", 51));
            assertThat(reasons(message(ids, sized(2)))).isEqualTo(Map.of("accepted", 51));

            var tokens = here.stream()
                    .flatMap(device -> device.receipts().stream())
                    .map(receipt -> receipt.headers().get("authorization"))
                    .toList();
            assertThat(tokens).hasSize(100);
            assertThat(tokens.stream().distinct()).hasSize(1).first().asString().startsWith("vapid t=");
            assertThat(there.receipts())
                    .extracting(receipt -> receipt.headers().get("authorization"))
                    .hasSize(2)
                    .doesNotContain(tokens.getFirst());
            assertThat(push.faults()).isEmpty();
            assertThat(other.faults()).isEmpty();
        }
    }
}
