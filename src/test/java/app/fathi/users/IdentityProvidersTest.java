package app.fathi.users;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakeIssuer;
import app.fathi.testing.FakeIssuer.Key;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Identity providers as a workspace keeps them, and machines that show their tokens. */
class IdentityProvidersTest {
    private static final String PROVIDERS = "/api/v1/identity-providers";

    private static FakeIssuer issuer;
    private static TestServer server;

    @BeforeAll
    static void start() {
        issuer = FakeIssuer.start();
        server = TestServer.start(Map.of("FATHI_OUTBOUND_PLAINTEXT", "true"));
    }

    @AfterAll
    static void stop() {
        server.close();
        issuer.close();
    }

    // ---- the thing ----

    private static JsonObject machines(String audience) {
        return new JsonObject()
                .put("kind", "machines")
                .put("name", "Robots")
                .put("issuer", issuer.url())
                .put("audiences", new JsonArray().add(audience));
    }

    private static JsonObject people() {
        return new JsonObject()
                .put("kind", "people")
                .put("name", "Staff")
                .put("issuer", "https://id.example.com")
                .put("clientId", "fathi")
                .put("clientSecret", "a secret of theirs");
    }

    private static String audience() {
        return "fathi-" + UUID.randomUUID();
    }

    private static JsonObject mapping(String claim, String value, String role) {
        return new JsonObject().put("claim", claim).put("value", value).put("role", role);
    }

    private static Answer make(JsonObject draft) {
        var answer = server.admin("POST", PROVIDERS, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer;
    }

    private static Answer change(String path, JsonObject change) {
        var tag = server.admin("GET", path, null).header("ETag");
        return server.admin("PATCH", path, change, "If-Match", tag);
    }

    @Test
    void a_provider_is_made_read_changed_and_deleted_and_its_secret_is_never_shown() {
        var made = make(people().put("tags", new JsonArray().add("staff")));
        var path = made.header("Location");
        var id = made.json().getString("id");
        assertThat(made.json().getString("redirectUri")).isEqualTo(server.url() + "/account/callback");
        assertThat(made.json().getString("signInUrl")).isEqualTo(server.url() + "/account#sign-in=" + id);
        assertThat(made.json().getBoolean("hasClientSecret")).isTrue();
        assertThat(server.admin("GET", PROVIDERS + "?tag=staff&q=STA", null).body())
                .contains(id);
        assertThat(server.admin("PATCH", path, new JsonObject().put("name", "x"))
                        .status())
                .isEqualTo(428);
        var renamed = change(path, new JsonObject().put("name", "Everybody"));
        assertThat(renamed.json().getBoolean("hasClientSecret")).as("it stays").isTrue();
        assertThat(server.admin(
                                "PATCH",
                                path,
                                new JsonObject().put("name", "x"),
                                "If-Match",
                                made.header("ETag") == null ? "\"v1\"" : made.header("ETag"))
                        .status())
                .isEqualTo(412);
        assertThat(change(path, new JsonObject().putNull("clientSecret")).json().getBoolean("hasClientSecret"))
                .isFalse();
        var trail = server.admin("GET", "/api/v1/audit/events?objectId=" + id, null);
        assertThat(trail.body()).contains("identity-provider.create", "identity-provider.update");
        for (var answer : List.of(made, renamed, trail)) {
            assertThat(answer.body()).doesNotContain("a secret of theirs");
        }
        var tag = server.admin("GET", path, null).header("ETag");
        assertThat(server.admin("DELETE", path, null, "If-Match", tag).status()).isEqualTo(204);
        assertThat(server.admin("GET", path, null).status()).isEqualTo(404);
    }

    @Test
    void a_draft_that_makes_no_sense_is_refused_and_told_why() {
        refused(people().putNull("clientId"), 400, "/clientId");
        var nameless = people();
        nameless.remove("clientId");
        refused(nameless, 422, "/clientId");
        refused(people().put("audiences", new JsonArray().add("x")), 422, "/audiences");
        refused(people().put("scopes", new JsonArray().add("email")), 422, "/scopes");
        refused(people().put("createAccounts", true), 422, "/emailDomains");
        refused(
                people().put("createAccounts", true).put("emailDomains", new JsonArray().add("staff.test")),
                422,
                "/defaultRoles");
        refused(people().put("issuer", "https://10.0.0.1"), 422, "/issuer");
        refused(people().put("issuer", "not a URL"), 422, "/issuer");
        refused(people().put("issuer", "https://id.example.com?a=b"), 422, "/issuer");
        refused(machines(audience()).put("audiences", new JsonArray()), 422, "/audiences");
        refused(machines(audience()).put("clientSecret", "x"), 422, "/clientSecret");
        refused(machines(audience()).put("jwksUrl", "file:///etc/passwd"), 422, "/jwksUrl");
        refused(
                machines(audience()).put("roleMappings", new JsonArray().add(mapping("/a~2", "x", "analyst"))),
                422,
                "/roleMappings/0/claim");
        refused(
                machines(audience()).put("roleMappings", new JsonArray().add(mapping("a", "x", "nobody"))),
                422,
                "/roleMappings/0/role");
        refused(machines(audience()).put("defaultRoles", new JsonArray().add("nobody")), 422, "/defaultRoles/0");
    }

    private static void refused(JsonObject draft, int status, String pointer) {
        var answer = server.admin("POST", PROVIDERS, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.body()).contains(pointer);
    }

    @Test
    void nobody_gives_what_they_lack_and_who_might_sign_in_anybody_is_an_administrator() {
        server.admin(
                "POST",
                "/api/v1/roles",
                new JsonObject()
                        .put("name", "integrations")
                        .put(
                                "permissions",
                                new JsonArray().add("identity-providers:read").add("identity-providers:manage"))
                        .put("parents", new JsonArray().add("integrator")));
        var lesser = server.member("integrations");
        assertThat(server.send("POST", PROVIDERS, lesser, people()).status()).isEqualTo(403);
        var draft = machines(audience()).put("defaultRoles", new JsonArray().add("integrator"));
        var own = server.send("POST", PROVIDERS, lesser, draft);
        assertThat(own.status()).as(own.body()).isEqualTo(201);
        var more = machines(audience()).put("defaultRoles", new JsonArray().add("administrator"));
        assertThat(server.send("POST", PROVIDERS, lesser, more).status()).isEqualTo(403);
        var path = make(more).header("Location");
        var jwks = new JsonObject().put("jwksUrl", "https://evil.example/keys");
        assertThat(server.send("PATCH", path, lesser, jwks, "If-Match", "\"v1\"")
                        .status())
                .isEqualTo(403);
        assertThat(server.send("DELETE", path, lesser, null, "If-Match", "\"v1\"")
                        .status())
                .isEqualTo(403);
        var raise = new JsonObject().put("defaultRoles", new JsonArray().add("administrator"));
        assertThat(server.send("PATCH", own.header("Location"), lesser, raise, "If-Match", "\"v1\"")
                        .status())
                .isEqualTo(403);
    }

    @Test
    void a_role_that_a_provider_gives_is_in_use_and_is_given_under_its_new_name() {
        var role = server.admin("POST", "/api/v1/roles", new JsonObject().put("name", "robot-role"))
                .header("Location");
        var path = make(machines(audience()).put("defaultRoles", new JsonArray().add("robot-role")))
                .header("Location");
        var renamed = server.admin("PATCH", role, new JsonObject().put("name", "robots-role"), "If-Match", "\"v1\"");
        assertThat(server.admin("GET", path, null).json().getJsonArray("defaultRoles"))
                .containsExactly("robots-role");
        var refused = server.admin("DELETE", role, null, "If-Match", renamed.header("ETag"));
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.json().getString("detail")).contains("Robots");
    }

    @Test
    void issuer_and_audience_are_one_providers_alone_whatever_its_workspace() {
        var audience = audience();
        make(machines(audience));
        assertThat(server.admin("POST", PROVIDERS, machines(audience)).status()).isEqualTo(409);
        assertThat(server.send("POST", PROVIDERS, server.otherWorkspace(), machines(audience))
                        .status())
                .isEqualTo(409);
    }

    // ---- machines ----

    private static String token(String audience) {
        return issuer.key().sign(issuer.claims(audience, "repo:acme/shop"));
    }

    private static int status(String token) {
        return server.send("GET", "/api/v1/webpush/sites", token, null).status();
    }

    @Test
    void a_machine_may_what_its_claims_give_and_the_trail_names_it() {
        var audience = audience();
        var provider = make(machines(audience)
                        .put(
                                "roleMappings",
                                new JsonArray()
                                        .add(mapping("/realm/roles", "deploy", "administrator"))
                                        .add(mapping("scope", "read", "analyst"))))
                .json();
        var reader = issuer.key().sign(issuer.claims(audience, "reader").put("scope", "read"));
        var deployer = issuer.key()
                .sign(issuer.claims(audience, "deployer")
                        .put(
                                "realm",
                                new JsonObject()
                                        .put("roles", new JsonArray().add("x").add("deploy"))));
        assertThat(status(reader)).isEqualTo(200);
        assertThat(status(token(audience))).as("no role").isEqualTo(403);
        var site = new JsonObject().put("origin", "https://robot.example").put("name", "Robot");
        assertThat(server.send("POST", "/api/v1/webpush/sites", reader, site).status())
                .isEqualTo(403);
        assertThat(server.send("POST", "/api/v1/webpush/sites", deployer, site).status())
                .isEqualTo(201);
        var trail = server.admin("GET", "/api/v1/audit/events?result=success&actorId=" + provider.getString("id"), null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0)
                .getJsonObject("actor");
        assertThat(trail.getString("kind")).isEqualTo("machine");
        assertThat(trail.getString("name")).isEqualTo("Robots (deployer)");
        var me = server.send("GET", "/api/v1/auth/me", deployer, null).json();
        assertThat(me.getString("kind")).isEqualTo("machine");
        assertThat(server.send("GET", "/api/v1/auth/sessions", deployer, null).status())
                .isEqualTo(403);
    }

    @Test
    void what_a_provider_requires_has_to_be_there() {
        var audience = audience();
        make(machines(audience)
                .put(
                        "requiredClaims",
                        new JsonArray().add(new JsonObject().put("claim", "ref").put("value", "refs/heads/main")))
                .put("defaultRoles", new JsonArray().add("analyst")));
        assertThat(status(token(audience))).isEqualTo(401);
        assertThat(status(issuer.key().sign(issuer.claims(audience, "x").put("ref", "refs/heads/other"))))
                .isEqualTo(401);
        assertThat(status(issuer.key().sign(issuer.claims(audience, "x").put("ref", "refs/heads/main"))))
                .isEqualTo(200);
    }

    @Test
    void a_token_works_in_the_workspace_of_its_provider_and_at_no_other_provider() {
        var ours = audience();
        var theirs = audience();
        var roles = new JsonArray().add("administrator");
        make(machines(ours).put("defaultRoles", roles));
        var stranger = server.otherWorkspace();
        server.send("POST", PROVIDERS, stranger, machines(theirs).put("defaultRoles", roles));
        assertThat(workspace(token(ours))).isEqualTo(workspace(server.token()));
        assertThat(workspace(token(theirs))).isEqualTo(workspace(stranger));
        var claimed = issuer.claims(theirs, "x").put("ws", workspace(server.token()));
        assertThat(workspace(issuer.key().sign(claimed))).isEqualTo(workspace(stranger));
        var both = issuer.claims(ours, "x").put("aud", new JsonArray().add(ours).add(theirs));
        assertThat(status(issuer.key().sign(both)))
                .as("for two workspaces at once")
                .isEqualTo(401);
        assertThat(status(token(audience()))).as("for nobody here").isEqualTo(401);
        try (var other = FakeIssuer.start()) {
            var audience = audience();
            make(machines(audience).put("issuer", other.url()).put("defaultRoles", roles));
            assertThat(status(other.key().sign(other.claims(audience, "x")))).isEqualTo(200);
            assertThat(status(other.key().sign(other.claims(ours, "x")))).isEqualTo(401);
            assertThat(status(other.key().sign(issuer.claims(ours, "x")))).isEqualTo(401);
            assertThat(status(issuer.key().sign(other.claims(audience, "x")))).isEqualTo(401);
        }
    }

    private static String workspace(String token) {
        return server.send("GET", "/api/v1/workspaces", token, null).json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .filter(each -> each.getBoolean("current"))
                .findFirst()
                .orElseThrow()
                .getString("id");
    }

    @Test
    void a_forged_token_is_401_and_an_issuer_that_cannot_be_asked_503() {
        var audience = audience();
        var path = make(machines(audience).put("defaultRoles", new JsonArray().add("administrator")))
                .header("Location");
        var good = token(audience);
        assertThat(status(good)).isEqualTo(200);
        var forger = Key.ec(issuer.key().kid());
        assertThat(status(forger.sign(issuer.claims(audience, "x")))).isEqualTo(401);
        assertThat(status(forger.sign(forger.header().put("alg", "none"), issuer.claims(audience, "x"))))
                .isEqualTo(401);
        assertThat(status(good.substring(0, good.length() - 4))).isEqualTo(401);
        assertThat(status(issuer.key().sign(issuer.claims(audience, "x").put("exp", 1))))
                .isEqualTo(401);
        assertThat(status(issuer.key().sign(issuer.claims(audience, "x").put("iss", "fathi"))))
                .isEqualTo(401);
        change(path, new JsonObject().put("jwksUrl", "http://127.0.0.1:1/keys"));
        var refused = server.send("GET", "/api/v1/webpush/sites", good, null);
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.header("Retry-After")).isNotNull();
    }

    @Test
    void a_provider_that_is_disabled_or_gives_less_does_so_at_once() {
        var audience = audience();
        var path = make(machines(audience).put("defaultRoles", new JsonArray().add("analyst")))
                .header("Location");
        assertThat(status(token(audience))).isEqualTo(200);
        change(path, new JsonObject().put("defaultRoles", new JsonArray()));
        assertThat(status(token(audience))).isEqualTo(403);
        change(path, new JsonObject().put("enabled", false));
        assertThat(status(token(audience))).isEqualTo(401);
        change(path, new JsonObject().put("enabled", true));
        assertThat(status(token(audience))).isEqualTo(403);
    }

    @Test
    void a_new_key_of_the_issuer_is_believed_and_one_that_it_took_back_is_not() {
        try (var other = FakeIssuer.start()) {
            var audience = audience();
            make(machines(audience).put("issuer", other.url()).put("defaultRoles", new JsonArray().add("analyst")));
            var first = other.key();
            var next = Key.ec("next");
            other.publish(next);
            // Nothing was asked yet, so what is published now is all that there ever was.
            assertThat(status(next.sign(other.claims(audience, "x")))).isEqualTo(200);
            assertThat(status(first.sign(other.claims(audience, "x")))).isEqualTo(401);
        }
    }
}
