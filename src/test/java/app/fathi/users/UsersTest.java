package app.fathi.users;

import static app.fathi.users.Desk.json;
import static app.fathi.users.Desk.kind;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.bus.Reply;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.security.Caller;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who works in a workspace: invited, changed, disabled, removed. */
class UsersTest {
    private static final String PASSWORD = "seven lonely lighthouses hum";

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

    // --- inviting
    // -----------------------------------------------------------------------------------------------------

    @Test
    void who_is_invited_opens_the_link_chooses_a_password_and_signs_in() {
        var email = email();
        var reply = invite(admin, email, "content-editor", "analyst");
        assertThat(reply.status()).isEqualTo(201);
        var invited = json(reply);
        assertThat(invited.getString("status")).isEqualTo("invited");
        assertThat(invited.getJsonObject("invitation").getString("url"))
                .startsWith("http://desk.test/account#invitation=fin_");
        assertThat(kind(desk.login(email, PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);

        assertThat(accept(token(invited), "short").problem().faults().getFirst().pointer())
                .isEqualTo("/password");
        assertThat(accept(token(invited), PASSWORD).status()).isEqualTo(204);
        var tokens = json(desk.login(email.toUpperCase(java.util.Locale.ROOT), PASSWORD));
        var me = json(desk.ask("getMe", desk.bearer(tokens.getString("accessToken"))));
        assertThat(me.getJsonArray("roles")).containsExactly("analyst", "content-editor");
        assertThat(me.getString("name")).isEqualTo("Grace");
        assertThat(json(get(admin, id(invited))).getString("status")).isEqualTo("active");
        assertThat(kind(accept(token(invited), PASSWORD))).as("used up").isEqualTo(Kind.UNAUTHENTICATED);
    }

    @Test
    void fifty_parallel_uses_of_one_invitation_make_one_winner() {
        var email = email();
        var token = token(json(invite(admin, email, "analyst")));
        var passwords = Desk.inParallel(50, i -> PASSWORD + i);
        var answers = Desk.inParallel(50, i -> accept(token, passwords.get(i)));
        assertThat(answers).filteredOn(answer -> answer.status() == 204).hasSize(1);
        // Who comes late finds an account with a password, and guesses at it until the door closes.
        assertThat(answers).filteredOn(answer -> answer.status() != 204).allMatch(answer -> Set.of(
                        Kind.UNAUTHENTICATED, Kind.UNAVAILABLE, Kind.RATE_LIMITED)
                .contains(kind(answer)));
        open_the_door();
        var winner = answers.stream().map(Reply::status).toList().indexOf(204);
        assertThat(json(desk.login(email, passwords.get(winner)))).isNotNull();
    }

    @Test
    void an_invitation_ends_with_its_hour_and_with_the_next_one() {
        var invited = json(invite(admin, email(), "analyst"));
        var again = json(desk.ask("inviteUserAgain", admin, id(invited), null, Map.of()));
        assertThat(kind(accept(token(invited), PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);
        desk.execute("UPDATE users_one_time SET expires_at = now()", Tuple.tuple());
        assertThat(kind(accept(token(again), PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);
        var last = json(desk.ask("inviteUserAgain", admin, id(invited), null, Map.of()));
        assertThat(accept(token(last), PASSWORD).status()).isEqualTo(204);
        assertThat(kind(desk.ask("inviteUserAgain", admin, id(invited), null, Map.of())))
                .isEqualTo(Kind.CONFLICT);
    }

    @Test
    void the_database_does_not_hold_what_is_in_the_link() {
        var token = token(json(invite(admin, email(), "analyst")));
        assertThat(desk.rows("SELECT o::text AS row FROM users_one_time o", Tuple.tuple()))
                .isNotEmpty()
                .noneMatch(row -> row.getString("row").contains(token.substring(4)));
    }

    @Test
    void a_repeated_request_with_its_key_gets_the_same_link_and_invites_once() {
        var email = email();
        var key = Map.of("idempotency-key", email);
        var first = json(invite(admin, email, key, "analyst"));
        assertThat(json(invite(admin, email, key, "analyst"))).isEqualTo(first);
        assertThat(kind(invite(admin, email, "analyst"))).isEqualTo(Kind.CONFLICT);
    }

    /** Whoever invites may see the link: it must not lead into an account that belongs to somebody already. */
    @Test
    void an_invitation_lets_nobody_into_an_account_that_is_there_already() {
        var elsewhere = desk.adminOfAnotherWorkspace();
        var email = elsewhere.id() + "@fathi.test";
        var invited = json(invite(admin, email, "analyst"));
        assertThat(invited.getString("id")).isEqualTo(elsewhere.id().toString());
        assertThat(kind(accept(token(invited), PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(desk.login(email, PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(accept(token(invited), Desk.PASSWORD).status()).isEqualTo(204);
        var here = desk.ask(
                "login",
                Caller.ANONYMOUS,
                new JsonObject(),
                Desk.credentials(email, Desk.PASSWORD)
                        .put("workspace", admin.workspaceId().toString()),
                Map.of());
        assertThat(desk.bearer(json(here).getString("accessToken")).ws()).isEqualTo(admin.ws());
    }

    @Test
    void guessing_the_password_of_an_account_over_an_invitation_is_slowed_down() {
        var email = desk.adminOfAnotherWorkspace().id() + "@fathi.test";
        var token = token(json(invite(admin, email, "analyst")));
        Desk.assertSlowedDown(Kind.UNAUTHENTICATED, i -> accept(token, "guess " + i));
    }

    @Test
    void what_cannot_be_meant_is_refused() {
        var unknown = invite(admin, email(), "analyst", "emperor");
        assertThat(kind(unknown)).isEqualTo(Kind.UNPROCESSABLE);
        assertThat(unknown.problem().faults().getFirst().pointer()).isEqualTo("/roles/1");
        for (var name : List.of(" ", "Grace\r\nBcc: everybody@example.com")) {
            var reply = desk.ask(
                    "createUser",
                    admin,
                    new JsonObject(),
                    draft(email(), "analyst").put("name", name),
                    Map.of());
            assertThat(reply.problem().faults().getFirst().pointer()).isEqualTo("/name");
        }
        assertThat(kind(accept("fin_" + "A".repeat(43), PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);
    }

    // --- power
    // --------------------------------------------------------------------------------------------------------

    @Test
    void nobody_grants_what_they_lack() {
        var manager = desk.member(admin.ws(), "marketing-manager");
        assertThat(invite(manager, email(), "campaign-manager").status()).isEqualTo(201);
        for (var role : List.of("administrator", "integrator")) {
            var reply = invite(manager, email(), "analyst", role);
            assertThat(kind(reply)).as(role).isEqualTo(Kind.FORBIDDEN);
            assertThat(reply.problem().faults().getFirst().pointer()).isEqualTo("/roles/1");
        }
        var editor = member("content-editor");
        assertThat(kind(change(manager, editor, new JsonObject().put("roles", new JsonArray().add("administrator")))))
                .isEqualTo(Kind.FORBIDDEN);
        json(change(manager, editor, new JsonObject().put("roles", new JsonArray().add("analyst"))));
    }

    @Test
    void nobody_changes_who_may_do_more_than_they() {
        var manager = desk.member(admin.ws(), "marketing-manager");
        for (var other : List.of(admin.id(), member("integrator"))) {
            assertThat(kind(change(manager, other, new JsonObject().put("disabled", true))))
                    .isEqualTo(Kind.FORBIDDEN);
            assertThat(kind(change(manager, other, new JsonObject().put("roles", new JsonArray().add("analyst")))))
                    .isEqualTo(Kind.FORBIDDEN);
            assertThat(kind(delete(manager, other))).isEqualTo(Kind.FORBIDDEN);
            assertThat(kind(desk.ask("logoutUser", manager, id(other), null, Map.of())))
                    .isEqualTo(Kind.FORBIDDEN);
        }
        for (var role : List.of("campaign-manager", "content-editor", "analyst", "segment-manager", "integrator")) {
            var caller = desk.member(admin.ws(), role);
            assertThat(kind(desk.ask("listUsers", caller))).isEqualTo(Kind.FORBIDDEN);
            assertThat(kind(invite(caller, email(), role))).isEqualTo(Kind.FORBIDDEN);
        }
    }

    @Test
    void the_last_administrator_stays_whatever_happens_to_the_others_at_the_same_time() {
        for (int round = 0; round < 8; round++) {
            var one = desk.adminOfAnotherWorkspace();
            var two = desk.member(one.ws(), "administrator");
            var callers = List.of(one, two);
            var analyst = new JsonObject().put("roles", new JsonArray().add("analyst"));
            var disabled = new JsonObject().put("disabled", true);
            int kindOfRound = round;
            var answers = Desk.inParallel(2, i -> switch (kindOfRound % 4) {
                case 0 -> change(callers.get(i), callers.get(1 - i).id(), analyst);
                case 1 -> change(callers.get(i), callers.get(i).id(), disabled);
                case 2 -> delete(callers.get(i), callers.get(i).id());
                default -> i == 0 ? change(one, one.id(), analyst) : delete(two, two.id());
            });
            assertThat(answers)
                    .as("round " + round)
                    .filteredOn(answer -> answer.problem() == null)
                    .hasSize(1);
            assertThat(answers)
                    .filteredOn(answer -> answer.problem() != null)
                    // Who comes so late that they are no administrator any more may not even try.
                    .allMatch(answer -> List.of(Kind.CONFLICT, Kind.FORBIDDEN).contains(kind(answer)));
            assertThat(desk.rows(
                            """
                            SELECT 1 FROM users_membership m
                            JOIN roles_assignment r ON r.ws = m.ws AND r.account = m.account
                            WHERE m.ws = $1 AND r.role = 'administrator' AND m.disabled_at IS NULL
                            """,
                            Tuple.of(one.ws())))
                    .hasSize(1);
        }
    }

    @Test
    void an_administrator_who_is_invited_or_disabled_does_not_count() {
        var only = desk.adminOfAnotherWorkspace();
        json(invite(only, email(), "administrator"));
        var disabled = desk.member(only.ws(), "administrator");
        json(change(only, disabled.id(), new JsonObject().put("disabled", true)));
        assertThat(kind(change(only, only.id(), new JsonObject().put("roles", new JsonArray().add("analyst")))))
                .isEqualTo(Kind.CONFLICT);
        assertThat(kind(delete(only, only.id()))).isEqualTo(Kind.CONFLICT);
        json(change(only, only.id(), new JsonObject().put("name", "The one")));
    }

    // --- changing
    // -----------------------------------------------------------------------------------------------------

    @Test
    void who_is_disabled_is_out_on_every_node_and_comes_back_only_by_signing_in() {
        var tokens = json(desk.login(memberEmail("analyst"), Desk.PASSWORD));
        var id = desk.bearer(tokens.getString("accessToken")).id();
        try (var other = desk.another()) {
            assertThat(other.refusal(tokens.getString("accessToken"))).isNull();
            assertThat(json(change(admin, id, new JsonObject().put("disabled", true)))
                            .getString("status"))
                    .isEqualTo("disabled");
            assertThat(desk.refusal(tokens.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
            other.epochs.refresh().await();
            assertThat(other.refusal(tokens.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
        }
        assertThat(kind(refresh(tokens))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(desk.login(id + "@fathi.test", Desk.PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);

        json(change(admin, id, new JsonObject().put("disabled", false)));
        assertThat(desk.refusal(tokens.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(refresh(tokens))).isEqualTo(Kind.UNAUTHENTICATED);
        json(desk.login(id + "@fathi.test", Desk.PASSWORD));
    }

    @Test
    void other_workspaces_of_somebody_do_not_notice() {
        var elsewhere = desk.adminOfAnotherWorkspace();
        var email = elsewhere.id() + "@fathi.test";
        accept(token(json(invite(admin, email, "analyst"))), Desk.PASSWORD);
        var there = json(desk.login(email, Desk.PASSWORD)).getString("accessToken");
        json(change(
                admin, elsewhere.id(), new JsonObject().put("disabled", true).put("name", "Nobody")));
        assertThat(desk.bearer(there).name()).isEqualTo("administrator");
        assertThat(desk.bearer(json(desk.login(email, Desk.PASSWORD)).getString("accessToken"))
                        .ws())
                .isEqualTo(elsewhere.ws());
        assertThat(delete(admin, elsewhere.id()).status()).isEqualTo(204);
        assertThat(desk.refusal(there)).isNull();
    }

    @Test
    void another_role_holds_at_once_for_a_session_that_is_there() {
        var member = desk.member(admin.ws(), "administrator");
        assertThat(desk.ask("listUsers", member).status()).isEqualTo(200);
        json(change(admin, member.id(), new JsonObject().put("roles", new JsonArray().add("analyst"))));
        assertThat(kind(desk.ask("listUsers", member))).isEqualTo(Kind.FORBIDDEN);
    }

    @Test
    void who_is_removed_is_out_and_an_account_of_nowhere_is_gone() {
        var member = desk.member(admin.ws(), "analyst");
        var token = json(desk.login(member.id() + "@fathi.test", Desk.PASSWORD)).getString("accessToken");
        assertThat(delete(admin, member.id()).status()).isEqualTo(204);
        assertThat(desk.refusal(token)).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(get(admin, id(member.id())))).isEqualTo(Kind.NOT_FOUND);
        assertThat(desk.rows("SELECT 1 FROM users_account WHERE id = $1", Tuple.of(member.id())))
                .isEmpty();
        assertThat(desk.rows("SELECT 1 FROM roles_assignment WHERE account = $1", Tuple.of(member.id())))
                .isEmpty();
    }

    @Test
    void signing_somebody_out_ends_all_their_sessions_here_and_no_others() {
        var member = desk.member(admin.ws(), "analyst");
        var tokens = List.of(
                json(desk.login(member.id() + "@fathi.test", Desk.PASSWORD)),
                json(desk.login(member.id() + "@fathi.test", Desk.PASSWORD)));
        assertThat(desk.ask("logoutUser", admin, id(member.id()), null, Map.of())
                        .status())
                .isEqualTo(204);
        tokens.forEach(
                pair -> assertThat(desk.refusal(pair.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED));
        assertThat(kind(refresh(tokens.getFirst()))).isEqualTo(Kind.UNAUTHENTICATED);
        json(desk.login(member.id() + "@fathi.test", Desk.PASSWORD));
    }

    @Test
    void a_change_without_the_version_or_with_an_old_one_is_refused() {
        var id = member("analyst");
        var change = new JsonObject().put("name", "Ada");
        assertThat(kind(desk.ask("updateUser", admin, id(id), change, Map.of())))
                .isEqualTo(Kind.PRECONDITION_REQUIRED);
        json(desk.ask("updateUser", admin, id(id), change, Map.of("if-match", "\"v1\"")));
        assertThat(kind(desk.ask("updateUser", admin, id(id), change, Map.of("if-match", "\"v1\""))))
                .isEqualTo(Kind.PRECONDITION_FAILED);
        assertThat(kind(desk.ask("deleteUser", admin, id(id), null, Map.of("if-match", "\"v1\""))))
                .isEqualTo(Kind.PRECONDITION_FAILED);
    }

    @Test
    void the_users_of_another_workspace_are_not_there() {
        var stranger = desk.adminOfAnotherWorkspace();
        var id = member("analyst");
        for (var reply : List.of(
                get(stranger, id(id)),
                desk.ask("updateUser", stranger, id(id), new JsonObject().put("disabled", true), v1()),
                desk.ask("deleteUser", stranger, id(id), null, v1()),
                desk.ask("inviteUserAgain", stranger, id(id), null, Map.of()),
                desk.ask("logoutUser", stranger, id(id), null, Map.of()))) {
            assertThat(kind(reply)).isEqualTo(Kind.NOT_FOUND);
        }
        assertThat(json(desk.ask("listUsers", stranger)).getJsonArray("items")).hasSize(1);
    }

    @Test
    void the_list_is_read_page_by_page_and_filtered() {
        var boss = desk.adminOfAnotherWorkspace();
        for (int i = 0; i < 4; i++) {
            json(invite(boss, "list-" + i + "-" + email(), "analyst"));
        }
        var disabled = desk.member(boss.ws(), "analyst");
        json(change(boss, disabled.id(), new JsonObject().put("disabled", true).put("name", "Çelik Işık")));

        var seen = new HashSet<String>();
        String cursor = null;
        do {
            var parameters = new JsonObject().put("limit", 2);
            if (cursor != null) {
                parameters.put("cursor", cursor);
            }
            var page = json(desk.ask("listUsers", boss, parameters, null, Map.of()));
            page.getJsonArray("items").forEach(item -> seen.add(((JsonObject) item).getString("id")));
            cursor = page.getString("nextCursor");
        } while (cursor != null);
        assertThat(seen).hasSize(6);

        assertThat(found(boss, new JsonObject().put("status", "invited"))).hasSize(4);
        assertThat(found(boss, new JsonObject().put("status", "active")))
                .containsExactly(boss.id().toString());
        assertThat(found(boss, new JsonObject().put("status", "disabled")))
                .containsExactly(disabled.id().toString());
        assertThat(found(boss, new JsonObject().put("q", "LIST-2-"))).hasSize(1);
        assertThat(found(boss, new JsonObject().put("q", "çelik")))
                .containsExactly(disabled.id().toString());
        assertThat(found(boss, new JsonObject().put("q", "%"))).isEmpty();
    }

    @Test
    void the_trail_tells_who_changed_whom_and_how() {
        var id = member("analyst");
        json(change(admin, id, new JsonObject().put("roles", new JsonArray().add("integrator"))));
        var event = json(desk.ask(
                        "listAuditEvents", admin, new JsonObject().put("operation", "user.update"), null, Map.of()))
                .getJsonArray("items")
                .getJsonObject(0);
        assertThat(event.getJsonObject("actor").getString("id"))
                .isEqualTo(admin.id().toString());
        assertThat(event.getJsonObject("before").getJsonArray("roles")).containsExactly("analyst");
        assertThat(event.getJsonObject("after").getJsonArray("roles")).containsExactly("integrator");
    }

    // --- asking
    // -------------------------------------------------------------------------------------------------------

    private static String email() {
        return UUID.randomUUID() + "@example.com";
    }

    private static JsonObject draft(String email, String... roles) {
        return new JsonObject().put("email", email).put("name", "Grace").put("roles", new JsonArray(List.of(roles)));
    }

    private static Reply invite(Caller caller, String email, String... roles) {
        return invite(caller, email, Map.of(), roles);
    }

    private static Reply invite(Caller caller, String email, Map<String, String> headers, String... roles) {
        return desk.ask("createUser", caller, new JsonObject(), draft(email, roles), headers);
    }

    private static String token(JsonObject invited) {
        var url = invited.getJsonObject("invitation").getString("url");
        return url.substring(url.indexOf('=') + 1);
    }

    private static Reply accept(String token, String password) {
        return desk.ask(
                "acceptInvitation",
                Caller.ANONYMOUS,
                new JsonObject(),
                new JsonObject().put("token", token).put("password", password),
                Map.of());
    }

    private static Reply refresh(JsonObject tokens) {
        return desk.ask(
                "refreshTokens",
                Caller.ANONYMOUS,
                new JsonObject(),
                new JsonObject().put("refreshToken", tokens.getString("refreshToken")),
                Map.of());
    }

    private static JsonObject id(JsonObject user) {
        return new JsonObject().put("id", user.getString("id"));
    }

    private static JsonObject id(UUID id) {
        return new JsonObject().put("id", id.toString());
    }

    private static Map<String, String> v1() {
        return Map.of("if-match", "\"v1\"");
    }

    private static Reply get(Caller caller, JsonObject id) {
        return desk.ask("getUser", caller, id, null, Map.of());
    }

    /** With the version that is there. */
    private static Reply change(Caller caller, UUID id, JsonObject change) {
        return desk.ask("updateUser", caller, id(id), change, Map.of("if-match", etag(id, caller.ws())));
    }

    private static Reply delete(Caller caller, UUID id) {
        return desk.ask("deleteUser", caller, id(id), null, Map.of("if-match", etag(id, caller.ws())));
    }

    private static String etag(UUID id, int ws) {
        return "\"v"
                + desk.rows("SELECT version FROM users_membership WHERE account = $1 AND ws = $2", Tuple.of(id, ws))
                        .getFirst()
                        .getLong("version")
                + "\"";
    }

    private static UUID member(String role) {
        return desk.member(admin.ws(), role).id();
    }

    private static String memberEmail(String role) {
        return member(role) + "@fathi.test";
    }

    private static List<String> found(Caller caller, JsonObject filter) {
        return json(desk.ask("listUsers", caller, filter, null, Map.of())).getJsonArray("items").stream()
                .map(item -> ((JsonObject) item).getString("id"))
                .toList();
    }
}
