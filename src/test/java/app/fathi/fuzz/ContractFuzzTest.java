package app.fathi.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.http.Contract;
import app.fathi.testing.AnswerCheck;
import app.fathi.testing.ContractSchemas;
import app.fathi.testing.RawConnection;
import app.fathi.testing.TestServer;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * What strangers can send to each operation of the contract, and what must then be true. The same requests in each run, so
 * that a rare find does not surprise who changed something else; {@code -Dfathi.seed=…} looks further.
 */
class ContractFuzzTest {
    private static final int ATTACKS = 25;
    private static final long SEED = Long.getLong("fathi.seed", 1);
    private static final Contract CONTRACT = Contract.load();
    private static final ContractSchemas SCHEMAS = new ContractSchemas(CONTRACT);
    private static final AnswerCheck ANSWERS = new AnswerCheck();
    private static ListAppender<ILoggingEvent> log;

    /** What requests leave behind. */
    private static final String ROWS =
            """
            SELECT concat_ws(' ',
                (SELECT count(*) FROM audit_event WHERE result = 'success' AND operation !~ '[.](read|list|export|search|members)'),
                (SELECT count(*) FROM users_api_key),
                (SELECT count(*) FROM users_session),
                (SELECT count(*) FROM webpush_subscription),
                (SELECT count(*) FROM webpush_key),
                (SELECT count(*) FROM webpush_site),
                (SELECT count(*) FROM webpush_prompt),
                (SELECT count(*) FROM cep_run),
                (SELECT count(*) FROM cep_kill_switch),
                (SELECT count(*) FROM idempotency),
                (SELECT count(*) FROM stream_record WHERE topic = 'ingest'))
            """;

    private static TestServer server;
    private static RawConnection connection;
    private static Connection database;
    private static String token;

    @BeforeAll
    static void start() throws SQLException {
        log = new ListAppender<>();
        server = TestServer.start(Map.of());
        connection = RawConnection.to(server.url());
        var address = server.database().address();
        database = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
        token = server.token();
        log.start();
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).addAppender(log);
    }

    @AfterAll
    static void stop() throws SQLException {
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).detachAppender(log);
        database.close();
        connection.close();
        server.close();
    }

    static Stream<String> operations() {
        return CONTRACT.operations().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("operations")
    void hostile_requests_are_refused_in_the_words_of_the_contract_and_leave_nothing(String id) {
        var random = new Random(SEED ^ id.hashCode());
        var operation = CONTRACT.operations().get(id);
        var faults = new ArrayList<String>();
        for (var attack : new Attacks(SCHEMAS, random).on(operation, ATTACKS)) {
            var credential = random.nextInt(4) > 0;
            fault(operation, attack, credential)
                    .ifPresent(fault ->
                            faults.add((credential ? "" : "without credential: ") + attack + "\n    → " + fault));
        }
        assertThat(faults).isEmpty();
    }

    private static Optional<String> fault(Contract.Operation operation, Attack attack, boolean credential) {
        var headers = new ArrayList<>(attack.headers());
        if (credential) {
            headers.add("Authorization: Bearer " + token);
        }
        var before = rows();
        log.list.clear();
        TestServer.Answer answer;
        try {
            answer = connection.ask(attack.method(), attack.target(), headers, attack.body());
        } catch (UncheckedIOException e) {
            connection.close();
            connection = RawConnection.to(server.url());
            return attack.breaksConnection() ? Optional.empty() : Optional.of("no answer: " + e);
        }
        if (RawConnection.isWithoutEnd(answer.headers())) {
            connection.close();
            connection = RawConnection.to(server.url());
        }
        var faults = ANSWERS.faults(attack.method(), attack.path(), answer);
        if (answer.status() >= 500) {
            faults.add("the server is at fault");
        }
        if (attack.breaksConnection()) {
            connection.close();
            connection = RawConnection.to(server.url());
        } else if ("close".equalsIgnoreCase(answer.header("Connection"))) {
            connection = RawConnection.to(server.url());
            faults.add("the connection ends");
        }
        if (answer.status() >= 400 && !rows().equals(before)) {
            faults.add("rows were " + before + " and are " + rows());
        }
        if (answer.status() < 400 && !credential && !operation.permission().equals("public")) {
            faults.add("nobody is let in");
        }
        errors().forEach(line -> faults.add("logged: " + line));
        if (operation.id().equals("logout") && answer.status() < 400) {
            token = login();
        }
        return faults.isEmpty()
                ? Optional.empty()
                : Optional.of(String.join("; ", faults) + "\n    " + answer.status() + " " + answer.body());
    }

    private static List<String> errors() {
        return List.copyOf(log.list).stream()
                .filter(line -> line.getLevel().isGreaterOrEqual(Level.ERROR))
                .map(line -> line.getFormattedMessage()
                        + (line.getThrowableProxy() == null
                                ? ""
                                : " " + line.getThrowableProxy().getClassName() + ": "
                                        + line.getThrowableProxy().getMessage()))
                .toList();
    }

    private static String login() {
        return server.send(
                        "POST",
                        "/api/v1/auth/login",
                        null,
                        new JsonObject()
                                .put("email", TestServer.ADMIN_EMAIL)
                                .put("password", TestServer.ADMIN_PASSWORD))
                .json()
                .getString("accessToken");
    }

    private static String rows() {
        try (var statement = database.createStatement();
                var result = statement.executeQuery(ROWS)) {
            result.next();
            return result.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What is so broken that no route sees it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /api/v1/jobs\u0000 HTTP/1.1\r\nHost: a\r\n\r\n",
                "G\u0001T /api/v1/jobs HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /api/v1/jobs HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
                "GET /api/v1/jobs HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
                "GET /api/v1/jobs HTTP/1.1\r\nHost: a\r\nX: a\u0000b\r\n\r\n",
                "GET /api/v1/jobs HTTP/1.1\r\n\r\n",
                "GET api/v1/jobs HTTP/1.1\r\nHost: a\r\n\r\n",
                "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
                "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
                "GET /api/v1/jobs HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "POST /v1/track HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                "POST /v1/track HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
                "POST /v1/track HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n{}",
                "POST /v1/track HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n",
                "POST /v1/track HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                "\r\n\r\n\r\nhello\r\n\r\n",
            })
    void what_cannot_be_read_as_http_is_a_problem_with_a_request_id_too(String request) {
        log.list.clear();
        try (var fresh = RawConnection.to(server.url())) {
            var answer = fresh.ask(request.getBytes(StandardCharsets.ISO_8859_1));
            assertThat(errors()).isEmpty();
            assertThat(answer.status()).isBetween(400, 431);
            assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
            assertThat(answer.json().getString("requestId"))
                    .isEqualTo(answer.header("X-Request-Id"))
                    .matches("[A-Za-z0-9_-]{16}");
        }
        assertThat(server.send("GET", "/openapi.yaml", null, null).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "/api/v1/jobs/, 404, not_found",
        "/api/v1/jobs/x/y/z, 404, not_found",
        "/api/v1/webpush/messages/batch, 405, method_not_allowed",
        "/api/v1/jobs/%zz, 400, malformed",
        "/api/v1/jobs?limit=%zz, 400, malformed",
        "/api/v1/jobs?olderThan=P99999999999999D, 200,",
        "/api/v1/webpush/subscriptions?profileId=urn:uuid:01932f12-3300-7c00-a000-2a2b2c2d2e2f, 400, invalid_request",
        "/api/v1/audit/events?from=2026-11-02%2010:00:00, 400, invalid_request",
    })
    void what_was_found_once_is_not_forgotten(String target, int status, String code) {
        log.list.clear();
        try (var fresh = RawConnection.to(server.url())) {
            var answer = fresh.ask("GET", target, List.of("Authorization: Bearer " + token), null);
            assertThat(answer.status()).as(answer.body()).isEqualTo(status);
            assertThat(answer.json().getString("code")).isEqualTo(code);
            assertThat(errors()).isEmpty();
        }
    }

    @Test
    void a_notification_with_a_time_that_is_none_is_refused_before_it_is_taken() {
        var draft = new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray().add("customer-42")))
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Hello").put("timestamp", "2026-11-02 10:00:00"));
        var answer = server.admin("POST", "/api/v1/webpush/messages", draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        assertThat(answer.body()).contains("/content/timestamp");
    }

    @Test
    void headers_and_urls_without_end_are_cut_off() {
        for (var request : List.of(
                "GET /" + "a".repeat(70_000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nX: " + "a".repeat(70_000) + "\r\n\r\n")) {
            try (var fresh = RawConnection.to(server.url())) {
                var answer = fresh.ask(request.getBytes(StandardCharsets.ISO_8859_1));
                assertThat(answer.status()).isEqualTo(431);
                assertThat(answer.json().getString("requestId")).isEqualTo(answer.header("X-Request-Id"));
            }
        }
    }
}
