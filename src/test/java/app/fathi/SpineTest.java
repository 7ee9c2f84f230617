package app.fathi;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** From a subscription to the click in the ledger, through the contract's own doors, against a push service that decrypts. */
class SpineTest {
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

    @Test
    void a_visitor_subscribes_gets_a_personal_push_and_the_click_is_in_the_ledger() {
        identify("ada", new JsonObject().put("firstName", "Ada"));
        var browser = push.subscribe(pushKey());
        var saved = server.admin(
                "POST", "/api/v1/webpush/subscriptions", draft(browser).put("userId", "ada"));
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        eventually(() -> "Ada".equals(profile("ada").getJsonObject("traits").getString("firstName")));

        var taken = send(
                new JsonObject().put("userIds", new JsonArray().add("ada")),
                "Hello {{ traits.firstName | default: 'there' }}");
        assertThat(taken.getInteger("planned")).isEqualTo(1);
        eventually(() -> !browser.receipts().isEmpty());
        var notification = browser.receipts().getFirst().json().getJsonObject("notification");
        assertThat(notification.getString("title")).isEqualTo("Hello Ada");
        assertThat(push.faults()).isEmpty();

        var ours = notification.getJsonObject("data").getJsonObject("fathi");
        assertThat(ours.getString("track")).isEqualTo(server.url() + "/api/v1/webpush/track");
        for (var type : new String[] {"shown", "clicked"}) {
            var told = server.raw(
                    "POST",
                    "/api/v1/webpush/track",
                    null,
                    new JsonObject()
                            .put(
                                    "interactions",
                                    new JsonArray()
                                            .add(new JsonObject()
                                                    .put("token", ours.getString("token"))
                                                    .put("type", type)))
                            .encode(),
                    "Content-Type",
                    "text/plain");
            assertThat(told.json().getInteger("taken")).isEqualTo(1);
        }
        var id = taken.getString("id");
        eventually(() -> counts(id).getInteger("clicked") == 1);
        assertThat(counts(id).getInteger("accepted")).isEqualTo(1);
        assertThat(counts(id).getInteger("shown")).isEqualTo(1);
        var delivery = server.admin("GET", "/api/v1/webpush/messages/" + id + "/deliveries", null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0);
        assertThat(delivery.getString("id")).isEqualTo(ours.getString("id"));
        assertThat(delivery.getString("clickedAt")).isNotNull();
    }

    @Test
    void after_unsubscribing_nothing_more_comes() {
        var browser = push.subscribe(pushKey());
        var saved = server.browser("POST", "/api/v1/webpush/subscriptions", draft(browser))
                .json();
        var path = "/api/v1/webpush/subscriptions/" + saved.getString("id");
        assertThat(server.browser("DELETE", path, null).status())
                .as("without the device secret")
                .isEqualTo(404);
        assertThat(server.browser("DELETE", path, null, "X-Device-Secret", saved.getString("deviceSecret"))
                        .status())
                .isEqualTo(204);
        var profileId = server.admin("GET", path, null).json().getString("profileId");
        var taken = send(new JsonObject().put("profileIds", new JsonArray().add(profileId)), "Anybody?");
        eventually(() -> state(taken.getString("id")).equals("completed"));
        assertThat(status(taken.getString("id")).getJsonObject("reasons").getInteger("no_subscription"))
                .isEqualTo(1);
        assertThat(browser.receipts()).isEmpty();
    }

    @Test
    void a_subscription_that_is_gone_is_ended_with_the_result() {
        var browser = push.subscribe(pushKey());
        var saved = server.browser("POST", "/api/v1/webpush/subscriptions", draft(browser))
                .json();
        browser.unsubscribe();
        var taken = send(new JsonObject().put("subscriptionIds", new JsonArray().add(saved.getString("id"))), "Hello?");
        eventually(() -> state(taken.getString("id")).equals("completed"));
        assertThat(status(taken.getString("id")).getJsonObject("reasons").getInteger("gone"))
                .isEqualTo(1);
        assertThat(server.admin("GET", "/api/v1/webpush/subscriptions/" + saved.getString("id"), null)
                        .json()
                        .getString("status"))
                .isEqualTo("expired");
    }

    @Test
    void a_browser_cannot_attach_itself_to_a_known_person() {
        identify("bob", new JsonObject());
        var refused = server.browser(
                "POST",
                "/api/v1/webpush/subscriptions",
                draft(push.subscribe(pushKey())).put("userId", "bob"));
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo("/identityToken");
    }

    @Test
    void twenty_equal_requests_with_one_key_at_once_have_one_effect() throws Exception {
        var browser = push.subscribe(pushKey());
        var saved = server.browser("POST", "/api/v1/webpush/subscriptions", draft(browser))
                .json();
        var body = message(new JsonObject().put("subscriptionIds", new JsonArray().add(saved.getString("id"))), "Once");
        var tasks = new ArrayList<Callable<TestServer.Answer>>();
        for (int i = 0; i < 20; i++) {
            tasks.add(() -> server.admin("POST", "/api/v1/webpush/messages", body, "Idempotency-Key", "\"once\""));
        }
        try (var threads = Executors.newFixedThreadPool(20)) {
            var ids = new java.util.HashSet<String>();
            for (var done : threads.invokeAll(tasks)) {
                var answer = done.get();
                assertThat(answer.status()).as(answer.body()).isIn(202, 409);
                if (answer.status() == 202) {
                    ids.add(answer.json().getString("id"));
                }
            }
            assertThat(ids).hasSize(1);
        }
        eventually(() -> !browser.receipts().isEmpty());
        assertThat(server.admin("POST", "/api/v1/webpush/messages", body, "Idempotency-Key", "once")
                        .header("Idempotency-Replayed"))
                .isEqualTo("true");
        var other =
                message(new JsonObject().put("subscriptionIds", new JsonArray().add(saved.getString("id"))), "Other");
        assertThat(server.admin("POST", "/api/v1/webpush/messages", other, "Idempotency-Key", "once")
                        .json()
                        .getString("code"))
                .isEqualTo("idempotency_key_reused");
        assertThat(browser.receipts()).hasSize(1);
    }

    @Test
    void clients_of_segment_find_each_call_at_all_of_its_paths() {
        var event = new JsonObject()
                .put("userId", "grace")
                .put("previousId", "grace-before")
                .put("event", "Arrived")
                .put("context", new JsonObject().put("library", new JsonObject().put("name", "analytics-node")));
        var batch =
                new JsonObject().put("batch", new JsonArray().add(event.copy().put("type", "track")));
        for (var path : List.of("i", "t", "p", "s", "a", "identify", "track", "page", "screen", "alias")) {
            assertThat(server.admin("POST", "/v1/" + path, event).status()).isEqualTo(200);
            assertThat(server.admin("POST", "/v1/" + path + "/", event).status())
                    .isEqualTo(200);
        }
        for (var path : List.of("b", "b/", "import", "import/", "batch", "batch/")) {
            assertThat(server.admin("POST", "/v1/" + path, batch).status()).isEqualTo(200);
        }
        assertThat(server.admin("POST", "/v1/t", new JsonObject().put("userId", "grace"))
                        .status())
                .as("held to the same rules")
                .isEqualTo(400);
        assertThat(server.send("POST", "/v1/t", null, event).status()).isEqualTo(401);
        assertThat(server.admin("GET", "/v1/t", null).status()).isEqualTo(405);
        assertThat(server.admin("POST", "/v1/x", event).status()).isEqualTo(404);
    }

    @Test
    void bad_input_gets_the_right_problem() {
        var good = draft(push.subscribe(pushKey()));
        problem(server.raw("POST", "/api/v1/webpush/messages", server.token(), "{\"a\":"), 400, "malformed");
        problem(server.raw("POST", "/api/v1/webpush/messages", server.token(), "{\"a\":1,\"a\":2}"), 400, "malformed");
        problem(
                server.admin("POST", "/api/v1/webpush/messages", new JsonObject().put("audience", 7)),
                400,
                "invalid_request");
        problem(
                server.admin(
                        "POST",
                        "/api/v1/auth/login",
                        new JsonObject()
                                .put("email", "a@b")
                                .put("password", "x")
                                .put("admin", true)),
                400,
                "invalid_request");
        problem(
                server.raw("POST", "/api/v1/auth/login", null, "{}", "Content-Type", "text/xml"),
                415,
                "unsupported_media_type");
        problem(server.raw("POST", "/api/v1/auth/login", null, "x".repeat(2_000_000)), 413, "too_large");
        problem(server.send("GET", "/api/v1/auth/me", null, null), 401, "unauthenticated");
        problem(server.send("GET", "/api/v1/auth/me", server.token() + "x", null), 401, "unauthenticated");
        problem(server.admin("GET", "/api/v1/nothing", null), 404, "not_found");
        problem(server.admin("PUT", "/api/v1/auth/me", new JsonObject()), 405, "method_not_allowed");
        problem(server.admin("GET", "/api/v1/webpush/subscriptions?colour=red", null), 400, "invalid_request");
        problem(server.admin("GET", "/api/v1/webpush/subscriptions?limit=0", null), 400, "invalid_request");
        problem(server.browser("GET", "/api/v1/webpush/subscriptions", null), 403, "forbidden");
        problem(
                server.browser(
                        "POST", "/api/v1/webpush/subscriptions", good.copy().put("endpoint", "http://push.example/1")),
                422,
                "unprocessable");
        problem(
                server.browser(
                        "POST", "/api/v1/webpush/subscriptions", good.copy().put("endpoint", "https://10.0.0.1/1")),
                422,
                "unprocessable");
        problem(
                server.browser(
                        "POST",
                        "/api/v1/webpush/subscriptions",
                        good.copy()
                                .put(
                                        "keys",
                                        new JsonObject()
                                                .put(
                                                        "p256dh",
                                                        "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")
                                                .put(
                                                        "auth",
                                                        good.getJsonObject("keys")
                                                                .getString("auth")))),
                422,
                "unprocessable");
        problem(
                server.admin("PATCH", "/api/v1/workspaces/current", new JsonObject().put("name", "X")),
                428,
                "precondition_required");
        problem(
                server.admin(
                        "PATCH",
                        "/api/v1/workspaces/current",
                        new JsonObject().put("name", "X"),
                        "If-Match",
                        "\"v99\""),
                412,
                "stale_version");
    }

    private static void problem(TestServer.Answer answer, int status, String code) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.json().getString("code")).isEqualTo(code);
        assertThat(answer.json().getString("requestId")).isEqualTo(answer.header("X-Request-Id"));
    }

    private static void identify(String userId, JsonObject traits) {
        var answer = server.send(
                "POST",
                "/v1/identify",
                server.token(),
                new JsonObject().put("userId", userId).put("traits", traits));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static String pushKey() {
        return server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
    }

    private static JsonObject draft(FakePushService.VirtualSubscription browser) {
        return new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
    }

    private static JsonObject message(JsonObject audience, String title) {
        return new JsonObject()
                .put("audience", audience)
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", title).put("url", "https://shop.example/"));
    }

    private static JsonObject send(JsonObject audience, String title) {
        var answer = server.admin("POST", "/api/v1/webpush/messages", message(audience, title));
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return answer.json();
    }

    private static JsonObject profile(String userId) {
        var answer = server.admin("GET", "/api/v1/cdp/profiles/user:" + userId, null);
        return answer.status() == 200 ? answer.json() : new JsonObject().put("traits", new JsonObject());
    }

    private static JsonObject status(String id) {
        return server.admin("GET", "/api/v1/webpush/messages/" + id, null).json();
    }

    private static String state(String id) {
        return status(id).getString("state");
    }

    private static JsonObject counts(String id) {
        return status(id).getJsonObject("counts");
    }

    private static void eventually(BooleanSupplier condition) {
        for (int i = 0; i < 1_200 && !condition.getAsBoolean(); i++) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }
}
