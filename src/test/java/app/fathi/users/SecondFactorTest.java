package app.fathi.users;

import static app.fathi.users.Desk.json;
import static app.fathi.users.Desk.kind;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.bus.Reply;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.security.Caller;
import app.fathi.testing.Authenticator;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Codes by time, and for whoever lost the device. */
class SecondFactorTest {
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

    /** Somebody with a second factor. */
    private record Enrolled(
            Caller caller, String email, String secret, Authenticator phone, List<String> recoveryCodes) {
        /** Of the next half minutes, so that codes used before do not stand in the way. */
        String code(int ahead) {
            return phone.code(ahead);
        }
    }

    private static Enrolled enrolled() {
        var member = desk.member(1, "analyst");
        var secret = json(enrol(member, Desk.PASSWORD)).getString("secret");
        var phone = Authenticator.of(secret);
        var codes = json(confirm(member, phone.code(-1))).getJsonArray("recoveryCodes");
        return new Enrolled(
                member,
                member.id() + "@fathi.test",
                secret,
                phone,
                codes.stream().map(String.class::cast).toList());
    }

    // --- RFC 6238, appendix B
    // -----------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "59, 94287082",
        "1111111109, 07081804",
        "1111111111, 14050471",
        "1234567890, 89005924",
        "2000000000, 69279037",
        "20000000000, 65353130"
    })
    void codes_are_those_of_the_standard(long seconds, String code) {
        var secret = "12345678901234567890".getBytes(US_ASCII);
        assertThat(Totp.code(secret, Totp.step(Instant.ofEpochSecond(seconds)), 8))
                .isEqualTo(code);
    }

    /** RFC 4648, section 10. */
    @ParameterizedTest
    @CsvSource({"'', ''", "f, MY", "fo, MZXQ", "foo, MZXW6", "foob, MZXW6YQ", "fooba, MZXW6YTB", "foobar, MZXW6YTBOI"})
    void secrets_are_written_as_the_standard_says(String text, String base32) {
        assertThat(Totp.base32(text.getBytes(US_ASCII))).isEqualTo(base32);
    }

    @Test
    void a_code_is_good_for_its_half_minute_and_the_ones_beside_it() {
        var secret = "12345678901234567890".getBytes(US_ASCII);
        var now = Instant.ofEpochSecond(1_234_567_890);
        var step = Totp.step(now);
        for (int drift = -3; drift <= 3; drift++) {
            assertThat(Totp.match(secret, Totp.code(secret, step + drift), now).isPresent())
                    .as("drift " + drift)
                    .isEqualTo(Math.abs(drift) <= 1);
        }
        assertThat(Totp.match(secret, "00000", now)).isEmpty();
    }

    // --- signing in
    // ---------------------------------------------------------------------------------------------------

    @Test
    void who_has_a_second_factor_signs_in_with_both_and_with_neither_alone() {
        var ada = enrolled();
        var missing = login(ada.email, null);
        assertThat(kind(missing)).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(missing.problem().faults().getFirst().pointer()).isEqualTo("/totp");
        var wrong = login(ada.email, "000000".equals(ada.code(0)) ? "000001" : "000000");
        assertThat(kind(wrong)).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(wrong.problem().faults().getFirst().pointer()).isEqualTo("/totp");
        var noPassword = desk.ask(
                "login",
                Caller.ANONYMOUS,
                new JsonObject(),
                Desk.credentials(ada.email, "not the password").put("totp", ada.code(0)),
                Map.of());
        assertThat(noPassword.problem())
                .as("as for an unknown account: nobody learns that there is a second factor")
                .isEqualTo(desk.login("nobody@fathi.test", Desk.PASSWORD).problem());
        assertThat(json(login(ada.email, ada.code(0)))).isNotNull();
    }

    @Test
    void a_code_works_once_also_for_many_at_once() {
        var ada = enrolled();
        var code = ada.code(0);
        var answers = Desk.inParallel(4, i -> login(ada.email, code));
        assertThat(answers).filteredOn(answer -> answer.status() == 200).hasSize(1);
        assertThat(kind(login(ada.email, code))).isEqualTo(Kind.UNAUTHENTICATED);
        json(login(ada.email, ada.code(1)));
        assertThat(kind(login(ada.email, code))).as("an older one").isEqualTo(Kind.UNAUTHENTICATED);
    }

    @Test
    void a_recovery_code_works_once_however_it_is_typed() {
        var ada = enrolled();
        assertThat(ada.recoveryCodes).hasSize(10).doesNotHaveDuplicates();
        var code = ada.recoveryCodes.getFirst();
        assertThat(code).matches("[a-z2-7]{4}(-[a-z2-7]{4}){3}");
        json(login(ada.email, " " + code.toUpperCase(java.util.Locale.ROOT).replace("-", " ")));
        assertThat(kind(login(ada.email, code))).isEqualTo(Kind.UNAUTHENTICATED);
        var renewed = json(renew(ada.caller, ada.recoveryCodes.get(1))).getJsonArray("recoveryCodes");
        assertThat(kind(login(ada.email, ada.recoveryCodes.get(2))))
                .as("replaced")
                .isEqualTo(Kind.UNAUTHENTICATED);
        json(login(ada.email, renewed.getString(9)));
    }

    @Test
    void guessing_codes_is_slowed_down_as_guessing_passwords_is() {
        var ada = enrolled();
        Desk.assertSlowedDown(Kind.UNAUTHENTICATED, i -> login(ada.email, ada.code(100 + i)));
    }

    @Test
    void the_database_holds_no_secret_and_no_recovery_code() {
        var ada = enrolled();
        var stored = desk.rows(
                        "SELECT (SELECT string_agg(t::text, ' ') FROM users_totp t) || (SELECT string_agg(r::text, ' ') FROM users_recovery_code r) AS text",
                        Tuple.tuple())
                .getFirst()
                .getString("text");
        assertThat(stored)
                .doesNotContain(java.util.HexFormat.of().formatHex(ada.phone.secret()))
                .doesNotContain(ada.recoveryCodes.getFirst())
                .doesNotContain(ada.recoveryCodes.getFirst().replace("-", ""));
    }

    // --- getting one
    // --------------------------------------------------------------------------------------------------

    @Test
    void nothing_is_asked_for_before_a_first_code_was_shown() {
        var member = desk.member(1, "analyst");
        var email = member.id() + "@fathi.test";
        assertThat(kind(enrol(member, "not the password"))).isEqualTo(Kind.UNPROCESSABLE);
        var first = json(enrol(member, Desk.PASSWORD));
        assertThat(first.getString("uri"))
                .isEqualTo("otpauth://totp/Fathi:" + member.id() + "%40fathi.test?secret=" + first.getString("secret")
                        + "&issuer=Fathi&algorithm=SHA1&digits=6&period=30");
        json(login(email, null));
        var second = Authenticator.of(json(enrol(member, Desk.PASSWORD)).getString("secret"));
        assertThat(kind(confirm(
                        member, Authenticator.of(first.getString("secret")).code())))
                .as("of the secret before")
                .isEqualTo(Kind.UNPROCESSABLE);
        json(confirm(member, second.code()));
        assertThat(kind(login(email, null))).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(kind(enrol(member, Desk.PASSWORD))).isEqualTo(Kind.CONFLICT);
        assertThat(kind(confirm(member, second.code(1)))).isEqualTo(Kind.UNPROCESSABLE);
    }

    @Test
    void what_was_signed_in_to_without_it_ends_when_it_is_there() {
        var member = desk.member(1, "analyst");
        var email = member.id() + "@fathi.test";
        var other = json(login(email, null)).getString("accessToken");
        var mine = desk.bearer(json(login(email, null)).getString("accessToken"));
        var secret = Authenticator.of(json(enrol(mine, Desk.PASSWORD)).getString("secret"));
        json(confirm(mine, secret.code()));
        assertThat(desk.refusal(other)).isEqualTo(Kind.UNAUTHENTICATED);
        assertThat(json(desk.ask("getMe", mine)).getJsonObject("secondFactor").getBoolean("enrolled"))
                .isTrue();
    }

    @Test
    void it_goes_only_with_the_password_and_a_code() {
        var ada = enrolled();
        assertThat(kind(remove(ada.caller, "not the password", ada.code(0)))).isEqualTo(Kind.UNPROCESSABLE);
        assertThat(kind(remove(ada.caller, Desk.PASSWORD, ada.code(50)))).isEqualTo(Kind.UNPROCESSABLE);
        assertThat(remove(ada.caller, Desk.PASSWORD, ada.code(0)).status()).isEqualTo(204);
        json(login(ada.email, null));
        assertThat(kind(remove(ada.caller, Desk.PASSWORD, ada.code(1)))).isEqualTo(Kind.CONFLICT);
    }

    // --- asked of everybody
    // -------------------------------------------------------------------------------------------

    @Test
    void a_workspace_that_asks_for_it_lets_who_has_none_do_nothing_but_get_one() {
        var boss = desk.adminOfAnotherWorkspace();
        assertThat(kind(require(boss, true))).as("without one oneself").isEqualTo(Kind.UNPROCESSABLE);
        var secret = Authenticator.of(json(enrol(boss, Desk.PASSWORD)).getString("secret"));
        json(confirm(boss, secret.code()));
        var member = desk.member(boss.ws(), "analyst");
        var key = desk.bearer(json(desk.ask(
                        "createApiKey",
                        boss,
                        new JsonObject(),
                        new JsonObject().put("name", "k").put("permissions", new JsonArray().add("workspaces:read")),
                        Map.of()))
                .getString("secret"));
        assertThat(desk.ask("getCurrentWorkspace", member).status()).isEqualTo(200);

        json(require(boss, true));
        var token = json(login(member.id() + "@fathi.test", null)).getString("accessToken");
        var limited = desk.bearer(token);
        assertThat(limited.mustEnrol()).isTrue();
        assertThat(kind(desk.ask("getCurrentWorkspace", limited))).isEqualTo(Kind.FORBIDDEN);
        var me = json(desk.ask("getMe", limited));
        assertThat(me.getJsonArray("permissions")).isEmpty();
        assertThat(me.getJsonObject("secondFactor").getBoolean("needed")).isTrue();
        assertThat(desk.ask("getCurrentWorkspace", desk.bearer(boss(boss, secret)))
                        .status())
                .isEqualTo(200);
        assertThat(desk.ask("getCurrentWorkspace", key).status())
                .as("a key has no second factor")
                .isEqualTo(200);

        var mine = Authenticator.of(json(enrol(limited, Desk.PASSWORD)).getString("secret"));
        json(confirm(limited, mine.code()));
        assertThat(desk.ask("getCurrentWorkspace", desk.bearer(token)).status()).isEqualTo(200);
    }

    private static String boss(Caller boss, Authenticator phone) {
        return json(login(boss.id() + "@fathi.test", phone.code(1))).getString("accessToken");
    }

    // --- asking
    // -------------------------------------------------------------------------------------------------------

    private static Reply login(String email, String code) {
        var body = Desk.credentials(email, Desk.PASSWORD);
        return desk.ask(
                "login", Caller.ANONYMOUS, new JsonObject(), code == null ? body : body.put("totp", code), Map.of());
    }

    private static Reply ask(String operation, Caller caller, JsonObject body) {
        return desk.ask(operation, caller, new JsonObject(), body, Map.of());
    }

    private static Reply enrol(Caller caller, String password) {
        return ask("enrolTotp", caller, new JsonObject().put("password", password));
    }

    private static Reply confirm(Caller caller, String code) {
        return ask("confirmTotp", caller, new JsonObject().put("code", code));
    }

    private static Reply renew(Caller caller, String code) {
        return ask(
                "renewRecoveryCodes",
                caller,
                new JsonObject().put("password", Desk.PASSWORD).put("code", code));
    }

    private static Reply remove(Caller caller, String password, String code) {
        return ask(
                "removeTotp", caller, new JsonObject().put("password", password).put("code", code));
    }

    private static Reply require(Caller caller, boolean required) {
        return desk.ask(
                "updateCurrentWorkspace",
                caller,
                new JsonObject(),
                new JsonObject().put("twoFactorRequired", required),
                Map.of("if-match", "\"v1\""));
    }
}
