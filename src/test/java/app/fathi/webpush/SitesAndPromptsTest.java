package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Closing;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The origins of a workspace and how they ask their visitors: for the team, for messages and for pages. */
class SitesAndPromptsTest {
    private static final String SITES = "/api/v1/webpush/sites";
    private static final String PROMPTS = "/api/v1/webpush/prompts";
    private static final String ACTIVE = PROMPTS + "/active";

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

    // ---- sites ---------------------------------------------------------------------------------------------------

    @Test
    void a_message_takes_from_the_site_of_its_subscriber_what_it_does_not_say_itself() {
        var origin = "https://defaults.example";
        var site = created(
                SITES,
                new JsonObject()
                        .put("origin", "HTTPS://Defaults.example:443/")
                        .put("name", "The shop")
                        .put("icon", "https://defaults.example/icon.png")
                        .put("url", "https://defaults.example/new"));
        assertThat(site.getString("origin")).isEqualTo(origin);
        var here = subscribe(origin);
        var elsewhere = subscribe("https://other.example");

        var plain = new JsonObject().put("title", "Hello");
        assertThat(sent(here, plain))
                .contains("\"icon\":\"https://defaults.example/icon.png\"")
                .contains("\"navigate\":\"https://defaults.example/new\"")
                .doesNotContain("badge");
        assertThat(sent(elsewhere, plain)).doesNotContain("icon").contains("\"navigate\":\"https://other.example\"");
        assertThat(sent(
                        here,
                        plain.copy().put("icon", "https://own.example/i.png").put("url", "https://own.example")))
                .contains("\"icon\":\"https://own.example/i.png\"", "\"navigate\":\"https://own.example\"")
                .doesNotContain("defaults.example/icon.png");
        assertThat(sent(here, new JsonObject().put("title", "{{ traits.nothing }}")))
                .contains("\"title\":\"The shop\"");

        changed(
                SITES,
                site,
                new JsonObject().put("badge", "https://defaults.example/b.png").put("url", null));
        assertThat(sent(here, plain))
                .contains("\"badge\":\"https://defaults.example/b.png\"", "\"navigate\":\"" + origin + "\"");
    }

    @Test
    void browser_keys_work_from_anywhere_until_a_site_binds_them_and_from_such_sites_only_then() {
        var other = server.otherWorkspace();
        assertThat(from("https://anywhere.example")).isEqualTo(200);
        var bound = created(
                SITES,
                new JsonObject()
                        .put("origin", "https://bound.example")
                        .put("name", "Bound")
                        .put("bindsKeys", true));
        try {
            assertThat(from("https://bound.example")).isEqualTo(200);
            assertThat(from("https://anywhere.example")).isEqualTo(401);
            created(
                    SITES,
                    new JsonObject().put("origin", "https://loose.example").put("name", "Loose"));
            assertThat(from("https://loose.example"))
                    .as("a site that does not say so")
                    .isEqualTo(401);
            assertThat(server.send(
                                    "POST",
                                    SITES,
                                    other,
                                    new JsonObject()
                                            .put("origin", "https://anywhere.example")
                                            .put("name", "Other")
                                            .put("bindsKeys", true))
                            .status())
                    .isEqualTo(201);
            assertThat(from("https://anywhere.example"))
                    .as("another workspace's")
                    .isEqualTo(401);
        } finally {
            deleted(SITES, bound);
        }
        assertThat(from("https://anywhere.example")).isEqualTo(200);
    }

    private static int from(String origin) {
        return server.browser("GET", "/api/v1/webpush/key", null, "Origin", origin)
                .status();
    }

    @Test
    void an_origin_is_one_and_there_is_one_site_of_it() {
        for (var wrong : new String[] {
            "shop.example",
            "https://shop.example/shop",
            "ftp://shop.example",
            "https://a@b",
            "https://",
            "https://*.shop.example"
        }) {
            var answer = server.admin(
                    "POST", SITES, new JsonObject().put("origin", wrong).put("name", "Wrong"));
            assertThat(answer.status()).as(wrong).isEqualTo(422);
            assertThat(fault(answer)).isEqualTo("/origin");
        }
        var draft = new JsonObject().put("origin", "https://once.example").put("name", "Once");
        var site = created(SITES, draft);
        assertThat(server.admin("POST", SITES, draft).status()).isEqualTo(409);
        assertThat(server.send("POST", SITES, server.otherWorkspace(), draft).status())
                .isEqualTo(201);
        assertThat(fault(server.admin("POST", SITES, draft.copy().put("icon", "javascript:alert(1)"))))
                .isEqualTo("/icon");
        var second = created(SITES, draft.copy().put("origin", "https://twice.example"));
        assertThat(server.admin(
                                "PATCH",
                                SITES + "/" + second.getString("id"),
                                new JsonObject().put("origin", "https://once.example"),
                                "If-Match",
                                "\"v1\"")
                        .status())
                .isEqualTo(409);
        assertThat(server.admin("GET", SITES + "/" + site.getString("id"), null).json())
                .isEqualTo(site);
    }

    @Test
    void of_two_changes_at_once_the_second_is_told_and_a_site_with_prompts_stays() {
        var site = created(
                SITES, new JsonObject().put("origin", "https://used.example").put("name", "Used"));
        var path = SITES + "/" + site.getString("id");
        var prompt = created(PROMPTS, banner("used").put("siteId", site.getString("id")));
        var change = new JsonObject().put("name", "Used a lot");
        assertThat(server.admin("PATCH", path, change, "If-Match", "\"v1\"").header("ETag"))
                .isEqualTo("\"v2\"");
        assertThat(server.admin("PATCH", path, change, "If-Match", "\"v1\"").status())
                .isEqualTo(412);
        assertThat(server.admin("PATCH", path, change).status()).isEqualTo(428);
        var kept = server.admin("DELETE", path, null, "If-Match", "\"v2\"");
        assertThat(kept.status()).isEqualTo(409);
        assertThat(kept.json().getString("detail")).contains("used");
        deleted(PROMPTS, prompt);
        assertThat(server.admin("DELETE", path, null, "If-Match", "\"v2\"").status())
                .isEqualTo(204);
        assertThat(server.admin("GET", path, null).status()).isEqualTo(404);
        assertThat(server.admin("GET", "/api/v1/audit/events?operation=site.delete", null)
                        .body())
                .contains(site.getString("id"));
    }

    // ---- prompts -------------------------------------------------------------------------------------------------

    @Test
    void a_page_gets_what_is_active_on_its_site_in_the_language_of_its_reader() {
        var site = created(
                SITES,
                new JsonObject()
                        .put("origin", "https://pages.example")
                        .put("name", "Pages")
                        .put("icon", "https://pages.example/icon.png"));
        var texts = new JsonArray()
                .add(text("en"))
                .add(text("de"))
                .add(text("pt-BR"))
                .add(text("zh-Hant"));
        var here = created(
                PROMPTS, banner("here").put("siteId", site.getString("id")).put("texts", texts));
        var off = created(
                PROMPTS, banner("off").put("siteId", site.getString("id")).put("active", false));

        var found = active("https://pages.example", "language=de-CH", "fr");
        assertThat(found.getString("id")).isEqualTo(here.getString("id"));
        assertThat(found.getString("icon")).isEqualTo("https://pages.example/icon.png");
        assertThat(found.getJsonObject("text").getString("title")).isEqualTo("title de");
        assertThat(language("language=fr", "da, pt-PT;q=0.8, de;q=0.5")).isEqualTo("pt-BR");
        assertThat(language("language=zh-Hant-TW", "de")).isEqualTo("zh-Hant");
        assertThat(language("", "nl;q=0.4, de;q=0.9")).isEqualTo("de");
        assertThat(language("language=not_a_language!", "%%%;q=nine")).isEqualTo("en");

        assertThat(names("https://elsewhere.example")).doesNotContain("here");
        changed(PROMPTS, here, new JsonObject().put("active", false));
        assertThat(names("https://pages.example")).doesNotContain("here");
        changed(PROMPTS, off, new JsonObject().put("active", true));
        assertThat(names("https://pages.example")).contains("off");
        var answer = server.browser("GET", ACTIVE, null);
        assertThat(answer.header("Cache-Control")).isEqualTo("private, max-age=300");
        assertThat(answer.header("Vary")).contains("Origin", "X-Write-Key", "Accept-Language");
        deleted(
                PROMPTS,
                server.admin("GET", PROMPTS + "/" + off.getString("id"), null).json());
        assertThat(names("https://pages.example")).doesNotContain("off");
    }

    private static String language(String query, String accepted) {
        return active("https://pages.example", query, accepted)
                .getJsonObject("text")
                .getString("language");
    }

    private static JsonObject active(String origin, String query, String accepted) {
        return server
                .browser("GET", ACTIVE + "?" + query, null, "Origin", origin, "Accept-Language", accepted)
                .json()
                .getJsonArray("items")
                .stream()
                .map(JsonObject.class::cast)
                .filter(one -> one.getString("name").equals("here"))
                .findFirst()
                .orElseThrow();
    }

    private static java.util.List<String> names(String origin) {
        return server.browser("GET", ACTIVE, null, "Origin", origin).json().getJsonArray("items").stream()
                .map(one -> ((JsonObject) one).getString("name"))
                .toList();
    }

    @Test
    void what_pages_tell_is_counted_once_for_each_person_and_in_all() {
        var prompt = created(PROMPTS, banner("counted"));
        var id = prompt.getString("id");
        tell("visitor-1", "Prompt Shown", id, "m1");
        tell("visitor-1", "Prompt Shown", id, "m2");
        tell("visitor-1", "Prompt Shown", id, "m2");
        tell("visitor-1", "Prompt Refused", id, "m3");
        tell("visitor-2", "Prompt Shown", id, "m4");
        tell("visitor-2", "Prompt Accepted", id, "m5");
        tell("visitor-2", "Prompt Shown", "not an id", "m6");
        tell("visitor-2", "Prompt Shown", UUID.randomUUID().toString(), "m7");
        var theirs = server.send("POST", PROMPTS, server.otherWorkspace(), banner("theirs"));
        tell("visitor-2", "Prompt Shown", theirs.json().getString("id"), "m8");
        tell("visitor-3", "Prompt Shown", id, "m9");
        var path = PROMPTS + "/" + id;
        eventually("the last report", () -> counts(path, "shown", "total"), count -> count == 4);
        assertThat(counts(path, "shown", "unique")).isEqualTo(3);
        assertThat(counts(path, "refused", "total")).isEqualTo(1);
        assertThat(counts(path, "refused", "unique")).isEqualTo(1);
        assertThat(counts(path, "accepted", "unique")).isEqualTo(1);

        assertThat(refusals("visitor-1")).isEqualTo(1);
        assertThat(refusals("visitor-2")).isZero();
        assertThat(refusals("nobody")).isZero();
        tell("visitor-1", "Prompt Refused", id, "m10");
        eventually("the second refusal", () -> refusals("visitor-1"), count -> count == 2);
        assertThat(counts(path, "refused", "unique")).isEqualTo(1);
        deleted(PROMPTS, prompt);
    }

    @Test
    void what_somebody_has_refused_is_known_in_their_other_browser_and_to_nobody_who_only_claims_to_be_them() {
        var id = created(PROMPTS, banner("remembered")).getString("id");
        server.admin("POST", "/v1/identify", claim("lin", "lins-laptop"));
        tell("lins-laptop", "Prompt Refused", id, "r1");
        eventually("the refusal", () -> refusals("lins-laptop"), count -> count == 1);
        server.admin("POST", "/v1/identify", claim("lin", "lins-phone"));
        eventually("the refusal on the phone", () -> refusals("lins-phone"), count -> count == 1);
        server.browser("POST", "/v1/identify", claim("lin", "somebody-else"));
        tell("somebody-else", "Prompt Shown", id, "r2");
        var path = PROMPTS + "/" + id;
        eventually("the other's report", () -> counts(path, "shown", "total"), count -> count == 1);
        assertThat(refusals("somebody-else")).isZero();
    }

    @Test
    void with_whom_a_prompt_was_is_forgotten_in_time_and_when_the_prompt_is_gone() {
        var id = created(PROMPTS, banner("forgotten")).getString("id");
        server.database()
                .execute(
                        """
                        INSERT INTO webpush_prompt_person (ws, prompt, profile_no, shown, accepted, refused, last_at)
                        VALUES (1, '%1$s', 900001, 1, 0, 0, now() - interval '401 days'), (1, '%1$s', 900002, 1, 0, 0, now()),
                               (1, gen_random_uuid(), 900003, 1, 0, 0, now())
                        """
                                .formatted(id));
        var vertx = Vertx.vertx();
        try {
            var pool = server.database().pool(vertx);
            new PromptsKeeper(pool, new PromptsStore()).forget(() -> true);
            assertThat(pool
                            .query("SELECT profile_no FROM webpush_prompt_person WHERE profile_no > 900000")
                            .execute()
                            .await()
                            .stream()
                            .map(row -> row.getInteger("profile_no")))
                    .containsExactly(900002);
        } finally {
            Closing.close(vertx);
        }
    }

    private static JsonObject claim(String userId, String anonymousId) {
        return new JsonObject().put("userId", userId).put("anonymousId", anonymousId);
    }

    @Test
    void a_prompt_that_could_not_be_shown_is_refused_and_the_place_named() {
        assertThat(refused(banner("a").put("kind", "button"))).isEqualTo("/element");
        assertThat(refused(banner("a").put("element", "#here"))).isEqualTo("/element");
        assertThat(refused(banner("a").put("siteId", UUID.randomUUID().toString())))
                .isEqualTo("/siteId");
        assertThat(refused(banner("a").put("texts", new JsonArray().add(text("english!")))))
                .isEqualTo("/texts/0/language");
        assertThat(refused(banner("a")
                        .put("texts", new JsonArray().add(text("de-ch")).add(text("de-CH")))))
                .isEqualTo("/texts/1/language");
        var silent = text("en");
        silent.remove("refuse");
        assertThat(refused(banner("a").put("texts", new JsonArray().add(silent))))
                .isEqualTo("/texts/0/refuse");
        assertThat(refused(
                        banner("a").put("texts", new JsonArray().add(text("en").put("title", " ")))))
                .isEqualTo("/texts/0/title");
        for (var pattern : new String[] {"shop", "/a*b*c*", ""}) {
            assertThat(server.admin("POST", PROMPTS, banner("a").put("pages", new JsonArray().add(pattern)))
                            .status())
                    .as(pattern)
                    .isEqualTo(400);
        }
        var once = created(PROMPTS, banner("once"));
        assertThat(server.admin("POST", PROMPTS, banner("once")).status()).isEqualTo(409);
        var path = PROMPTS + "/" + once.getString("id");
        assertThat(server.admin("PATCH", path, new JsonObject().put("kind", "button"), "If-Match", "\"v1\"")
                        .status())
                .as("what is whole stays whole")
                .isEqualTo(422);
        assertThat(server.send("GET", path, server.otherWorkspace(), null).status())
                .isEqualTo(404);
    }

    @Test
    void who_may_see_sites_and_prompts_and_who_may_change_them_follows_from_the_role() {
        var id = created(PROMPTS, banner("roles")).getString("id");
        for (var role : new String[] {"campaign-manager", "analyst", "integrator"}) {
            var token = server.member(role);
            assertThat(server.send("GET", PROMPTS + "/" + id, token, null).status())
                    .as(role)
                    .isEqualTo(200);
            assertThat(server.send("GET", SITES, token, null).status()).as(role).isEqualTo(200);
            assertThat(server.send("POST", PROMPTS, token, banner(role)).status())
                    .as(role)
                    .isEqualTo(403);
        }
        for (var role : new String[] {"content-editor", "segment-manager"}) {
            assertThat(server.send("GET", SITES, server.member(role), null).status())
                    .as(role)
                    .isEqualTo(403);
        }
        assertThat(server.send("POST", PROMPTS, server.member("marketing-manager"), banner("marketing"))
                        .status())
                .isEqualTo(201);
        assertThat(server.browser("GET", PROMPTS, null).status()).isEqualTo(403);
    }

    // ---- steps ---------------------------------------------------------------------------------------------------

    private static JsonObject banner(String name) {
        return new JsonObject().put("name", name).put("kind", "banner").put("texts", new JsonArray().add(text("en")));
    }

    private static JsonObject text(String language) {
        return new JsonObject()
                .put("language", language)
                .put("title", "title " + language)
                .put("accept", "yes")
                .put("refuse", "no");
    }

    private static JsonObject created(String path, JsonObject draft) {
        var answer = server.admin("POST", path, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json();
    }

    private static void changed(String path, JsonObject thing, JsonObject change) {
        var tag = "\"v" + thing.getInteger("version") + "\"";
        var answer = server.admin("PATCH", path + "/" + thing.getString("id"), change, "If-Match", tag);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static void deleted(String path, JsonObject thing) {
        var tag = "\"v" + thing.getInteger("version") + "\"";
        assertThat(server.admin("DELETE", path + "/" + thing.getString("id"), null, "If-Match", tag)
                        .status())
                .isEqualTo(204);
    }

    private static String refused(JsonObject draft) {
        var answer = server.admin("POST", PROMPTS, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        return fault(answer);
    }

    private static String fault(Answer answer) {
        return answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer");
    }

    private static void tell(String visitor, String event, String promptId, String messageId) {
        var answer = server.browser(
                "POST",
                "/v1/track",
                new JsonObject()
                        .put("anonymousId", visitor)
                        .put("event", event)
                        .put("messageId", "prompts-" + messageId)
                        .put("properties", new JsonObject().put("promptId", promptId)));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static int counts(String path, String what, String how) {
        return server.admin("GET", path, null)
                .json()
                .getJsonObject("counts")
                .getJsonObject(what)
                .getInteger(how);
    }

    private static int refusals(String visitor) {
        return server.browser("GET", ACTIVE + "?anonymousId=" + visitor, null)
                .json()
                .getJsonObject("refusals")
                .getInteger("count");
    }

    private record Device(FakePushService.VirtualSubscription browser, String id) {}

    private static Device subscribe(String origin) {
        var browser = push.subscribe();
        var draft = new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
        var saved = server.browser("POST", "/api/v1/webpush/subscriptions", draft, "Origin", origin);
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        return new Device(browser, saved.json().getString("id"));
    }

    /** What the device got, decrypted. */
    private static String sent(Device device, JsonObject content) {
        int before = device.browser().receipts().size();
        var message = new JsonObject()
                .put("audience", new JsonObject().put("subscriptionIds", new JsonArray().add(device.id())))
                .put("purpose", "marketing")
                .put("content", content);
        var answer = server.admin("POST", "/api/v1/webpush/messages", message);
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return eventually("the push", device.browser()::receipts, all -> all.size() > before)
                .getLast()
                .plaintext();
    }
}
