package app.fathi.webpush;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PushChannelTest {
    private static final int DEVICES = 100;

    @Test
    void the_first_messages_of_a_process_do_not_crowd_the_database_for_their_key() {
        try (var push = FakePushService.start();
                var server = TestServer.start(Map.of(
                        "FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString(),
                        "FATHI_DB_SEND_POOL", "4",
                        "FATHI_DB_POOL_QUEUE", "20"))) {
            var ids = new JsonArray();
            for (int i = 0; i < DEVICES; i++) {
                var device = push.subscribe();
                var saved = server.admin(
                        "POST",
                        "/api/v1/webpush/subscriptions",
                        new JsonObject()
                                .put("endpoint", device.endpoint())
                                .put(
                                        "keys",
                                        new JsonObject()
                                                .put("p256dh", device.p256dh())
                                                .put("auth", device.auth())));
                ids.add(saved.json().getString("id"));
            }
            var message = server.admin(
                            "POST",
                            "/api/v1/webpush/messages",
                            new JsonObject()
                                    .put("audience", new JsonObject().put("subscriptionIds", ids))
                                    .put("purpose", "marketing")
                                    .put("content", new JsonObject().put("title", "Hello")))
                    .json();
            push.awaitReceipts(DEVICES);
            var deliveries = server.admin(
                            "GET",
                            "/api/v1/webpush/messages/" + message.getString("id") + "/deliveries?limit=200",
                            null)
                    .json()
                    .getJsonArray("items");
            assertThat(deliveries).hasSize(DEVICES).allSatisfy(delivery -> assertThat(
                            ((JsonObject) delivery).getInteger("attempts"))
                    .isEqualTo(1));
        }
    }
}
