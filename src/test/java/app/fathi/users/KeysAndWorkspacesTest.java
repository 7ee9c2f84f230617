package app.fathi.users;

import static app.fathi.users.Desk.json;
import static app.fathi.users.Desk.kind;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.bus.Reply;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.Credentials.Presented;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** API keys that change, and people who work in several workspaces. */
class KeysAndWorkspacesTest {
    private static Desk desk;
    private static Caller admin;

    @BeforeAll
    static void sign_in() {
        desk = Desk.open();
        admin = desk.admin();
    }

    @AfterAll
    static void close() {
        desk.close();
    }

    @BeforeEach
    void open_the_door() {
        desk.execute("DELETE FROM users_login_attempt", Tuple.tuple());
    }

    // --- keys
    // ---------------------------------------------------------------------------------------------------------

    @Test
    void of_a_rotated_key_both_secrets_work_until_the_overlap_ends_and_then_the_new_one_alone() {
        var key = key(admin, "users:read", "messages:read");
        var old = key.getString("secret");
        try (var other = desk.another()) {
            assertThat(other.refusal(old)).isNull();
            var rotated = json(rotate(admin, key, 3_600));
            assertThat(rotated.getString("previousSecretUntil")).isNotNull();
            assertThat(rotated.getString("secret"))
                    .startsWith(rotated.getString("prefix"))
                    .isNotEqualTo(old);
            for (var secret : List.of(old, rotated.getString("secret"))) {
                assertThat(desk.bearer(secret).id()).hasToString(key.getString("id"));
                assertThat(desk.bearer(secret).scopes()).containsExactlyInAnyOrder("users:read", "messages:read");
            }
            desk.execute(
                    "UPDATE users_api_key SET previous_until = now() WHERE id = $1",
                    Tuple.of(java.util.UUID.fromString(key.getString("id"))));
            desk.execute("UPDATE security_epoch SET epoch = epoch + 1", Tuple.tuple());
            for (var node : List.of(desk, other)) {
                node.epochs.refresh().await();
                assertThat(node.refusal(old)).isEqualTo(Kind.UNAUTHENTICATED);
                assertThat(node.refusal(rotated.getString("secret"))).isNull();
            }
        }
    }

    /** What a node remembers of the old secret knows when it ends. */
    @Test
    void an_old_secret_that_is_remembered_ends_with_its_overlap() {
        var key = key(admin, "messages:read");
        json(rotate(admin, key, 1));
        assertThat(desk.refusal(key.getString("secret"))).isNull();
        desk.vertx.timer(1_100).await();
        assertThat(desk.refusal(key.getString("secret"))).isEqualTo(Kind.UNAUTHENTICATED);
    }

    @Test
    void without_an_overlap_the_old_secret_stops_at_once_and_one_before_it_too() {
        var key = key(admin, "messages:read");
        var second = json(rotate(admin, key, 3_600));
        var third = json(rotate(admin, key, 3_600));
        assertThat(desk.refusal(key.getString("secret"))).as("two before").isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(desk.refusal(second.getString("secret"))).isNull();
        var last = json(desk.ask("rotateApiKey", admin, id(key), new JsonObject(), Map.of()));
        assertThat(last.getString("previousSecretUntil")).isNull();
        assertThat(desk.refusal(third.getString("secret"))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(desk.refusal(last.getString("secret"))).isNull();
    }

    @Test
    void nobody_gets_a_secret_for_permissions_that_they_lack() {
        var integrator = desk.member(admin.ws(), "integrator");
        var own = key(integrator, "messages:send");
        json(rotate(integrator, own, 0));
        assertThat(kind(rotate(integrator, key(admin, "messages:send"), 0)))
                .as("somebody else's")
                .isEqualTo(Kind.NOT_FOUND);
        assertThat(kind(change(
                        integrator, own, new JsonObject().put("permissions", new JsonArray().add("users:read")))))
                .isEqualTo(Kind.FORBIDDEN);
        desk.execute(
                "UPDATE users_api_key SET permissions = '{audit:read}' WHERE id = $1",
                Tuple.of(java.util.UUID.fromString(own.getString("id"))));
        assertThat(kind(rotate(integrator, own, 0))).isEqualTo(Kind.FORBIDDEN);
    }

    @Test
    void a_changed_key_may_at_once_what_it_now_may() {
        var key = key(admin, "messages:read");
        assertThat(desk.bearer(key.getString("secret")).scopes()).containsExactly("messages:read");
        var changed = json(change(
                admin,
                key,
                new JsonObject()
                        .put("name", " renamed ")
                        .put("permissions", new JsonArray().add("users:read"))
                        .put("expiresAt", "2099-01-01T00:00:00Z")));
        assertThat(changed.getString("name")).isEqualTo("renamed");
        assertThat(desk.bearer(key.getString("secret")).scopes()).containsExactly("users:read");
        assertThat(json(change(admin, key, new JsonObject().putNull("expiresAt")))
                        .getString("expiresAt"))
                .isNull();
        assertThat(kind(desk.ask("updateApiKey", admin, id(key), new JsonObject().put("name", "x"), v("1"))))
                .isEqualTo(Kind.PRECONDITION_FAILED);
        assertThat(kind(change(admin, key, new JsonObject().put("expiresAt", "2020-01-01T00:00:00Z"))))
                .isEqualTo(Kind.UNPROCESSABLE);
    }

    @Test
    void the_keys_of_another_workspace_are_not_there() {
        var stranger = desk.adminOfAnotherWorkspace();
        var key = key(admin, "messages:read");
        assertThat(kind(rotate(stranger, key, 0))).isEqualTo(Kind.NOT_FOUND);
        assertThat(kind(change(stranger, key, new JsonObject().put("name", "mine"))))
                .isEqualTo(Kind.NOT_FOUND);
        assertThat(desk.refusal(key.getString("secret"))).isNull();
    }

    // --- workspaces
    // ---------------------------------------------------------------------------------------------------

    @Test
    void who_makes_a_workspace_administers_it_and_nobody_else_sees_it() {
        var made = json(desk.ask(
                "createWorkspace",
                admin,
                new JsonObject(),
                new JsonObject().put("name", "Second").put("timezone", "Europe/Istanbul"),
                Map.of()));
        var mine = json(desk.ask("listWorkspaces", admin)).getJsonArray("items");
        assertThat(mine.getJsonObject(0)).isEqualTo(made);
        assertThat(mine.stream().filter(each -> ((JsonObject) each).getBoolean("current")))
                .hasSize(1);

        var there = desk.bearer(json(enter(admin, made.getString("id"))).getString("accessToken"));
        assertThat(there.ws()).isNotEqualTo(admin.ws());
        var settings = json(desk.ask("getCurrentWorkspace", there));
        assertThat(settings.getString("name")).isEqualTo("Second");
        assertThat(settings.getString("timezone")).isEqualTo("Europe/Istanbul");
        assertThat(desk.refusal(new Presented.WriteKey(settings.getString("writeKey"), null)))
                .isNull();
        assertThat(json(desk.ask("listUsers", there)).getJsonArray("items")).hasSize(1);

        var member = desk.member(admin.ws(), "marketing-manager");
        assertThat(json(desk.ask("listWorkspaces", member)).getJsonArray("items"))
                .hasSize(1);
        assertThat(kind(enter(member, made.getString("id")))).isEqualTo(Kind.NOT_FOUND);
        var late = desk.member(admin.ws(), "administrator");
        var token = json(desk.login(late.id() + "@fathi.test", Desk.PASSWORD)).getString("accessToken");
        desk.execute(
                "UPDATE users_session SET signed_in_at = now() - interval '6 minutes' WHERE account = $1",
                Tuple.of(late.id()));
        var draft = new JsonObject().put("name", "Late");
        assertThat(kind(desk.ask("createWorkspace", desk.bearer(token), new JsonObject(), draft, Map.of())))
                .isEqualTo(Kind.FORBIDDEN);
        assertThat(kind(desk.ask(
                        "createWorkspace", member, new JsonObject(), new JsonObject().put("name", "No"), Map.of())))
                .isEqualTo(Kind.FORBIDDEN);
    }

    /** Else whoever has an old token of one workspace would be fresh in another, for ever. */
    @Test
    void going_to_another_workspace_makes_nobody_fresher() {
        var elsewhere = desk.adminOfAnotherWorkspace();
        var member = desk.member(admin.ws(), "analyst");
        desk.execute(
                "INSERT INTO users_membership (ws, account) VALUES ($1, $2)", Tuple.of(elsewhere.ws(), member.id()));
        desk.execute(
                "UPDATE users_session SET signed_in_at = now() - interval '2 days', expires_at = now() + interval '1 day' WHERE id = $1",
                Tuple.of(member.sessionId()));
        desk.execute("UPDATE security_epoch SET epoch = epoch + 1", Tuple.tuple());
        desk.epochs.refresh().await();
        var there = desk.bearer(
                json(enter(member, elsewhere.workspaceId().toString())).getString("accessToken"));
        assertThat(there.ws()).isEqualTo(elsewhere.ws());
        var rows = desk.rows(
                "SELECT signed_in_at, expires_at FROM users_session WHERE account = $1", Tuple.of(member.id()));
        assertThat(rows).hasSize(2);
        assertThat(rows.getFirst().getOffsetDateTime("signed_in_at"))
                .isEqualTo(rows.getLast().getOffsetDateTime("signed_in_at"));
        assertThat(rows.getFirst().getOffsetDateTime("expires_at"))
                .isEqualTo(rows.getLast().getOffsetDateTime("expires_at"));
        desk.execute("UPDATE users_session SET ended_at = now() WHERE id = $1", Tuple.of(member.sessionId()));
        assertThat(kind(enter(member, elsewhere.workspaceId().toString()))).isEqualTo(Kind.UNAUTHENTICATED);
    }

    @Test
    void a_sign_in_lasts_as_long_as_the_workspace_says() {
        var boss = desk.adminOfAnotherWorkspace();
        json(settings(boss, 1, new JsonObject().put("sessionDays", 2)));
        assertThat(days(boss)).isEqualTo(2);
        json(settings(boss, 2, new JsonObject().putNull("sessionDays")));
        assertThat(days(boss)).isEqualTo(30);
    }

    private static long days(Caller caller) {
        desk.login(caller.id() + "@fathi.test", Desk.PASSWORD);
        return desk.rows(
                        """
                        SELECT round(extract(epoch FROM expires_at - created_at) / 86400)::int AS days
                        FROM users_session WHERE account = $1 ORDER BY created_at DESC LIMIT 1
                        """,
                        Tuple.of(caller.id()))
                .getFirst()
                .getInteger("days");
    }

    @Test
    void the_browser_key_works_from_the_origins_that_the_workspace_names() {
        var boss = desk.adminOfAnotherWorkspace();
        desk.execute(
                "INSERT INTO users_write_key (id, ws, kind, key_hash, shown) VALUES (gen_random_uuid(), $1, 'browser', $2, 'fwk_b_origins')",
                Tuple.of(boss.ws(), Tokens.hash("fwk_b_origins")));
        var from = new Presented.WriteKey("fwk_b_origins", "https://shop.example");
        var elsewhere = new Presented.WriteKey("fwk_b_origins", "https://evil.example");
        assertThat(desk.refusal(elsewhere)).isNull();
        var changed = json(
                settings(boss, 1, new JsonObject().put("origins", new JsonArray().add("HTTPS://Shop.example:443/"))));
        assertThat(changed.getJsonArray("origins")).containsExactly("https://shop.example");
        assertThat(desk.refusal(from)).isNull();
        assertThat(desk.refusal(elsewhere)).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(settings(
                                boss,
                                2,
                                new JsonObject()
                                        .put(
                                                "origins",
                                                new JsonArray()
                                                        .add("https://a.example")
                                                        .add("shop")))
                        .problem()
                        .faults()
                        .getFirst()
                        .pointer())
                .isEqualTo("/origins/1");
    }

    // --- asking
    // -------------------------------------------------------------------------------------------------------

    private static JsonObject key(Caller caller, String... permissions) {
        return json(desk.ask(
                "createApiKey",
                caller,
                new JsonObject(),
                new JsonObject().put("name", "k").put("permissions", new JsonArray(List.of(permissions))),
                Map.of()));
    }

    private static JsonObject id(JsonObject thing) {
        return new JsonObject().put("id", thing.getString("id"));
    }

    private static Map<String, String> v(Object version) {
        return Map.of("if-match", "\"v" + version + "\"");
    }

    private static Reply rotate(Caller caller, JsonObject key, int overlapSeconds) {
        return desk.ask(
                "rotateApiKey", caller, id(key), new JsonObject().put("overlapSeconds", overlapSeconds), Map.of());
    }

    private static Reply change(Caller caller, JsonObject key, JsonObject change) {
        var version = desk.rows(
                        "SELECT version FROM users_api_key WHERE id = $1",
                        Tuple.of(java.util.UUID.fromString(key.getString("id"))))
                .getFirst()
                .getLong("version");
        return desk.ask("updateApiKey", caller, id(key), change, v(version));
    }

    private static Reply enter(Caller caller, String workspace) {
        return desk.ask(
                "enterWorkspace", caller, new JsonObject(), new JsonObject().put("workspace", workspace), Map.of());
    }

    private static Reply settings(Caller caller, int version, JsonObject change) {
        return desk.ask("updateCurrentWorkspace", caller, new JsonObject(), change, v(version));
    }
}
