package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Push services that refuse, slow down or fail, through the whole server: what is held comes later, and others go on. */
class PushServicesTest {
    private static final int DEVICES = 300;

    private static TestServer server;

    @BeforeAll
    static void start() {
        try (var certificate = FakePushService.start()) {
            server = TestServer.start(Map.of(
                    "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                    certificate.certificate().toString()));
        }
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static List<String> subscribe(FakePushService push, int count) {
        var key = server.admin("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
        var ids = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            VirtualSubscription device = push.subscribe(key);
            var draft = new JsonObject()
                    .put("endpoint", device.endpoint())
                    .put("keys", new JsonObject().put("p256dh", device.p256dh()).put("auth", device.auth()));
            ids.add(server.admin("POST", "/api/v1/webpush/subscriptions", draft)
                    .json()
                    .getString("id"));
        }
        return ids;
    }

    private static String send(List<String> subscriptions) {
        var message = new JsonObject()
                .put("audience", new JsonObject().put("subscriptionIds", new JsonArray(subscriptions)))
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Hello"));
        return server.admin("POST", "/api/v1/webpush/messages", message).json().getString("id");
    }

    private static JsonObject status(String id) {
        return server.admin("GET", "/api/v1/webpush/messages/" + id, null).json();
    }

    private static JsonObject completed(String id) {
        return eventually("completed", () -> status(id), status -> status.getString("state")
                .equals("completed"));
    }

    @Test
    void who_asks_for_time_gets_it_and_then_everything() {
        try (var push = FakePushService.start()) {
            var ids = subscribe(push, DEVICES);
            push.answerAlways(Answer.status(429).retryAfter("3"));
            long before = push.requests();
            var message = send(ids);
            eventually("the first refusals", push::requests, requests -> requests > before);
            LockSupport.parkNanos(Duration.ofMillis(1_500).toNanos());
            assertThat(push.requests() - before)
                    .as("while it wants none: what was under way when it said so")
                    .isLessThanOrEqualTo(64);
            assertThat(status(message).getJsonObject("counts").getLong("waiting"))
                    .as("nothing is given up")
                    .isEqualTo(DEVICES);
            push.answerAlways(Answer.status(201));
            assertThat(completed(message).getJsonObject("reasons").getMap()).containsEntry("accepted", DEVICES);
            assertThat(push.requests() - before).as("each once more at most").isLessThanOrEqualTo(DEVICES + 64 + 8);
        }
    }

    @Test
    void a_service_that_refuses_our_key_is_told_once_and_holds_up_no_other() {
        var log = new ListAppender<ILoggingEvent>();
        log.start();
        var logger = (Logger) LoggerFactory.getLogger(PushOrigin.class);
        logger.addAppender(log);
        try (var refusing = FakePushService.start();
                var fine = FakePushService.start()) {
            var ids = new ArrayList<>(subscribe(refusing, DEVICES));
            ids.addAll(subscribe(fine, 50));
            refusing.answerAlways(Answer.status(403).after(Duration.ofMillis(5)));
            var message = send(ids);
            var counts = eventually(
                    "the others have theirs",
                    () -> status(message).getJsonObject("counts"),
                    found -> found.getLong("accepted") == 50);
            assertThat(counts.getLong("waiting")).as("nothing is given up").isEqualTo(DEVICES);
            assertThat(log.list)
                    .filteredOn(line -> line.getLevel() == Level.ERROR)
                    .hasSize(1)
                    .first()
                    .satisfies(line -> assertThat(line.getFormattedMessage())
                            .contains("refuses the VAPID key", "status 403", "FATHI_VAPID_SUBJECT")
                            .doesNotContain("/push/"));
            assertThat(refusing.requests()).as("of " + DEVICES).isLessThan(DEVICES);
            assertThat(server.raw("GET", "/metrics", null, null).body()).contains("fathi_webpush_keys_refused 1.0");
        } finally {
            logger.detachAppender(log);
        }
    }

    @Test
    void a_service_that_hangs_holds_up_no_other() {
        try (var hanging = FakePushService.start();
                var fine = FakePushService.start()) {
            var ids = new ArrayList<String>();
            var hang = subscribe(hanging, DEVICES);
            var well = subscribe(fine, DEVICES);
            for (int i = 0; i < DEVICES; i++) {
                ids.add(hang.get(i));
                ids.add(well.get(i));
            }
            hanging.answerAlways(Answer.of(Answer.Kind.HANG));
            var message = send(ids);
            var accepted = eventually(
                    "the others have theirs",
                    () -> status(message).getJsonObject("counts").getLong("accepted"),
                    count -> count == DEVICES);
            assertThat(accepted).isEqualTo(DEVICES);
            assertThat(hanging.requests())
                    .as("no more than its first window is out")
                    .isLessThanOrEqualTo(64 + 8);
            server.admin("POST", "/api/v1/webpush/messages/" + message + "/cancel", null);
        }
    }

    @Test
    void a_service_that_fails_now_and_then_gets_everything_in_the_end() {
        try (var push = FakePushService.start()) {
            var ids = subscribe(push, DEVICES);
            for (int i = 0; i < 40; i++) {
                push.answer(Answer.status(503), Answer.status(201), Answer.status(500), Answer.status(201));
            }
            assertThat(completed(send(ids)).getJsonObject("reasons").getMap()).containsEntry("accepted", DEVICES);
            assertThat(push.faults()).isEmpty();
        }
    }
}
