package app.fathi.users;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Authenticator;
import app.fathi.testing.FakeIssuer;
import app.fathi.testing.FakeIssuer.Key;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.URLDecoder;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** People who sign in through an identity provider that a test has in its hand: what it says, and when it lies. */
class SignInsTest {
    private static final String PROVIDERS = "/api/v1/identity-providers";
    private static final String OIDC = "/api/v1/auth/oidc/";

    private static TestServer server;

    private FakeIssuer issuer;
    private String path;
    private final String person = UUID.randomUUID().toString();

    @BeforeAll
    static void startServer() {
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_PLAINTEXT", "true", "FATHI_SECURITY_PROVIDER_PAUSE_SECONDS", "1"));
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    /** Its keys are new to the server each time, and so are its people. */
    @BeforeEach
    void start() {
        issuer = FakeIssuer.start();
        path = provider(server.token());
    }

    private String provider(String token) {
        var made = server.send(
                "POST",
                PROVIDERS,
                token,
                new JsonObject()
                        .put("kind", "people")
                        .put("name", "Staff")
                        .put("issuer", issuer.url())
                        .put("clientId", "fathi")
                        .put("clientSecret", "s:e cret")
                        .put("createAccounts", true)
                        .put("emailDomains", new JsonArray().add("staff.test"))
                        .put("secondFactor", new JsonArray().add("mfa"))
                        .put(
                                "roleMappings",
                                new JsonArray()
                                        .add(mapping("admins", "administrator"))
                                        .add(mapping("lookers", "analyst"))));
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        return made.header("Location");
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    private static JsonObject mapping(String group, String role) {
        return new JsonObject().put("claim", "groups").put("value", group).put("role", role);
    }

    private void change(JsonObject change) {
        var tag = server.admin("GET", path, null).header("ETag");
        var answer = server.admin("PATCH", path, change, "If-Match", tag);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static Answer post(String operation, JsonObject body) {
        return server.send("POST", OIDC + operation, null, body);
    }

    /** A sign-in that has begun: what the browser keeps, and what it carries. */
    private record Begun(String flow, Map<String, String> asked) {
        JsonObject back(String code) {
            return new JsonObject()
                    .put("flow", flow)
                    .put("state", asked.get("state"))
                    .put("code", code);
        }
    }

    private Begun begin() {
        var begun = post("start", new JsonObject().put("provider", path.substring(path.lastIndexOf('/') + 1)));
        assertThat(begun.status()).as(begun.body()).isEqualTo(200);
        var url = URI.create(begun.json().getString("authorizationUrl"));
        return new Begun(
                begun.json().getString("flow"),
                Stream.of(url.getRawQuery().split("&"))
                        .map(field -> field.split("=", 2))
                        .collect(Collectors.toMap(field -> field[0], field -> URLDecoder.decode(field[1], UTF_8))));
    }

    /** Somebody with a verified address and a group. */
    private JsonObject claims(Begun begun) {
        return issuer.claims("fathi", person)
                .put("nonce", begun.asked.get("nonce"))
                .put("name", "Grace Hopper")
                .put("email", person + "@staff.test")
                .put("email_verified", true)
                .put("groups", new JsonArray().add("lookers"));
    }

    private Answer finish(UnaryOperator<JsonObject> changed) {
        var begun = begin();
        return post("finish", begun.back(issuer.codeFor(changed.apply(claims(begun)))));
    }

    private Answer finish() {
        return finish(claims -> claims);
    }

    private static Answer exchange(Answer finished) {
        assertThat(finished.status()).as(finished.body()).isEqualTo(200);
        return post("token", new JsonObject().put("code", finished.json().getString("code")));
    }

    private static String accessToken(Answer finished) {
        var tokens = exchange(finished);
        assertThat(tokens.status()).as(tokens.body()).isEqualTo(200);
        return tokens.json().getString("accessToken");
    }

    private static JsonObject me(String token) {
        return server.send("GET", "/api/v1/auth/me", token, null).json();
    }

    private static int status(String token) {
        return server.send("GET", "/api/v1/auth/me", token, null).status();
    }

    private static void refused(Answer answer, int status, String words) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.json().getString("detail")).contains(words);
    }

    private static int accounts(String email) {
        return server.admin("GET", "/api/v1/users?q=" + email, null)
                .json()
                .getJsonArray("items")
                .size();
    }

    // ---- what a login page shows ----

    private static JsonObject waysIn(String workspace) {
        var answer = server.send("GET", "/api/v1/auth/providers?workspace=" + workspace, null, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    @Test
    void a_login_page_is_told_the_ways_in_and_nobody_which_workspaces_there_are() {
        var token = anotherWorkspace("Ways in").json().getString("accessToken");
        var beside = me(token).getJsonObject("workspace").getString("id");
        var nothing = new JsonObject().put("passwordSignIn", true).put("items", new JsonArray());
        assertThat(waysIn(beside)).isEqualTo(nothing);
        var id = provider(token).substring(PROVIDERS.length() + 1);
        server.send(
                "POST",
                PROVIDERS,
                token,
                new JsonObject()
                        .put("kind", "machines")
                        .put("name", "CI")
                        .put("issuer", issuer.url())
                        .put("audiences", new JsonArray().add(person))
                        .put("defaultRoles", new JsonArray().add("analyst")));
        var offered = new JsonObject()
                .put("id", id)
                .put("name", "Staff")
                .put("signInUrl", server.url() + "/account#sign-in=" + id);
        assertThat(waysIn(beside).getJsonArray("items")).containsExactly(offered);
        path = PROVIDERS + "/" + id;
        changeBy(token, path, new JsonObject().put("enabled", false));
        assertThat(waysIn(beside)).isEqualTo(nothing);
        assertThat(waysIn(UUID.randomUUID().toString())).isEqualTo(nothing);
        assertThat(waysIn("nonsense")).isEqualTo(nothing);
    }

    // ---- without passwords ----

    private static Answer anotherWorkspace(String name) {
        var made = server.admin("POST", "/api/v1/workspaces", new JsonObject().put("name", name));
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        return server.admin(
                "POST",
                "/api/v1/auth/workspace",
                new JsonObject().put("workspace", made.json().getString("id")));
    }

    private static Answer changeBy(String token, String path, JsonObject change) {
        var tag = server.send("GET", path, token, null).header("ETag");
        return server.send("PATCH", path, token, change, "If-Match", tag);
    }

    private static Answer passwords(String token, boolean letIn) {
        return changeBy(token, "/api/v1/workspaces/current", new JsonObject().put("passwordSignIn", letIn));
    }

    private static Answer login(String password, String workspace) {
        return server.send(
                "POST",
                "/api/v1/auth/login",
                null,
                new JsonObject()
                        .put("email", TestServer.ADMIN_EMAIL)
                        .put("password", password)
                        .put("workspace", workspace));
    }

    @Test
    void where_no_password_lets_in_only_the_provider_does_and_the_last_way_in_stays() {
        var entered = anotherWorkspace("Without passwords").json();
        var token = entered.getString("accessToken");
        var beside = me(token).getJsonObject("workspace").getString("id");
        path = provider(token);
        refused(passwords(token, false), 409, "No administrator has signed in");
        accessToken(finish());
        refused(passwords(token, false), 409, "No administrator has signed in");
        var administrator = new JsonArray().add("admins");
        var staff = accessToken(finish(claims ->
                claims.put("sub", "root").put("email", "root@staff.test").put("groups", administrator)));
        changeBy(token, path, new JsonObject().put("enabled", false));
        refused(passwords(token, false), 409, "No administrator has signed in");
        changeBy(token, path, new JsonObject().put("enabled", true));
        var key = server.send(
                        "POST",
                        "/api/v1/api-keys",
                        token,
                        new JsonObject().put("name", "k").put("permissions", new JsonArray().add("messages:read")))
                .json()
                .getString("secret");
        assertThat(passwords(token, false).status()).isEqualTo(200);

        assertThat(status(token)).as("a session that began with a password").isEqualTo(401);
        var refresh = new JsonObject().put("refreshToken", entered.getString("refreshToken"));
        assertThat(server.send("POST", "/api/v1/auth/refresh", null, refresh).status())
                .isEqualTo(401);
        refused(login(TestServer.ADMIN_PASSWORD, beside), 403, "Sign in through its identity provider");
        refused(login("not the password", beside), 401, "The e-mail address or the password is wrong.");
        refused(
                server.admin("POST", "/api/v1/auth/workspace", new JsonObject().put("workspace", beside)),
                403,
                "Sign in through its identity provider");
        assertThat(login(
                                TestServer.ADMIN_PASSWORD,
                                me(server.token()).getJsonObject("workspace").getString("id"))
                        .status())
                .as("where passwords do")
                .isEqualTo(200);
        assertThat(status(staff)).isEqualTo(200);
        assertThat(status(key)).isEqualTo(200);
        assertThat(waysIn(beside).getBoolean("passwordSignIn")).isFalse();

        var invited = server.send(
                        "POST",
                        "/api/v1/users",
                        staff,
                        new JsonObject()
                                .put("email", person + "@elsewhere.test")
                                .put("name", "New")
                                .put("roles", new JsonArray().add("analyst")))
                .json()
                .getJsonObject("invitation")
                .getString("url");
        refused(
                server.send(
                        "POST",
                        "/api/v1/auth/invitation",
                        null,
                        new JsonObject()
                                .put("token", invited.substring(invited.indexOf('=') + 1))
                                .put("password", TestServer.ADMIN_PASSWORD)),
                403,
                "sign in through its identity provider");

        refused(changeBy(staff, path, new JsonObject().put("enabled", false)), 409, "another way in");
        refused(changeBy(staff, path, new JsonObject().put("issuer", issuer.url() + "/other")), 409, "another way in");
        var tag = server.send("GET", path, staff, null).header("ETag");
        refused(server.send("DELETE", path, staff, null, "If-Match", tag), 409, "another way in");
        refused(
                changeBy(
                        staff,
                        "/api/v1/users/" + me(staff).getString("id"),
                        new JsonObject().put("roles", new JsonArray().add("analyst"))),
                409,
                "The last administrator stays");

        assertThat(passwords(staff, true).status()).isEqualTo(200);
        assertThat(login(TestServer.ADMIN_PASSWORD, beside).status()).isEqualTo(200);
        assertThat(changeBy(staff, path, new JsonObject().put("enabled", false)).status())
                .isEqualTo(200);
    }

    // ---- the way there and back ----

    @Test
    void who_comes_for_the_first_time_gets_an_account_and_tokens_of_ours() throws Exception {
        var begun = begin();
        assertThat(begun.asked)
                .containsEntry("response_type", "code")
                .containsEntry("client_id", "fathi")
                .containsEntry("redirect_uri", server.url() + "/account/callback")
                .containsEntry("scope", "openid profile email")
                .containsEntry("code_challenge_method", "S256");
        var finished = post("finish", begun.back(issuer.codeFor(claims(begun))));
        var form = issuer.lastForm();
        assertThat(form)
                .containsEntry("grant_type", "authorization_code")
                .containsEntry("redirect_uri", server.url() + "/account/callback")
                .containsEntry(
                        "authorization",
                        "Basic " + Base64.getEncoder().encodeToString("fathi:s%3Ae+cret".getBytes(US_ASCII)));
        assertThat(FakeIssuer.part(MessageDigest.getInstance("SHA-256")
                        .digest(form.get("code_verifier").getBytes(US_ASCII))))
                .isEqualTo(begun.asked.get("code_challenge"));
        var tokens = exchange(finished).json();
        var me = me(tokens.getString("accessToken"));
        assertThat(me.getString("name")).isEqualTo("Grace Hopper");
        assertThat(me.getString("email")).isEqualTo(person + "@staff.test");
        assertThat(me.getJsonArray("roles")).containsExactly("analyst");
        var refreshed = server.send(
                "POST",
                "/api/v1/auth/refresh",
                null,
                new JsonObject().put("refreshToken", tokens.getString("refreshToken")));
        assertThat(status(refreshed.json().getString("accessToken"))).isEqualTo(200);
        assertThat(me(accessToken(finish(claims -> claims.put("email", "new@elsewhere.test"))))
                        .getString("id"))
                .as("the subject says who it is, whatever the address")
                .isEqualTo(me.getString("id"));
    }

    @Test
    void a_code_and_a_way_back_work_once() {
        var begun = begin();
        var code = issuer.codeFor(claims(begun));
        var finished = post("finish", begun.back(code));
        refused(post("finish", begun.back(code)), 401, "Begin again");
        var other = begin();
        refused(post("finish", other.back(code)), 401, "does not confirm");
        assertThat(exchange(finished).status()).isEqualTo(200);
        assertThat(exchange(finished).status()).isEqualTo(401);
    }

    @Test
    void nobody_comes_back_with_what_belongs_to_another_sign_in() {
        var mine = begin();
        var theirs = begin();
        var code = issuer.codeFor(claims(theirs));
        refused(post("finish", mine.back(code).put("state", theirs.asked.get("state"))), 401, "not the way back");
        refused(post("finish", begin().back(issuer.codeFor(claims(theirs)))), 401, "proves nothing");
        refused(post("finish", theirs.back(code).put("flow", "fsf_guessed")), 401, "not known");
        refused(
                post(
                        "finish",
                        new JsonObject()
                                .put("flow", theirs.flow)
                                .put("state", theirs.asked.get("state"))
                                .put("error", "access_denied")),
                401,
                "access_denied");
    }

    @Test
    void what_is_not_for_us_or_not_signed_by_the_provider_proves_nothing() {
        refused(finish(claims -> claims.put("nonce", "another")), 401, "proves nothing");
        refused(finish(claims -> without(claims, "nonce")), 401, "proves nothing");
        refused(finish(claims -> claims.put("aud", "somebody else")), 401, "proves nothing");
        refused(finish(claims -> claims.put("aud", new JsonArray().add("fathi").add("else"))), 401, "proves nothing");
        refused(finish(claims -> claims.put("azp", "else")), 401, "proves nothing");
        refused(finish(claims -> without(claims, "iat")), 401, "proves nothing");
        refused(finish(claims -> claims.put("iss", "https://else.example")), 401, "not valid");
        refused(finish(claims -> claims.put("exp", 1)), 401, "not valid");
        var begun = begin();
        var forged = Key.ec(issuer.key().kid()).sign(claims(begun));
        refused(post("finish", begun.back(issuer.codeForToken(forged))), 401, "not valid");
        assertThat(accounts(person)).isZero();
        assertThat(finish(claims -> claims.put(
                                        "aud", new JsonArray().add("fathi").add("else"))
                                .put("azp", "fathi"))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void another_provider_cannot_pass_for_this_one() {
        var begun = begin();
        refused(
                post("finish", begun.back(issuer.codeFor(claims(begun))).put("issuer", "https://evil.example")),
                401,
                "Somebody else");
        try (var other = FakeIssuer.start()) {
            other.metadata.put("authorization_response_iss_parameter_supported", true);
            change(new JsonObject().put("issuer", other.url()));
            var again = begin();
            refused(post("finish", again.back("a code")), 401, "Somebody else");
            var third = begin();
            refused(post("finish", third.back("a code").put("issuer", other.url())), 401, "does not confirm");
        }
    }

    @Test
    void a_provider_that_is_down_or_that_is_set_up_wrong_is_told_as_such() {
        var begun = begin();
        issuer.status = 500;
        refused(post("finish", begun.back("a code")), 503, "does not answer");
        issuer.status = 401;
        refused(post("finish", begin().back("a code")), 409, "client id and secret");
        issuer.status = 200;
        assertThat(finish().status()).isEqualTo(200);
        try (var other = FakeIssuer.start()) {
            other.metadata.put("issuer", "https://else.example");
            change(new JsonObject().put("issuer", other.url()));
            refused(
                    post("start", new JsonObject().put("provider", path.substring(path.lastIndexOf('/') + 1))),
                    409,
                    "calls itself");
        }
        change(new JsonObject().put("enabled", false));
        assertThat(post("start", new JsonObject().put("provider", path.substring(path.lastIndexOf('/') + 1)))
                        .status())
                .isEqualTo(404);
    }

    @Test
    void claims_that_are_told_elsewhere_only_are_fetched_from_there() {
        issuer.userinfo = new JsonObject()
                .put("sub", person)
                .put("email", person + "@staff.test")
                .put("email_verified", true)
                .put("groups", new JsonArray().add("lookers"));
        assertThat(finish(claims -> without(without(without(claims, "groups"), "email"), "email_verified"))
                        .status())
                .isEqualTo(200);
        issuer.userinfo.put("sub", "somebody else").put("groups", new JsonArray().add("admins"));
        refused(finish(claims -> without(claims, "groups")), 403, "no role");
    }

    // ---- who gets in ----

    @Test
    void an_address_that_is_not_verified_is_nobodys() {
        change(new JsonObject().put("linkByEmail", true));
        for (var unverified : new Object[] {null, false, "false", 0, "yes"}) {
            refused(finish(claims -> claims.put("email_verified", unverified)), 403, "has not said");
        }
        issuer.userinfo = new JsonObject().put("sub", person).put("email_verified", true);
        refused(
                finish(claims ->
                        without(without(claims, "email_verified"), "groups").put("email", TestServer.ADMIN_EMAIL)),
                403,
                "has not said");
        refused(finish(claims -> claims.put("email", "somebody@elsewhere.test")), 403, "like yours");
        refused(finish(claims -> claims.put("email", "x@elsewhere.test@staff.test")), 403, "has not said");
        assertThat(finish(claims -> without(claims, "email_verified").put("xms_edov", 1))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void an_account_that_is_there_is_signed_in_to_by_address_only_where_the_workspace_says_so() {
        change(new JsonObject().put("emailDomains", new JsonArray().add("fathi.test")));
        UnaryOperator<JsonObject> admin =
                claims -> claims.put("email", TestServer.ADMIN_EMAIL).put("groups", new JsonArray().add("admins"));
        refused(finish(admin), 403, "Nobody here");
        change(new JsonObject().put("linkByEmail", true));
        var token = accessToken(finish(admin));
        assertThat(me(token).getString("id")).isEqualTo(me(server.token()).getString("id"));
        refused(finish(claims -> admin.apply(claims).put("sub", "who has the address now")), 403, "Nobody here");
    }

    @Test
    void who_was_invited_comes_in_without_a_password_and_the_invitation_is_over() {
        change(new JsonObject()
                .put("linkByEmail", true)
                .put("createAccounts", false)
                .put("roleMappings", new JsonArray()));
        refused(finish(), 403, "Nobody here");
        var invited = server.admin(
                        "POST",
                        "/api/v1/users",
                        new JsonObject()
                                .put("email", person + "@staff.test")
                                .put("name", "Invited")
                                .put("roles", new JsonArray().add("content-editor")))
                .json();
        var me = me(accessToken(finish()));
        assertThat(me.getString("id")).isEqualTo(invited.getString("id"));
        assertThat(me.getJsonArray("roles")).as("as they were given here").containsExactly("content-editor");
        var link = invited.getJsonObject("invitation").getString("url");
        var late = new JsonObject()
                .put("token", link.substring(link.indexOf('=') + 1))
                .put("password", TestServer.ADMIN_PASSWORD);
        assertThat(server.send("POST", "/api/v1/auth/invitation", null, late).status())
                .isEqualTo(401);
    }

    @Test
    void an_invitation_elsewhere_gives_nobody_a_password_to_an_account_without_one() {
        assertThat(finish().status()).isEqualTo(200);
        var link = server.send(
                        "POST",
                        "/api/v1/users",
                        server.otherWorkspace(),
                        new JsonObject()
                                .put("email", person + "@staff.test")
                                .put("name", "Victim")
                                .put("roles", new JsonArray().add("analyst")))
                .json()
                .getJsonObject("invitation")
                .getString("url");
        var accepted = new JsonObject()
                .put("token", link.substring(link.indexOf('=') + 1))
                .put("password", "a password of the inviter");
        refused(server.send("POST", "/api/v1/auth/invitation", null, accepted), 409, "identity provider");
    }

    @Test
    void who_is_disabled_or_has_no_role_is_refused_and_told_why() {
        refused(finish(claims -> claims.put("groups", new JsonArray())), 403, "no role");
        assertThat(accounts(person)).as("nobody is made who may do nothing").isZero();
        var token = accessToken(finish());
        var user = "/api/v1/users/" + me(token).getString("id");
        server.admin(
                "PATCH",
                user,
                new JsonObject().put("disabled", true),
                "If-Match",
                server.admin("GET", user, null).header("ETag"));
        refused(finish(), 403, "disabled");
        assertThat(status(token)).isEqualTo(401);
        change(new JsonObject()
                .put(
                        "requiredClaims",
                        new JsonArray().add(new JsonObject().put("claim", "hd").put("value", "staff.test"))));
        refused(finish(), 403, "asks for");
        assertThat(server.admin("GET", "/api/v1/audit/events?operation=auth.sign-in&result=denied&limit=1", null)
                        .json()
                        .getJsonArray("items"))
                .hasSize(1);
    }

    @Test
    void roles_follow_the_provider_at_each_sign_in_and_for_those_who_are_signed_in() {
        var token = accessToken(finish(
                claims -> claims.put("groups", new JsonArray().add("admins").add("lookers"))));
        assertThat(me(token).getJsonArray("roles")).containsExactlyInAnyOrder("administrator", "analyst");
        finish();
        assertThat(me(token).getJsonArray("roles")).containsExactly("analyst");
        refused(finish(claims -> claims.put("groups", new JsonArray())), 403, "no role");
        assertThat(status(token)).as("nothing is left to be signed in for").isEqualTo(401);
    }

    @Test
    void the_last_administrator_stays_whatever_the_provider_says() {
        change(new JsonObject().put("linkByEmail", true).put("emailDomains", new JsonArray().add("fathi.test")));
        UnaryOperator<JsonObject> admin = claims -> claims.put("email", TestServer.ADMIN_EMAIL);
        // Others who administer are of other tests, and are as good as gone.
        server.database()
                .execute(
                        """
                        DELETE FROM roles_assignment WHERE role = 'administrator'
                          AND account <> (SELECT id FROM users_account WHERE email = '%s')
                          AND ws = (SELECT min(no) FROM users_workspace)
                        """
                                .formatted(TestServer.ADMIN_EMAIL));
        var me = me(accessToken(finish(admin)));
        assertThat(me.getJsonArray("roles")).containsExactlyInAnyOrder("administrator", "analyst");
    }

    // ---- the session ----

    @Test
    void a_providers_word_counts_in_its_own_workspace_alone() {
        change(new JsonObject().put("linkByEmail", true).put("emailDomains", new JsonArray().add("fathi.test")));
        var byPassword = server.member("administrator");
        var email = me(byPassword).getString("email");
        var beside = server.send("POST", "/api/v1/workspaces", byPassword, new JsonObject().put("name", "Beside"))
                .json()
                .getString("id");
        var entered =
                server.send("POST", "/api/v1/auth/workspace", byPassword, new JsonObject().put("workspace", beside));
        assertThat(entered.status()).isEqualTo(200);
        var token =
                accessToken(finish(claims -> claims.put("email", email).put("groups", new JsonArray().add("admins"))));
        refused(
                server.send("POST", "/api/v1/auth/workspace", token, new JsonObject().put("workspace", beside)),
                403,
                "counts here alone");
        assertThat(server.send("GET", "/api/v1/workspaces", token, null).body()).doesNotContain(beside);
        assertThat(server.send("GET", "/api/v1/auth/sessions", token, null).body())
                .doesNotContain(beside);
        assertThat(server.send("DELETE", "/api/v1/auth/sessions", token, null).status())
                .isEqualTo(204);
        assertThat(status(entered.json().getString("accessToken")))
                .as("what is elsewhere goes on")
                .isEqualTo(200);
        assertThat(status(byPassword)).as("what is here has ended").isEqualTo(401);
    }

    @Test
    void sessions_end_with_their_provider() {
        var token = accessToken(finish());
        change(new JsonObject().put("enabled", false));
        assertThat(status(token)).isEqualTo(401);
        change(new JsonObject().put("enabled", true));
        assertThat(status(token)).isEqualTo(200);
        var tag = server.admin("GET", path, null).header("ETag");
        assertThat(server.admin("DELETE", path, null, "If-Match", tag).status()).isEqualTo(204);
        assertThat(status(token)).isEqualTo(401);
    }

    @Test
    void what_needs_a_recent_sign_in_needs_one_at_the_provider() {
        var file = new JsonObject().put("passphrase", "a passphrase of its own");
        UnaryOperator<JsonObject> admin = claims -> claims.put("groups", new JsonArray().add("admins"));
        assertThat(export(accessToken(finish(admin)), file))
                .as("nobody says when")
                .isEqualTo(403);
        assertThat(export(accessToken(finish(claims -> admin.apply(claims).put("auth_time", 1))), file))
                .isEqualTo(403);
        assertThat(export(
                        accessToken(finish(claims -> admin.apply(claims).put("auth_time", claims.getLong("iat")))),
                        file))
                .isEqualTo(200);
        var fresh = post(
                "start",
                new JsonObject()
                        .put("provider", path.substring(path.lastIndexOf('/') + 1))
                        .put("fresh", true));
        assertThat(fresh.json().getString("authorizationUrl")).contains("prompt=login&max_age=0");
    }

    private static int export(String token, JsonObject file) {
        return server.send("POST", "/api/v1/webpush/subscriptions/export", token, file)
                .status();
    }

    @Test
    void a_second_factor_that_the_provider_has_seen_counts_and_otherwise_ours_is_asked_for() {
        change(new JsonObject().put("linkByEmail", true).put("emailDomains", new JsonArray().add("fathi.test")));
        var mine = server.member("analyst");
        var email = me(mine).getString("email");
        UnaryOperator<JsonObject> member = claims -> claims.put("email", email);
        var totp = "/api/v1/auth/totp";
        var proof = new JsonObject().put("password", TestServer.ADMIN_PASSWORD);
        var phone =
                Authenticator.of(server.send("POST", totp, mine, proof).json().getString("secret"));
        server.send("POST", totp + "/confirm", mine, new JsonObject().put("code", phone.code(-1)));

        var finished = finish(member);
        assertThat(finished.json().getBoolean("needsTotp")).isTrue();
        var code = new JsonObject().put("code", finished.json().getString("code"));
        refused(post("token", code), 401, "authenticator");
        refused(post("token", code.copy().put("totp", "000000")), 401, "does not work");
        assertThat(post("token", code.copy().put("totp", phone.code())).status())
                .isEqualTo(200);

        var proved = finish(claims ->
                member.apply(claims).put("amr", new JsonArray().add("pwd").add("mfa")));
        assertThat(proved.json().getBoolean("needsTotp")).isFalse();
        assertThat(exchange(proved).status()).isEqualTo(200);
    }

    @Test
    void where_a_second_factor_is_required_who_has_no_password_shows_one_to_the_provider() {
        var token = accessToken(finish());
        server.database().execute("UPDATE users_workspace SET two_factor_required = true");
        try {
            refused(finish(), 403, "second factor");
            var proved = accessToken(finish(claims -> claims.put("acr", "mfa")));
            assertThat(me(proved).getJsonObject("secondFactor").getBoolean("needed"))
                    .isFalse();
            assertThat(me(proved).getJsonArray("permissions")).isNotEmpty();
            assertThat(token).isNotEqualTo(proved);
        } finally {
            server.database().execute("UPDATE users_workspace SET two_factor_required = false");
        }
    }

    private static JsonObject without(JsonObject json, String name) {
        json.remove(name);
        return json;
    }
}
