package app.fathi.browsers;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import app.fathi.testing.Browser;
import app.fathi.testing.FirefoxPushService;
import app.fathi.testing.Site;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * The whole way in a real browser: a page of another origin subscribes through the SDK at a push service, the push API
 * sends, Firefox decrypts and shows, the visitor clicks, and the ledger knows.
 */
@Tag("slow")
@Execution(ExecutionMode.SAME_THREAD)
class FirefoxTest {
    private static FirefoxPushService push;
    private static TestServer server;
    private static PushApi api;
    private static Browser firefox;

    private Site site;

    @BeforeAll
    static void start() {
        push = FirefoxPushService.start();
        server = TestServer.start(Map.of("FATHI_OUTBOUND_PLAINTEXT", "true"));
        api = new PushApi(server);
        firefox = Browser.firefox(push);
    }

    @AfterAll
    static void stop() {
        firefox.close();
        server.close();
        push.close();
    }

    @BeforeEach
    void openSite() {
        site = Site.of(server);
        firefox.setNotificationPermission(site.origin(), "granted");
    }

    @AfterEach
    void closeSite() {
        site.close();
        assertThat(push.faults()).isEmpty();
    }

    @Test
    void a_visitor_subscribes_sees_the_push_and_the_click_is_in_the_ledger() {
        var page = firefox.open(site.origin() + "/");
        assertThat(page.evaluate("fathi.capability()")).isEqualTo("ok");
        assertThat(page.evaluate("fathi.subscription()")).isNull();
        assertThat(page.evaluate("fathi.browser()")).isNull();
        var id = subscribe(page);
        assertThat(page.evaluate("fathi.subscription()")).isEqualTo(new JsonObject().put("id", id));
        linkToTheAdministrator(page, id);
        assertThat(api.subscription(id).getString("status")).isEqualTo("active");
        assertThat(api.subscription(id).getString("site")).isEqualTo(site.origin());
        assertThat(api.subscription(id).getString("userAgent")).contains("Firefox/");

        var message = api.send(
                id, content("New shoes").put("body", "Three pairs left").put("url", site.origin() + "/shoes"));
        var shown = firefox.desktop().awaitVisible("New shoes");
        assertThat(shown.body()).contains("Three pairs left");
        firefox.desktop().click(shown);
        eventually("the clicked page", firefox::tabs, tabs -> tabs.contains(site.origin() + "/shoes"));
        api.awaitCount(message, "clicked", 1);
        assertThat(api.delivery(message).getString("clickedAt")).isNotNull();
        assertThat(firefox.desktop().isVisible("New shoes")).isFalse();

        // Reports come in order, so when this one is there, nothing more comes of the first.
        var second = api.send(id, content("New hats"));
        firefox.desktop().dismiss(firefox.desktop().awaitVisible("New hats"));
        api.awaitCount(second, "closed", 1);
        assertThat(api.counts(message))
                .containsOnly(entry("planned", 1), entry("accepted", 1), entry("shown", 1), entry("clicked", 1));
    }

    private static void linkToTheAdministrator(Browser.Page page, String id) {
        var own = (JsonObject) page.evaluate("fathi.browser()");
        assertThat(own.getString("id")).isEqualTo(id);
        var secret = new JsonObject().put("deviceSecret", own.getString("deviceSecret"));
        assertThat(server.admin("PUT", "/api/v1/webpush/own-browsers/" + id, secret)
                        .status())
                .isEqualTo(200);
    }

    @Test
    void what_the_page_called_before_the_sdk_was_there_has_happened() {
        var page = firefox.open(site.origin() + "/");
        assertThat(page.evaluate("window.loaded === fathi.version")).isEqualTo(true);
        api.awaitProfile("anonymous:" + page.evaluate("fathi.anonymousId"));
        assertThat(firefox.said()).doesNotContain(site.origin());
    }

    @Test
    void after_unsubscribing_nothing_more_comes() {
        var page = firefox.open(site.origin() + "/");
        var id = subscribe(page);
        var profile = api.subscription(id).getString("profileId");
        var endpoints = push.endpoints().size();
        page.evaluate("fathi.unsubscribe()");
        assertThat(page.evaluate("fathi.subscription()")).isNull();
        assertThat(page.evaluate("fathi.browser()")).isNull();
        assertThat(api.subscription(id).getString("status")).isEqualTo("unsubscribed");
        eventually("the browser's end of it", push::endpoints, left -> left.size() == endpoints - 1);

        var requests = push.requests();
        assertThat(api.reasons(api.sendToProfile(profile, content("Anybody?"))))
                .containsOnly(entry("no_subscription", 1));
        assertThat(api.reasons(api.send(id, content("Anybody?")))).containsOnly(entry("no_subscription", 1));
        assertThat(push.requests()).isEqualTo(requests);

        page.reload();
        assertThat(page.evaluate("fathi.subscription()")).isNull();
        assertThat(subscribe(page)).as("a new one, for it is a new endpoint").isNotEqualTo(id);
    }

    @Test
    void an_identity_token_brings_the_pushes_for_a_person_to_this_browser_until_it_signs_out() {
        api.identify("ada", new JsonObject().put("firstName", "Ada"));
        var page = firefox.open(site.origin() + "/");
        var id = subscribe(page);
        var visitor = page.evaluate("fathi.anonymousId");
        page.evaluate("fathi.identify('ada', {}, { identityToken: '%s' })".formatted(api.identityToken("ada")));
        assertThat(api.subscription(id).getString("profileId"))
                .isEqualTo(api.awaitProfile("user:ada").getString("id"));
        api.sendToUser("ada", content("Hello {{ traits.firstName }}"));
        firefox.desktop().awaitVisible("Hello Ada");

        page.evaluate("fathi.reset()");
        assertThat(api.reasons(api.sendToUser("ada", content("Still there?"))))
                .containsOnly(entry("no_subscription", 1));

        // What the person's own pages told late changes nothing: this browser is somebody new, who is reached as such.
        var claim = new JsonObject().put("userId", "ada").put("anonymousId", visitor);
        assertThat(server.admin("POST", "/v1/identify", claim).status()).isEqualTo(200);
        assertThat(page.evaluate("fathi.anonymousId")).isNotEqualTo(visitor);
        page.reload();
        var nobody = api.subscription(id).getString("profileId");
        assertThat(api.awaitProfile(nobody).getString("userId")).isNull();
        var message = api.sendToProfile(nobody, content("Hello {{ traits.firstName | default: 'stranger' }}"));
        firefox.desktop().awaitVisible("Hello stranger");
        api.awaitCount(message, "shown", 1);
        assertThat(api.reasons(api.sendToUser("ada", content("Still there?"))))
                .containsOnly(entry("no_subscription", 1));
        assertThat(firefox.desktop().isVisible("Still there?")).isFalse();
    }

    @Test
    void nobody_gets_a_persons_pushes_without_the_token_that_proves_them() {
        api.identify("grace", new JsonObject());
        var page = firefox.open(site.origin() + "/");
        subscribe(page);
        page.evaluate("fathi.identify('grace', { city: 'Arlington' })");
        page.evaluate("fathi.flush()");
        eventually("what was told of the person", () -> api.awaitProfile("user:grace"), grace -> grace.getJsonObject(
                        "traits")
                .containsKey("city"));
        assertThat(api.reasons(api.sendToUser("grace", content("For Grace only"))))
                .containsOnly(entry("no_subscription", 1));
        assertThat(page.evaluate("fathi.identify('grace', {}, { identityToken: '%s' }).catch((error) => error.status)"
                        .formatted(api.identityToken("ada"))))
                .isEqualTo(422);
        assertThat(api.reasons(api.sendToUser("grace", content("For Grace only"))))
                .containsOnly(entry("no_subscription", 1));

        page.evaluate("fathi.unsubscribe()");
        page.reload();
        var again = subscribe(page);
        assertThat(api.reasons(api.sendToUser("grace", content("For Grace only"))))
                .containsOnly(entry("no_subscription", 1));
        api.send(again, content("For this browser"));
        firefox.desktop().awaitVisible("For this browser");
    }

    @Test
    void a_server_that_has_lost_the_subscription_has_it_again_when_a_page_opens() {
        var page = firefox.open(site.origin() + "/");
        var id = subscribe(page);
        server.database().execute("DELETE FROM webpush_subscription WHERE id = '" + id + "'");
        page.reload();
        var again = eventually("another subscription", () -> subscriptionOf(page), found -> !found.equals(id));
        api.send(again, content("Found again"));
        firefox.desktop().awaitVisible("Found again");
    }

    @Test
    void an_endpoint_that_its_push_service_has_ended_gives_way_to_a_new_one_of_the_same_person() {
        api.identify("edsger", new JsonObject());
        var page = firefox.open(site.origin() + "/");
        var before = push.endpoints();
        var id = subscribe(page);
        page.evaluate("fathi.identify('edsger', {}, { identityToken: '%s' })".formatted(api.identityToken("edsger")));
        var endpoint = push.endpoints().stream()
                .filter(one -> !before.contains(one))
                .findFirst()
                .orElseThrow();
        push.refuse(endpoint, 410);
        assertThat(api.reasons(api.send(id, content("Into the void")))).containsOnly(entry("gone", 1));
        assertThat(api.subscription(id).getString("status")).isEqualTo("expired");

        page.reload();
        eventually("the subscription", () -> api.subscription(id), found -> found.getString("status")
                .equals("active"));
        api.sendToUser("edsger", content("Back again"));
        firefox.desktop().awaitVisible("Back again");
    }

    @Test
    void a_browser_that_remembers_nothing_is_known_again_and_one_that_has_ended_it_is_left_alone() {
        var page = firefox.open(site.origin() + "/");
        var id = subscribe(page);
        forget(page);
        page.reload();
        eventually("what it has", () -> subscriptionOf(page), id::equals);
        assertThat(page.evaluate("fathi.unsubscribe()")).isNull();
        assertThat(api.subscription(id).getString("status"))
                .as("the secret that it got is good")
                .isEqualTo("unsubscribed");

        var second = subscribe(page);
        server.admin("DELETE", "/api/v1/webpush/subscriptions/" + second, null);
        forget(page);
        page.reload();
        page.evaluate("fathi.flush()");
        assertThat(subscriptionOf(page)).isNull();
        assertThat(api.subscription(second).getString("status")).isEqualTo("unsubscribed");
    }

    /** As if another push server had subscribed this browser. */
    private static void forget(Browser.Page page) {
        page.evaluate(
                "new Promise((resolve, reject) => { const opening = indexedDB.open('fathi', 1); opening.onsuccess = () => { const change = opening.result.transaction('kv', 'readwrite'); change.objectStore('kv').delete('subscription'); change.oncomplete = () => { opening.result.close(); resolve(true); }; }; opening.onerror = reject; })");
    }

    @Test
    void after_a_rotation_the_browser_is_bound_to_the_new_key_as_the_same_subscription_of_the_same_person() {
        var page = firefox.open(site.origin() + "/");
        var id = subscribe(page);
        var before = api.subscription(id);
        var second = rotate(page);
        page.reload();
        eventually("the new key", () -> api.subscription(id), found -> found.getString("keyId")
                .equals(second));
        assertThat(api.subscription(id).getString("profileId")).isEqualTo(before.getString("profileId"));
        assertThat(api.subscription(id).getString("endpointHash")).isNotEqualTo(before.getString("endpointHash"));
        api.send(id, content("With the second key"));
        firefox.desktop().awaitVisible("With the second key");

        // A visitor who clicks on "subscribe" before the page has looked after itself is no second subscriber either.
        var third = rotate(page);
        assertThat(subscribe(page)).isEqualTo(id);
        assertThat(api.subscription(id).getString("keyId")).isEqualTo(third);
        api.send(id, content("With the third key"));
        firefox.desktop().awaitVisible("With the third key");
        assertThat(server.admin(
                                "GET",
                                "/api/v1/webpush/subscriptions?status=active&profileId="
                                        + before.getString("profileId"),
                                null)
                        .json()
                        .getJsonArray("items"))
                .hasSize(1);
    }

    /** The new key's id; the browser does not wait until its copy of the key before is five minutes old. */
    private static String rotate(Browser.Page page) {
        var key = server.admin("POST", "/api/v1/webpush/keys/rotate", null).json();
        assertThat(page.evaluate(
                        "fetch('%s/api/v1/webpush/key', { cache: 'reload', credentials: 'omit', headers: { 'X-Write-Key': '%s' } }).then((answer) => answer.json()).then((key) => key.id)"
                                .formatted(server.url(), server.writeKey())))
                .isEqualTo(key.getString("id"));
        return key.getString("id");
    }

    @Test
    void what_was_unsubscribed_elsewhere_is_ended_in_the_browser_and_stays_ended() {
        var page = firefox.open(site.origin() + "/");
        var id = subscribe(page);
        var endpoints = push.endpoints().size();
        assertThat(server.admin("DELETE", "/api/v1/webpush/subscriptions/" + id, null)
                        .status())
                .isEqualTo(204);
        page.reload();
        eventually("the browser's end of it", push::endpoints, left -> left.size() == endpoints - 1);
        eventually("the SDK's end of it", () -> subscriptionOf(page), found -> found == null);
        page.evaluate("fathi.identify('barbara', {}, { identityToken: '%s' })".formatted(api.identityToken("barbara")));
        page.evaluate("fathi.reset()");
        assertThat(api.subscription(id).getString("status")).isEqualTo("unsubscribed");
    }

    @Test
    void the_worker_tells_a_new_endpoint_although_no_page_is_open() {
        var page = firefox.open(site.origin() + "/");
        var id = subscribe(page);
        var hash = api.subscription(id).getString("endpointHash");
        page.close();
        push.forgetEverything();
        eventually("the new endpoint", () -> api.subscription(id), found -> !found.getString("endpointHash")
                .equals(hash));
        api.send(id, content("Moved with you"));
        firefox.desktop().awaitVisible("Moved with you");
    }

    // ---- prompts -------------------------------------------------------------------------------------------------

    @Test
    void a_banner_comes_on_its_page_after_so_many_in_the_pages_language_and_accepting_it_subscribes() {
        var prompt = api.prompt(
                site.origin(),
                Prompts.banner("arrivals")
                        .put("pages", new JsonArray().add("/shop*"))
                        .put("pageViews", 3));
        for (var path : new String[] {"/", "/shop"}) {
            var early = firefox.open(site.origin() + path);
            Prompts.settle(early);
            assertThat(Prompts.isThere(early, "arrivals")).as(path).isFalse();
            assertThat(early.evaluate(Prompts.LOADED))
                    .as("the file that shows it")
                    .isEqualTo(false);
            early.close();
        }
        var page = firefox.open(site.origin() + "/shop/hats");
        Prompts.await(page, "arrivals");
        assertThat(page.evaluate(Prompts.LOADED)).isEqualTo(true);
        assertThat(Prompts.text(page, "arrivals", "h2")).isEqualTo("Be the first to know?");
        assertThat(page.evaluate("fathi.subscription()")).isNull();
        api.awaitPrompt(prompt, 1, 0, 0);

        page.click("[data-fathi=arrivals] >>> .yes");
        eventually("the end of the banner", () -> Prompts.isThere(page, "arrivals"), there -> !there);
        assertThat(api.subscription(subscriptionOf(page)).getString("status")).isEqualTo("active");
        api.awaitPrompt(prompt, 1, 1, 0);
        page.reload();
        Prompts.settle(page);
        assertThat(Prompts.isThere(page, "arrivals")).isFalse();
        assertThat(firefox.said()).as("what the strict policy refused").doesNotContain(site.origin());
    }

    @Test
    void who_refuses_is_left_alone_for_so_many_days_and_longer_after_each_time() {
        var prompt = api.prompt(
                site.origin(),
                Prompts.banner("again").put("pauseDays", new JsonArray().add(2).add(20)));
        var page = firefox.open(site.origin() + "/");
        Prompts.await(page, "again");
        page.click("[data-fathi=again] >>> .no");
        assertThat(Prompts.isThere(page, "again")).isFalse();
        api.awaitPrompt(prompt, 1, 0, 1);
        Prompts.comeBack(page, 1);
        assertThat(Prompts.isThere(page, "again")).as("after a day").isFalse();
        // What the server knows would keep it away all the same.
        server.database().execute("DELETE FROM webpush_prompt_person WHERE prompt = '" + prompt + "'");
        Prompts.comeBack(page, 3);
        Prompts.await(page, "again");
        page.click("[data-fathi=again] >>> .no");
        api.awaitPrompt(prompt, 2, 0, 2);
        server.database().execute("DELETE FROM webpush_prompt_person WHERE prompt = '" + prompt + "'");
        Prompts.comeBack(page, 3);
        assertThat(Prompts.isThere(page, "again"))
                .as("the second time it is longer")
                .isFalse();
        Prompts.comeBack(page, 21);
        Prompts.await(page, "again");

        firefox.setNotificationPermission(site.origin(), "denied");
        page.click("[data-fathi=again] >>> .yes");
        api.awaitPrompt(prompt, 3, 0, 3);
        assertThat(Prompts.isThere(page, "again")).isFalse();
    }

    @Test
    void the_bell_subscribes_shows_it_and_unsubscribes_and_then_no_banner_asks_again() {
        var bell = api.prompt(site.origin(), Prompts.bell("bell"));
        var banner = api.promptBeside(bell, Prompts.banner("beside the bell").put("pageViews", 2));
        var page = firefox.open(site.origin() + "/");
        Prompts.await(page, "bell");
        assertThat(Prompts.text(page, "bell", ".bell")).isEmpty();
        page.click("[data-fathi=bell] >>> .bell");
        page.click("[data-fathi=bell] >>> .yes");
        eventually("the state", () -> Prompts.state(page, "bell"), "on"::equals);
        assertThat(Prompts.text(page, "bell", "#body")).isEqualTo("You will hear from us.");
        var id = subscriptionOf(page);
        api.awaitPrompt(bell, 1, 1, 0);

        page.click("[data-fathi=bell] >>> .no");
        eventually("the state", () -> Prompts.state(page, "bell"), "off"::equals);
        assertThat(api.subscription(id).getString("status")).isEqualTo("unsubscribed");
        page.reload();
        Prompts.settle(page);
        Prompts.await(page, "bell");
        assertThat(Prompts.isThere(page, "beside the bell")).isFalse();
        api.awaitPrompt(banner, 0, 0, 0);
    }

    @Test
    void a_sites_own_button_is_shown_where_it_can_do_something_and_does_it() {
        var prompt = api.prompt(
                site.origin(),
                new JsonObject()
                        .put("name", "own")
                        .put("kind", "button")
                        .put("element", "#own")
                        .put(
                                "texts",
                                new JsonArray()
                                        .add(new JsonObject()
                                                .put("language", "en")
                                                .put("accept", "Tell me")
                                                .put("unsubscribe", "No more"))));
        var page = firefox.open(site.origin() + "/");
        page.evaluate(
                "document.querySelector('main').insertAdjacentHTML('beforeend', '<button id=\"own\" hidden>…</button>')");
        page.evaluate("fathi.prompt('own')");
        eventually("the words", () -> page.evaluate("own.hidden ? '' : own.textContent"), "Tell me"::equals);
        page.evaluate("own.style.fontSize = '20px'");
        page.click("#own");
        eventually("the words", () -> page.evaluate("own.textContent"), "No more"::equals);
        var id = subscriptionOf(page);
        page.click("#own");
        eventually("the words", () -> page.evaluate("own.textContent"), "Tell me"::equals);
        assertThat(api.subscription(id).getString("status")).isEqualTo("unsubscribed");
        api.awaitPrompt(prompt, 1, 1, 0);
    }

    @Test
    void tags_are_the_visitors_until_they_are_taken_away() {
        var page = firefox.open(site.origin() + "/");
        // All in one moment, and sent in the same: what is said later counts all the same.
        page.evaluate(
                """
                (() => {
                  const { now } = Date;
                  const moment = now();
                  Date.now = () => moment;
                  const said = [...'abcdefghij'].flatMap((name) => [fathi.tag(name), fathi.untag(name)]);
                  said.push(fathi.tag('  new here '));
                  return Promise.all(said).then(() => fathi.flush()).finally(() => (Date.now = now));
                })()""");
        var profile = "anonymous:" + page.evaluate("fathi.anonymousId");
        eventually(
                "the tags",
                () -> api.awaitProfile(profile).getJsonArray("tags"),
                new JsonArray().add("new here")::equals);
        for (var wrong : new String[] {"''", "'  '", "undefined", "'x'.repeat(65)"}) {
            assertThat(page.evaluate("fathi.tag(%s).catch((error) => error.code)".formatted(wrong)))
                    .as(wrong)
                    .isEqualTo("invalid_tag");
        }
    }

    @Test
    void a_visitor_who_has_blocked_notifications_is_not_asked_and_ends_the_subscription() {
        var page = firefox.open(site.origin() + "/");
        var id = subscribe(page);
        firefox.setNotificationPermission(site.origin(), "denied");
        page.reload();
        assertThat(page.evaluate("fathi.capability()")).isEqualTo("denied");
        assertThat(page.evaluate("fathi.subscribe().catch((error) => error.code)"))
                .isEqualTo("denied");
        eventually("the subscription", () -> api.subscription(id), found -> found.getString("status")
                .equals("unsubscribed"));
    }

    private static String subscribe(Browser.Page page) {
        page.click("#subscribe");
        eventually(
                "an outcome of subscribing",
                () -> (String) page.evaluate("document.getElementById('outcome').value"),
                outcome -> !outcome.isEmpty());
        var id = subscriptionOf(page);
        assertThat(page.evaluate("document.getElementById('outcome').value")).isEqualTo(id);
        return id;
    }

    private static String subscriptionOf(Browser.Page page) {
        return page.evaluate("fathi.subscription()") instanceof JsonObject found ? found.getString("id") : null;
    }

    private JsonObject content(String title) {
        return new JsonObject().put("title", title);
    }
}
