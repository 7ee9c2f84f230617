package app.fathi.demo;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.demo.Walkthrough.Access;
import app.fathi.testing.Browser;
import app.fathi.testing.FirefoxPushService;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The page {@code /demo} in a real browser: it subscribes, pushes to itself, and shows what became of it. */
@Tag("slow")
@Execution(ExecutionMode.SAME_THREAD)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DemoPageTest {
    private static DemoSite site;
    private static boolean signedIn;
    private static FirefoxPushService push;
    private static TestServer server;
    private static Browser firefox;

    @BeforeAll
    static void start() {
        site = new DemoSite();
        signedIn = false;
        push = FirefoxPushService.start();
        server = TestServer.start(Map.of("FATHI_OUTBOUND_PLAINTEXT", "true"), site::mount);
        firefox = Browser.firefox(push);
    }

    @AfterAll
    static void stop() {
        firefox.close();
        server.close();
        push.close();
    }

    @Test
    @Order(1)
    void before_the_demo_has_signed_in_the_page_says_that_it_comes() {
        assertThat(server.send("GET", "/demo", null, null).status()).isEqualTo(503);
        assertThat(server.send("GET", "/demo/figures", null, null).status()).isEqualTo(503);
        signIn();
        assertThat(server.send("GET", "/demo", null, null).status()).isEqualTo(200);
        assertThat(server.send("GET", "/demo/figures", null, null).json()).isEqualTo(new JsonObject());
    }

    /** As the demo does a while after it has started. */
    private static void signIn() {
        if (signedIn) {
            return;
        }
        var key = server.admin("GET", "/api/v1/workspaces/current", null).json().getString("identityKey");
        var access = new Access(server.writeKey(), Base64.getDecoder().decode(key), server.token());
        new Walkthrough(new PublicApi(server.url()), new CountDownLatch(1)).define(access);
        site.open(new PublicApi(server.url()), access);
        signedIn = true;
    }

    @Test
    @Order(2)
    void a_browser_subscribes_pushes_to_itself_and_sees_it_accepted_shown_and_clicked() {
        signIn();
        firefox.setNotificationPermission(server.url(), "granted");
        var page = firefox.open(server.url() + "/demo");
        assertThat(state(page, "can take pushes")).doesNotContain("blocked");
        assertThat(page.audit()).isEmpty();
        page.click("#subscribe");
        state(page, "This browser is subscribed.");
        assertThat(done(page, "taken")).isFalse();

        page.click("#send button");
        var shown = firefox.desktop().awaitVisible("Hello from my own server");
        for (var step : new String[] {"taken", "accepted", "shown"}) {
            eventually("the step " + step, () -> done(page, step), done -> done);
        }
        assertThat(done(page, "clicked")).isFalse();
        assertThat(page.audit()).as("with all that it shows").isEmpty();
        var tabs = firefox.tabs().size();
        firefox.desktop().click(shown);
        eventually("the click", () -> done(page, "clicked"), done -> done);
        assertThat(firefox.tabs()).as("the page itself comes to the front").hasSize(tabs);

        var subscriptions =
                server.admin("GET", "/api/v1/webpush/subscriptions", null).json();
        var subscription = subscriptions.getJsonArray("items").getJsonObject(0);
        assertThat(subscription.getString("site")).isEqualTo(server.url());
        assertThat(subscription.getString("userAgent")).contains("Firefox/");
        drawsFigures(page, subscription.getString("id"));
        refusesWhoIsNotTheSubscriber(page, subscription.getString("id"));

        page.click("#unsubscribe");
        state(page, "can take pushes");
        assertThat(firefox.said()).doesNotContain("Content-Security-Policy", "error:");
    }

    /** With a message to this browser in place of that to the virtual ones. */
    private static void drawsFigures(Browser.Page page, String subscription) {
        var message = server.admin(
                "POST",
                "/api/v1/webpush/messages",
                new JsonObject()
                        .put("audience", new JsonObject().put("subscriptionIds", new JsonArray().add(subscription)))
                        .put("purpose", "marketing")
                        .put("content", new JsonObject().put("title", "To all")));
        site.show(message.json().getString("id"), 1);
        eventually(
                "the figures",
                () -> page.evaluate("document.getElementById('shown').textContent"),
                text -> text.equals("Shown1100 % of accepted"));
        assertThat(page.evaluate("document.querySelector('#shown i').style.width"))
                .isEqualTo("100%");
    }

    private static void refusesWhoIsNotTheSubscriber(Browser.Page page, String subscription) {
        var requests = push.requests();
        var asked = (JsonObject)
                page.evaluate(
                        """
                (async () => {
                  const registration = await navigator.serviceWorker.getRegistration('/demo/');
                  const { endpoint, keys } = (await registration.pushManager.getSubscription()).toJSON();
                  return { endpoint, keys };
                })()
                """);
        var renewal =
                new JsonObject().put("endpoint", asked.getString("endpoint")).put("keys", asked.getJsonObject("keys"));
        var body = new JsonObject()
                .put("id", subscription)
                .put("secret", "fds_guessed")
                .put("renewal", renewal)
                .put("text", "Not for you");
        assertThat(server.send("POST", "/demo/push", null, body).status()).isEqualTo(404);
        for (var wrong : new String[] {"id", "secret", "renewal", "text"}) {
            var broken = body.copy().put(wrong, 7);
            assertThat(server.send("POST", "/demo/push", null, broken).status())
                    .as(wrong)
                    .isEqualTo(400);
        }
        assertThat(server.send("POST", "/demo/push", null, body.copy().put("more", 1))
                        .status())
                .isEqualTo(400);
        assertThat(server.send("GET", "/demo/push/" + subscription, null, null).status())
                .as("a message that this page did not send")
                .isEqualTo(404);
        assertThat(push.requests()).isEqualTo(requests);
    }

    @Test
    @Order(3)
    void a_visitor_sees_their_timeline_traits_and_segments_move_with_each_button() {
        signIn();
        eventually(
                "the segments",
                () -> server.admin("GET", "/api/v1/segments?limit=200", null).body(),
                body -> body.contains("Browsing now") && !body.contains("building"));
        var page = firefox.open(server.url() + "/demo");
        var segments = "document.getElementById('segments').textContent";
        text(page, segments, "Browsing nownot in");
        page.click("#view");
        text(page, segments, "Browsing nowin");
        text(page, segments, "Looked and did not buyin");
        text(page, "document.getElementById('noticed').textContent", "You have entered");
        text(page, "document.getElementById('traits').textContent", "favouriteCategorycomputed");
        page.click("#order");
        text(page, segments, "Looked and did not buynot in");
        page.click("#order");
        text(page, segments, "Loyal customersin");
        text(page, "document.getElementById('traits').textContent", "spentcomputed158");
        page.click("#sign-in");
        text(page, segments, "Gold planin");
        text(page, "document.getElementById('timeline').textContent", "Order Completed");
        assertThat(page.audit()).as("with all that it shows").isEmpty();
        page.click("#sign-out");
        text(page, segments, "Gold plannot in");
        refusesOtherVisitors(page);
        assertThat(firefox.said()).doesNotContain("Content-Security-Policy", "error:");
    }

    private static void refusesOtherVisitors(Browser.Page page) {
        for (var wrong : new String[] {"", "?id=short", "?id=" + "x".repeat(65), "?id=user%3Aada-lovelace"}) {
            assertThat(server.send("GET", "/demo/visitor" + wrong, null, null).status())
                    .as(wrong)
                    .isEqualTo(400);
        }
        var body = new JsonObject().put("visitor", 7);
        assertThat(server.send("POST", "/demo/sign-in", null, body).status()).isEqualTo(400);
        var claimed = new JsonObject().put("userId", "ada").put("anonymousId", "claimed-by-ada");
        server.admin("POST", "/v1/identify", claimed);
        eventually(
                "somebody whom this site has not signed in",
                () -> server.send("GET", "/demo/visitor?id=claimed-by-ada", null, null)
                        .status(),
                status -> status == 404);
    }

    private static void text(Browser.Page page, String expression, String part) {
        eventually("'" + part + "'", () -> (String) page.evaluate(expression), text -> text.contains(part));
    }

    @Test
    @Order(4)
    void a_visitor_who_has_blocked_notifications_is_told_what_to_do() {
        signIn();
        firefox.setNotificationPermission(server.url(), "denied");
        var page = firefox.open(server.url() + "/demo");
        state(page, "Notifications are blocked for this page.");
        assertThat(page.evaluate("document.getElementById('subscribe').hidden")).isEqualTo(true);
        assertThat(page.audit()).isEmpty();
    }

    @Test
    @Order(5)
    void a_browser_without_web_push_and_an_iphone_are_told_what_to_do() {
        signIn();
        var old = firefox.open(server.url() + "/demo", "delete window.PushManager;", null);
        state(old, "This browser has no web push.");
        var phone = firefox.open(
                server.url() + "/demo",
                "delete window.PushManager;"
                        + "Object.defineProperty(navigator, 'userAgent', { get: () => 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)' });",
                null);
        state(phone, "Add to Home Screen");
    }

    private static String state(Browser.Page page, String part) {
        return eventually(
                "'" + part + "'",
                () -> (String) page.evaluate("document.getElementById('state').textContent"),
                text -> text.contains(part));
    }

    private static boolean done(Browser.Page page, String step) {
        return page.evaluate("document.getElementById('step-%s').className".formatted(step))
                .equals("done");
    }
}
