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
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Another password, and what one is signed in to. */
class PasswordsTest {
    private static final String NEXT = "seven lonely lighthouses hum";

    private static Desk desk;
    private static Desk withMail;

    @BeforeAll
    static void open() {
        desk = Desk.open();
        withMail = Desk.open(Map.of("FATHI_SMTP_URL", "smtp://127.0.0.1:1", "FATHI_SMTP_FROM", "fathi@example.com"));
    }

    @AfterAll
    static void close() {
        desk.close();
        withMail.close();
    }

    @BeforeEach
    void open_the_door() {
        desk.execute("DELETE FROM users_login_attempt", Tuple.tuple());
        withMail.execute("DELETE FROM users_login_attempt", Tuple.tuple());
    }

    @Test
    void who_changes_the_password_stays_and_all_other_sessions_end_on_every_node() {
        var member = desk.member(1, "analyst");
        var email = member.id() + "@fathi.test";
        var mine = json(desk.login(email, Desk.PASSWORD)).getString("accessToken");
        var other = json(desk.login(email, Desk.PASSWORD));
        try (var node = desk.another()) {
            assertThat(node.refusal(other.getString("accessToken"))).isNull();
            assertThat(change(desk.bearer(mine), Desk.PASSWORD, NEXT).status()).isEqualTo(204);
            assertThat(desk.refusal(mine)).isNull();
            assertThat(desk.refusal(other.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
            node.epochs.refresh().await();
            assertThat(node.refusal(other.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
        }
        assertThat(kind(refresh(other))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(desk.login(email, Desk.PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);
        json(desk.login(email, NEXT));
    }

    @Test
    void who_does_not_know_the_password_cannot_change_it_and_is_slowed_down() {
        var member = desk.member(1, "analyst");
        var wrong = change(member, "not the password", NEXT);
        assertThat(wrong.problem().faults().getFirst().pointer()).isEqualTo("/currentPassword");
        open_the_door();
        Desk.assertSlowedDown(Kind.UNPROCESSABLE, i -> change(member, "guess " + i, NEXT));
    }

    @Test
    void a_password_that_others_would_guess_is_not_taken() {
        var member = desk.member(1, "analyst");
        for (var weak : List.of(
                "tooshort-1",
                "password1234",
                "aaaaaaaaaaaaaaaa",
                "administrator",
                member.id() + "@fathi.test",
                "qwertyuiopasdfgh",
                "Passw0rd!Passw0rd!",
                "iloveyouiloveyou",
                "123456789123456789")) {
            desk.execute("DELETE FROM users_login_attempt", Tuple.tuple());
            var refused = change(member, Desk.PASSWORD, weak);
            assertThat(kind(refused)).as(weak).isEqualTo(Kind.UNPROCESSABLE);
            assertThat(refused.problem().faults().getFirst().pointer()).isEqualTo("/newPassword");
            assertThat(refused.problem().toString()).doesNotContain(weak);
        }
    }

    @Test
    void a_key_has_no_password() {
        var admin = desk.admin();
        var secret = json(desk.ask(
                        "createApiKey",
                        admin,
                        new JsonObject(),
                        new JsonObject().put("name", "k").put("permissions", new JsonArray().add("users:read")),
                        Map.of()))
                .getString("secret");
        var key = desk.bearer(secret);
        assertThat(kind(change(key, Desk.PASSWORD, NEXT))).isEqualTo(Kind.FORBIDDEN);
        assertThat(kind(desk.ask("listSessions", key))).isEqualTo(Kind.FORBIDDEN);
        assertThat(kind(desk.ask("endSessions", key))).isEqualTo(Kind.FORBIDDEN);
    }

    // --- forgotten
    // ----------------------------------------------------------------------------------------------------

    @Test
    void a_known_and_an_unknown_account_get_the_same_answer_and_the_same_work() {
        var known = withMail.member(1, "analyst").id() + "@fathi.test";
        var disabled = withMail.member(1, "analyst");
        withMail.execute("UPDATE users_account SET disabled_at = now() WHERE id = $1", Tuple.of(disabled.id()));
        var replies = List.of(
                forgotten(withMail, known),
                forgotten(withMail, UUID.randomUUID() + "@fathi.test"),
                forgotten(withMail, disabled.id() + "@fathi.test"));
        assertThat(replies).containsOnly(replies.getFirst());
        assertThat(replies.getFirst().status()).isEqualTo(202);
        var jobs = withMail.rows(
                "SELECT ws, payload, key, length(payload::text) AS length FROM jobs WHERE type = 'users.sendMail'",
                Tuple.tuple());
        assertThat(jobs).hasSize(3).allMatch(job -> job.getInteger("ws") == 0);
        assertThat(jobs.stream().map(job -> job.getInteger("length")).distinct())
                .as("nothing differs in what is written, either")
                .hasSize(1);
        assertThat(jobs).noneMatch(job -> (job.getString("key") + job.getValue("payload")).contains("fathi.test"));
    }

    @Test
    void asking_for_links_is_slowed_down_by_account_and_shuts_nobody_out_of_signing_in() {
        for (int i = 0; i < 4; i++) {
            assertThat(forgotten(desk, Desk.EMAIL).status()).isEqualTo(202);
        }
        // The fifth shuts the door for a second, each one after it for twice as long.
        var answers = Desk.inParallel(20, i -> forgotten(desk, Desk.EMAIL));
        assertThat(answers)
                .filteredOn(answer -> answer.problem() != null)
                .hasSizeGreaterThan(10)
                .allMatch(answer -> kind(answer) == Kind.RATE_LIMITED);
        json(desk.login(Desk.EMAIL, Desk.PASSWORD));
    }

    @Test
    void a_link_to_another_password_works_once_and_ends_everything() {
        var member = desk.member(1, "analyst");
        var email = member.id() + "@fathi.test";
        var before = json(desk.login(email, Desk.PASSWORD));
        var links = List.of(link(member.id()), link(member.id()));
        assertThat(kind(confirm(links.getFirst(), "password1234"))).isEqualTo(Kind.UNPROCESSABLE);
        var answers = Desk.inParallel(20, i -> confirm(links.getFirst(), NEXT));
        assertThat(answers).filteredOn(answer -> answer.status() == 204).hasSize(1);
        assertThat(kind(confirm(links.getLast(), NEXT)))
                .as("the other one, too")
                .isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(desk.refusal(before.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(refresh(before))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(desk.login(email, Desk.PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);
        json(desk.login(email, NEXT));
    }

    @Test
    void a_link_that_is_too_old_or_for_something_else_is_refused() {
        var member = desk.member(1, "analyst");
        var old = link(member.id());
        desk.execute("UPDATE users_one_time SET expires_at = now() WHERE account = $1", Tuple.of(member.id()));
        assertThat(kind(confirm(old, NEXT))).isEqualTo(Kind.UNAUTHENTICATED);
        var invited = json(desk.ask(
                "createUser",
                desk.admin(),
                new JsonObject(),
                new JsonObject()
                        .put("email", UUID.randomUUID() + "@example.com")
                        .put("name", "Grace")
                        .put("roles", new JsonArray().add("analyst")),
                Map.of()));
        var url = invited.getJsonObject("invitation").getString("url");
        assertThat(kind(confirm(url.substring(url.indexOf('=') + 1), NEXT))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(confirm("frs_" + "A".repeat(43), NEXT))).isEqualTo(Kind.UNAUTHENTICATED);
    }

    // --- sessions
    // -----------------------------------------------------------------------------------------------------

    @Test
    void somebody_sees_their_sessions_and_ends_one_or_all_others() {
        var member = desk.member(1, "analyst");
        var email = member.id() + "@fathi.test";
        var tokens = List.of(json(desk.login(email, Desk.PASSWORD)), json(desk.login(email, Desk.PASSWORD)));
        var me = desk.bearer(tokens.getFirst().getString("accessToken"));
        var sessions = json(desk.ask("listSessions", me)).getJsonArray("items");
        assertThat(sessions).hasSize(3);
        assertThat(sessions.stream()
                        .filter(each -> ((JsonObject) each).getBoolean("current"))
                        .map(each -> ((JsonObject) each).getString("id")))
                .containsExactly(me.sessionId().toString());
        var last = desk.bearer(tokens.getLast().getString("accessToken")).sessionId();
        assertThat(end(me, last).status()).isEqualTo(204);
        assertThat(desk.refusal(tokens.getLast().getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(end(me, last))).isEqualTo(Kind.NOT_FOUND);
        assertThat(kind(end(me, desk.admin().sessionId())))
                .as("somebody else's")
                .isEqualTo(Kind.NOT_FOUND);

        assertThat(desk.ask("endSessions", me).status()).isEqualTo(204);
        assertThat(desk.refusal(tokens.getFirst().getString("accessToken"))).isNull();
        assertThat(desk.rows(
                        "SELECT id FROM users_session WHERE account = $1 AND ended_at IS NULL", Tuple.of(member.id())))
                .extracting(row -> row.getUUID("id"))
                .containsExactly(me.sessionId());
    }

    @Test
    void signing_out_everywhere_is_in_every_workspace() {
        var here = desk.member(1, "analyst");
        var elsewhere = desk.adminOfAnotherWorkspace();
        desk.execute("INSERT INTO users_membership (ws, account) VALUES ($1, $2)", Tuple.of(elsewhere.ws(), here.id()));
        var there = json(desk.ask(
                        "login",
                        Caller.ANONYMOUS,
                        new JsonObject(),
                        Desk.credentials(here.id() + "@fathi.test", Desk.PASSWORD)
                                .put("workspace", elsewhere.workspaceId().toString()),
                        Map.of()))
                .getString("accessToken");
        assertThat(desk.bearer(there).ws()).isEqualTo(elsewhere.ws());
        assertThat(desk.ask("endSessions", here).status()).isEqualTo(204);
        assertThat(desk.refusal(there)).isEqualTo(Kind.UNAUTHENTICATED);
    }

    // --- asking
    // -------------------------------------------------------------------------------------------------------

    private static Reply change(Caller caller, String current, String next) {
        return desk.ask(
                "changePassword",
                caller,
                new JsonObject(),
                new JsonObject().put("currentPassword", current).put("newPassword", next),
                Map.of());
    }

    private static Reply forgotten(Desk desk, String email) {
        return desk.ask(
                "requestPasswordReset",
                Caller.ANONYMOUS,
                new JsonObject(),
                new JsonObject().put("email", email),
                Map.of());
    }

    private static Reply confirm(String token, String next) {
        return desk.ask(
                "confirmPasswordReset",
                Caller.ANONYMOUS,
                new JsonObject(),
                new JsonObject().put("token", token).put("newPassword", next),
                Map.of());
    }

    /** What a mail would hold. */
    private static String link(UUID account) {
        var made = new OneTimeLinks(() -> "http://desk.test", desk.config.security())
                .reset(desk.pool, account)
                .await();
        return made.url().substring(made.url().indexOf('=') + 1);
    }

    private static Reply refresh(JsonObject tokens) {
        return desk.ask(
                "refreshTokens",
                Caller.ANONYMOUS,
                new JsonObject(),
                new JsonObject().put("refreshToken", tokens.getString("refreshToken")),
                Map.of());
    }

    private static Reply end(Caller caller, UUID session) {
        return desk.ask("endSession", caller, new JsonObject().put("id", session.toString()), null, Map.of());
    }
}
