package app.fathi;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Three nodes of one database that cannot hear each other, as when the bus is cut. Whatever takes a right away works on each
 * within a second: what is done at the first is seen by the second as soon as it has read the epochs; the third hardly ever
 * reads them, knows that it does not know, and looks up at each request. And a caller's rate is of all three together.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class NodesApartTest {
    private static final String USERS = "/api/v1/users";
    private static final String KEYS = "/api/v1/api-keys";
    private static final String ME = "/api/v1/auth/me";
    private static final int QUOTA = 120;
    private static final Pattern AGE = Pattern.compile("^fathi_security_epochs_age_seconds (\\S+)$", Pattern.MULTILINE);

    private static final Pattern SERVING = Pattern.compile("^fathi_http_rates_nodes (\\S+)$", Pattern.MULTILINE);

    private static TestServer here;
    private static TestServer reading;
    private static TestServer blind;

    @BeforeAll
    static void start() {
        here = TestServer.start(Map.of("FATHI_RATES_SEND_PER_MINUTE", "" + QUOTA));
        reading = here.another(Map.of(
                "FATHI_ROLES", "api",
                "FATHI_SECURITY_EPOCH_POLL_MILLIS", "50",
                // However slow this machine is: it does not look up what it has read of.
                "FATHI_SECURITY_EPOCH_STALE_MILLIS", "60000"));
        blind = here.another(Map.of(
                "FATHI_ROLES", "api",
                "FATHI_SECURITY_EPOCH_POLL_MILLIS", "10000",
                "FATHI_SECURITY_EPOCH_STALE_MILLIS", "100"));
    }

    @AfterAll
    static void stop() {
        blind.close();
        reading.close();
        here.close();
    }

    /**
     * A right and its end.
     *
     * @param credential that has the right
     * @param path which it may read
     * @param refusal what it is answered afterwards
     */
    private record Right(String credential, String path, int refusal, Runnable end) {}

    private enum End {
        LOG_OUT(who -> {
            var token = token(who);
            return new Right(token, ME, 401, () -> done(here.send("POST", "/api/v1/auth/logout", token, null)));
        }),
        ANOTHER_PASSWORD(who -> {
            var elsewhere = token(who);
            var change = new JsonObject()
                    .put("currentPassword", TestServer.ADMIN_PASSWORD)
                    .put("newPassword", "another long test password");
            return new Right(
                    token(who), ME, 401, () -> done(here.send("POST", "/api/v1/auth/password", elsewhere, change)));
        }),
        FORGOTTEN_PASSWORD(who -> {
            here.database()
                    .execute(
                            """
                            INSERT INTO users_one_time (hash, kind, account, ws, expires_at)
                            SELECT sha256('frs_%1$s'), 'reset', id, 0, now() + interval '1 hour'
                            FROM users_account WHERE email = '%1$s'
                            """
                                    .formatted(who));
            var change = new JsonObject().put("token", "frs_" + who).put("newPassword", "another long test password");
            return new Right(
                    token(who),
                    ME,
                    401,
                    () -> done(here.send("POST", "/api/v1/auth/password/reset/confirm", null, change)));
        }),
        SESSION_ENDED(who -> {
            var token = token(who);
            var session = here.send("GET", "/api/v1/auth/sessions", token, null)
                    .json()
                    .getJsonArray("items")
                    .getJsonObject(0)
                    .getString("id");
            return new Right(
                    token,
                    ME,
                    401,
                    () -> done(here.send("DELETE", "/api/v1/auth/sessions/" + session, token(who), null)));
        }),
        OTHER_SESSIONS_ENDED(who -> new Right(
                token(who), ME, 401, () -> done(here.send("DELETE", "/api/v1/auth/sessions", token(who), null)))),
        STOLEN_REFRESH_TOKEN(who -> {
            var tokens = login(who);
            var stolen = new JsonObject().put("refreshToken", tokens.getString("refreshToken"));
            done(here.send("POST", "/api/v1/auth/refresh", null, stolen));
            here.database().execute("UPDATE users_refresh_token SET used_at = used_at - interval '11 seconds'");
            return new Right(tokens.getString("accessToken"), ME, 401, () -> assertThat(
                            here.send("POST", "/api/v1/auth/refresh", null, stolen)
                                    .status())
                    .isEqualTo(401));
        }),
        SIGNED_OUT_BY_ADMINISTRATOR(who -> new Right(
                token(who), ME, 401, () -> done(here.admin("POST", USERS + "/" + id(who) + "/logout", null)))),
        DISABLED(who -> new Right(
                token(who), ME, 401, () -> change(USERS + "/" + id(who), new JsonObject().put("disabled", true)))),
        REMOVED(who -> new Right(token(who), ME, 401, () -> remove(USERS + "/" + id(who)))),
        LESSER_ROLE(who -> new Right(
                token(who),
                USERS,
                403,
                () -> change(USERS + "/" + id(who), new JsonObject().put("roles", new JsonArray().add("analyst"))))),
        ROLE_THAT_ALLOWS_LESS(who -> {
            var role = done(here.admin(
                    "POST",
                    "/api/v1/roles",
                    new JsonObject()
                            .put("name", "r" + Math.floorMod(who.hashCode(), 1_000_000))
                            .put("permissions", new JsonArray().add("users:read"))));
            change(
                    USERS + "/" + id(who),
                    new JsonObject()
                            .put("roles", new JsonArray().add(role.json().getString("name"))));
            return new Right(
                    token(who),
                    USERS,
                    403,
                    () -> change(role.header("Location"), new JsonObject().put("permissions", new JsonArray())));
        }),
        KEY_REVOKED(who -> {
            var key = key();
            return new Right(key.json().getString("secret"), USERS, 401, () -> remove(key.header("Location")));
        }),
        KEY_THAT_MAY_LESS(who -> {
            var key = key();
            return new Right(
                    key.json().getString("secret"),
                    USERS,
                    403,
                    () -> change(
                            key.header("Location"),
                            new JsonObject().put("permissions", new JsonArray().add("messages:read"))));
        }),
        KEY_ROTATED(who -> {
            var key = key();
            return new Right(
                    key.json().getString("secret"),
                    USERS,
                    401,
                    () -> done(here.admin("POST", key.header("Location") + "/rotate", new JsonObject())));
        });

        /** Of somebody who has just begun to administer here, named by their address. */
        private final Function<String, Right> right;

        End(Function<String, Right> right) {
            this.right = right;
        }
    }

    @ParameterizedTest
    @EnumSource
    @Order(1)
    void what_is_taken_away_is_gone_here_at_once_and_elsewhere_with_the_next_look(End end) {
        var right = end.right.apply(administrator());
        for (var node : new TestServer[] {here, reading, blind}) {
            assertThat(ask(node, right)).isEqualTo(200);
        }
        eventually("a node that has not read for long", () -> age(blind), age -> age > 0.1);
        right.end.run();
        var ended = System.nanoTime();
        assertThat(ask(here, right)).as("where it was done").isEqualTo(right.refusal);
        assertThat(ask(blind, right)).as("where nothing is known of it").isEqualTo(right.refusal);
        eventually("a look after it", () -> System.nanoTime() - (long) (age(reading) * 1e9), asked -> asked > ended);
        assertThat(ask(reading, right)).as("where it was read").isEqualTo(right.refusal);
    }

    private static int ask(TestServer node, Right right) {
        return node.send("GET", right.path, right.credential, null).status();
    }

    /** Of what the node knows, in seconds. */
    private static double age(TestServer node) {
        return metric(node, AGE);
    }

    private static double metric(TestServer node, Pattern line) {
        var found = line.matcher(node.send("GET", "/metrics", null, null).body());
        assertThat(found.find()).as(line.pattern()).isTrue();
        return Double.parseDouble(found.group(1));
    }

    /** The first has learnt of the others meanwhile: nodes say every ten seconds that they are there. */
    @Test
    @Order(2)
    void whoever_spreads_their_requests_over_all_nodes_has_one_quota() {
        var nodes = List.of(here, reading, blind);
        nodes.forEach(node -> eventually("all know of each other", () -> metric(node, SERVING), all -> all == 3));
        var draft = new JsonObject().put("name", "spread").put("permissions", new JsonArray().add("messages:send"));
        var key = done(here.admin("POST", KEYS, draft)).json().getString("secret");
        var began = System.nanoTime();
        int letIn = 0;
        for (int i = 0; i < 3 * QUOTA; i++) {
            // Mostly at one, then at another: what the others do not need is not kept for them.
            var node = nodes.get(i % 10 == 0 ? i / 10 % 3 : i / QUOTA);
            var answer = node.send("POST", "/api/v1/webpush/messages", key, new JsonObject());
            assertThat(answer.header("RateLimit-Policy")).isEqualTo("\"send\";q=" + QUOTA + ";w=60");
            assertThat(answer.status()).isIn(400, 429);
            letIn += answer.status() == 400 ? 1 : 0;
        }
        var minutes = (System.nanoTime() - began) / 6e10;
        assertThat((double) letIn).isLessThanOrEqualTo(1.1 * QUOTA * (1 + minutes) + 3 * nodes.size());
        // Leases take their time beside these requests; a caller that goes on gets the rest.
        assertThat(letIn).isGreaterThan(QUOTA / 2);
    }

    // --- who has rights -------------------------------------------------------------------------------------------

    private static String administrator() {
        var email = "rights-" + UUID.randomUUID() + "@fathi.test";
        here.database()
                .execute(
                        """
                        WITH w AS (SELECT min(no) AS no FROM users_workspace),
                        a AS (
                          INSERT INTO users_account (id, email, email_folded, name, password_hash)
                          SELECT gen_random_uuid(), '%1$s', '%1$s', 'Member', password_hash
                          FROM users_account WHERE email = '%2$s' RETURNING id),
                        m AS (INSERT INTO users_membership (account, ws) SELECT id, no FROM a, w)
                        INSERT INTO roles_assignment (ws, account, role) SELECT no, id, 'administrator' FROM a, w
                        """
                                .formatted(email, TestServer.ADMIN_EMAIL));
        return email;
    }

    private static JsonObject login(String email) {
        return done(here.send(
                        "POST",
                        "/api/v1/auth/login",
                        null,
                        new JsonObject().put("email", email).put("password", TestServer.ADMIN_PASSWORD)))
                .json();
    }

    private static String token(String email) {
        return login(email).getString("accessToken");
    }

    private static String id(String email) {
        return done(here.admin("GET", USERS + "?q=" + email, null))
                .json()
                .getJsonArray("items")
                .getJsonObject(0)
                .getString("id");
    }

    private static TestServer.Answer key() {
        var draft = new JsonObject().put("name", "right").put("permissions", new JsonArray().add("users:read"));
        return done(here.admin("POST", KEYS, draft));
    }

    private static void change(String path, JsonObject change) {
        change(here.token(), path, change);
    }

    private static void change(String bearer, String path, JsonObject change) {
        var tag = done(here.send("GET", path, bearer, null)).header("ETag");
        done(here.send("PATCH", path, bearer, change, "If-Match", tag));
    }

    private static void remove(String path) {
        done(here.admin(
                "DELETE",
                path,
                null,
                "If-Match",
                done(here.admin("GET", path, null)).header("ETag")));
    }

    private static TestServer.Answer done(TestServer.Answer answer) {
        assertThat(answer.status()).as(answer.body()).isBetween(200, 299);
        return answer;
    }
}
