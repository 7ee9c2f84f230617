package app.fathi.users;

import static app.fathi.users.Desk.json;
import static app.fathi.users.Desk.kind;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.bus.Reply;
import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.security.Caller;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SessionsTest {
    private static Desk desk;

    @BeforeAll
    static void open() {
        desk = Desk.open();
    }

    @AfterAll
    static void close() {
        desk.close();
    }

    @BeforeEach
    void open_the_door() {
        desk.execute("DELETE FROM users_login_attempt", Tuple.tuple());
    }

    @Test
    void the_administrator_of_the_first_start_signs_in_whatever_the_case_of_the_address() {
        var tokens = json(desk.login(" ada@FATHI.test ", Desk.PASSWORD));
        assertThat(tokens.getString("tokenType")).isEqualTo("Bearer");
        assertThat(tokens.getInteger("expiresIn")).isEqualTo(600);
        assertThat(tokens.getString("refreshToken")).startsWith("frt_").hasSize(4 + 43);
        var me = json(desk.ask("getMe", desk.bearer(tokens.getString("accessToken"))));
        assertThat(me.getString("kind")).isEqualTo("user");
        assertThat(me.getString("email")).isEqualTo(Desk.EMAIL);
        assertThat(me.getJsonObject("workspace").getString("name")).isEqualTo("Main");
        assertThat(me.getJsonArray("roles")).containsExactly("administrator");
        assertThat(me.getJsonArray("permissions")).contains("audit:read", "messages:send-transactional");
    }

    @Test
    void a_wrong_password_an_unknown_account_and_a_foreign_workspace_get_the_same_answer() {
        var answers = List.of(
                desk.login(Desk.EMAIL, "not the password at all"),
                desk.login("nobody@fathi.test", Desk.PASSWORD),
                desk.ask(
                        "login",
                        Caller.ANONYMOUS,
                        new JsonObject(),
                        Desk.credentials(Desk.EMAIL, Desk.PASSWORD)
                                .put("workspace", UUID.randomUUID().toString()),
                        Map.of()));
        assertThat(answers)
                .extracting(Reply::problem)
                .containsOnly(answers.getFirst().problem());
        assertThat(kind(answers.getFirst())).isEqualTo(Kind.UNAUTHENTICATED);
    }

    @Test
    void an_unknown_account_costs_a_hash_as_a_known_one_does() {
        var passwords = new Passwords(desk.vertx, Config.of(Map.of()).security());
        passwords.prepare().await();
        var hash = passwords.hash(Desk.PASSWORD).await();
        assertThat(hash).startsWith("$argon2id$v=19$m=19456,t=2,p=1$");
        assertThat(passwords.verify(Desk.PASSWORD, Optional.of(hash)).await()).isTrue();
        assertThat(passwords.verify("another", Optional.of(hash)).await()).isFalse();
        assertThat(passwords.verify(Desk.PASSWORD, Optional.empty()).await()).isFalse();
    }

    @Test
    void repeated_failures_are_slowed_down_alike_for_known_and_unknown_accounts_and_never_for_good() {
        for (var email : List.of(Desk.EMAIL, "nobody@fathi.test")) {
            for (int i = 0; i < 5; i++) {
                assertThat(kind(desk.login(email, "wrong wrong wrong"))).isEqualTo(Kind.UNAUTHENTICATED);
            }
            var slowed = desk.login(email, Desk.PASSWORD);
            assertThat(kind(slowed)).isEqualTo(Kind.RATE_LIMITED);
            assertThat(slowed.problem().retryAfterSeconds().getAsInt()).isBetween(1, 900);
        }
        desk.execute("UPDATE users_login_attempt SET blocked_until = now()", Tuple.tuple());
        assertThat(json(desk.login(Desk.EMAIL, Desk.PASSWORD))).isNotNull();
        assertThat(kind(desk.login(Desk.EMAIL, "wrong wrong wrong"))).isEqualTo(Kind.UNAUTHENTICATED);
    }

    @Test
    void guessing_in_parallel_gains_nothing() {
        var answers = Desk.inParallel(20, i -> desk.login("victim@fathi.test", "guess " + i));
        assertThat(answers)
                .filteredOn(answer -> kind(answer) == Kind.UNAUTHENTICATED)
                .hasSize(5);
        assertThat(answers)
                .filteredOn(answer -> kind(answer) == Kind.RATE_LIMITED)
                .hasSize(15);
    }

    /** Few hash at a time, a bounded number waits, the rest is told to come back; and everybody else is served meanwhile. */
    @Test
    void two_hundred_sign_ins_at_once_are_bounded_and_hold_nobody_else_up() {
        try (var desk = Desk.openInEarnest(Map.of("FATHI_SECURITY_PASSWORD_QUEUE", "8"))) {
            flood(desk);
        }
    }

    private static void flood(Desk desk) {
        var member = desk.member(1, "analyst");
        var emails = new String[200];
        for (int i = 0; i < emails.length; i++) {
            emails[i] = "flood-" + i + "@fathi.test";
        }
        var most = new AtomicInteger();
        var others = new AtomicInteger();
        var answers = new ArrayList<Reply>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var flood = Stream.of(emails)
                    .map(email -> threads.submit(() -> desk.login(email, Desk.PASSWORD, address(email))))
                    .toList();
            while (flood.stream().anyMatch(each -> !each.isDone())) {
                assertThat(desk.ask("getMe", member).status()).isEqualTo(200);
                others.incrementAndGet();
                int hashing = (int) Thread.getAllStackTraces().entrySet().stream()
                        .filter(each -> Stream.of(each.getValue())
                                .anyMatch(frame -> frame.getClassName().startsWith("com.password4j")))
                        .peek(each -> assertThat(each.getKey().getName()).startsWith("fathi-passwords"))
                        .count();
                most.accumulateAndGet(hashing, Math::max);
            }
            for (var each : flood) {
                answers.add(each.get());
            }
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
        assertThat(answers).extracting(answer -> kind(answer)).containsOnly(Kind.UNAUTHENTICATED, Kind.UNAVAILABLE);
        assertThat(answers)
                .filteredOn(answer -> kind(answer) != Kind.UNAUTHENTICATED)
                .allMatch(answer -> answer.problem().retryAfterSeconds().isPresent());
        assertThat(most.get())
                .as("hashes of 19 MiB at a time")
                .isBetween(1, desk.config.security().passwordThreads());
        assertThat(others.get()).as("others who were served meanwhile").isGreaterThan(5);
    }

    /** One for each, so that the door lets all of them in. */
    private static String address(String email) {
        return "2001:db8:" + Integer.toHexString(email.hashCode() & 0xffff) + ":" + email.replaceAll("[^0-9]", "")
                + "::1";
    }

    @Test
    void one_address_cannot_try_many_accounts() {
        for (int i = 0; i < 50; i++) {
            assertThat(kind(desk.login("guess" + i + "@fathi.test", "wrong"))).isEqualTo(Kind.UNAUTHENTICATED);
        }
        assertThat(kind(desk.login("another@fathi.test", "wrong"))).isEqualTo(Kind.RATE_LIMITED);
    }

    @Test
    void a_refresh_token_works_once_and_its_successor_goes_on() {
        var first = desk.tokens();
        var second = json(refresh(first.getString("refreshToken")));
        assertThat(second.getString("refreshToken")).isNotEqualTo(first.getString("refreshToken"));
        assertThat(desk.refusal(second.getString("accessToken"))).isNull();
        assertThat(kind(refresh(first.getString("refreshToken")))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(desk.refusal(second.getString("accessToken")))
                .as("within the grace nothing ends")
                .isNull();
        json(refresh(second.getString("refreshToken")));
    }

    @Test
    void of_two_tabs_at_once_one_is_refreshed_and_nothing_ends() {
        var token = desk.tokens().getString("refreshToken");
        var answers = Desk.inParallel(8, i -> refresh(token));
        assertThat(answers).filteredOn(answer -> answer.status() == 200).hasSize(1);
        var winner = answers.stream()
                .filter(answer -> answer.status() == 200)
                .findFirst()
                .orElseThrow();
        json(refresh(json(winner).getString("refreshToken")));
    }

    @Test
    void a_used_refresh_token_shown_late_ends_the_whole_family_on_every_node() {
        var first = desk.tokens();
        var second = json(refresh(first.getString("refreshToken")));
        desk.execute(
                "UPDATE users_refresh_token SET used_at = used_at - interval '11 seconds' WHERE used_at IS NOT NULL",
                Tuple.tuple());
        try (var other = desk.another()) {
            assertThat(other.refusal(second.getString("accessToken"))).isNull();
            assertThat(kind(refresh(first.getString("refreshToken")))).isEqualTo(Kind.UNAUTHENTICATED);
            assertThat(desk.refusal(second.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
            assertThat(kind(refresh(second.getString("refreshToken")))).isEqualTo(Kind.UNAUTHENTICATED);
            other.epochs.refresh().await();
            assertThat(other.refusal(second.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
        }
    }

    @Test
    void a_late_reuse_leaves_other_sign_ins_alone() {
        var mine = desk.tokens();
        var stolen = desk.tokens();
        refresh(stolen.getString("refreshToken"));
        desk.execute(
                "UPDATE users_refresh_token SET used_at = used_at - interval '11 seconds' WHERE used_at IS NOT NULL",
                Tuple.tuple());
        refresh(stolen.getString("refreshToken"));
        assertThat(desk.refusal(stolen.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(desk.refusal(mine.getString("accessToken"))).isNull();
    }

    @Test
    void signing_out_works_at_once_here_and_after_one_look_elsewhere() {
        var tokens = desk.tokens();
        try (var other = desk.another()) {
            assertThat(other.refusal(tokens.getString("accessToken"))).isNull();
            assertThat(desk.ask("logout", desk.bearer(tokens.getString("accessToken")))
                            .status())
                    .isEqualTo(204);
            assertThat(desk.refusal(tokens.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
            assertThat(kind(refresh(tokens.getString("refreshToken")))).isEqualTo(Kind.UNAUTHENTICATED);
            other.epochs.refresh().await();
            assertThat(other.refusal(tokens.getString("accessToken"))).isEqualTo(Kind.UNAUTHENTICATED);
        }
    }

    @Test
    void a_node_that_cannot_read_the_epochs_believes_nothing_it_remembers() {
        try (var other = Desk.open(
                Map.of("FATHI_SECURITY_EPOCH_POLL_MILLIS", "10000", "FATHI_SECURITY_EPOCH_STALE_MILLIS", "100"))) {
            var token = other.tokens().getString("accessToken");
            assertThat(other.refusal(token)).isNull();
            other.execute("UPDATE users_session SET ended_at = now()", Tuple.tuple());
            other.epochs.stop();
            other.vertx.timer(200).await();
            assertThat(other.refusal(token)).isEqualTo(Kind.UNAUTHENTICATED);
        }
    }

    @Test
    void a_disabled_account_is_out() {
        var member = desk.member(1, "analyst");
        desk.execute("UPDATE users_account SET disabled_at = now() WHERE id = $1", Tuple.of(member.id()));
        assertThat(kind(desk.login(member.id() + "@fathi.test", Desk.PASSWORD))).isEqualTo(Kind.UNAUTHENTICATED);
    }

    @Test
    void a_made_up_refresh_token_is_refused() {
        for (var token :
                List.of("frt_", "frt_" + "A".repeat(43), "x", desk.tokens().getString("accessToken"))) {
            assertThat(kind(refresh(token))).isEqualTo(Kind.UNAUTHENTICATED);
        }
    }

    @Test
    void the_database_holds_no_token_and_no_password() {
        var tokens = desk.tokens();
        var everything = desk.rows(
                        "SELECT (SELECT string_agg(t::text, ' ') FROM users_refresh_token t) || (SELECT string_agg(a::text, ' ') FROM users_account a) AS text",
                        Tuple.tuple())
                .getFirst()
                .getString("text");
        assertThat(everything)
                .doesNotContain(tokens.getString("refreshToken").substring(4))
                .doesNotContain(Desk.PASSWORD);
    }

    private static Reply refresh(String token) {
        return desk.ask(
                "refreshTokens",
                Caller.ANONYMOUS,
                new JsonObject(),
                new JsonObject().put("refreshToken", token),
                Map.of());
    }
}
