package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.FakePushService.Receipt;
import app.fathi.testing.TestServer;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A push service that refuses our key for a while, through the whole server, with pauses of a second instead of minutes. */
class RefusedKeyTest {
    private static final int DEVICES = 100;

    @Test
    void a_refused_key_waits_without_using_up_attempts_and_everything_arrives_when_it_is_taken() {
        var log = new ListAppender<ILoggingEvent>();
        log.start();
        var logger = (Logger) LoggerFactory.getLogger(PushOrigin.class);
        logger.addAppender(log);
        logger.setLevel(Level.INFO);
        try (var push = FakePushService.start();
                var server = TestServer.start(Map.of(
                        "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                        push.certificate().toString(),
                        "FATHI_VAPID_REFUSED_SECONDS",
                        "1",
                        "FATHI_SEND_BACKOFF_MILLIS",
                        "1"))) {
            var devices = subscribe(server, push);
            push.answerAlways(Answer.status(403).body("{\"reason\":\"BadJwtToken\"}"));
            var message = send(server, devices);

            eventually("readiness says so", () -> notices(server), found -> found.contains("vapid-key-refused"));
            assertThat(metrics(server)).contains("fathi_webpush_keys_refused 1.0");
            long refused = push.requests();
            eventually("it is tried again", push::requests, requests -> requests > refused);
            assertThat(status(server, message).getJsonObject("counts").getLong("waiting"))
                    .as("nothing is given up")
                    .isEqualTo(DEVICES);

            push.answerAlways(Answer.status(201));
            var done = eventually("completed", () -> status(server, message), status -> status.getString("state")
                    .equals("completed"));
            assertThat(done.getJsonObject("reasons").getMap()).isEqualTo(Map.of("accepted", DEVICES));
            assertThat(push.receipts()).extracting(Receipt::subscription).doesNotHaveDuplicates();
            assertThat(attempts(server, message))
                    .as("an attempt is a request that left")
                    .isEqualTo(push.requests());
            eventually("readiness is well", () -> notices(server), List::isEmpty);
            assertThat(metrics(server)).contains("fathi_webpush_keys_refused 0.0");
        } finally {
            logger.detachAppender(log);
            logger.setLevel(null);
        }
        assertThat(log.list)
                .filteredOn(line -> line.getFormattedMessage().contains("VAPID key"))
                .as("told once that it began and once that it ended")
                .satisfiesExactly(
                        began -> {
                            assertThat(began.getLevel()).isEqualTo(Level.ERROR);
                            assertThat(began.getFormattedMessage()).contains("status 403, BadJwtToken");
                        },
                        ended -> assertThat(ended.getFormattedMessage()).contains("takes", "again"));
    }

    private static JsonArray subscribe(TestServer server, FakePushService push) {
        var key = server.admin("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
        var ids = new JsonArray();
        for (int i = 0; i < DEVICES; i++) {
            var draft = push.subscribe(key).toJson();
            draft.remove("expirationTime");
            ids.add(server.admin("POST", "/api/v1/webpush/subscriptions", draft)
                    .json()
                    .getString("id"));
        }
        return ids;
    }

    private static String send(TestServer server, JsonArray subscriptions) {
        var message = new JsonObject()
                .put("audience", new JsonObject().put("subscriptionIds", subscriptions))
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Hello"));
        return server.admin("POST", "/api/v1/webpush/messages", message).json().getString("id");
    }

    private static JsonObject status(TestServer server, String message) {
        return server.admin("GET", "/api/v1/webpush/messages/" + message, null).json();
    }

    private static long attempts(TestServer server, String message) {
        var page = server.admin("GET", "/api/v1/webpush/messages/" + message + "/deliveries?limit=" + DEVICES, null)
                .json();
        return page.getJsonArray("items").stream()
                .mapToLong(delivery -> ((JsonObject) delivery).getInteger("attempts"))
                .sum();
    }

    private static List<Object> notices(TestServer server) {
        var ready = server.raw("GET", "/health/ready", null, null).json();
        return new ArrayList<>(ready.getJsonArray("notices", new JsonArray()).getList());
    }

    private static String metrics(TestServer server) {
        return server.raw("GET", "/metrics", null, null).body();
    }
}
