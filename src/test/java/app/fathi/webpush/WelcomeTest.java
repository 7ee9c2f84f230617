package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Closing;
import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a site tells whoever subscribes on it. */
class WelcomeTest {
    private static final String SITES = "/api/v1/webpush/sites";
    private static final String TEMPLATES = "/api/v1/templates";
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";

    private static FakePushService push;
    private static TestServer server;
    private static String publicKey;
    private static Vertx vertx;
    private static Pool pool;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        publicKey = server.admin("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
        vertx = Vertx.vertx();
        pool = server.database().pool(vertx);
    }

    @AfterAll
    static void stop() {
        Closing.close(vertx);
        server.close();
        push.close();
    }

    private static String template(String title, boolean approved) {
        var variant = new JsonObject().put("language", "en").put("content", new JsonObject().put("title", title));
        var made = server.admin(
                "POST",
                TEMPLATES,
                new JsonObject().put("name", "T " + UUID.randomUUID()).put("variants", new JsonArray().add(variant)));
        var id = made.json().getString("id");
        if (approved) {
            for (var step : new String[] {"/submit", "/approve"}) {
                server.admin("POST", TEMPLATES + "/" + id + step, null, "If-Match", "\"v1\"");
            }
        }
        return id;
    }

    private static String newOrigin() {
        return "https://" + UUID.randomUUID() + ".example";
    }

    private static JsonObject welcome(String template) {
        return new JsonObject().put("templateId", template);
    }

    private static Answer site(String origin, JsonObject welcome) {
        return server.admin(
                "POST",
                SITES,
                new JsonObject().put("origin", origin).put("name", "Shop").put("welcome", welcome));
    }

    private static JsonObject draft(VirtualSubscription browser) {
        return new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
    }

    private static Answer subscribe(String origin, VirtualSubscription browser) {
        return server.browser("POST", SUBSCRIPTIONS, draft(browser), "Origin", origin);
    }

    private static int count(String sql) {
        return pool.query("SELECT count(*)::int AS n FROM " + sql)
                .execute()
                .await()
                .iterator()
                .next()
                .getInteger("n");
    }

    /** Nobody is about to be welcomed any more. */
    private static void settle() {
        eventually("no welcome is asked for", () -> count("jobs WHERE type = 'webpush.welcome'"), n -> n == 0);
        eventually("all is sent", () -> count("cep_run WHERE state IN ('queued', 'sending')"), n -> n == 0);
    }

    @Test
    void who_subscribes_is_welcomed_once_and_by_no_renewal() {
        var origin = newOrigin();
        var made = site(origin, welcome(template("Welcome to {{ site | default: 'us' }}", true)));
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        assertThat(made.json().getJsonObject("welcome").getString("purpose")).isEqualTo("marketing");
        assertThat(made.json().getJsonObject("welcome").getBoolean("enabled")).isTrue();

        var browser = push.subscribe(publicKey);
        var saved = subscribe(origin, browser);
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        var receipts = eventually("the welcome", browser::receipts, all -> !all.isEmpty());
        assertThat(receipts.getFirst().json().getJsonObject("notification").getString("title"))
                .isEqualTo("Welcome to us");

        var again = subscribe(origin, browser);
        assertThat(again.status()).as("the same endpoint again").isEqualTo(200);
        var secret = again.json().getString("deviceSecret");
        var renewed = push.subscribe(publicKey);
        var id = saved.json().getString("id");
        assertThat(server.browser(
                                "PUT",
                                SUBSCRIPTIONS + "/" + id,
                                draft(renewed),
                                "Origin",
                                origin,
                                "X-Device-Secret",
                                secret)
                        .status())
                .as("healed")
                .isEqualTo(200);
        server.browser("DELETE", SUBSCRIPTIONS + "/" + id, null, "Origin", origin, "X-Device-Secret", secret);
        assertThat(server.browser("POST", SUBSCRIPTIONS, draft(renewed), "Origin", origin, "X-Device-Secret", secret)
                        .status())
                .as("come back")
                .isEqualTo(200);
        settle();
        assertThat(browser.receipts()).hasSize(1);
        assertThat(renewed.receipts()).isEmpty();
        assertThat(count("cep_run WHERE tag = 'welcome' AND purpose = 'marketing'"))
                .isPositive();
    }

    @Test
    void who_subscribed_before_a_restore_is_not_welcomed_until_somebody_lets_it_go_nor_where_it_was_turned_off_since() {
        var origin = newOrigin();
        site(origin, welcome(template("Hello again", true)));
        var browser = push.subscribe(publicKey);
        var other = newOrigin();
        var turnedOff = site(other, welcome(template("Not any more", true))).json();
        var late = push.subscribe(publicKey);
        execute("INSERT INTO cep_hold (last_run, reason, held_by, held_at) "
                + "VALUES (nextval('cep_run_seq'), 'restored', 'test', now() + interval '1 hour')");
        try {
            subscribe(origin, browser);
            subscribe(other, late);
            eventually(
                    "they were looked at, and wait",
                    () -> count("jobs WHERE type = 'webpush.welcome' AND state = 'waiting' AND due_at > now()"),
                    n -> n == 2);
            assertThat(browser.receipts()).isEmpty();
            var off = turnedOff.getJsonObject("welcome").put("enabled", false);
            assertThat(server.admin(
                                    "PATCH",
                                    SITES + "/" + turnedOff.getString("id"),
                                    new JsonObject().put("welcome", off),
                                    "If-Match",
                                    "\"v1\"")
                            .status())
                    .isEqualTo(200);
        } finally {
            execute("DELETE FROM cep_hold");
        }
        execute("UPDATE jobs SET due_at = now() WHERE type = 'webpush.welcome'");
        eventually("the welcome", browser::receipts, all -> all.size() == 1);
        settle();
        assertThat(late.receipts()).isEmpty();
    }

    private static void execute(String sql) {
        pool.query(sql).execute().await();
    }

    @Test
    void a_job_that_is_done_twice_welcomes_once() {
        var origin = newOrigin();
        site(origin, welcome(template("Hello once", true)));
        var browser = push.subscribe(publicKey);
        var id = subscribe(origin, browser).json().getString("id");
        eventually("the welcome", browser::receipts, all -> !all.isEmpty());
        settle();
        assertThat(count("webpush_subscription WHERE welcomed_at IS NOT NULL AND id = '" + id + "'"))
                .isEqualTo(1);
        var ws = pool.query("SELECT ws FROM webpush_subscription WHERE id = '" + id + "'")
                .execute()
                .await()
                .iterator()
                .next()
                .getInteger("ws");
        assertThat(new SubscriptionsStore()
                        .markWelcomed(pool, ws, UUID.fromString(id))
                        .await())
                .as("whoever comes second finds nobody to welcome")
                .isEmpty();
        assertThat(browser.receipts()).hasSize(1);
    }

    @Test
    void nobody_is_welcomed_where_it_is_off_elsewhere_or_by_a_server() {
        var off = newOrigin();
        site(off, welcome(template("Off", true)).put("enabled", false));
        var none = newOrigin();
        site(none, null);
        var browsers = new VirtualSubscription[] {
            push.subscribe(publicKey), push.subscribe(publicKey), push.subscribe(publicKey)
        };
        subscribe(off, browsers[0]);
        subscribe(none, browsers[1]);
        server.admin("POST", SUBSCRIPTIONS, draft(browsers[2]));
        settle();
        for (var browser : browsers) {
            assertThat(browser.receipts()).isEmpty();
        }
    }

    @Test
    void a_template_that_cannot_be_sent_any_more_holds_up_nobody_who_subscribes() {
        var origin = newOrigin();
        var template = template("Soon gone", true);
        site(origin, welcome(template));
        assertThat(server.admin("POST", TEMPLATES + "/" + template + "/archive", null, "If-Match", "\"v1\"")
                        .status())
                .isEqualTo(200);
        var browser = push.subscribe(publicKey);
        assertThat(subscribe(origin, browser).status()).isEqualTo(201);
        settle();
        assertThat(browser.receipts()).isEmpty();
        assertThat(count("jobs_dead WHERE type = 'webpush.welcome'")).isZero();
    }

    @Test
    void policies_hold_for_welcomes_too() {
        var origin = newOrigin();
        site(origin, welcome(template("In the dark", true)));
        var path = "/api/v1/cep/policies";
        var dark = new JsonObject()
                .put("name", "mourning")
                .put("start", "2020-01-01T00:00")
                .put("end", "2098-01-01T00:00");
        server.admin(
                "PUT",
                path,
                new JsonObject().put("blackouts", new JsonArray().add(dark)),
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
        try {
            var browser = push.subscribe(publicKey);
            subscribe(origin, browser);
            settle();
            assertThat(browser.receipts()).isEmpty();
            assertThat(count("cep_message WHERE reason = 28")).isPositive();
        } finally {
            server.admin(
                    "PUT",
                    path,
                    new JsonObject(),
                    "If-Match",
                    server.admin("GET", path, null).header("ETag"));
        }
    }

    @Test
    void a_welcome_that_could_not_be_sent_is_refused_when_it_is_laid_down() {
        refused(welcome(UUID.randomUUID().toString()), "/welcome/templateId");
        refused(welcome(template("Draft", false)), "/welcome/templateId");
        var fine = template("Fine", true);
        refused(welcome(fine).put("purpose", "transactional"), "/welcome/purpose");
        refused(welcome(fine).put("purpose", "nothing"), "/welcome/purpose");
        assertThat(site(newOrigin(), welcome(UUID.randomUUID().toString()).put("enabled", false))
                        .status())
                .as("one that is off is not looked at")
                .isEqualTo(201);
        var site = site(newOrigin(), welcome(fine));
        var path = SITES + "/" + site.json().getString("id");
        assertThat(server.admin("PATCH", path, new JsonObject().put("name", "Other"), "If-Match", "\"v1\"")
                        .json()
                        .getJsonObject("welcome")
                        .getString("templateId"))
                .isEqualTo(fine);
        var ended = server.admin("PATCH", path, new JsonObject().putNull("welcome"), "If-Match", "\"v2\"");
        assertThat(ended.json().getValue("welcome")).isNull();
    }

    private static void refused(JsonObject welcome, String pointer) {
        var answer = site(newOrigin(), welcome);
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        assertThat(answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo(pointer);
    }
}
