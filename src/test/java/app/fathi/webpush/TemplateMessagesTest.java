package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Messages that say what a template says. */
class TemplateMessagesTest {
    private static final String MESSAGES = "/api/v1/webpush/messages";
    private static final String TEMPLATES = "/api/v1/templates";

    private static FakePushService push;
    private static TestServer server;
    private static final Map<String, VirtualSubscription> BROWSERS = new HashMap<>();

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        var key = server.admin("GET", "/api/v1/webpush/key", null).json();
        person(key, "ada", new JsonObject().put("first", "Ada").put("language", "pt-BR"), "de");
        person(key, "eve", new JsonObject().put("first", "{{ 6 | times: 7 }}"), "tr-TR");
        person(key, "bob", new JsonObject().put("age", 3), null);
        eventually(
                "their traits",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:bob", null),
                answer -> answer.status() == 200
                        && answer.json().getJsonObject("traits").containsKey("age"));
    }

    private static void person(JsonObject key, String user, JsonObject traits, String language) {
        server.admin(
                "POST", "/v1/identify", new JsonObject().put("userId", user).put("traits", traits));
        var browser = push.subscribe(key.getString("publicKey"));
        BROWSERS.put(user, browser);
        var draft = new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()))
                .put("userId", user);
        if (language != null) {
            draft.put("language", language);
        }
        var saved = server.admin("POST", "/api/v1/webpush/subscriptions", draft);
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    // ---- what is needed again and again ----------------------------------------------------------------------------

    private static JsonObject variant(String language, String title) {
        return new JsonObject().put("language", language).put("content", new JsonObject().put("title", title));
    }

    private static JsonObject variable(String name, String type) {
        return new JsonObject().put("name", name).put("type", type);
    }

    private static JsonObject draft(JsonObject... variants) {
        return new JsonObject().put("name", "T " + UUID.randomUUID()).put("variants", new JsonArray(List.of(variants)));
    }

    private static Answer edit(String id, String method, String more, long version, JsonObject body) {
        return server.admin(method, TEMPLATES + "/" + id + more, body, "If-Match", "\"v" + version + "\"");
    }

    private static String approved(JsonObject draft) {
        var made = server.admin("POST", TEMPLATES, draft);
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        var id = made.json().getString("id");
        approve(id, 1);
        return id;
    }

    private static void approve(String id, long version) {
        edit(id, "POST", "/submit", version, null);
        assertThat(edit(id, "POST", "/approve", version, null).status()).isEqualTo(200);
    }

    private static JsonObject message(JsonObject template, String... users) {
        return new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray(List.of(users))))
                .put("purpose", "marketing")
                .put("template", template);
    }

    private static JsonObject by(String id) {
        return new JsonObject().put("id", id);
    }

    private static Answer send(JsonObject message) {
        return server.admin("POST", MESSAGES, message);
    }

    private static JsonObject completed(Answer taken) {
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        return eventually(
                "its end",
                () -> server.admin("GET", taken.header("Location"), null).json(),
                status -> status.getString("state").equals("completed"));
    }

    private static JsonObject shown(String user) {
        var receipts = BROWSERS.get(user).receipts();
        return receipts.getLast().json().getJsonObject("notification");
    }

    private static Map<String, Object> reasons(JsonObject status) {
        return status.getJsonObject("reasons").getMap();
    }

    // ---- what it shows ---------------------------------------------------------------------------------------------

    @Test
    void each_one_is_told_in_their_own_language_and_by_their_own_traits() {
        var id = approved(draft(
                        variant("en", "Hi {{ name }}"),
                        variant("pt", "Olá {{ name }}"),
                        variant("tr", "Selam {{ name }}"))
                .put(
                        "variables",
                        JsonArray.of(
                                variable("name", "string").put("trait", "first").put("defaultValue", "friend"))));
        var end = completed(send(message(by(id), "ada", "eve", "bob")));
        assertThat(reasons(end)).isEqualTo(Map.of("accepted", 3));
        assertThat(end.getJsonObject("template"))
                .isEqualTo(new JsonObject().put("id", id).put("version", 1));
        assertThat(shown("ada").getString("title"))
                .as("what she says before her browser")
                .isEqualTo("Olá Ada");
        assertThat(shown("ada").getString("lang")).isEqualTo("pt");
        assertThat(shown("eve").getString("title")).as("a value is no template").isEqualTo("Selam {{ 6 | times: 7 }}");
        assertThat(shown("bob").getString("title")).isEqualTo("Hi friend");
        completed(send(message(by(id).put("language", "tr"), "ada")));
        assertThat(shown("ada").getString("title")).isEqualTo("Selam Ada");
    }

    @Test
    void a_message_keeps_to_the_version_that_was_active_when_it_was_taken() {
        var id = approved(draft(variant("en", "One {{ n }}")).put("variables", JsonArray.of(variable("n", "number"))));
        var values = new JsonObject().put("n", 1);
        var later = send(message(by(id).put("variables", values), "bob")
                .put("sendAt", Instant.now().plus(Duration.ofSeconds(2)).toString()));
        assertThat(edit(
                                id,
                                "PATCH",
                                "",
                                1,
                                new JsonObject().put("variants", JsonArray.of(variant("en", "Two {{ n }}"))))
                        .status())
                .isEqualTo(200);
        completed(send(message(by(id).put("variables", values), "eve")));
        assertThat(shown("eve").getString("title")).as("a draft is not sent").isEqualTo("One 1");
        var draftOnly = send(message(by(id).put("version", 2).put("variables", values), "eve"));
        assertThat(draftOnly.status()).isEqualTo(422);
        approve(id, 2);
        completed(send(message(by(id).put("variables", values), "eve")));
        assertThat(shown("eve").getString("title")).isEqualTo("Two 1");
        completed(send(message(by(id).put("version", 1).put("variables", values), "eve")));
        assertThat(shown("eve").getString("title"))
                .as("an earlier one that was approved")
                .isEqualTo("One 1");
        edit(id, "POST", "/archive", 2, null);
        assertThat(send(message(by(id).put("variables", values), "eve")).status())
                .as("archived")
                .isEqualTo(422);
        completed(later);
        assertThat(shown("bob").getString("title")).isEqualTo("One 1");
        assertThat(edit(id, "DELETE", "", 2, null).status()).as("it was sent").isEqualTo(409);
        assertThat(server.admin("GET", TEMPLATES + "/" + id + "/usage", null)
                        .json()
                        .getJsonArray("messages"))
                .hasSize(4);
    }

    @Test
    void each_policy_says_what_becomes_of_a_person_of_whom_something_is_not_known() {
        for (var policy : List.of("default", "empty", "skip", "fail")) {
            var id = approved(draft(variant("en", "[{{ name }}]"))
                    .put("missing", policy)
                    .put(
                            "variables",
                            JsonArray.of(variable("name", "string")
                                    .put("trait", "first")
                                    .put("defaultValue", "friend"))));
            var end = completed(send(message(by(id), "ada", "bob")));
            boolean skips = policy.equals("skip") || policy.equals("fail");
            assertThat(reasons(end))
                    .as(policy)
                    .isEqualTo(skips ? Map.of("accepted", 1, "missing_variable", 1) : Map.of("accepted", 2));
            assertThat(shown("ada").getString("title")).isEqualTo("[Ada]");
            if (!skips) {
                assertThat(shown("bob").getString("title")).isEqualTo(policy.equals("empty") ? "[]" : "[friend]");
            }
        }
    }

    @Test
    void what_the_message_itself_must_say_is_asked_for_at_the_door() {
        var id = approved(draft(variant("en", "{{ code }}"))
                .put("variables", JsonArray.of(variable("code", "number").put("missing", "fail"))));
        for (var wrong : List.of(
                by(id),
                by(id).put("variables", new JsonObject().put("code", "x")),
                by(id).put("variables", new JsonObject().put("code", 1).put("more", 2)),
                by(id).put("language", "fr").put("variables", new JsonObject().put("code", 1)),
                by(UUID.randomUUID().toString()))) {
            var refused = send(message(wrong, "ada"));
            assertThat(refused.status()).as(refused.body()).isEqualTo(422);
            assertThat(refused.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                    .startsWith("/template/");
        }
        var both = message(by(id), "ada").put("content", new JsonObject().put("title", "x"));
        assertThat(send(both).status()).isEqualTo(422);
        both.remove("content");
        both.remove("template");
        assertThat(send(both).status()).isEqualTo(422);
        var counted = send(message(by(id).put("variables", new JsonObject().put("code", 1)), "ada")
                .put("dryRun", true));
        assertThat(counted.json().getInteger("reachable")).isEqualTo(1);
        var other = server.send("POST", MESSAGES, server.otherWorkspace(), message(by(id), "ada"));
        assertThat(other.status()).as("of another workspace").isEqualTo(422);
    }

    @Test
    void a_template_may_leave_people_out_and_too_much_is_not_sent() {
        var id = approved(draft(variant("en", "{% if traits.age %}{% abort 'a child' %}{% endif %}x{{ long }}"))
                .put("variables", JsonArray.of(variable("long", "string"))));
        assertThat(reasons(completed(send(message(by(id), "ada", "bob")))))
                .isEqualTo(Map.of("accepted", 1, "template_aborted", 1));
        var values = new JsonObject().put("long", "y".repeat(5_000));
        assertThat(reasons(completed(send(message(by(id).put("variables", values), "ada")))))
                .isEqualTo(Map.of("payload_too_large", 1));
    }

    @Test
    void items_of_a_batch_have_values_of_their_own() {
        var id = approved(draft(variant("en", "{{ greeting }} {{ code }}"))
                .put(
                        "variables",
                        JsonArray.of(
                                variable("greeting", "string"),
                                variable("code", "number").put("missing", "fail"))));
        var batch = new JsonObject()
                .put("purpose", "transactional")
                .put("template", by(id).put("variables", new JsonObject().put("greeting", "Code")))
                .put(
                        "items",
                        JsonArray.of(
                                new JsonObject().put("userId", "ada").put("data", new JsonObject().put("code", 11)),
                                new JsonObject().put("userId", "eve").put("data", new JsonObject().put("code", "x")),
                                new JsonObject().put("userId", "eve"),
                                new JsonObject()
                                        .put("userId", "bob")
                                        .put("content", new JsonObject().put("title", "Own {{ code }}"))
                                        .put("data", new JsonObject().put("code", 12))));
        var taken = server.admin("POST", MESSAGES + "/batch", batch);
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        var items = taken.json().getJsonArray("items");
        assertThat(items.stream().map(item -> ((JsonObject) item).getString("status")))
                .containsExactly("queued", "invalid", "invalid", "queued");
        assertThat(items.getJsonObject(1)
                        .getJsonArray("errors")
                        .getJsonObject(0)
                        .getString("pointer"))
                .isEqualTo("/items/1/data/code");
        var message = MESSAGES + "/" + items.getJsonObject(0).getString("messageId");
        eventually("its end", () -> server.admin("GET", message, null).json(), status -> status.getString("state")
                .equals("completed"));
        assertThat(shown("ada").getString("title")).isEqualTo("Code 11");
        assertThat(shown("bob").getString("title")).isEqualTo("Own 12");
    }

    @Test
    void what_is_sent_again_says_the_same_version_with_the_same_values() {
        var id = approved(draft(variant("en", "V1 {{ n }} {{ name }}"))
                .put("missing", "skip")
                .put(
                        "variables",
                        JsonArray.of(
                                variable("n", "number"),
                                variable("name", "string").put("trait", "nick"))));
        var first = send(message(by(id).put("variables", new JsonObject().put("n", 5)), "bob"));
        assertThat(reasons(completed(first))).isEqualTo(Map.of("missing_variable", 1));
        edit(id, "PATCH", "", 1, new JsonObject().put("variants", JsonArray.of(variant("en", "V2"))));
        approve(id, 2);
        server.admin(
                "POST",
                "/v1/identify",
                new JsonObject().put("userId", "bob").put("traits", new JsonObject().put("nick", "B")));
        eventually(
                "his trait",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:bob", null).json(),
                profile -> profile.getJsonObject("traits").containsKey("nick"));
        var again = server.admin("POST", first.header("Location") + "/resend", null);
        assertThat(reasons(completed(again))).isEqualTo(Map.of("accepted", 1));
        assertThat(shown("bob").getString("title")).isEqualTo("V1 5 B");
    }

    @Test
    void a_template_without_variables_is_as_content_of_ones_own() {
        var id = approved(draft(variant("en", "The same for all")));
        var end = completed(send(message(by(id), "ada", "bob")));
        assertThat(reasons(end)).isEqualTo(Map.of("accepted", 2));
        assertThat(end.getJsonObject("template").getLong("version")).isEqualTo(1);
        assertThat(shown("bob").getString("title")).isEqualTo("The same for all");
        // Neither the template nor anybody's traits have to be read for it while it is sent.
        server.database()
                .execute("DO $$ BEGIN ASSERT (SELECT template_filling IS NULL FROM cep_run WHERE id = '%s'); END $$"
                        .formatted(end.getString("id")));
    }

    // ---- what would be told
    // ------------------------------------------------------------------------------------------

    private static JsonObject explained(JsonObject template, String user) {
        var asked =
                new JsonObject().put("userId", user).put("purpose", "marketing").put("template", template);
        var answer = server.admin("POST", "/api/v1/cep/explain", asked);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().getJsonArray("deliveries").getJsonObject(0);
    }

    @Test
    void an_explanation_shows_what_each_would_be_told_and_why_they_would_not() {
        int before = BROWSERS.get("ada").receipts().size();
        var id = approved(draft(variant("en", "Hi {{ name }} {{ n }}"), variant("pt", "Olá {{ name }} {{ n }}"))
                .put(
                        "variables",
                        JsonArray.of(
                                variable("name", "string").put("trait", "first").put("missing", "skip"),
                                variable("n", "number").put("missing", "fail"))));
        var template = by(id).put("variables", new JsonObject().put("n", 7));
        var ada = explained(template, "ada");
        assertThat(ada.getString("outcome")).isEqualTo("send");
        assertThat(ada.getJsonObject("content").getString("title")).isEqualTo("Olá Ada 7");
        assertThat(explained(template.copy().put("language", "en"), "ada")
                        .getJsonObject("content")
                        .getString("title"))
                .isEqualTo("Hi Ada 7");
        var bob = explained(template, "bob");
        assertThat(bob.getString("outcome")).isEqualTo("skip");
        assertThat(bob.getString("reason")).as("he has no first name").isEqualTo("missing_variable");
        assertThat(bob.getString("stage")).isEqualTo("render");
        assertThat(bob.getValue("content")).isNull();
        var large = approved(draft(variant("en", "{% for i in (1..900) %}{{ first }}123456{% endfor %}"))
                .put(
                        "variables",
                        JsonArray.of(variable("first", "string")
                                .put("trait", "first")
                                .put("defaultValue", "-"))));
        assertThat(explained(by(large), "ada").getString("reason")).isEqualTo("payload_too_large");

        var ask = new JsonObject().put("userId", "ada").put("purpose", "marketing");
        assertThat(server.admin("POST", "/api/v1/cep/explain", ask)
                        .json()
                        .getJsonArray("deliveries")
                        .getJsonObject(0)
                        .getValue("content"))
                .as("nothing was given")
                .isNull();
        var own = new JsonObject().put("title", "Dear {{ traits.first }}");
        assertThat(server.admin("POST", "/api/v1/cep/explain", ask.copy().put("content", own))
                        .json()
                        .getJsonArray("deliveries")
                        .getJsonObject(0)
                        .getJsonObject("content")
                        .getString("title"))
                .isEqualTo("Dear Ada");
        for (var refused : List.of(
                ask.copy().put("template", by(UUID.randomUUID().toString())),
                ask.copy().put("template", by(id)),
                ask.copy().put("template", template).put("content", own))) {
            assertThat(server.admin("POST", "/api/v1/cep/explain", refused).status())
                    .as(refused.encode())
                    .isEqualTo(422);
        }
        assertThat(BROWSERS.get("ada").receipts()).as("nothing was sent").hasSize(before);
    }
}
