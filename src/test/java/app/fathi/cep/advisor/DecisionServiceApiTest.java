package app.fathi.cep.advisor;

import static app.fathi.testing.Eventually.eventually;
import static app.fathi.testing.FakeDecisionService.deciding;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.outbound.WebhookSignature;
import app.fathi.testing.FakeDecisionService;
import app.fathi.testing.FakeDecisionService.Asked;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestCertificate;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A workspace's own decision service, as teams set it up and look at it. */
class DecisionServiceApiTest {
    private static final String PATH = "/api/v1/cep/decision-service";

    private static TestServer server;
    private static FakePushService push;
    private static FakeDecisionService service;
    private static String profile;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        service = FakeDecisionService.start();
        server = TestServer.start(Map.of(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                push.certificate().toString(),
                "FATHI_OUTBOUND_PLAINTEXT",
                "true",
                "FATHI_DECISION_SERVICE_TIMEOUT_MILLIS",
                "2000",
                "FATHI_DECISION_SERVICE_SLOW_MILLIS",
                "2000"));
        var browser = push.subscribe(
                server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey"));
        var draft = new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("userId", "ada")
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
        server.admin("POST", "/api/v1/webpush/subscriptions", draft);
        profile = server.admin("GET", "/api/v1/cdp/profiles/user:ada", null)
                .json()
                .getString("id");
    }

    @AfterAll
    static void stop() {
        server.close();
        service.close();
        push.close();
    }

    @AfterEach
    void remove() {
        server.admin("DELETE", PATH, null, "If-Match", get().header("ETag"));
        service.asked.clear();
        service.script = deciding(id -> new JsonObject().put("channel", "webpush"));
    }

    private static Answer get() {
        return server.admin("GET", PATH, null);
    }

    private static Answer put(JsonObject settings) {
        return server.admin("PUT", PATH, settings, "If-Match", get().header("ETag"));
    }

    private static JsonObject to(String url) {
        return new JsonObject().put("url", url);
    }

    private static Answer test(JsonObject about) {
        return server.admin("POST", PATH + "/test", about);
    }

    private static JsonObject ada() {
        return new JsonObject().put("userId", "ada");
    }

    private static List<String> signatures(Asked asked, byte[] secret) {
        var headers = asked.headers();
        var second = Long.parseLong(headers.get("webhook-timestamp"));
        assertThat(Instant.ofEpochSecond(second)).isBetween(Instant.now().minusSeconds(60), Instant.now());
        var expected = WebhookSignature.headers(
                        headers.get("webhook-id"), Instant.ofEpochSecond(second), asked.body(), List.of(secret))
                .get("webhook-signature");
        var all = List.of(headers.get("webhook-signature").split(" "));
        assertThat(all).contains(expected);
        return all;
    }

    private static byte[] octets(String secret) {
        assertThat(secret).startsWith("whsec_");
        return Base64.getDecoder().decode(secret.substring("whsec_".length()));
    }

    @Test
    void the_secret_is_shown_once_and_signs_and_changes_without_a_gap() {
        var first = put(to(service.url()));
        assertThat(first.status()).as(first.body()).isEqualTo(200);
        var secret = octets(first.json().getString("secret"));
        assertThat(secret).hasSize(32);
        assertThat(get().json().getString("secret")).isNull();
        assertThat(put(to(service.url())).json().getString("secret"))
                .as("it stays")
                .isNull();

        assertThat(test(ada()).status()).isEqualTo(200);
        assertThat(signatures(service.asked.getLast(), secret)).hasSize(1);

        var rotated = server.admin("POST", PATH + "/rotate-secret", null).json();
        var next = octets(rotated.getString("secret"));
        assertThat(next).isNotEqualTo(secret);
        assertThat(get().json().getString("previousSecretUntil"))
                .isNotNull()
                .isEqualTo(rotated.getString("previousSecretUntil"));
        test(ada());
        assertThat(signatures(service.asked.getLast(), secret)).hasSize(2);
        signatures(service.asked.getLast(), next);
        assertThat(server.admin("POST", PATH + "/rotate-secret", null).status()).isEqualTo(409);
        var last = server.admin(
                "POST", PATH + "/rotate-secret", new JsonObject().put("overlapSeconds", 0), "Idempotency-Key", "now");
        assertThat(last.json().getString("previousSecretUntil")).isNull();
        assertThat(server.admin(
                                "POST",
                                PATH + "/rotate-secret",
                                new JsonObject().put("overlapSeconds", 0),
                                "Idempotency-Key",
                                "now")
                        .json())
                .as("once")
                .isEqualTo(last.json());
        test(ada());
        assertThat(signatures(service.asked.getLast(), octets(last.json().getString("secret"))))
                .hasSize(1);

        var trail = server.admin("GET", "/api/v1/audit/events?objectKind=decision-service", null)
                .body();
        assertThat(trail).contains(service.url()).doesNotContain("whsec_");
    }

    @Test
    void a_test_shows_what_was_asked_and_answered_and_what_would_come_of_it() {
        put(to(service.url()));
        service.script = deciding(id -> new JsonObject()
                .putNull("channel")
                .put("reason", "bought yesterday")
                .put("score", 0.5));
        var told = test(ada()).json();
        assertThat(told.getJsonObject("service"))
                .isEqualTo(new JsonObject()
                        .put("outcome", "declined")
                        .putNull("why")
                        .put("score", 0.5)
                        .put("reason", "bought yesterday"));
        assertThat(told.getJsonObject("request").getJsonObject("body"))
                .isEqualTo(service.asked.getLast().body().toJsonObject());
        assertThat(service.asked.getLast().people()).containsExactly(profile);
        assertThat(told.getJsonObject("request").getJsonObject("headers").getString("webhook-signature"))
                .isEqualTo(service.asked.getLast().headers().get("webhook-signature"));
        assertThat(told.getJsonObject("answer").getInteger("status")).isEqualTo(200);
        assertThat(told.getJsonObject("answer").getString("body")).contains("bought yesterday");
        assertThat(told.getInteger("limitMillis")).isEqualTo(2_000);

        service.script = service.hanging();
        told = test(new JsonObject().put("profileId", profile)).json();
        assertThat(told.getJsonObject("answer")).isNull();
        assertThat(told.getJsonObject("service").getString("why")).isEqualTo("timeout");
    }

    @Test
    void a_certificate_that_nobody_vouches_for_is_not_believed() {
        try (var stranger = FakeDecisionService.startTls(
                        TestCertificate.ofAnotherHost().tls());
                var known = FakeDecisionService.startTls(TestCertificate.get().tls())) {
            put(to(stranger.url()));
            assertThat(test(ada()).json().getJsonObject("service").getString("why"))
                    .isEqualTo("unreachable");
            assertThat(stranger.asked).isEmpty();
            put(to(known.url()));
            assertThat(test(ada()).json().getJsonObject("service").getString("outcome"))
                    .isEqualTo("channel");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'url':'https://10.0.0.1/x'} | 422 | /url",
                "{'url':'https://[::ffff:169.254.169.254]/x'} | 422 | /url",
                "{'url':'ftp://decide.example.com/'} | 422 | /url",
                "{'url':'https://user:pass@decide.example.com/'} | 422 | /url",
                "{'url':'no url at all'} | 422 | /url",
                "{'url':''} | 400 | /url",
                "{'url':'https://decide.example.com/','purposes':[]} | 400 | /purposes",
                "{'url':'https://decide.example.com/','purposes':['unheard-of']} | 422 | /purposes/0",
                "{'url':'https://decide.example.com/','purposes':['marketing','transactional']} | 422 | /purposes/1",
                "{'url':'https://decide.example.com/','secret':'mine'} | 400 | /secret"
            })
    void what_leads_nowhere_or_makes_no_sense_is_refused_at_its_place(String body, int status, String pointer) {
        var answer = put(new JsonObject(body.replace('\'', '"')));
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo(pointer);
    }

    @Test
    void nobody_overwrites_what_they_have_not_read_and_what_is_taken_away_is_gone() {
        var before = get().header("ETag");
        put(to(service.url()));
        assertThat(server.admin("PUT", PATH, to(service.url())).status()).isEqualTo(428);
        assertThat(server.admin("PUT", PATH, to(service.url()), "If-Match", before)
                        .status())
                .isEqualTo(412);
        assertThat(server.admin("DELETE", PATH, null, "If-Match", before).status())
                .isEqualTo(412);
        assertThat(server.admin("DELETE", PATH, null, "If-Match", get().header("ETag"))
                        .status())
                .isEqualTo(204);
        assertThat(get().json().getString("url")).isNull();
        assertThat(server.admin("DELETE", PATH, null, "If-Match", get().header("ETag"))
                        .status())
                .isEqualTo(404);
        assertThat(test(ada()).status()).isEqualTo(409);
        assertThat(server.admin("POST", PATH + "/rotate-secret", null).status()).isEqualTo(409);
        assertThat(put(to(service.url())).json().getString("secret"))
                .as("another secret")
                .isNotNull();
    }

    @Test
    void a_service_is_a_workspaces_own() {
        put(to(service.url()));
        var other = server.otherWorkspace();
        assertThat(server.send("GET", PATH, other, null).json().getString("url"))
                .isNull();
        assertThat(server.send("POST", PATH + "/test", other, ada()).status()).isEqualTo(409);
        assertThat(test(new JsonObject().put("userId", "nobody")).status()).isEqualTo(404);
        assertThat(test(ada().put("purpose", "transactional")).status()).isEqualTo(422);
    }

    @Test
    void messages_ask_it_and_decisions_explanations_and_its_health_say_so() {
        put(to(service.url()));
        service.script = deciding(id -> new JsonObject().putNull("channel").put("reason", "not on Mondays"));
        var draft = new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray().add("ada")))
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Hello"));
        var message =
                server.admin("POST", "/api/v1/webpush/messages", draft).json().getString("id");
        var decision = eventually(
                        "it is decided",
                        () -> server.admin(
                                        "GET",
                                        "/api/v1/cep/decisions?reason=service_declined&messageId=" + message,
                                        null)
                                .json()
                                .getJsonArray("items"),
                        items -> items.size() == 1)
                .getJsonObject(0);
        assertThat(decision.getString("stage")).isEqualTo("channel_choice");
        assertThat(decision.getJsonObject("service").getString("outcome")).isEqualTo("declined");
        assertThat(decision.getJsonObject("service").getString("reason")).isEqualTo("not on Mondays");
        assertThat(decision.getJsonObject("score")).isNotNull();

        var explained = server.admin("POST", "/api/v1/cep/explain", ada().put("purpose", "marketing"))
                .json()
                .getJsonArray("deliveries")
                .getJsonObject(0);
        assertThat(explained.getString("reason")).isEqualTo("service_declined");
        assertThat(explained.getJsonObject("service")).isEqualTo(decision.getJsonObject("service"));

        service.script = FakeDecisionService.saying(500, "");
        server.admin("POST", "/api/v1/cep/explain", ada().put("purpose", "marketing"));
        var health = eventually(
                        "it is noted",
                        () -> get().json().getJsonArray("health"),
                        nodes -> nodes.size() == 1 && nodes.getJsonObject(0).getJsonObject("lastFailure") != null)
                .getJsonObject(0);
        assertThat(health.getString("state")).isEqualTo("closed");
        assertThat(health.getInteger("questions")).isEqualTo(3);
        assertThat(health.getInteger("failed")).isEqualTo(1);
        assertThat(health.getDouble("localShare")).isEqualTo(0.333);
        assertThat(health.getDouble("p99Millis")).isPositive();
        assertThat(health.getJsonObject("lastFailure").getString("why")).isEqualTo("status");
        assertThat(health.getJsonObject("lastFailure").getInteger("status")).isEqualTo(500);
        var hidden = server.send("GET", "/api/v1/cep/decisions?messageId=" + message, server.member("analyst"), null);
        assertThat(hidden.body()).doesNotContain("not on Mondays");
    }
}
