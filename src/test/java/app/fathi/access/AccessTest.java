package app.fathi.access;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.permissions.Permission;
import app.fathi.platform.http.Contract;
import app.fathi.testing.ContractRequests;
import app.fathi.testing.ContractRequests.Request;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Every operation of the contract tried with every kind of credential, against {@code access.table}; and by the administrator
 * of another workspace, who reaches for what is ours in every place that takes an id: first, while nothing else goes on.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AccessTest {
    private static final AccessTable TABLE = AccessTable.read();
    private static final ContractRequests REQUESTS = new ContractRequests(Contract.load());
    private static final Set<String> KEYS = Set.of("browser key", "server key", "nobody");
    private static final String SERVER_KEY = "fwk_s_only0for0tests0000000000000";
    private static final Pattern UUIDS = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    private static FakePushService push;
    private static TestServer server;
    private static Things things;
    private static String stranger;
    private final List<String> faults = new ArrayList<>();

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        things = Things.make(server, push);
        stranger = server.otherWorkspace();
        server.database()
                .execute(
                        "INSERT INTO users_write_key (id, ws, kind, key_hash) SELECT gen_random_uuid(), min(no), 'server', sha256('%s') FROM users_workspace"
                                .formatted(SERVER_KEY));
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    // ---- who may do what ----

    @Test
    void every_operation_stands_in_the_table_and_no_other_does() {
        var known = REQUESTS.operations().stream().map(Contract.Operation::id).collect(Collectors.toSet());
        known.stream()
                .filter(id -> !TABLE.cells().containsKey(id))
                .forEach(id -> faults.add("%s (%s) is missing: write its name under the group of the product's matrix"
                                .formatted(
                                        id, Contract.load().operations().get(id).permission())
                        + " that it belongs to, or add a group line above it with one cell (+ . o m) for each column"));
        TABLE.cells().keySet().stream()
                .filter(id -> !known.contains(id))
                .forEach(id -> faults.add(id + " is no operation of openapi.yaml: take it out"));
        assertThat(faults).as(AccessTable.FILE).isEmpty();
    }

    @Test
    void each_role_and_key_may_do_what_the_table_says_and_nothing_else() {
        for (var column : TABLE.columns()) {
            var shown = new Shown(column);
            for (var operation : REQUESTS.operations()) {
                if (!TABLE.cells().containsKey(operation.id())) {
                    continue; // Told by the test above.
                }
                var verdict = shown.ask(REQUESTS.of(operation));
                var expected = TABLE.may(operation.id(), column)
                        ? Verdict.LET_IN
                        : column.equals("nobody") ? Verdict.UNKNOWN : Verdict.REFUSED;
                if (verdict != expected) {
                    faults.add("%s asks for %s and is %s: %s says %s"
                            .formatted(column, operation.id(), verdict, AccessTable.FILE, expected));
                }
            }
        }
        assertThat(faults).isEmpty();
    }

    @Test
    void a_key_with_one_permission_less_is_refused_and_with_that_one_alone_let_in() {
        var all = Arrays.stream(Permission.values()).map(Permission::permission).toList();
        var keys = new HashMap<String, String>();
        for (var operation : REQUESTS.operations()) {
            var needed = operation.permission();
            if (Set.of("public", "authenticated").contains(needed)) {
                continue;
            }
            var alone = keys.computeIfAbsent(needed, name -> key(List.of(name)));
            var without = keys.computeIfAbsent(
                    "not " + needed,
                    name -> key(
                            all.stream().filter(each -> !each.equals(needed)).toList()));
            var request = REQUESTS.of(operation);
            expect(Verdict.LET_IN, request, request.send(server, alone), "a key with " + needed + " alone");
            expect(Verdict.REFUSED, request, request.send(server, without), "a key without " + needed);
        }
        assertThat(faults).isEmpty();
    }

    @Test
    void a_token_that_was_revoked_opens_nothing() {
        var token = server.member("administrator");
        server.send("POST", "/api/v1/auth/logout", token, null);
        var secret = new JsonObject().put("name", "short-lived").put("permissions", new JsonArray().add("jobs:read"));
        var key = server.admin("POST", "/api/v1/api-keys", secret);
        server.admin("DELETE", key.header("Location"), null, "If-Match", "\"v1\"");
        for (var operation : REQUESTS.operations()) {
            if (operation.permission().equals("public")) {
                continue;
            }
            var request = REQUESTS.of(operation);
            expect(Verdict.UNKNOWN, request, request.send(server, token), "a session that is over");
            expect(
                    Verdict.UNKNOWN,
                    request,
                    request.send(server, key.json().getString("secret")),
                    "a key that was deleted");
        }
        assertThat(faults).isEmpty();
    }

    private enum Verdict {
        UNKNOWN,
        REFUSED,
        LET_IN
    }

    private void expect(Verdict expected, Request request, TestServer.Answer answer, String who) {
        var verdict = verdict(request, answer);
        if (verdict != expected) {
            faults.add(who + " asks for " + request.operation().id() + " and is " + verdict);
        }
    }

    private Verdict verdict(Request request, TestServer.Answer answer) {
        var operation = request.operation();
        if (answer.status() == 401 && !operation.permission().equals("public")) {
            return Verdict.UNKNOWN;
        }
        if (answer.status() == 403
                && answer.json()
                        .getString("detail")
                        .equals("This needs the permission " + operation.permission() + ".")) {
            return Verdict.REFUSED;
        }
        var shape = answer.status() == 400 && !operation.parsesBody() && !operation.takesUpload();
        if (shape || answer.status() == 415 || answer.status() >= 500) {
            faults.add("the contract's own example of " + operation.id() + " is answered with " + answer.body());
        }
        return Verdict.LET_IN;
    }

    /** A column of the table in the flesh. */
    private final class Shown {
        private final String column;
        private String token;

        Shown(String column) {
            this.column = column;
            this.token = KEYS.contains(column) ? null : server.member(column);
        }

        Verdict ask(Request request) {
            var verdict = verdict(request, send(request));
            if (verdict == Verdict.UNKNOWN && token != null) {
                // What was asked before has ended the session.
                token = server.member(column);
                verdict = verdict(request, send(request));
            }
            return verdict;
        }

        private TestServer.Answer send(Request request) {
            return switch (column) {
                case "browser key" -> request.send(server, null, "X-Write-Key", server.writeKey());
                case "server key" -> request.send(server, null, "X-Write-Key", SERVER_KEY);
                default -> request.send(server, token);
            };
        }
    }

    private static String key(List<String> permissions) {
        var draft = new JsonObject().put("name", "access").put("permissions", new JsonArray(permissions));
        var answer = server.admin("POST", "/api/v1/api-keys", draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json().getString("secret");
    }

    // ---- what is ours is not theirs ----

    @Test
    @Order(1)
    void an_id_of_another_workspace_names_nothing_in_a_path() {
        var before = ours();
        for (var operation : REQUESTS.operations()) {
            if (!operation.path().contains("/{id}")) {
                continue;
            }
            var request = REQUESTS.of(operation);
            var path = operation.path().replace("{id}", things.idFor(operation));
            if (path.contains("{")) {
                path = filled(operation, path);
            }
            var answer = request.withPath(path).send(server, stranger, "If-Match", "\"v1\"");
            if (answer.status() != 404) {
                faults.add(operation.id() + " answers a stranger with " + answer.status() + " " + answer.body());
            }
            if (operation.method().name().equals("GET")
                    && server.admin("GET", path, null).status() >= 400) {
                faults.add(operation.id() + " does not find what Things has made for it: " + path);
            }
        }
        assertThat(faults).isEmpty();
        assertThat(ours()).isEqualTo(before);
    }

    private static String filled(Contract.Operation operation, String path) {
        for (var parameter : REQUESTS.parameters(operation)) {
            path = path.replace(
                    "{" + parameter.path("name").asText() + "}",
                    parameter.path("example").asText());
        }
        return path;
    }

    @Test
    @Order(1)
    void ids_of_another_workspace_in_a_body_change_nothing_there_and_tell_nothing() {
        var before = ours();
        for (var operation : REQUESTS.operations()) {
            var request = REQUESTS.of(operation);
            if (request.body() == null || operation.id().equals("logout")) {
                continue;
            }
            for (var id : things.ids()) {
                var body = UUIDS.matcher(request.body()).replaceAll(id).replace("customer-42", Things.PLANTED);
                if (body.equals(request.body())) {
                    break;
                }
                var answer = request.withBody(body).send(server, stranger);
                if (answer.status() >= 500) {
                    faults.add(operation.id() + " answers with " + answer.body());
                }
                var told = answer.body().replace("\"unknown\":[\"" + Things.PLANTED + "\"]", "");
                if (told.contains(Things.PLANTED)) {
                    faults.add(operation.id() + " tells a stranger: " + answer.body());
                }
            }
        }
        assertThat(faults).isEmpty();
        assertThat(ours()).isEqualTo(before);
    }

    @Test
    @Order(1)
    void a_cursor_of_another_workspace_continues_no_list() {
        var lists = new ArrayList<String>();
        for (var operation : REQUESTS.operations()) {
            if (!operation.queryDefaults().containsKey("cursor")) {
                continue;
            }
            var path = operation.path().contains("/{id}")
                    ? operation.path().replace("{id}", things.idFor(operation))
                    : operation.path();
            var cursor = server.admin("GET", path + "?limit=1", null).json().getString("nextCursor");
            if (cursor == null || path.contains("{") || operation.path().contains("/{id}")) {
                continue;
            }
            lists.add(operation.id());
            var answer = server.send("GET", path + "?limit=1&cursor=" + cursor, stranger, null);
            if (answer.status() != 400) {
                faults.add(operation.id() + " takes our cursor: " + answer.body());
            }
        }
        assertThat(lists).contains("listApiKeys", "listSubscriptions", "listMessages", "listJobs", "listAuditEvents");
        assertThat(faults).isEmpty();
    }

    @Test
    @Order(1)
    void a_filter_by_an_id_of_another_workspace_finds_nothing() {
        var filters = new ArrayList<String>();
        for (var operation : REQUESTS.operations()) {
            if (!operation.method().name().equals("GET") || operation.path().contains("{")) {
                continue;
            }
            for (var parameter : REQUESTS.parameters(operation)) {
                if (!UUIDS.matcher(parameter.path("example").asText()).matches()
                        || !parameter.path("in").asText().equals("query")) {
                    continue;
                }
                filters.add(operation.id());
                for (var id : things.ids()) {
                    var target =
                            operation.path() + "?" + parameter.path("name").asText() + "=" + id + required(operation);
                    var answer = server.send("GET", target, stranger, null);
                    var nothing = answer.status() == 404
                            || answer.status() == 200 && answer.body().isEmpty()
                            || answer.status() == 200
                                    && new JsonArray().equals(answer.json().getValue("items"));
                    if (!nothing) {
                        faults.add(target + " answers a stranger with " + answer.body());
                    }
                }
            }
        }
        assertThat(filters).contains("listSubscriptions");
        assertThat(faults).isEmpty();
    }

    /** What else the operation cannot do without, as its examples say it. */
    private static String required(Contract.Operation operation) {
        var more = new StringBuilder();
        for (var parameter : REQUESTS.parameters(operation)) {
            if (parameter.path("in").asText().equals("query")
                    && parameter.path("required").asBoolean()) {
                more.append('&')
                        .append(parameter.path("name").asText())
                        .append('=')
                        .append(URLEncoder.encode(parameter.path("example").asText(), StandardCharsets.UTF_8));
            }
        }
        return more.toString();
    }

    /** A sum over every row of the first workspace that a request could change, by table. */
    private static Map<String, String> ours() {
        var address = server.database().address();
        var sums = new TreeMap<String, String>();
        try (var connection = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
                var statement = connection.createStatement()) {
            var tables = new LinkedHashMap<String, String>();
            try (var rows = statement.executeQuery(
                    """
                    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'ws'
                    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
                      AND c.relname NOT LIKE 'audit%' AND c.relname NOT LIKE 'job%'
                    """)) {
                while (rows.next()) {
                    tables.put(
                            rows.getString(1),
                            "SELECT count(*) || ' ' || coalesce(sum(hashtext((to_jsonb(t) - 'last_used_at')::text)), 0) FROM "
                                    + rows.getString(1) + " t WHERE ws = (SELECT min(no) FROM users_workspace)");
                }
            }
            for (var table : tables.entrySet()) {
                try (var row = statement.executeQuery(table.getValue())) {
                    row.next();
                    sums.put(table.getKey(), row.getString(1));
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return sums;
    }
}
