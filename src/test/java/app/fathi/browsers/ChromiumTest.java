package app.fathi.browsers;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import app.fathi.testing.Browser;
import app.fathi.testing.Desktop;
import app.fathi.testing.FakePushService;
import app.fathi.testing.Site;
import app.fathi.testing.TestServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * The service worker in Chromium. It can subscribe only at Google's push service, so a virtual browser subscribes and
 * decrypts, and what it got is handed to the worker by DevTools; from there on all is real.
 */
@Tag("slow")
@Execution(ExecutionMode.SAME_THREAD)
class ChromiumTest {
    /** A worker that a site had before: it has pushes and notifications of its own. */
    private static final String SITES_OWN_WORKER =
            """
            self.addEventListener('push', (event) => {
              let own;
              try { own = event.data.json().shop; } catch { return; }
              if (own) event.waitUntil(self.registration.showNotification(own, { data: { shop: true } }));
            });
            self.addEventListener('notificationclick', (event) => {
              if (!event.notification.data?.shop) return;
              event.notification.close();
              event.waitUntil(self.clients.openWindow('/own'));
            });
            """;

    /** How many reports lie in the worker's database. */
    private static final String WAITING_REPORTS =
            """
            new Promise((resolve) => {
              const opening = indexedDB.open('fathi', 1);
              opening.onsuccess = () => {
                const reading = opening.result.transaction('kv').objectStore('kv').get('reports');
                reading.onsuccess = () => resolve((reading.result ?? []).length);
                opening.result.close();
              };
            })
            """;

    private static final Path SCREENSHOTS = Path.of("target/prompts");
    private static Vertx vertx;

    private static FakePushService push;
    private static TestServer server;
    private static PushApi api;
    private static Pool pool;
    private static Browser chromium;

    private Site site;

    @BeforeAll
    static void start() throws IOException {
        vertx = Vertx.vertx();
        Files.createDirectories(SCREENSHOTS);
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        api = new PushApi(server);
        pool = server.database().pool(vertx);
        chromium = Browser.chromium();
    }

    @AfterAll
    static void stop() {
        chromium.close();
        vertx.close().await();
        server.close();
        push.close();
    }

    @BeforeEach
    void openSite() {
        site = Site.of(server);
    }

    @AfterEach
    void closeSite() {
        site.close();
    }

    @Test
    void a_push_is_shown_with_its_buttons_and_a_click_opens_its_page() {
        var page = visit(site, "/fathi-sw.js");
        var sent = send(content("New shoes")
                .put("body", "Three pairs left")
                .put("url", site.origin() + "/shoes")
                .put(
                        "actions",
                        new JsonArray().add(action("basket", "Into the basket")).add(action("later", "Later"))));
        page.push(site.origin(), sent.payload());
        var shown = chromium.desktop().awaitVisible("New shoes");
        assertThat(shown.body()).contains("Three pairs left");
        assertThat(shown.actions()).containsKeys("Into the basket", "Later");
        assertThat(shown.silent()).isFalse();
        api.awaitCount(sent.message(), "shown", 1);

        chromium.desktop().click(shown);
        eventually("the clicked page", chromium::tabs, tabs -> tabs.contains(site.origin() + "/shoes"));
        api.awaitCount(sent.message(), "clicked", 1);
        assertThat(api.delivery(sent.message()).getString("clickedAction")).isNull();
        assertThat(chromium.desktop().isVisible("New shoes")).isFalse();
    }

    @Test
    void a_button_leads_to_its_own_page_and_the_ledger_knows_which() {
        var page = visit(site, "/fathi-sw.js");
        var sent = send(content("New hats")
                .put("url", site.origin() + "/hats")
                .put("actions", new JsonArray().add(action("basket", "Buy")).add(action("later", "Later"))));
        page.push(site.origin(), sent.payload());
        chromium.desktop().click(chromium.desktop().awaitVisible("New hats"), "Buy");
        eventually("the button's page", chromium::tabs, tabs -> tabs.contains(site.origin() + "/basket"));
        api.awaitCount(sent.message(), "clicked", 1);
        assertThat(api.delivery(sent.message()).getString("clickedAction")).isEqualTo("basket");
        assertThat(chromium.tabs()).doesNotContain(site.origin() + "/hats");
    }

    @Test
    void a_tab_that_shows_the_page_already_comes_to_the_front() {
        var there = visit(site, "/fathi-sw.js");
        var sent = send(content("Look again").put("url", site.origin() + "/"));
        there.push(site.origin(), sent.payload());
        var shown = chromium.desktop().awaitVisible("Look again");
        var other = chromium.open(site.origin() + "/elsewhere");
        other.bringToFront();
        eventually("the other tab in front", () -> there.evaluate("document.visibilityState"), "hidden"::equals);
        var tabs = chromium.tabs().size();
        chromium.desktop().click(shown);
        eventually("the tab in front", () -> there.evaluate("document.hasFocus()"), Boolean.TRUE::equals);
        api.awaitCount(sent.message(), "clicked", 1);
        assertThat(chromium.tabs()).hasSize(tabs);
    }

    @Test
    void a_repetition_takes_the_place_of_the_first_in_silence_and_is_reported_once() {
        var reports = shownReports();
        var page = visit(site, "/fathi-sw.js");
        var sent = send(content("Twice").put("renotify", true).put("vibrate", new JsonArray().add(100)));
        page.push(site.origin(), sent.payload());
        var first = chromium.desktop().awaitVisible("Twice");
        page.push(site.origin(), sent.payload());
        var second = eventually("the repetition", () -> shown("Twice"), all -> all.size() == 2)
                .get(1);
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.silent()).isTrue();
        afterFurtherReports(page);
        assertThat(shownReports()).as("of both messages").isEqualTo(reports + 2);
        assertThat(api.counts(sent.message())).contains(entry("shown", 1)).doesNotContainKey("closed");
    }

    @Test
    void a_repetition_of_what_was_dismissed_is_closed_at_once() {
        var page = visit(site, "/fathi-sw.js");
        var sent = send(content("Go away"));
        page.push(site.origin(), sent.payload());
        chromium.desktop().dismiss(chromium.desktop().awaitVisible("Go away"));
        api.awaitCount(sent.message(), "closed", 1);
        page.push(site.origin(), sent.payload());
        eventually(
                "the repetition",
                () -> shown("Go away"),
                all -> all.size() == 2 && all.get(1).silent());
        eventually("its end", () -> chromium.desktop().isVisible("Go away"), visible -> !visible);
        afterFurtherReports(page);
        assertThat(api.counts(sent.message())).contains(entry("shown", 1), entry("closed", 1));
    }

    @Test
    void a_push_that_cannot_be_read_shows_that_something_came_and_harms_nothing() {
        var page = visit(site, "/fathi-sw.js");
        var unreadable = List.of(
                "",
                "hello",
                "null",
                "{\"web_push\":8030,\"notification\":{\"tit",
                "{\"web_push\":8030,\"notification\":{\"data\":{\"fathi\":{}}}}");
        for (var data : unreadable) {
            var before = somethingCame(site).size();
            page.push(site.origin(), data);
            eventually("something for " + data, () -> somethingCame(site), all -> all.size() == before + 1);
        }
        chromium.open(site.origin() + "/elsewhere").bringToFront();
        eventually("the other tab in front", () -> page.evaluate("document.hasFocus()"), Boolean.FALSE::equals);
        somethingCame(site).forEach(chromium.desktop()::click);
        eventually("the site in front", () -> page.evaluate("document.hasFocus()"), Boolean.TRUE::equals);
        afterFurtherReports(page);
    }

    @Test
    void what_the_browser_refuses_to_show_as_it_is_is_shown_plainly() {
        var page = visit(site, "/fathi-sw.js");
        var sent = send(content("Tremble quietly").put("silent", true));
        var refused = new JsonObject(sent.payload());
        refused.getJsonObject("notification").put("vibrate", new JsonArray().add(100));
        page.push(site.origin(), refused.encode());
        chromium.desktop().awaitVisible("Tremble quietly");
        api.awaitCount(sent.message(), "shown", 1);
    }

    @Test
    void it_lives_beside_the_worker_that_a_site_has_already() {
        try (var shop = Site.withWorker(server, SITES_OWN_WORKER)) {
            var page = visit(shop, "/sw.js");
            page.push(shop.origin(), "{\"shop\":\"The shop's own\"}");
            var own = chromium.desktop().awaitVisible("The shop's own");
            var sent = send(content("Ours").put("url", shop.origin() + "/ours"));
            page.push(shop.origin(), sent.payload());
            var ours = chromium.desktop().awaitVisible("Ours");

            chromium.desktop().click(own);
            eventually("the site's own page", chromium::tabs, tabs -> tabs.contains(shop.origin() + "/own"));
            chromium.desktop().click(ours);
            eventually("our page", chromium::tabs, tabs -> tabs.contains(shop.origin() + "/ours"));
            api.awaitCount(sent.message(), "clicked", 1);
            assertThat(somethingCame(shop)).isEmpty();
            assertThat(chromium.tabs().stream().filter(url -> url.startsWith(shop.origin())))
                    .hasSize(3);
        }
    }

    @Test
    void reports_wait_until_the_server_is_reached_again() {
        var page = visit(site, "/fathi-sw.js");
        page.setWorkerOffline(site.origin(), true);
        var sent = send(content("In the tunnel"));
        page.push(site.origin(), sent.payload());
        chromium.desktop().awaitVisible("In the tunnel");
        eventually("the report that waits", () -> page.evaluate(WAITING_REPORTS), Integer.valueOf(1)::equals);
        assertThat(api.counts(sent.message())).doesNotContainKey("shown");
        page.setWorkerOffline(site.origin(), false);
        afterFurtherReports(page);
        api.awaitCount(sent.message(), "shown", 1);
        eventually("nothing that waits", () -> page.evaluate(WAITING_REPORTS), Integer.valueOf(0)::equals);
    }

    @Test
    void the_page_knows_what_stands_in_the_way_of_notifications() {
        var page = chromium.open(site.origin() + "/");
        assertThat(page.evaluate("fathi.capability()")).isEqualTo("ok");
        chromium.setNotificationPermission(site.origin(), "denied");
        assertThat(page.evaluate("fathi.capability()")).isEqualTo("denied");
        assertThat(chromium.open(site.insecureOrigin() + "/").evaluate("fathi.capability()"))
                .isEqualTo("insecure");
        var withoutPush = "delete window.PushManager;";
        assertThat(chromium.open(site.origin() + "/", withoutPush, null).evaluate("fathi.capability()"))
                .isEqualTo("unsupported");
        var safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
                + " Version/18.5 Mobile/15E148 Safari/604.1";
        assertThat(chromium.open(site.origin() + "/", withoutPush, safari).evaluate("fathi.capability()"))
                .isEqualTo("ios-needs-install");
    }

    // ---- prompts -------------------------------------------------------------------------------------------------

    @Test
    void prompts_are_for_everybody_at_every_size_in_the_light_and_in_the_dark() {
        var banner = api.prompt(site.origin(), Prompts.banner("banner"));
        api.promptBeside(banner, Prompts.bell("bell").put("position", "bottom-start"));
        for (var language : List.of("ar", "en")) {
            var page = chromium.open(site.origin() + "/?lang=" + language);
            Prompts.await(page, "banner");
            eventually(
                    "the picture",
                    () -> page.evaluate(inside("banner", "img", "naturalWidth > 0")),
                    Boolean.TRUE::equals);
            lookFromAll(page, "banner", language);
            if (language.equals("en")) {
                page.click("[data-fathi=banner] >>> .no");
                page.click("[data-fathi=bell] >>> .bell");
                lookFromAll(page, "bell", language);
                page.press("Escape");
                eventually(
                        "the end of the panel",
                        () -> page.evaluate(inside("bell", ".bell", "ariaExpanded")),
                        "false"::equals);
            }
        }
    }

    /** By the axe, and by a person: what it looked like lies in {@code target}. */
    private static void lookFromAll(Browser.Page page, String name, String language) {
        for (var dark : new boolean[] {false, true}) {
            for (int width : new int[] {390, 1280}) {
                var place = name + "-" + language + "-" + width + (dark ? "-dark" : "");
                page.view(width, 700, dark);
                eventually(
                        "the end of its coming",
                        () -> page.evaluate(inside(name, ".card", "getAnimations().length")),
                        Integer.valueOf(0)::equals);
                assertThat(page.evaluate(inside(name, ".card", "checkVisibility()")))
                        .as(place)
                        .isEqualTo(true);
                assertThat(page.audit()).as(place).isEmpty();
                assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                        .as(place)
                        .isEqualTo(true);
                page.screenshot(SCREENSHOTS.resolve(place + ".png"));
            }
        }
    }

    private static String inside(String name, String selector, String what) {
        return "document.querySelector('[data-fathi=\"%s\"]').shadowRoot.querySelector('%s')?.%s"
                .formatted(name, selector, what);
    }

    @Test
    void the_browsers_question_comes_with_a_click_alone_and_closing_it_is_a_refusal() {
        var prompt = api.prompt(site.origin(), Prompts.banner("asks"));
        var question =
                "window.asked = 0; Notification.requestPermission = async () => { window.asked++; return 'default'; };";
        var page = chromium.open(site.origin() + "/", question, null);
        Prompts.await(page, "asks");
        assertThat(page.evaluate("document.activeElement === document.body"))
                .as("nobody's place is taken from them")
                .isEqualTo(true);
        assertThat(page.evaluate("asked")).isEqualTo(0);
        page.press("Tab");
        page.press("Tab");
        assertThat(page.evaluate(inside("asks", "button:focus-visible", "className")))
                .isEqualTo("yes");
        page.press("Enter");
        eventually("the end of the banner", () -> Prompts.isThere(page, "asks"), there -> !there);
        assertThat(page.evaluate("asked")).isEqualTo(1);
        api.awaitPrompt(prompt, 1, 0, 1);

        page.setCalm();
        page.evaluate("document.getElementById('subscribe').focus()");
        page.evaluate("(fathi.prompt('asks').then((outcome) => { window.outcome = outcome; }), 0)");
        Prompts.await(page, "asks");
        assertThat(page.evaluate("document.activeElement.dataset.fathi")).isEqualTo("asks");
        assertThat(
                        page.evaluate(
                                "getComputedStyle(document.querySelector('[data-fathi=asks]').shadowRoot.querySelector('.card')).animationName"))
                .isEqualTo("none");
        page.press("Escape");
        eventually("its outcome", () -> page.evaluate("window.outcome"), "refused"::equals);
        assertThat(page.evaluate("document.activeElement.id")).isEqualTo("subscribe");
        assertThat(page.evaluate("fathi.prompt('no such').catch((error) => error.code)"))
                .isEqualTo("no_prompt");
        chromium.setNotificationPermission(site.origin(), "denied");
        assertThat(page.evaluate("fathi.prompt('asks').catch((error) => error.code)"))
                .isEqualTo("denied");
    }

    @Test
    void the_sdk_has_what_its_types_promise() throws IOException {
        var promised = Pattern.compile("^  (?:readonly )?(\\w+)(?=\\(|: \\w+;)", Pattern.MULTILINE)
                .matcher(Files.readString(SdkTest.SDK.resolve("fathi.d.ts")).split("/\\*\\* What the SDK can do")[1])
                .results()
                .map(found -> found.group(1))
                .toList();
        var page = chromium.open(site.origin() + "/");
        assertThat(((JsonArray) page.evaluate("Object.keys(fathi)")).stream().map(String.class::cast))
                .containsExactlyInAnyOrderElementsOf(promised);
    }

    /** Opens the site's first page with its worker at work and notifications allowed. */
    private static Browser.Page visit(Site site, String worker) {
        chromium.setNotificationPermission(site.origin(), "granted");
        var page = chromium.open(site.origin() + "/");
        page.evaluate("navigator.serviceWorker.register('" + worker
                + "').then(() => navigator.serviceWorker.ready).then(() => true)");
        return page;
    }

    /** @param payload what the push holds, decrypted */
    private record Sent(String message, String payload) {}

    /** Sends by the push API to a virtual browser. */
    private static Sent send(JsonObject content) {
        var browser = push.subscribe();
        var saved = server.browser(
                "POST",
                "/api/v1/webpush/subscriptions",
                new JsonObject()
                        .put("endpoint", browser.endpoint())
                        .put(
                                "keys",
                                new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth())));
        var message = api.send(saved.json().getString("id"), content);
        var receipts = eventually("the push", browser::receipts, all -> !all.isEmpty());
        return new Sent(message, receipts.getFirst().plaintext());
    }

    /** Reports come in order: when those of this further push are there, nothing more comes of those before. */
    private static void afterFurtherReports(Browser.Page page) {
        var sent = send(content("And then this"));
        page.push((String) page.evaluate("location.origin"), sent.payload());
        api.awaitCount(sent.message(), "shown", 1);
    }

    /** What the ledger counts once, however often it is told. */
    private static long shownReports() {
        return pool.query(
                        """
                        SELECT count(*) FROM stream_record
                        WHERE topic = 'ingest' AND kind = 'interaction' AND payload LIKE '%"type":"shown"%'
                        """)
                .execute()
                .await()
                .iterator()
                .next()
                .getLong(0);
    }

    private static List<Desktop.Notification> shown(String title) {
        return chromium.desktop().shown().stream()
                .filter(one -> one.title().equals(title))
                .toList();
    }

    /** What the worker shows when it cannot read a push: where it came from. */
    private static List<Desktop.Notification> somethingCame(Site site) {
        return shown("localhost").stream()
                .filter(one -> one.body().contains(site.origin().replace("http://", "")))
                .toList();
    }

    private static JsonObject content(String title) {
        return new JsonObject().put("title", title);
    }

    private JsonObject action(String action, String title) {
        return new JsonObject().put("action", action).put("title", title).put("url", site.origin() + "/" + action);
    }
}
