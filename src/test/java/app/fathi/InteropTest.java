package app.fathi;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.NpmPushService;
import app.fathi.testing.NpmWebPush;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The whole server against a push service that nobody here wrote: its decryption, its check of who sends, its 410. */
class InteropTest {
    private static NpmPushService push;
    private static TestServer server;

    @BeforeAll
    static void start() {
        push = NpmPushService.start();
        server = TestServer.start(Map.of("FATHI_OUTBOUND_PLAINTEXT", "true"));
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    @Test
    void it_decrypts_our_message_and_believes_who_sent_it() {
        var browser = push.subscribe(pushKey());
        var message = send(subscribe(browser), "Grüße, Zoë 👋");
        eventually(() -> !push.messages(browser).isEmpty());
        var notification = new JsonObject(push.messages(browser).getFirst()).getJsonObject("notification");
        assertThat(notification.getString("title")).isEqualTo("Grüße, Zoë 👋");
        eventually(() -> status(message).getString("state").equals("completed"));
        assertThat(status(message).getJsonObject("reasons")).isEqualTo(new JsonObject().put("accepted", 1));
    }

    @Test
    void its_410_ends_the_subscription() {
        var browser = push.subscribe(pushKey());
        var subscription = subscribe(browser);
        push.expire(browser);
        var message = send(subscription, "Anybody?");
        eventually(() -> status(message).getString("state").equals("completed"));
        assertThat(status(message).getJsonObject("reasons")).isEqualTo(new JsonObject().put("gone", 1));
        var ended = server.admin("GET", "/api/v1/webpush/subscriptions/" + subscription, null);
        assertThat(ended.json().getString("status")).isEqualTo("expired");
    }

    /** The other way round: what another library sends, our virtual browsers read, and they believe who sent it. */
    @Test
    void a_message_of_another_library_is_read_by_our_virtual_browsers() {
        try (var service = FakePushService.start()) {
            var browser = service.subscribe();
            var text = "{\"web_push\":8030,\"notification\":{\"title\":\"Grüße, Zoë 👋\"}}";
            for (var payload : List.of(text, "x", "x".repeat(3_993))) {
                assertThat(NpmWebPush.send(service, browser, payload)).isEqualTo(201);
            }
            assertThat(service.faults()).isEmpty();
            assertThat(browser.receipts())
                    .extracting(FakePushService.Receipt::plaintext)
                    .containsExactly(text, "x", "x".repeat(3_993));
        }
    }

    private static String pushKey() {
        return server.admin("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
    }

    private static String subscribe(NpmPushService.Browser browser) {
        var saved = server.browser("POST", "/api/v1/webpush/subscriptions", browser.json());
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        return saved.json().getString("id");
    }

    private static String send(String subscription, String title) {
        var taken = server.admin(
                "POST",
                "/api/v1/webpush/messages",
                new JsonObject()
                        .put("audience", new JsonObject().put("subscriptionIds", new JsonArray().add(subscription)))
                        .put("purpose", "transactional")
                        .put("content", new JsonObject().put("title", title)));
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        return taken.json().getString("id");
    }

    private static JsonObject status(String message) {
        return server.admin("GET", "/api/v1/webpush/messages/" + message, null).json();
    }

    private static void eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("60 s have passed").isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }
}
