package app.fathi.templates;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Eventually;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Templates as somebody writes, reviews and tries them out, over HTTP. */
class TemplatesTest {
    private static final String TEMPLATES = "/api/v1/templates";
    private static final String SNIPPETS = "/api/v1/template-snippets";

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static JsonObject variant(String language, String title) {
        return new JsonObject().put("language", language).put("content", new JsonObject().put("title", title));
    }

    private static JsonObject draft(JsonObject... variants) {
        return new JsonObject().put("name", "T " + UUID.randomUUID()).put("variants", new JsonArray(List.of(variants)));
    }

    private static JsonObject variable(String name, String type) {
        return new JsonObject().put("name", name).put("type", type);
    }

    private static JsonObject made(JsonObject draft) {
        var answer = server.admin("POST", TEMPLATES, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json();
    }

    private static String path(JsonObject template) {
        return TEMPLATES + "/" + template.getString("id");
    }

    private static Answer as(String token, String method, String path, JsonObject body, long version) {
        return server.send(method, path, token, body, "If-Match", "\"v" + version + "\"");
    }

    private static Answer edit(JsonObject template, String method, String more, JsonObject body) {
        return as(server.token(), method, path(template) + more, body, template.getLong("version"));
    }

    private static JsonObject edited(JsonObject template, String method, String more, JsonObject body) {
        var answer = edit(template, method, more, body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.header("ETag")).isEqualTo("\"v" + answer.json().getLong("version") + "\"");
        return answer.json();
    }

    private static JsonObject active(JsonObject template) {
        return edited(edited(template, "POST", "/submit", null), "POST", "/approve", null);
    }

    private static List<String> pointers(Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        return answer.json().getJsonArray("errors").stream()
                .map(fault -> ((JsonObject) fault).getString("pointer"))
                .toList();
    }

    private static JsonObject render(JsonObject template, JsonObject trial) {
        var answer = server.admin("POST", path(template) + "/render", trial);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static String title(JsonObject template, JsonObject variables) {
        return render(template, new JsonObject().put("variables", variables))
                .getJsonObject("content")
                .getString("title");
    }

    // ---- keeping ---------------------------------------------------------------------------------------------------

    @Test
    void each_change_is_a_version_that_can_be_read_compared_and_restored() {
        var first = made(draft(variant("en", "One")).put("tags", JsonArray.of("a")));
        assertThat(first.getString("status")).isEqualTo("draft");
        assertThat(first.getString("language")).isEqualTo("en");
        var second = edited(
                first,
                "PATCH",
                "",
                new JsonObject().put("variants", JsonArray.of(variant("en", "Two"), variant("tr", "İki"))));
        assertThat(second.getLong("version")).isEqualTo(2);
        var versions =
                server.admin("GET", path(first) + "/versions", null).json().getJsonArray("items");
        assertThat(versions.stream().map(line -> ((JsonObject) line).getLong("version")))
                .containsExactly(2L, 1L);
        assertThat(server.admin("GET", path(first) + "/version?number=1", null)
                        .json()
                        .getJsonArray("variants"))
                .isEqualTo(first.getJsonArray("variants"));
        assertThat(server.admin("GET", path(first) + "/version?number=7", null).status())
                .isEqualTo(404);
        var changes = server.admin("GET", path(first) + "/diff?from=1&to=2", null)
                .json()
                .getJsonArray("changes");
        assertThat(changes)
                .isEqualTo(JsonArray.of(
                        new JsonObject()
                                .put("pointer", "/variants/en/title")
                                .put("before", "One")
                                .put("after", "Two"),
                        new JsonObject()
                                .put("pointer", "/variants/tr/title")
                                .putNull("before")
                                .put("after", "İki")));
        assertThat(server.admin("GET", path(first) + "/diff", null).json().getJsonArray("changes"))
                .as("the newest and the one before")
                .isEqualTo(changes);
        var third = edited(second, "POST", "/restore", new JsonObject().put("version", 1));
        assertThat(third.getLong("version")).isEqualTo(3);
        assertThat(third.getJsonArray("variants")).isEqualTo(first.getJsonArray("variants"));
        assertThat(edit(third, "POST", "/restore", new JsonObject().put("version", 9))
                        .status())
                .isEqualTo(422);
        assertThat(edit(first, "PATCH", "", new JsonObject().put("tags", JsonArray.of("late")))
                        .status())
                .as("somebody changed it since")
                .isEqualTo(412);
    }

    @Test
    void lists_are_narrowed_by_what_a_template_is_and_says() {
        var mine = draft(variant("en", "A wombat appears"))
                .put("category", "Animals")
                .put("tags", JsonArray.of("shy"))
                .put("description", "rarely used");
        var id = made(mine).getString("id");
        made(draft(variant("en", "Nothing of it")));
        for (var filter : List.of(
                "q=WOMBAT", "q=rarely", "category=animals", "tag=shy", "status=draft&tag=shy&channel=webpush")) {
            var items =
                    server.admin("GET", TEMPLATES + "?" + filter, null).json().getJsonArray("items");
            assertThat(items.stream().map(line -> ((JsonObject) line).getString("id")))
                    .as(filter)
                    .containsExactly(id);
        }
        assertThat(server.admin("GET", TEMPLATES + "?tag=shy&status=active", null)
                        .json()
                        .getJsonArray("items"))
                .isEmpty();
        var page = server.admin("GET", TEMPLATES + "?limit=1", null).json();
        assertThat(page.getJsonArray("items")).hasSize(1);
        assertThat(server.admin("GET", TEMPLATES + "?limit=1&cursor=" + page.getString("nextCursor"), null)
                        .json()
                        .getJsonArray("items")
                        .getJsonObject(0)
                        .getString("id"))
                .isNotEqualTo(page.getJsonArray("items").getJsonObject(0).getString("id"));
        assertThat(server.admin("POST", TEMPLATES, mine).status())
                .as("its name is taken")
                .isEqualTo(409);
    }

    @Test
    void what_cannot_be_kept_is_refused_with_each_place() {
        var faulty = draft(variant("en", "{{ a | shout }}"), variant("tr", "{% if %}"));
        faulty.getJsonArray("variants")
                .getJsonObject(0)
                .getJsonObject("content")
                .put("body", "{% include '/etc/passwd' %}")
                .put("url", "{% include 'nothing' %}");
        assertThat(pointers(server.admin("POST", TEMPLATES, faulty)))
                .containsExactlyInAnyOrder(
                        "/variants/0/content/title",
                        "/variants/0/content/body",
                        "/variants/0/content/url",
                        "/variants/1/content/title");
        var odd = draft(variant("en", "x"), variant("EN", "y"), variant("!!", "z"))
                .put("language", "fr")
                .put(
                        "variables",
                        JsonArray.of(
                                variable("traits", "string"),
                                variable("n", "number").put("defaultValue", "many"),
                                variable("n", "string")));
        assertThat(pointers(server.admin("POST", TEMPLATES, odd)))
                .containsExactlyInAnyOrder(
                        "/variants/1/language",
                        "/variants/2/language",
                        "/language",
                        "/variables/0/name",
                        "/variables/1/defaultValue",
                        "/variables/2/name");
    }

    // ---- review ----------------------------------------------------------------------------------------------------

    @Test
    void only_what_is_approved_is_active_and_a_change_leaves_it_so() {
        var template = made(draft(variant("en", "One")));
        assertThat(edit(template, "POST", "/approve", null).status())
                .as("nobody asked for it")
                .isEqualTo(409);
        var submitted = edited(template, "POST", "/submit", null);
        var rejected = edited(submitted, "POST", "/reject", new JsonObject().put("comment", "Louder"));
        assertThat(rejected.getString("status")).isEqualTo("draft");
        assertThat(rejected.getString("comment")).isEqualTo("Louder");
        var active = active(template);
        assertThat(active.getString("status")).isEqualTo("active");
        assertThat(active.getLong("activeVersion")).isEqualTo(1);
        assertThat(active.getString("comment")).isEmpty();

        var tagged = edited(active, "PATCH", "", new JsonObject().put("tags", JsonArray.of("t")));
        assertThat(tagged.getString("status")).as("what is sent is the same").isEqualTo("active");
        assertThat(tagged.getLong("activeVersion")).isEqualTo(2);
        assertThat(server.admin("GET", path(template) + "/version?number=2", null)
                        .json()
                        .getString("approvedBy"))
                .isNotNull();

        var changed = edited(tagged, "PATCH", "", new JsonObject().put("variants", JsonArray.of(variant("en", "Two"))));
        assertThat(changed.getString("status")).isEqualTo("draft");
        assertThat(changed.getLong("activeVersion")).isEqualTo(2);
        var archived = edited(changed, "POST", "/archive", null);
        assertThat(archived.getString("status")).isEqualTo("archived");
        assertThat(archived.getLong("activeVersion")).isNull();
        assertThat(edit(archived, "POST", "/submit", null).status()).isEqualTo(409);
        assertThat(edited(archived, "POST", "/restore", new JsonObject().put("version", 3))
                        .getString("status"))
                .isEqualTo("draft");
    }

    @Test
    void where_four_eyes_are_asked_for_nobody_approves_what_they_wrote() {
        fourEyes(true);
        try {
            var author = server.member("content-editor");
            var editor = server.member("campaign-manager");
            var third = server.member("marketing-manager");
            var template = server.send("POST", TEMPLATES, author, draft(variant("en", "One")))
                    .json();
            var path = path(template);
            assertThat(as(
                                    editor,
                                    "PATCH",
                                    path,
                                    new JsonObject().put("variants", JsonArray.of(variant("en", "Two"))),
                                    1)
                            .status())
                    .isEqualTo(200);
            assertThat(as(author, "POST", path + "/submit", null, 2).status()).isEqualTo(200);
            for (var writer : List.of(author, editor)) {
                var refused = as(writer, "POST", path + "/approve", null, 2);
                assertThat(refused.status()).as(refused.body()).isEqualTo(403);
            }
            assertThat(as(key(third), "POST", path + "/approve", null, 2).status())
                    .as("a key is nobody's eyes")
                    .isEqualTo(403);
            assertThat(as(third, "POST", path + "/approve", null, 1).status())
                    .as("not what they have read")
                    .isEqualTo(412);
            assertThat(as(third, "POST", path + "/approve", null, 2).status()).isEqualTo(200);
            // The editor wrote what is active, and nothing since.
            assertThat(as(
                                    third,
                                    "PATCH",
                                    path,
                                    new JsonObject().put("variants", JsonArray.of(variant("en", "Three"))),
                                    2)
                            .status())
                    .isEqualTo(200);
            as(third, "POST", path + "/submit", null, 3);
            assertThat(as(third, "POST", path + "/approve", null, 3).status()).isEqualTo(403);
            assertThat(as(editor, "POST", path + "/approve", null, 3).status()).isEqualTo(200);
            // By a key of their own it is still theirs.
            as(key(third), "PATCH", path, new JsonObject().put("variants", JsonArray.of(variant("en", "Four"))), 3);
            as(third, "POST", path + "/submit", null, 4);
            assertThat(as(third, "POST", path + "/approve", null, 4).status()).isEqualTo(403);
        } finally {
            fourEyes(false);
        }
    }

    private static void fourEyes(boolean asked) {
        var workspace = server.admin("GET", "/api/v1/workspaces/current", null);
        assertThat(server.admin(
                                "PATCH",
                                "/api/v1/workspaces/current",
                                new JsonObject().put("fourEyes", asked),
                                "If-Match",
                                workspace.header("ETag"))
                        .json()
                        .getBoolean("fourEyes"))
                .isEqualTo(asked);
    }

    /** The secret of a key that was made by who holds the token, here as if they might make keys. */
    private static String key(String token) {
        var maker = server.send("GET", "/api/v1/auth/me", token, null).json();
        var made = server.admin(
                        "POST",
                        "/api/v1/api-keys",
                        new JsonObject()
                                .put("name", "k" + UUID.randomUUID())
                                .put(
                                        "permissions",
                                        JsonArray.of("templates:manage", "templates:approve", "templates:read")))
                .json();
        server.database()
                .execute("UPDATE users_api_key SET created_by = '%s' WHERE id = '%s'"
                        .formatted(maker.getJsonObject("user", maker).getString("id"), made.getString("id")));
        return made.getString("secret");
    }

    @Test
    void another_workspace_finds_nothing_here() {
        var template = made(draft(variant("en", "Ours")));
        var snippet = snippet("ours-" + template.getString("id").substring(24), "x");
        var other = server.otherWorkspace();
        for (var path : List.of(
                path(template),
                path(template) + "/versions",
                path(template) + "/version?number=1",
                path(template) + "/usage",
                path(template) + "/diff?from=1&to=1",
                SNIPPETS + "/" + snippet.getString("id"))) {
            assertThat(server.send("GET", path, other, null).status()).as(path).isEqualTo(404);
        }
        for (var action : List.of("/submit", "/approve", "/archive")) {
            assertThat(as(other, "POST", path(template) + action, null, 1).status())
                    .isEqualTo(404);
        }
        for (var trial : List.of("/render", "/preview", "/lint")) {
            assertThat(server.send("POST", path(template) + trial, other, null).status())
                    .isEqualTo(404);
        }
        assertThat(as(other, "DELETE", path(template), null, 1).status()).isEqualTo(404);
        assertThat(server.send("GET", TEMPLATES, other, null).json().getJsonArray("items"))
                .isEmpty();
        var theirs = draft(variant("en", "{% include '" + snippet.getString("name") + "' %}"));
        assertThat(server.send("POST", TEMPLATES, other, theirs).status())
                .as("our snippets are ours")
                .isEqualTo(422);
        assertThat(edit(template, "DELETE", "", null).status()).isEqualTo(204);
    }

    // ---- snippets --------------------------------------------------------------------------------------------------

    private static JsonObject snippet(String name, String text) {
        var answer = server.admin(
                "POST", SNIPPETS, new JsonObject().put("name", name).put("text", text));
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json();
    }

    @Test
    void a_version_keeps_what_its_snippets_said_when_it_was_saved() {
        var inner = snippet("inner", "Ada");
        snippet("outer", "Hello {%- include \"inner\" -%} !");
        var template = active(made(draft(variant("en", "{% include 'outer' %} Bye"))));
        assertThat(title(template, new JsonObject())).isEqualTo("HelloAda! Bye");
        assertThat(server.admin(
                                "PATCH",
                                SNIPPETS + "/" + inner.getString("id"),
                                new JsonObject().put("text", "Eve"),
                                "If-Match",
                                "\"v1\"")
                        .status())
                .isEqualTo(200);
        assertThat(title(template, new JsonObject())).isEqualTo("HelloAda! Bye");
        assertThat(codes(lint(template, null))).containsExactly("snippet_changed");
        var saved = edited(template, "PATCH", "", new JsonObject().put("tags", JsonArray.of("again")));
        assertThat(saved.getString("status"))
                .as("what would be sent is another")
                .isEqualTo("draft");
        assertThat(title(saved, new JsonObject())).isEqualTo("HelloEve! Bye");
    }

    @Test
    void snippets_that_come_back_to_themselves_are_refused() {
        var first = snippet("first", "x");
        snippet("second", "{% include 'first' %}");
        var circle = server.admin(
                "PATCH",
                SNIPPETS + "/" + first.getString("id"),
                new JsonObject().put("text", "{% include 'second' %}"),
                "If-Match",
                "\"v1\"");
        assertThat(pointers(circle)).containsExactly("/text");
        assertThat(circle.json().getString("detail")).contains("includes itself");
        var deep = "d0";
        snippet("d0", "x");
        for (int i = 1; i < Snippets.DEPTH_LIMIT; i++) {
            snippet("d" + i, "{% include '" + deep + "' %}");
            deep = "d" + i;
        }
        assertThat(server.admin(
                                "POST",
                                SNIPPETS,
                                new JsonObject().put("name", "too-deep").put("text", "{% include '" + deep + "' %}"))
                        .status())
                .isEqualTo(422);
        snippet("long", "y".repeat(7_000));
        assertThat(pointers(server.admin("POST", TEMPLATES, draft(variant("en", "{% include 'long' %}".repeat(5))))))
                .containsExactly("/variants/0/content/title");
    }

    // ---- trying out ------------------------------------------------------------------------------------------------

    @Test
    void values_are_text_whatever_they_say() {
        var template =
                made(draft(variant("en", "{{ name }}/{{ list | join: '+' }}/{{ o.k }}/{{ n | plus: 1 }}/{{ b }}"))
                        .put(
                                "variables",
                                JsonArray.of(
                                        variable("name", "string"),
                                        variable("list", "list"),
                                        variable("o", "object"),
                                        variable("n", "number"),
                                        variable("b", "boolean"))));
        var sly = "{{ 'x' | upcase }}{% include 'inner' %}<b>";
        assertThat(title(
                        template,
                        new JsonObject()
                                .put("name", sly)
                                .put("list", JsonArray.of("{{ name }}", 2))
                                .put("o", new JsonObject().put("k", "{% abort %}"))
                                .put("n", "41")
                                .put("b", true)))
                .isEqualTo(sly + "/{{ name }}+2/{% abort %}/42/true");
        var wrong = new JsonObject()
                .put(
                        "variables",
                        new JsonObject().put("n", "many").put("unknown", 1).put("list", "a"));
        assertThat(pointers(server.admin("POST", path(template) + "/render", wrong)))
                .containsExactlyInAnyOrder("/variables/n", "/variables/unknown", "/variables/list");
    }

    @Test
    void endless_and_enormous_templates_end() {
        for (var text : List.of(
                "{% for i in (1..100000000) %}x{% endfor %}",
                "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
                "{% for i in (1..999) %}{{ long }}{% endfor %}")) {
            var template = made(draft(variant("en", text))
                    .put("variables", JsonArray.of(variable("long", "string").put("defaultValue", "l".repeat(400)))));
            assertThat(render(template, null).getString("outcome")).as(text).isEqualTo("failed");
        }
        var aborting = made(draft(variant("en", "{% abort 'no stock' %}")));
        var aborted = render(aborting, null);
        assertThat(aborted.getString("outcome")).isEqualTo("aborted");
        assertThat(aborted.getString("detail")).isEqualTo("no stock");
    }

    @Test
    void for_a_person_it_is_as_it_would_be_sent() {
        server.admin(
                "POST",
                "/v1/identify",
                new JsonObject()
                        .put("userId", "zoe")
                        .put(
                                "traits",
                                new JsonObject().put("first", "{{ sly }}").put("language", "pt_BR")));
        var profile = Eventually.eventually(
                        "the profile",
                        () -> server.admin("GET", "/api/v1/cdp/profiles/user:zoe", null),
                        answer -> answer.status() == 200)
                .json()
                .getString("id");
        var template = made(draft(variant("en", "Hi {{ name }}"), variant("pt", "Olá {{ name }} {{ code }}"))
                .put("missing", "skip")
                .put(
                        "variables",
                        JsonArray.of(variable("name", "string").put("trait", "first"), variable("code", "number"))));
        var trial = new JsonObject().put("profile", profile);
        var missing = render(template, trial);
        assertThat(missing.getString("outcome")).isEqualTo("missing");
        assertThat(missing.getString("detail")).isEqualTo("code");
        var rendered = render(template, trial.copy().put("variables", new JsonObject().put("code", 7)));
        assertThat(rendered.getString("language")).isEqualTo("pt");
        assertThat(rendered.getJsonObject("content").getString("title")).isEqualTo("Olá {{ sly }} 7");
        assertThat(rendered.getJsonObject("content").getString("lang")).isEqualTo("pt");
        for (var role : List.of("content-editor", "analyst")) {
            assertThat(server.send("POST", path(template) + "/render", server.member(role), trial)
                            .status())
                    .as("what somebody is told says what they are like")
                    .isEqualTo(403);
        }
        assertThat(pointers(server.admin(
                        "POST",
                        path(template) + "/preview",
                        new JsonObject().put("profile", UUID.randomUUID().toString()))))
                .containsExactly("/profile");
    }

    @Test
    void a_preview_shows_what_each_platform_cuts_and_ignores() {
        var family = "👨‍👩‍👧‍👦";
        var draft = draft(variant("he", "שלום <b>&\"" + family.repeat(60)));
        draft.getJsonArray("variants")
                .getJsonObject(0)
                .getJsonObject("content")
                .put("body", "Short")
                .put("image", "https://shop.example/i.png")
                .put("silent", false)
                .put("vibrate", JsonArray.of(1))
                .put(
                        "actions",
                        JsonArray.of(
                                new JsonObject().put("action", "a").put("title", "A"),
                                new JsonObject().put("action", "b").put("title", "B"),
                                new JsonObject().put("action", "c").put("title", "C")));
        var preview = server.admin("POST", path(made(draft)) + "/preview", null).json();
        assertThat(preview.getJsonObject("content").getString("dir")).isEqualTo("rtl");
        var cards = preview.getJsonArray("cards").stream()
                .map(JsonObject.class::cast)
                .toList();
        assertThat(cards.stream().map(card -> card.getString("platform")))
                .containsExactly("chrome-windows", "chrome-android", "chrome-macos", "firefox", "safari");
        for (var card : cards) {
            var svg = card.getString("svg");
            assertThat(svg).contains("direction=\"rtl\"").contains("&lt;b&gt;").doesNotContain("<b>", "href", "script");
            assertThat(card.getString("title")).endsWith(family + "…");
            assertThat(card.getJsonArray("cut")).contains("title").doesNotContain("body");
        }
        assertThat(cards.get(0).getJsonArray("ignored")).isEqualTo(JsonArray.of("vibrate"));
        assertThat(cards.get(0).getJsonArray("cut")).isEqualTo(JsonArray.of("title", "actions"));
        assertThat(cards.get(4).getJsonArray("ignored")).isEqualTo(JsonArray.of("actions", "image", "vibrate"));
        assertThat(cards.get(4).getJsonArray("actions")).isEmpty();
    }

    @Test
    void the_linter_names_what_its_author_would_want_to_know() {
        var draft = draft(variant("en", "{{ nme }} {% assign own = 1 %}{{ own }}{{ traits.x }}"), variant("tr", "a"))
                .put(
                        "variables",
                        JsonArray.of(
                                variable("name", "string"),
                                variable("big", "string").put("sample", "b".repeat(4_000))));
        draft.getJsonArray("variants")
                .getJsonObject(1)
                .getJsonObject("content")
                .put("body", "{{ big }}")
                .put("requireInteraction", true);
        var template = made(draft);
        var found = lint(template, null);
        assertThat(codes(found).toList())
                .contains("unknown_variable", "unused_variable", "payload_too_large", "ignored", "cut");
        assertThat(at(found, "unknown_variable")).containsExactly("/variants/0/content/title");
        assertThat(at(found, "unused_variable")).containsExactly("/variables/0");
        assertThat(at(found, "payload_too_large")).containsExactly("/variants/1/content");
        assertThat(at(found, "ignored")).contains("/variants/1/content/requireInteraction");
        var sizes = found.getJsonArray("sizes");
        assertThat(sizes.getJsonObject(0).getInteger("octets")).isBetween(200, 700);
        assertThat(sizes.getJsonObject(1).getInteger("octets"))
                .isGreaterThan(sizes.getJsonObject(1).getInteger("limit"));
        var unsaved =
                new JsonObject().put("variants", JsonArray.of(variant("en", "{{ a | shout }}{% include 'none' %}")));
        assertThat(at(lint(template, unsaved), "unknown_snippet")).containsExactly("/variants/0/content/title");
        unsaved = new JsonObject().put("variants", JsonArray.of(variant("en", "{{ a | shout }}")));
        assertThat(at(lint(template, unsaved), "unknown_filter")).containsExactly("/variants/0/content/title");
    }

    private static JsonObject lint(JsonObject template, JsonObject words) {
        var answer = server.admin("POST", path(template) + "/lint", words);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static Stream<String> codes(JsonObject findings) {
        return findings.getJsonArray("findings").stream().map(finding -> ((JsonObject) finding).getString("code"));
    }

    private static Stream<String> at(JsonObject findings, String code) {
        return findings.getJsonArray("findings").stream()
                .map(JsonObject.class::cast)
                .filter(finding -> finding.getString("code").equals(code))
                .map(finding -> finding.getString("pointer"));
    }
}
