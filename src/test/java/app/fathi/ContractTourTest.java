package app.fathi;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.http.Contract;
import app.fathi.testing.Authenticator;
import app.fathi.testing.FakeIssuer;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every operation succeeds once over HTTP, in each way that the contract knows. The test server holds the answers to the
 * contract, so a new operation is not done before it is visited here.
 */
class ContractTourTest {
    private static final String MESSAGES = "/api/v1/webpush/messages";
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";

    private static FakePushService push;
    private static FakeIssuer issuer;
    private static TestServer server;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        issuer = FakeIssuer.start();
        server = TestServer.start(Map.of(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                push.certificate().toString(),
                "FATHI_OUTBOUND_PLAINTEXT",
                "true"));
    }

    @AfterAll
    static void stop() {
        server.close();
        issuer.close();
        push.close();
    }

    @Test
    void every_operation_answers_as_the_contract_says() {
        staff();
        users();
        roles();
        identityProviders();
        people();
        keys();
        schemas();
        computedTraits();
        segments();
        templates();
        sites();
        var subscription = subscriptions();
        messages(subscription);
        campaigns();
        batch(subscription);
        killSwitch();
        policies();
        decisionService();
        decisions();
        audit();
        assertThat(unvisited()).as("add a visit for each").isEmpty();
    }

    /** What the contract promises and nobody has seen. */
    private static TreeSet<String> unvisited() {
        var promised = new TreeSet<String>();
        var document = Contract.load().document();
        Contract.load().operations().values().forEach(operation -> document
                .getJsonObject("paths")
                .getJsonObject(operation.path())
                .getJsonObject(operation.method().name().toLowerCase(java.util.Locale.ROOT))
                .getJsonObject("responses")
                .fieldNames()
                .stream()
                .filter(status -> status.startsWith("2"))
                .forEach(status -> promised.add(operation.id() + " " + status)));
        promised.removeAll(server.seen());
        return promised;
    }

    private static void audit() {
        var audit = "/api/v1/audit";
        server.admin("GET", audit + "/events?result=success&from=2026-01-01T00:00:00Z&objectKind=message", null);
        server.admin("GET", audit + "/export?format=csv&operation=message.create", null);
        server.admin("GET", audit + "/export", null);
        server.admin("GET", audit + "/verify?after=0", null);
    }

    private static void batch(String subscription) {
        var item = new JsonObject().put("subscriptionId", subscription).put("data", new JsonObject().put("code", "7"));
        var draft = new JsonObject()
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Your code is {{ data.code }}"))
                .put("items", new JsonArray().add(item));
        server.admin("POST", MESSAGES + "/batch", draft);
    }

    private static void killSwitch() {
        var path = "/api/v1/cep/kill-switch";
        server.admin("PUT", path, new JsonObject().put("scope", "workspace").put("reason", "a tour"));
        server.admin("GET", path, null);
        server.admin("PUT", path, new JsonObject().put("scope", "workspace").put("engaged", false));
    }

    private static void policies() {
        var path = "/api/v1/cep/policies";
        var cap = new JsonObject()
                .put("name", "Three a day")
                .put("limit", 3)
                .put("window", new JsonObject().put("kind", "rolling").put("hours", 24));
        server.admin(
                "PUT",
                path,
                new JsonObject().put("caps", new JsonArray().add(cap)),
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
        server.admin(
                "PUT",
                path,
                new JsonObject(),
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
    }

    private static void decisionService() {
        var path = "/api/v1/cep/decision-service";
        var settings = new JsonObject().put("url", push.url() + "/decide");
        server.admin(
                "PUT",
                path,
                settings,
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
        server.admin("POST", path + "/rotate-secret", null);
        server.admin("POST", path + "/test", new JsonObject().put("userId", "tourist"));
        server.admin(
                "POST",
                "/api/v1/cep/explain",
                new JsonObject().put("userId", "tourist").put("purpose", "marketing"));
        server.admin(
                "DELETE",
                path,
                null,
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
    }

    private static void decisions() {
        var message = server.admin("GET", MESSAGES + "?limit=1", null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0);
        server.admin("GET", "/api/v1/cep/decisions?limit=1&messageId=" + message.getString("id"), null);
        server.admin(
                "GET", "/api/v1/cep/performance?event=Order%20Completed&messageId=" + message.getString("id"), null);
        var tourist =
                server.admin("GET", "/api/v1/cdp/profiles/user:tourist", null).json();
        server.admin("GET", "/api/v1/cep/best-times?profileId=" + tourist.getString("id"), null);
        server.admin(
                "POST",
                "/api/v1/cep/explain",
                new JsonObject().put("userId", "tourist").put("purpose", "marketing"));
    }

    private static void staff() {
        var signIn = new JsonObject().put("email", TestServer.ADMIN_EMAIL).put("password", TestServer.ADMIN_PASSWORD);
        var tokens = server.send("POST", "/api/v1/auth/login", null, signIn).json();
        server.send(
                "POST",
                "/api/v1/auth/refresh",
                null,
                new JsonObject().put("refreshToken", tokens.getString("refreshToken")));
        server.send("GET", "/api/v1/auth/me", tokens.getString("accessToken"), null);
        server.send("POST", "/api/v1/auth/logout", tokens.getString("accessToken"), null);

        var draft = new JsonObject().put("name", "tour").put("permissions", new JsonArray().add("messages:read"));
        var key = server.admin("POST", "/api/v1/api-keys", draft);
        server.send("GET", "/api/v1/auth/me", key.json().getString("secret"), null);
        server.admin(
                "POST", "/api/v1/api-keys", draft.put("expiresAt", "2099-01-01T00:00:00Z"), "Idempotency-Key", "tour");
        server.admin("POST", "/api/v1/api-keys", draft, "Idempotency-Key", "tour");
        server.admin("GET", "/api/v1/api-keys?limit=1", null);
        var path = key.header("Location");
        server.admin(
                "PATCH",
                path,
                new JsonObject().put("name", "tourist's"),
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
        server.admin("POST", path + "/rotate", new JsonObject().put("overlapSeconds", 60));
        server.admin(
                "DELETE",
                path,
                null,
                "If-Match",
                server.admin("GET", path, null).header("ETag"));

        server.admin("POST", "/api/v1/workspaces", new JsonObject().put("name", "Beside"));
        var workspaces = server.admin("GET", "/api/v1/workspaces?limit=1", null).json();
        var beside = workspaces.getJsonArray("items").getJsonObject(0).getString("id");
        server.admin("POST", "/api/v1/auth/workspace", new JsonObject().put("workspace", beside));
        var workspace = server.admin("GET", "/api/v1/workspaces/current", null);
        server.admin(
                "PATCH",
                "/api/v1/workspaces/current",
                new JsonObject().put("timezone", "Europe/Istanbul"),
                "If-Match",
                workspace.header("ETag"));
        server.admin("GET", "/api/v1/workspaces/current/usage", null);
        server.admin("POST", "/api/v1/workspaces/current/identity-key/rotate", null);
        server.send("GET", "/api/v1/auth/providers?workspace=" + beside, null, null);
    }

    private static void users() {
        var draft = new JsonObject()
                .put("email", "tourist@fathi.test")
                .put("name", "Tourist")
                .put("roles", new JsonArray().add("content-editor"));
        var path = server.admin("POST", "/api/v1/users", draft).header("Location");
        var again = server.admin("POST", path + "/invitation", null).json();
        var url = again.getJsonObject("invitation").getString("url");
        server.send(
                "POST",
                "/api/v1/auth/invitation",
                null,
                new JsonObject()
                        .put("token", url.substring(url.indexOf('=') + 1))
                        .put("password", TestServer.ADMIN_PASSWORD));
        server.admin("GET", "/api/v1/users?q=tourist&status=active&limit=1", null);
        var changed = server.admin(
                "PATCH",
                path,
                new JsonObject().put("disabled", true),
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
        server.admin("POST", path + "/logout", null);
        sessions();
        server.admin("DELETE", path, null, "If-Match", changed.header("ETag"));
    }

    private static void sessions() {
        var mine = server.member("analyst");
        var change = new JsonObject()
                .put("currentPassword", TestServer.ADMIN_PASSWORD)
                .put("newPassword", TestServer.ADMIN_PASSWORD);
        server.send("POST", "/api/v1/auth/password", mine, change);
        var forgotten = new JsonObject().put("email", "tourist@fathi.test");
        server.send("POST", "/api/v1/auth/password/reset", null, forgotten);
        server.database()
                .execute(
                        """
                        INSERT INTO users_one_time (hash, kind, account, ws, expires_at)
                        SELECT sha256('frs_tour'), 'reset', id, 0, now() + interval '1 hour'
                        FROM users_account WHERE email = 'tourist@fathi.test'
                        """);
        var reset = new JsonObject().put("token", "frs_tour").put("newPassword", TestServer.ADMIN_PASSWORD);
        server.send("POST", "/api/v1/auth/password/reset/confirm", null, reset);
        var session = server.send("GET", "/api/v1/auth/sessions?limit=1", mine, null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0)
                .getString("id");
        server.send("DELETE", "/api/v1/auth/sessions", mine, null);
        secondFactor(mine);
        server.send("DELETE", "/api/v1/auth/sessions/" + session, mine, null);
    }

    private static void secondFactor(String mine) {
        var totp = "/api/v1/auth/totp";
        var proof = new JsonObject().put("password", TestServer.ADMIN_PASSWORD);
        var phone =
                Authenticator.of(server.send("POST", totp, mine, proof).json().getString("secret"));
        server.send("POST", totp + "/confirm", mine, new JsonObject().put("code", phone.code(-1)));
        server.send("POST", totp + "/recovery-codes", mine, proof.copy().put("code", phone.code()));
        server.send("POST", totp + "/remove", mine, proof.copy().put("code", phone.code(1)));
    }

    private static void roles() {
        var roles = "/api/v1/roles";
        var draft = new JsonObject().put("name", "tourist").put("parents", new JsonArray().add("analyst"));
        var path = server.admin("POST", roles, draft).header("Location");
        server.admin("GET", roles + "?limit=3&q=t", null);
        server.admin("GET", roles + "/administrator", null);
        server.admin("GET", path + "/permissions", null);
        var change = new JsonObject().put("description", "Only looks.");
        var tag = server.admin(
                        "PATCH",
                        path,
                        change,
                        "If-Match",
                        server.admin("GET", path, null).header("ETag"))
                .header("ETag");
        server.admin("DELETE", path, null, "If-Match", tag);
        server.admin("GET", "/api/v1/permissions", null);
        server.admin("POST", "/api/v1/permissions/check", new JsonObject().put("permission", "messages:send"));
    }

    private static void identityProviders() {
        var providers = "/api/v1/identity-providers";
        var draft = new JsonObject()
                .put("kind", "people")
                .put("name", "Tour")
                .put("issuer", issuer.url())
                .put("clientId", "fathi")
                .put("createAccounts", true)
                .put("emailDomains", new JsonArray().add("tour.test"))
                .put("defaultRoles", new JsonArray().add("analyst"));
        var path = server.admin("POST", providers, draft).header("Location");
        edit(providers, path, new JsonObject().put("description", "seen on a tour"), () -> signIn(path));
    }

    private static void signIn(String provider) {
        var oidc = "/api/v1/auth/oidc/";
        var id = provider.substring(provider.lastIndexOf('/') + 1);
        var begun = server.send("POST", oidc + "start", null, new JsonObject().put("provider", id))
                .json();
        var asked = begun.getString("authorizationUrl");
        var back = new JsonObject()
                .put("flow", begun.getString("flow"))
                .put("state", asked.replaceFirst(".*&state=([^&]+).*", "$1"))
                .put(
                        "code",
                        issuer.codeFor(issuer.claims("fathi", "tourist")
                                .put("nonce", asked.replaceFirst(".*&nonce=([^&]+).*", "$1"))
                                .put("email", "sso@tour.test")
                                .put("email_verified", true)));
        var code = server.send("POST", oidc + "finish", null, back).json().getString("code");
        server.send("POST", oidc + "token", null, new JsonObject().put("code", code));
    }

    private static void people() {
        var event = new JsonObject().put("userId", "tourist").put("traits", new JsonObject().put("city", "Izmir"));
        server.browser("POST", "/v1/identify", event.copy().put("userId", null).put("anonymousId", "visitor"));
        server.admin("POST", "/v1/identify", event);
        server.admin(
                "POST", "/v1/track", new JsonObject().put("userId", "tourist").put("event", "Arrived"));
        server.admin(
                "POST", "/v1/page", new JsonObject().put("userId", "tourist").put("name", "Home"));
        server.admin(
                "POST", "/v1/screen", new JsonObject().put("userId", "tourist").put("name", "Home"));
        server.admin(
                "POST", "/v1/alias", new JsonObject().put("userId", "tourist").put("previousId", "visitor"));
        server.admin(
                "POST",
                "/v1/batch",
                new JsonObject().put("batch", new JsonArray().add(event.copy().put("type", "identify"))));
        server.admin(
                "POST", "/v1/group", new JsonObject().put("userId", "tourist").put("groupId", "tour"));
        server.admin(
                "POST",
                "/api/v1/cdp/batch",
                new JsonObject().put("batch", new JsonArray().add(event).add(1)));
        server.send("POST", "/v1/m", null, new JsonObject().put("series", new JsonArray()));
        server.send("GET", "/v1/projects/" + server.writeKey() + "/settings", null, null);
        var path = "/api/v1/cdp/profiles/user:tourist";
        for (int i = 0; i < 1_200 && !server.seen().contains("getProfile 200"); i++) {
            server.admin("GET", path, null);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        server.admin("GET", "/api/v1/cdp/profiles?limit=1", null);
        server.admin("GET", path + "/events?limit=1", null);
        // Events may still be coming, each of which makes the version another.
        for (int i = 0; i < 100 && !server.seen().contains("updateProfile 200"); i++) {
            var tag = server.admin("GET", path, null).header("ETag");
            var change = new JsonObject().put("traits", new JsonObject().put("city", "Bergama"));
            server.admin("PATCH", path, change, "If-Match", tag);
        }
        var consent = new JsonObject().put("purpose", "marketing").put("granted", false);
        server.admin("PUT", path + "/consents", new JsonObject().put("consents", new JsonArray().add(consent)));
        server.admin("GET", path + "/consents", null);
        server.admin("GET", path + "/export", null);
        server.admin("GET", path + "/preferences", null);
        server.admin(
                "PUT",
                path + "/preferences",
                new JsonObject()
                        .put(
                                "quietHours",
                                new JsonObject().put("start", "22:00").put("end", "07:00")));
        server.admin(
                "POST",
                path + "/preferences/link",
                new JsonObject().put("language", "ar").put("days", 1));
        server.admin("GET", path + "/identities?limit=1", null);
        server.admin("POST", "/v1/identify", new JsonObject().put("userId", "companion"));
        eventually(
                "a merge",
                () -> server.admin(
                        "POST",
                        "/api/v1/cdp/profiles/user:companion/merge",
                        new JsonObject().put("into", "user:tourist")),
                answer -> answer.status() == 200);
        server.admin("POST", path + "/unmerge", new JsonObject().put("ids", new JsonArray().add("user:companion")));
        var suppressions = "/api/v1/cdp/suppressions";
        var entry = new JsonObject().put("kind", "email").put("value", "tourist@fathi.test");
        var made = server.admin("POST", suppressions, entry).header("Location");
        server.admin("GET", suppressions + "?kind=email&value=tourist@fathi.test&reason=manual&limit=1", null);
        server.admin("DELETE", made, null);
        var erased = new JsonObject().put("userId", "forgotten").put("groupId", "tour");
        server.admin("POST", "/v1/group", erased);
        var receipt = eventually(
                "an erasure",
                () -> server.admin("POST", "/api/v1/cdp/profiles/user:forgotten/erase", null),
                answer -> answer.status() == 202);
        server.admin("GET", receipt.header("Location"), null);
    }

    private static void keys() {
        var keys = "/api/v1/webpush/keys";
        var first = server.browser("GET", "/api/v1/webpush/key", null).json().getString("id");
        var pair = new JsonObject()
                .put(
                        "publicKey",
                        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8")
                .put("privateKey", "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        server.admin("POST", keys + "/import", pair);
        server.admin("POST", keys + "/import", pair);
        server.admin("POST", keys + "/rotate", null);
        server.admin("GET", keys + "/" + first, null);
        server.admin("POST", keys + "/" + first + "/retire", null);
        server.admin("GET", keys, null);
        imports(server.browser("GET", "/api/v1/webpush/key", null).json().getString("id"));
    }

    private static void imports(String keyId) {
        var path = server.raw(
                        "POST",
                        SUBSCRIPTIONS + "/import?keyId=" + keyId,
                        server.token(),
                        "endpoint,auth,p256dh\nno,web,push\n",
                        "Content-Type",
                        "text/csv")
                .header("Location");
        server.admin("GET", path, null);
        server.admin("GET", path + "/errors", null);
        server.admin("GET", "/api/v1/webpush/imports?limit=1", null);
    }

    private static void computedTraits() {
        var traits = "/api/v1/cdp/computed-traits";
        var count = new JsonObject().put("aggregate", "count").put("event", "Looked around");
        var made = server.admin(
                "POST", traits, new JsonObject().put("name", "looks").put("compute", count));
        var trait = made.header("Location");
        server.admin("GET", traits + "?q=look", null);
        var changed = server.admin(
                "PATCH",
                trait,
                new JsonObject().put("tags", new JsonArray().add("tour")),
                "If-Match",
                server.admin("GET", trait, null).header("ETag"));
        server.admin("DELETE", trait, null, "If-Match", changed.header("ETag"));
        var rules = "/api/v1/cdp/trait-rules";
        server.admin(
                "PUT",
                rules,
                new JsonObject().put("oldest", new JsonArray().add("firstPage")),
                "If-Match",
                server.admin("GET", rules, null).header("ETag"));
        var identity = "/api/v1/cdp/identity-rules";
        server.admin(
                "PUT",
                identity,
                new JsonObject().put("kinds", new JsonArray().add(new JsonObject().put("kind", "loyalty_no"))),
                "If-Match",
                server.admin("GET", identity, null).header("ETag"));
    }

    private static void schemas() {
        var schemas = "/api/v1/cdp/schemas";
        server.admin(
                "POST", "/v1/track", new JsonObject().put("userId", "tourist").put("event", "Looked around"));
        var id = eventually(
                        "the schema",
                        () -> server.admin("GET", schemas + "?q=around", null)
                                .json()
                                .getJsonArray("items"),
                        items -> !items.isEmpty())
                .getJsonObject(0)
                .getString("id");
        var schema = schemas + "/" + id;
        var pin = new JsonObject().put("properties", new JsonArray());
        var pinned = server.admin(
                "PUT",
                schema + "/pin",
                pin,
                "If-Match",
                server.admin("GET", schema, null).header("ETag"));
        server.admin("DELETE", schema + "/pin", null, "If-Match", pinned.header("ETag"));
        server.admin(
                "DELETE",
                schema,
                null,
                "If-Match",
                server.admin("GET", schema, null).header("ETag"));
        server.admin("GET", "/api/v1/cdp/events/live?seconds=1", null);
    }

    private static void segments() {
        var segments = "/api/v1/segments";
        var rule = new JsonObject().put("type", "trait").put("trait", "city").put("operator", "exists");
        server.admin("POST", segments + "/preview", new JsonObject().put("rule", rule));
        var dynamic = server.admin(
                        "POST",
                        segments,
                        new JsonObject().put("name", "In a city").put("rule", rule))
                .header("Location");
        server.admin("POST", dynamic + "/rebuild", null);
        server.admin("GET", "/api/v1/cdp/profiles/user:tourist/segments", null);
        var segment = server.admin("POST", segments, new JsonObject().put("name", "Tourists"))
                .header("Location");
        edit(segments, segment, new JsonObject().put("description", "seen on a tour"), () -> {
            server.admin(
                    "POST", segment + "/members", new JsonObject().put("add", new JsonArray().add("user:tourist")));
            server.admin("GET", segment + "/members", null);
            server.admin("GET", segment + "/export?format=csv", null);
            server.admin("GET", segment + "/versions", null);
            server.admin("GET", segment + "/history?interval=day&from=2026-11-01T00:00:00Z", null);
            server.admin("GET", segment + "/usage", null);
            var imported = server.raw(
                            "POST",
                            segment + "/import?mode=replace",
                            server.token(),
                            "userId\nnobody\n",
                            "Content-Type",
                            "text/csv")
                    .header("Location");
            server.admin("GET", imported, null);
            server.admin("GET", imported + "/errors", null);
            server.admin("GET", "/api/v1/segment-imports?limit=1", null);
        });
        var other = server.admin("POST", segments, new JsonObject().put("name", "Travellers"))
                .header("Location");
        var tag = server.admin("GET", other, null).header("ETag");
        server.admin("POST", other + "/restore", new JsonObject().put("version", 1), "If-Match", tag);
    }

    private static void templates() {
        var templates = "/api/v1/templates";
        var variant = new JsonObject().put("language", "en").put("content", new JsonObject().put("title", "A tour"));
        var draft = new JsonObject().put("name", "Tour").put("variants", new JsonArray().add(variant));
        var template = server.admin("POST", templates, draft).header("Location");
        edit(templates, template, new JsonObject().put("category", "Tours"), () -> {
            for (var look : List.of("/versions", "/version?number=1", "/diff?from=1&to=2", "/usage")) {
                server.admin("GET", template + look, null);
            }
            for (var trial : List.of("/render", "/preview", "/lint")) {
                server.admin("POST", template + trial, null);
            }
            var copy = server.admin("POST", template + "/clone", new JsonObject().put("name", "Another"))
                    .header("Location");
            server.admin("POST", copy + "/submit", null, "If-Match", "\"v1\"");
            server.admin("POST", copy + "/reject", new JsonObject().put("comment", "Far"), "If-Match", "\"v1\"");
            server.admin("POST", copy + "/submit", null, "If-Match", "\"v1\"");
            server.admin("POST", copy + "/approve", null, "If-Match", "\"v1\"");
            server.admin("POST", copy + "/archive", null, "If-Match", "\"v1\"");
            server.admin("POST", copy + "/restore", new JsonObject().put("version", 1), "If-Match", "\"v1\"");
        });
        var snippets = "/api/v1/template-snippets";
        var snippet = server.admin(
                        "POST", snippets, new JsonObject().put("name", "tour").put("text", "Hello"))
                .header("Location");
        edit(snippets, snippet, new JsonObject().put("text", "Good day"), () -> {});
        var picture =
                "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mOQKn6BFTEMLQkAPGRdQQpaXewAAAAASUVORK5CYII=";
        var image = server.admin(
                        "POST",
                        "/api/v1/template-images",
                        new JsonObject().put("name", "Blue").put("data", picture))
                .header("Location");
        server.admin("GET", "/api/v1/template-images?q=blue", null);
        server.admin("GET", image, null);
        server.admin("DELETE", image, null);
    }

    private static void campaigns() {
        var campaigns = "/api/v1/campaigns";
        var key = server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
        var tourist = server.admin(
                        "POST", SUBSCRIPTIONS, push.subscribe(key).toJson().put("userId", "tourist"))
                .json();
        var own = "/api/v1/webpush/own-browsers/" + tourist.getString("id");
        server.admin("PUT", own, new JsonObject().put("deviceSecret", tourist.getString("deviceSecret")));
        server.admin("GET", "/api/v1/webpush/own-browsers", null);
        server.admin("DELETE", own, null);
        var audience = new JsonObject()
                .put("rule", new JsonObject().put("type", "subscribed").put("channel", "webpush"));
        var draft = new JsonObject()
                .put("name", "Tour by night")
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "A tour"))
                .put("audience", audience)
                .put(
                        "schedule",
                        new JsonObject()
                                .put("kind", "recurring")
                                .put("rule", "FREQ=DAILY")
                                .put("start", "2026-01-01T09:00")
                                .put("zone", "UTC"));
        var campaign = server.admin("POST", campaigns, draft).header("Location");
        edit(campaigns, campaign, new JsonObject().put("tags", new JsonArray().add("tours")), () -> {
            for (var trial : List.of("/check", "/estimate")) {
                server.admin("POST", campaign + trial, null);
            }
            server.admin(
                    "POST", campaign + "/test-send", new JsonObject().put("userIds", new JsonArray().add("tourist")));
            for (var look : List.of("/runs", "/stats", "/progress?seconds=1")) {
                server.admin("GET", campaign + look, null);
            }
            var copy = server.admin("POST", campaign + "/clone", new JsonObject().put("name", "Tour by day"))
                    .header("Location");
            step(copy, "submit", null);
            step(copy, "reject", new JsonObject().put("comment", "Too far"));
            step(copy, "submit", null);
            step(copy, "approve", null);
            step(copy, "schedule", null);
            // Between two of its times, as it is from the first to the last.
            server.database().execute("UPDATE campaigns_campaign SET status = 'running' WHERE name = 'Tour by day'");
            step(copy, "pause", null);
            step(copy, "resume", null);
            step(copy, "cancel", null);
            step(copy, "archive", null);
            var once = server.admin(
                            "POST",
                            campaigns,
                            draft.copy().put("name", "Tour now").putNull("schedule"))
                    .header("Location");
            step(once, "launch", null);
            var triggered = draft.copy().put("name", "Tour on request");
            triggered.put("schedule", new JsonObject().put("kind", "triggered"));
            var onRequest = server.admin("POST", campaigns, triggered).header("Location");
            step(onRequest, "launch", null);
            server.admin(
                    "POST",
                    onRequest + "/trigger",
                    new JsonObject().put("recipients", new JsonArray().add(new JsonObject().put("userId", "tourist"))));
            server.admin("GET", onRequest + "/progress?seconds=1", null);
            server.admin("POST", onRequest + "/finish", null);
        });
    }

    private static void step(String campaign, String step, JsonObject body) {
        server.admin("POST", campaign + "/" + step, body, "If-Match", "\"v1\"");
    }

    private static void sites() {
        var sites = "/api/v1/webpush/sites";
        var site = server.admin(
                        "POST",
                        sites,
                        new JsonObject().put("origin", "https://tour.example").put("name", "Tour"))
                .header("Location");
        edit(sites, site, new JsonObject().put("icon", "https://tour.example/icon.png"), () -> {});
        var text = new JsonObject()
                .put("language", "en")
                .put("title", "Shall we?")
                .put("accept", "Yes")
                .put("refuse", "No");
        var prompts = "/api/v1/webpush/prompts";
        var prompt = server.admin(
                        "POST",
                        prompts,
                        new JsonObject()
                                .put("name", "tour")
                                .put("kind", "banner")
                                .put("texts", new JsonArray().add(text)))
                .header("Location");
        edit(
                prompts,
                prompt,
                new JsonObject().put("description", "seen on a tour"),
                () -> server.browser("GET", prompts + "/active?language=en&anonymousId=visitor", null));
    }

    /** Reads, changes and deletes a thing; a look at it in between. */
    private static void edit(String list, String path, JsonObject change, Runnable look) {
        server.admin("GET", list + "?limit=1", null);
        var read = server.admin("GET", path, null);
        var changed = server.admin("PATCH", path, change, "If-Match", read.header("ETag"));
        look.run();
        server.admin("DELETE", path, null, "If-Match", changed.header("ETag"));
    }

    private static String subscriptions() {
        var browser = push.subscribe(
                server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey"));
        var draft = new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
        var saved = server.browser("POST", SUBSCRIPTIONS, draft).json();
        server.browser("POST", SUBSCRIPTIONS, draft, "X-Device-Secret", saved.getString("deviceSecret"));
        var path = SUBSCRIPTIONS + "/" + saved.getString("id");
        server.browser("PUT", path, draft.put("language", "tr"), "X-Device-Secret", saved.getString("deviceSecret"));
        server.admin("GET", path, null);
        server.admin("GET", SUBSCRIPTIONS + "?status=active&limit=1", null);
        server.admin("POST", SUBSCRIPTIONS + "/export", new JsonObject().put("passphrase", "a tour around it"));
        return saved.getString("id");
    }

    private static void messages(String subscription) {
        var message = new JsonObject()
                .put("audience", new JsonObject().put("subscriptionIds", new JsonArray().add(subscription)))
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Welcome"))
                .put("sendAt", java.time.Instant.now().plusSeconds(3_600).toString());
        server.admin("POST", MESSAGES, message.copy().put("dryRun", true));
        var path = server.admin("POST", MESSAGES, message).header("Location");
        server.admin("GET", path, null);
        server.admin("GET", path + "/deliveries?state=waiting", null);
        server.admin("POST", path + "/pause", null);
        server.admin("POST", path + "/resume", null);
        server.admin("POST", path + "/cancel", null);
        var toNobody = message.copy().put("audience", new JsonObject().put("userIds", new JsonArray().add("nobody")));
        toNobody.remove("sendAt");
        server.admin(
                "POST",
                server.admin("POST", MESSAGES, toNobody).header("Location") + "/resend",
                new JsonObject().put("dryRun", true));
        server.admin("POST", SUBSCRIPTIONS + "/" + subscription + "/test", new JsonObject().put("dryRun", true));
        server.admin("GET", MESSAGES + "?state=cancelled&source=api&purpose=marketing&from=2026-01-01T00:00:00Z", null);
        server.admin("POST", MESSAGES, message);
        jobs();
        server.raw(
                "POST",
                "/api/v1/webpush/track",
                null,
                "{\"interactions\":[{\"token\":\"not-ours\",\"type\":\"shown\"}]}",
                "Content-Type",
                "text/plain");
        server.admin("DELETE", SUBSCRIPTIONS + "/" + subscription, null);
    }

    /** There is one: the message that waits for its hour. */
    private static void jobs() {
        var jobs = server.admin("GET", "/api/v1/jobs?state=waiting&type=cep.send", null)
                .json()
                .getJsonArray("items");
        var path = "/api/v1/jobs/" + jobs.getJsonObject(0).getString("id");
        server.admin("GET", path, null);
        server.admin("POST", path + "/cancel", null);
        var redrive = new JsonObject()
                .put("filter", new JsonObject().put("types", new JsonArray().add("cep.send")))
                .put("dryRun", true);
        server.admin("POST", "/api/v1/jobs/redrive", redrive);
    }
}
