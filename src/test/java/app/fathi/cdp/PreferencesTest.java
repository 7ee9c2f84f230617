package app.fathi.cdp;

import static app.fathi.testing.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What people want to be told: by the API, and by their own hand on the page behind a link. */
class PreferencesTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    // ---- by the API ------------------------------------------------------------------------------------------------

    @Test
    void a_preference_is_the_consent_in_force_and_a_change_is_a_consent_with_its_evidence() {
        var id = someone();
        assertThat(isOn(id, "webpush")).as("nothing was said").isTrue();
        var changed = change(id, new JsonObject().put("webpush", false));
        assertThat(changed.status()).as(changed.body()).isEqualTo(200);
        assertThat(isOn(id, "webpush")).isFalse();
        assertThat(isOn(id, "email")).isTrue();
        assertThat(consents(id)).hasSize(1);
        var consent = consents(id).getFirst();
        assertThat(consent.getString("channel")).isEqualTo("webpush");
        assertThat(consent.getBoolean("granted")).isFalse();
        assertThat(consent.getJsonObject("evidence").getString("form")).isEqualTo("preference page");

        change(id, new JsonObject().put("webpush", false).put("email", true));
        assertThat(events(id)).as("what is so already is not said").hasSize(1);

        say(id, "*", false);
        assertThat(isOn(id, "email")).as("the later word for all channels").isFalse();
        change(id, new JsonObject().put("email", true));
        assertThat(isOn(id, "email")).isTrue();
        assertThat(isOn(id, "sms")).isFalse();
    }

    @Test
    void quiet_hours_are_kept_and_given_back_and_taken_away_and_no_events_of_strangers_set_them() {
        var id = someone();
        assertThat(preferences(id).getValue("quietHours")).isNull();
        var hours = new JsonObject().put("start", "22:00").put("end", "07:30");
        var changed = put(id, new JsonObject().put("quietHours", hours));
        assertThat(changed.json().getJsonObject("quietHours")).isEqualTo(hours);
        put(id, new JsonObject().put("purposes", new JsonArray()));
        assertThat(preferences(id).getJsonObject("quietHours")).as("not named").isEqualTo(hours);
        assertThat(server.admin("GET", path(id), null)
                        .json()
                        .getJsonObject("traits")
                        .getMap())
                .isEmpty();

        server.browser(
                "POST",
                "/v1/track",
                new JsonObject()
                        .put("userId", id)
                        .put("event", "Quiet Hours Changed")
                        .put("properties", new JsonObject()));
        eventually("the event", () -> events(id, "Quiet Hours Changed"), found -> found.size() == 2);
        assertThat(preferences(id).getJsonObject("quietHours"))
                .as("over a public key")
                .isEqualTo(hours);

        assertThat(put(
                                id,
                                new JsonObject()
                                        .put(
                                                "quietHours",
                                                new JsonObject()
                                                        .put("start", "22:00")
                                                        .put("end", "22:00")))
                        .status())
                .isEqualTo(422);
        assertThat(put(
                                id,
                                new JsonObject()
                                        .put(
                                                "quietHours",
                                                new JsonObject()
                                                        .put("start", "24:00")
                                                        .put("end", "07:00")))
                        .status())
                .isEqualTo(400);
        assertThat(put(id, new JsonObject().putNull("quietHours")).json().getValue("quietHours"))
                .isNull();
    }

    @Test
    void what_cannot_be_is_refused() {
        var id = someone();
        var marketing = new JsonObject().put("purpose", "marketing").put("channels", new JsonObject());
        assertThat(put(
                                id,
                                new JsonObject()
                                        .put(
                                                "purposes",
                                                new JsonArray().add(marketing).add(marketing)))
                        .status())
                .isEqualTo(422);
        assertThat(change(id, new JsonObject().put("pigeon", true)).status()).isEqualTo(400);
        assertThat(change(id, new JsonObject().put("email", "yes")).status()).isEqualTo(400);
        assertThat(server.admin("POST", path(id) + "/preferences/link", new JsonObject().put("days", 366))
                        .status())
                .isEqualTo(400);
        assertThat(server.admin("GET", path("nobody-" + id) + "/preferences", null)
                        .status())
                .isEqualTo(404);
        assertThat(server.send("PUT", path(id) + "/preferences", server.member("analyst"), new JsonObject())
                        .status())
                .isEqualTo(403);
    }

    // ---- by the page -----------------------------------------------------------------------------------------------

    @Test
    void the_page_shows_what_is_on_and_saves_what_is_ticked() {
        var id = someone();
        change(id, new JsonObject().put("sms", false));
        var link = link(id, "en");
        var page = open(link);
        assertThat(page.status()).isEqualTo(200);
        assertThat(page.header("Content-Type")).isEqualTo("text/html; charset=utf-8");
        assertThat(page.body())
                .contains(
                        "value=\"marketing/email\" checked",
                        "value=\"marketing/sms\">",
                        "<html lang=\"en\" dir=\"ltr\">")
                .doesNotContain(id)
                .doesNotContain("transactional")
                .doesNotContain("<script");
        assertThat(page.header("Content-Security-Policy"))
                .contains("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'")
                .doesNotContain("script-src");
        assertThat(page.header("Cache-Control")).isEqualTo("no-store");
        assertThat(page.header("Referrer-Policy")).isEqualTo("no-referrer");

        var saved = post(
                link,
                "shown=marketing/webpush&shown=marketing/email&shown=marketing/sms&on=marketing/email"
                        + "&on=marketing/sms&start=21:30&end=08:00");
        assertThat(saved.status()).isEqualTo(303);
        assertThat(open(saved.header("Location")).body())
                .contains("Saved.", "value=\"marketing/sms\" checked", "value=\"21:30\"");
        assertThat(List.of(isOn(id, "webpush"), isOn(id, "email"), isOn(id, "sms"), isOn(id, "in-app")))
                .as("what was not shown stays")
                .containsExactly(false, true, true, true);
        assertThat(preferences(id).getJsonObject("quietHours").getString("end")).isEqualTo("08:00");
        var evidence = consents(id).getFirst().getJsonObject("evidence");
        assertThat(evidence.getString("form")).isEqualTo("preference page");
        assertThat(evidence.getString("language")).isEqualTo("en");
        assertThat(consents(id).getFirst().getString("source")).isEqualTo("preference-page");
        post(link, "start=&end=08:00");
        assertThat(preferences(id).getValue("quietHours"))
                .as("half of it is none")
                .isNull();
        var audited = server.admin("GET", "/api/v1/audit/events?operation=profile.set-own-preferences", null);
        assertThat(audited.body())
                .contains(server.admin("GET", path(id), null).json().getString("id"));
    }

    @Test
    void the_page_says_who_sends_and_a_link_that_leads_nowhere_does_not() {
        var workspace = "/api/v1/workspaces/current";
        var before = server.admin("GET", workspace, null);
        var named = server.admin(
                "PATCH",
                workspace,
                new JsonObject().put("name", "Shoes & <b>Sons</b>"),
                "If-Match",
                before.header("ETag"));
        assertThat(named.status()).as(named.body()).isEqualTo(200);
        try {
            var id = someone();
            var page = eventually("the new name", () -> open(link(id, "ar")).body(), body -> body.contains("Shoes"));
            assertThat(page)
                    .contains(
                            "<p class=\"who\" dir=\"auto\">Shoes &amp; &lt;b&gt;Sons&lt;/b&gt;</p>",
                            " · Shoes &amp; &lt;b&gt;Sons&lt;/b&gt;</title>");
            assertThat(post(link(id, null), "List-Unsubscribe=One-Click").body())
                    .contains("Shoes &amp; ");
            assertThat(open("/preferences/x").body()).doesNotContain("Shoes");
        } finally {
            server.admin(
                    "PATCH",
                    workspace,
                    new JsonObject().put("name", before.json().getString("name")),
                    "If-Match",
                    named.header("ETag"));
        }
    }

    @Test
    void one_click_ends_everything_and_looking_ends_nothing() {
        var byButton = someone();
        var byMail = someone();
        open(link(byButton, "en"));
        assertThat(consents(byButton)).isEmpty();
        var done = post(link(byButton, "en"), "everything=yes");
        assertThat(open(done.header("Location")).body()).contains("You are unsubscribed from everything.");
        var answer = post(link(byMail, null), "List-Unsubscribe=One-Click");
        assertThat(answer.status()).as("mail clients follow nothing").isEqualTo(200);
        for (var id : List.of(byButton, byMail)) {
            assertThat(List.of(isOn(id, "webpush"), isOn(id, "email"), isOn(id, "sms"), isOn(id, "in-app")))
                    .containsOnly(false);
        }
        post(link(byMail, null), "List-Unsubscribe=One-Click");
        assertThat(events(byMail)).as("said once").hasSize(1);
    }

    @Test
    void the_page_speaks_arabic_from_right_to_left_and_whatever_else_the_browser_asks_for() {
        var id = someone();
        assertThat(open(link(id, "ar")).body()).contains("<html lang=\"ar\" dir=\"rtl\">", "ساعات الهدوء");
        assertThat(open(link(id, "ar-EG")).body()).contains("dir=\"rtl\"");
        var plain = link(id, null);
        assertThat(server.send("GET", plain, null, null, "Accept-Language", "xx, ar-MA;q=0.8, en;q=0.5")
                        .body())
                .contains("<html lang=\"ar\"");
        for (var strange : List.of("xx", "*;q=0", ";;", "de-AT,en", "e".repeat(2_000))) {
            assertThat(server.send("GET", plain, null, null, "Accept-Language", strange)
                            .status())
                    .isEqualTo(200);
        }
        assertThat(open(plain + "?lang=%22%3E%3Cscript%3E&saved=%3Cscript%3E").body())
                .doesNotContain("<script");
    }

    @Test
    void a_link_leads_to_one_person_and_to_nobody_when_it_was_altered_or_they_were_erased() {
        var ada = someone();
        var eve = someone();
        post(link(ada, null), "everything=yes");
        assertThat(isOn(ada, "email")).isFalse();
        assertThat(isOn(eve, "email")).isTrue();
        var link = link(eve, null);
        for (var no : List.of(
                "/preferences/x",
                link.substring(0, link.length() - 2),
                link + "A",
                "/preferences/" + UUID.randomUUID())) {
            var page = open(no);
            assertThat(page.status()).as(no).isEqualTo(404);
            assertThat(page.body()).contains("This link no longer works");
            assertThat(post(no, "everything=yes").status()).isEqualTo(404);
        }
        server.admin("POST", path(eve) + "/erase", null);
        assertThat(open(link).status()).isEqualTo(404);
        assertThat(post(link, "everything=yes").status()).isEqualTo(404);
    }

    @Test
    void a_form_that_is_none_changes_nothing() {
        var id = someone();
        var link = link(id, null);
        for (var form :
                List.of("", "on=marketing/email", "shown=other/email&shown=marketing/pigeon", "start=%00&end=x")) {
            assertThat(post(link, form).status()).as(form).isEqualTo(303);
        }
        assertThat(post(link, "=&&=").status()).isEqualTo(400);
        assertThat(post(link, "a=b&".repeat(5_000)).status()).isBetween(400, 413);
        assertThat(server.raw("POST", link, null, "{\"everything\":\"yes\"}").status())
                .isEqualTo(303);
        assertThat(consents(id)).isEmpty();
    }

    private static Answer open(String link) {
        return server.send("GET", link, null, null);
    }

    private static Answer post(String link, String form) {
        return server.raw("POST", link, null, form, "Content-Type", "application/x-www-form-urlencoded");
    }

    /** As a path. */
    private static String link(String id, String language) {
        var draft = new JsonObject().put("days", 3);
        if (language != null) {
            draft.put("language", language);
        }
        var made = server.admin("POST", path(id) + "/preferences/link", draft);
        assertThat(made.status()).as(made.body()).isEqualTo(200);
        var url = made.json().getString("url");
        assertThat(url).startsWith(server.url() + "/preferences/");
        return url.substring(server.url().length());
    }

    private static String someone() {
        var id = "person-" + UUID.randomUUID();
        server.admin("POST", "/v1/identify", new JsonObject().put("userId", id));
        eventually(id, () -> server.admin("GET", path(id), null).status(), status -> status == 200);
        return id;
    }

    private static String path(String id) {
        return "/api/v1/cdp/profiles/user:" + URLEncoder.encode(id, UTF_8);
    }

    private static JsonObject preferences(String id) {
        return server.admin("GET", path(id) + "/preferences", null).json();
    }

    private static Answer put(String id, JsonObject body) {
        return server.admin("PUT", path(id) + "/preferences", body);
    }

    private static Answer change(String id, JsonObject channels) {
        return put(
                id,
                new JsonObject()
                        .put(
                                "purposes",
                                new JsonArray()
                                        .add(new JsonObject()
                                                .put("purpose", "marketing")
                                                .put("channels", channels))));
    }

    private static boolean isOn(String id, String channel) {
        return preferences(id).getJsonArray("purposes").stream()
                .map(JsonObject.class::cast)
                .filter(one -> one.getString("purpose").equals("marketing"))
                .findFirst()
                .orElseThrow()
                .getJsonObject("channels")
                .getBoolean(channel);
    }

    private static void say(String id, String channel, boolean granted) {
        var word = new JsonObject()
                .put("purpose", "marketing")
                .put("channel", channel)
                .put("granted", granted);
        server.admin("PUT", path(id) + "/consents", new JsonObject().put("consents", new JsonArray().add(word)));
    }

    private static List<JsonObject> consents(String id) {
        return items(server.admin("GET", path(id) + "/consents", null));
    }

    private static List<JsonObject> events(String id) {
        return events(id, "Consent Changed");
    }

    private static List<JsonObject> events(String id, String name) {
        return items(server.admin(
                "GET",
                path(id) + "/events?name=" + URLEncoder.encode(name, UTF_8).replace("+", "%20"),
                null));
    }

    private static List<JsonObject> items(Answer answer) {
        return answer.json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .collect(Collectors.toList());
    }
}
