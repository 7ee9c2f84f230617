package app.fathi.webpush;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Subscribing, renewing and ending, as browsers ask for it. */
class SubscriptionsTest {
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";

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

    /** The SDK's {@code identify}: the event moves the visitor's addresses while the subscription asks to be moved. */
    @Test
    void a_browser_that_signs_in_is_attached_while_its_visitor_becomes_that_person() throws Exception {
        server.admin(
                "PATCH",
                "/api/v1/workspaces/current",
                new JsonObject().put("identityVerification", "off"),
                "If-Match",
                server.admin("GET", "/api/v1/workspaces/current", null).header("ETag"));
        try (var threads = Executors.newFixedThreadPool(2)) {
            for (int i = 0; i < 30; i++) {
                var visitor = "visitor-" + i;
                var browser = push.subscribe();
                var saved = server.browser("POST", SUBSCRIPTIONS, draft(browser).put("anonymousId", visitor))
                        .json();
                var tasks = new ArrayList<Callable<TestServer.Answer>>();
                var claim = new JsonObject().put("userId", "user-" + i).put("anonymousId", visitor);
                tasks.add(() -> server.browser("POST", "/v1/identify", claim));
                tasks.add(() -> server.browser(
                        "POST",
                        SUBSCRIPTIONS,
                        draft(browser).mergeIn(claim),
                        "X-Device-Secret",
                        saved.getString("deviceSecret")));
                for (var done : threads.invokeAll(tasks)) {
                    assertThat(done.get().status()).as(done.get().body()).isEqualTo(200);
                }
            }
        }
    }

    @Test
    void what_was_unsubscribed_comes_back_when_the_visitor_subscribes_and_not_when_a_page_only_looks() {
        var browser = push.subscribe();
        var saved = server.browser("POST", SUBSCRIPTIONS, draft(browser)).json();
        var path = SUBSCRIPTIONS + "/" + saved.getString("id");
        var secret = saved.getString("deviceSecret");
        assertThat(server.admin("DELETE", path, null).status()).isEqualTo(204);
        var looked = server.browser("PUT", path, draft(browser), "X-Device-Secret", secret);
        assertThat(looked.status()).isEqualTo(410);
        assertThat(looked.json().getString("code")).isEqualTo("ended");
        assertThat(status(path)).isEqualTo("unsubscribed");
        assertThat(server.browser("POST", SUBSCRIPTIONS, draft(browser), "X-Device-Secret", secret)
                        .status())
                .isEqualTo(200);
        assertThat(status(path)).isEqualTo("active");
    }

    @Test
    void an_endpoint_that_its_push_service_has_ended_is_refused_and_another_brings_the_subscription_back() {
        var browser = push.subscribe();
        var saved = server.browser("POST", SUBSCRIPTIONS, draft(browser)).json();
        var path = SUBSCRIPTIONS + "/" + saved.getString("id");
        var secret = saved.getString("deviceSecret");
        server.database()
                .execute("UPDATE webpush_subscription SET status = 'expired' WHERE id = '%s'"
                        .formatted(saved.getString("id")));
        for (var request : List.of(List.of("PUT", path), List.of("POST", SUBSCRIPTIONS))) {
            var answer = server.browser(request.get(0), request.get(1), draft(browser), "X-Device-Secret", secret);
            assertThat(answer.status()).as(answer.body()).isEqualTo(409);
        }
        assertThat(status(path)).isEqualTo("expired");
        assertThat(server.browser("PUT", path, draft(push.subscribe()), "X-Device-Secret", secret)
                        .status())
                .isEqualTo(200);
        assertThat(status(path)).isEqualTo("active");
    }

    @Test
    void the_push_key_may_be_kept_for_a_while_by_whoever_asked_for_it() {
        var answer = server.browser("GET", "/api/v1/webpush/key", null);
        assertThat(answer.header("Cache-Control")).isEqualTo("private, max-age=300");
        assertThat(answer.header("Vary")).contains("X-Write-Key", "Authorization", "Origin");
    }

    private static String status(String path) {
        return server.admin("GET", path, null).json().getString("status");
    }

    private static JsonObject draft(FakePushService.VirtualSubscription browser) {
        return new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
    }
}
