package app.fathi.access;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.http.Contract;
import app.fathi.testing.Eventually;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One thing of each kind in the first workspace, for others to reach for. */
final class Things {
    /** Stands in whatever is personal or secret here: no stranger may ever read it. */
    static final String PLANTED = "planted-by-the-owner";

    private static final String PICTURE =
            "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mOQKn6BFTEMLQkAPGRdQQpaXewAAAAASUVORK5CYII=";

    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";
    private static final String MESSAGES = "/api/v1/webpush/messages";

    private final TestServer server;
    /** By the path up to the id. */
    private final Map<String, String> ids = new LinkedHashMap<>();

    private Things(TestServer server) {
        this.server = server;
    }

    static Things make(TestServer server, FakePushService push) {
        var things = new Things(server);
        things.apiKeys();
        things.identityProvider();
        things.role();
        things.segment();
        things.template();
        things.campaign();
        things.people();
        things.sites();
        things.profile();
        things.schema();
        things.subscriptions(push);
        things.messages();
        things.pushKeys();
        return things;
    }

    /** The id that the operation's path takes. */
    String idFor(Contract.Operation operation) {
        var owner = operation.path().substring(0, operation.path().indexOf("/{id}"));
        var id = ids.get(owner);
        assertThat(id)
                .as("%s needs something whose id goes into %s: make one in Things and put(\"%s\", its id)"
                        .formatted(operation.id(), operation.path(), owner))
                .isNotNull();
        return id;
    }

    List<String> ids() {
        return List.copyOf(ids.values());
    }

    private void put(String owner, String id) {
        assertThat(id).as("the id of something in " + owner).isNotNull();
        ids.put(owner, id);
    }

    private JsonObject made(String path, JsonObject body) {
        var answer = server.admin("POST", path, body);
        assertThat(answer.status()).as(answer.body()).isBetween(200, 202);
        return answer.json();
    }

    private void apiKeys() {
        for (var name : List.of("first", PLANTED)) {
            var draft = new JsonObject().put("name", name).put("permissions", new JsonArray().add("messages:read"));
            put("/api/v1/api-keys", made("/api/v1/api-keys", draft).getString("id"));
        }
    }

    private void identityProvider() {
        var draft = new JsonObject()
                .put("kind", "machines")
                .put("name", PLANTED)
                .put("issuer", "https://id.owner.example")
                .put("audiences", new JsonArray().add(PLANTED));
        put(
                "/api/v1/identity-providers",
                made("/api/v1/identity-providers", draft).getString("id"));
    }

    private void people() {
        var draft = new JsonObject()
                .put("email", PLANTED + "@fathi.test")
                .put("name", "Somebody")
                .put("roles", new JsonArray().add("content-editor"));
        put("/api/v1/users", made("/api/v1/users", draft).getString("id"));
        put(
                "/api/v1/auth/sessions",
                server.admin("GET", "/api/v1/auth/sessions", null)
                        .json()
                        .getJsonArray("items")
                        .getJsonObject(0)
                        .getString("id"));
    }

    private void sites() {
        var site = new JsonObject().put("origin", "https://owner.example").put("name", PLANTED);
        put("/api/v1/webpush/sites", made("/api/v1/webpush/sites", site).getString("id"));
        var text = new JsonObject()
                .put("language", "en")
                .put("title", PLANTED)
                .put("accept", "Yes")
                .put("refuse", "No");
        var prompt =
                new JsonObject().put("name", "owners").put("kind", "banner").put("texts", new JsonArray().add(text));
        put("/api/v1/webpush/prompts", made("/api/v1/webpush/prompts", prompt).getString("id"));
    }

    private void segment() {
        var segment =
                made("/api/v1/segments", new JsonObject().put("name", PLANTED)).getString("id");
        put("/api/v1/segments", segment);
        var taken = server.raw(
                "POST",
                "/api/v1/segments/" + segment + "/import",
                server.token(),
                "userId\n" + PLANTED + "\n",
                "Content-Type",
                "text/csv");
        put("/api/v1/segment-imports", taken.json().getString("id"));
    }

    private void template() {
        var variant = new JsonObject().put("language", "en").put("content", new JsonObject().put("title", PLANTED));
        var template = new JsonObject().put("name", PLANTED).put("variants", new JsonArray().add(variant));
        put("/api/v1/templates", made("/api/v1/templates", template).getString("id"));
        var snippets = "/api/v1/template-snippets";
        put(
                snippets,
                made(snippets, new JsonObject().put("name", "owned").put("text", PLANTED))
                        .getString("id"));
        var images = "/api/v1/template-images";
        put(
                images,
                made(images, new JsonObject().put("name", PLANTED).put("data", PICTURE))
                        .getString("id"));
    }

    private void campaign() {
        var draft = new JsonObject()
                .put("name", PLANTED)
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", PLANTED));
        put("/api/v1/campaigns", made("/api/v1/campaigns", draft).getString("id"));
    }

    private void schema() {
        made("/v1/track", new JsonObject().put("userId", PLANTED).put("event", "Owned"));
        var schemas = Eventually.eventually(
                "the schema",
                () -> server.admin("GET", "/api/v1/cdp/schemas?type=track", null)
                        .json()
                        .getJsonArray("items"),
                items -> !items.isEmpty());
        put("/api/v1/cdp/schemas", schemas.getJsonObject(0).getString("id"));
        var computed = "/api/v1/cdp/computed-traits";
        var count = new JsonObject().put("aggregate", "count").put("event", "Owned");
        put(
                computed,
                made(computed, new JsonObject().put("name", "owned").put("compute", count))
                        .getString("id"));
    }

    private void role() {
        var draft = new JsonObject().put("name", "owners").put("description", PLANTED);
        put("/api/v1/roles", made("/api/v1/roles", draft).getString("id"));
    }

    private void profile() {
        made(
                "/v1/identify",
                new JsonObject().put("userId", PLANTED).put("traits", new JsonObject().put("email", PLANTED)));
        var profile = Eventually.eventually(
                "the profile",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:" + PLANTED, null),
                answer -> answer.status() == 200);
        put("/api/v1/cdp/profiles", profile.json().getString("id"));
        var suppressions = "/api/v1/cdp/suppressions";
        var entry = new JsonObject().put("kind", "email").put("value", PLANTED).put("note", PLANTED);
        put(suppressions, made(suppressions, entry).getString("id"));
        made("/v1/identify", new JsonObject().put("userId", "forgotten-by-the-owner"));
        var erasure = Eventually.eventually(
                "an erasure",
                () -> server.admin("POST", "/api/v1/cdp/profiles/user:forgotten-by-the-owner/erase", null),
                answer -> answer.status() == 202);
        put("/api/v1/cdp/erasures", erasure.json().getString("id"));
        // Nothing may change any more while others reach for these.
        Eventually.eventually(
                "its end",
                () -> server.admin("GET", erasure.header("Location"), null).json(),
                receipt -> receipt.getString("state").equals("done"));
    }

    private void subscriptions(FakePushService push) {
        var key = server.browser("GET", "/api/v1/webpush/key", null).json();
        for (int i = 0; i < 2; i++) {
            var browser = push.subscribe(key.getString("publicKey"));
            var draft = new JsonObject()
                    .put("endpoint", browser.endpoint())
                    .put(
                            "keys",
                            new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()))
                    .put("userId", PLANTED);
            var saved = server.admin("POST", SUBSCRIPTIONS, draft, "User-Agent", PLANTED);
            assertThat(saved.status()).as(saved.body()).isEqualTo(201);
            put(SUBSCRIPTIONS, saved.json().getString("id"));
            var own = "/api/v1/webpush/own-browsers";
            var secret = new JsonObject().put("deviceSecret", saved.json().getString("deviceSecret"));
            var linked = server.admin("PUT", own + "/" + saved.json().getString("id"), secret);
            assertThat(linked.status()).as(linked.body()).isEqualTo(200);
            put(own, saved.json().getString("id"));
        }
        var taken = server.raw(
                "POST",
                SUBSCRIPTIONS + "/import?keyId=" + key.getString("id"),
                server.token(),
                "endpoint,auth,p256dh\n" + PLANTED + ",web,push\n",
                "Content-Type",
                "text/csv");
        put("/api/v1/webpush/imports", taken.json().getString("id"));
    }

    /** Two that wait for their hour, and so does a job of each. */
    private void messages() {
        for (int i = 0; i < 2; i++) {
            var draft = new JsonObject()
                    .put("audience", new JsonObject().put("userIds", new JsonArray().add(PLANTED)))
                    .put("purpose", "marketing")
                    .put("content", new JsonObject().put("title", PLANTED))
                    .put("sendAt", Instant.now().plusSeconds(86_400).toString());
            put(MESSAGES, made(MESSAGES, draft).getString("id"));
        }
        put(
                "/api/v1/jobs",
                server.admin("GET", "/api/v1/jobs?state=waiting&type=cep.send", null)
                        .json()
                        .getJsonArray("items")
                        .getJsonObject(0)
                        .getString("id"));
    }

    private void pushKeys() {
        var keys = "/api/v1/webpush/keys";
        put(keys, server.browser("GET", "/api/v1/webpush/key", null).json().getString("id"));
        made(keys + "/rotate", null);
    }
}
