package app.fathi.tool;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.copy.Refill;
import app.fathi.platform.copy.Snapshot;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.EmbeddedPostgres;
import app.fathi.platform.db.Migrations;
import app.fathi.testing.ServerProcess;
import app.fathi.testing.TestDatabase;
import app.fathi.testing.ToolProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From the embedded database to another PostgreSQL, with everything in it. */
@Tag("slow")
@Tag("long")
class MoveTest {
    /** Rows of every sort: partitions, nothing, octets, arrays, half a megabyte, all that text can hold. */
    static final String ROWS =
            """
            SELECT add_period('cdp_event', 86400, now() - interval '9 days');
            SELECT cep_make_weeks(now() - interval '30 days', 3);
            INSERT INTO cdp_event SELECT period, 1, i, now(), 'm' || i, 'track', CASE WHEN i % 3 = 0 THEN NULL ELSE 'e' END,
                jsonb_build_object('n', i, 'text', E'tab\\there "quoted" \\\\ \u0627\u0644')
            FROM generate_series(1, 500) AS i, (SELECT number AS period FROM partition_period WHERE relation = 'cdp_event') p;
            INSERT INTO cep_message (run, token, ws, profile_no, step, rank, state, channel, attempts, id, subscription)
            SELECT (week::bigint << 36) + 1, 1, 1, i, 0, 0, 2, 0, 1, gen_random_uuid(), NULL
            FROM cep_week, generate_series(1, 100) AS i;
            INSERT INTO idempotency (scope, ws, body_hash, status, headers, body)
            SELECT decode(lpad(to_hex(i), 64, '0'), 'hex'), 1, '\\x00ff'::bytea, 200, '{}',
                   CASE WHEN i = 1 THEN NULL ELSE decode(repeat('00ff10', 200000), 'hex') END
            FROM generate_series(1, 5) AS i;
            INSERT INTO cep_run (run, ws, id, kind, channel, state, purpose, content, ttl_seconds, urgency, tracking, send_at,
                                 expires_at, planned, unknown, chunks_left)
            VALUES (cep_next_run(), 1, gen_random_uuid(), 'api', 0, 'queued', 'marketing',
                    jsonb_build_object('title', repeat('x', 500000)), 60, 'normal', true, now(), now(), 2, 0, 1);
            INSERT INTO cep_chunk (run, chunk, profile_nos) SELECT run, 0, '{1,2}' FROM cep_run;
            """;

    @TempDir
    Path folder;

    @Test
    void every_table_arrives_equal_and_a_server_goes_on_there() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        TestDatabase.putPrograms(folder.resolve("data"));
        try (var target = TestDatabase.empty()) {
            var url = target.environment().get("FATHI_DB_URL");
            var login = new TreeMap<>(target.environment());
            login.remove("FATHI_DB_URL");
            try (var server = ServerProcess.start(folder, Map.of())) {
                server.awaitReady();
                var refused = ToolProcess.run(folder, login, "move", "--to", url);
                assertThat(refused.exit()).isEqualTo(1);
                assertThat(refused.err())
                        .contains("a server runs", "stop it first")
                        .hasLineCount(1);
                server.terminate();
                assertThat(server.awaitExit()).isZero();
            }
            var data = folder.resolve("data");
            Map<String, String> source;
            try (var postgres = EmbeddedPostgres.start(data, 20)) {
                execute(postgres.address(), ROWS);
                source = contents(postgres.address());
                interrupted(postgres.address(), target.address());
            }
            assertThat(source.keySet()).as("partitions of other days and weeks").hasSizeGreaterThan(40);

            var moved = ToolProcess.run(folder, login, "move", "--to", url).mustSucceed();
            assertThat(moved.out()).contains("counts and contents are equal", "FATHI_DB_URL=" + url, "master.key");
            assertThat(contents(target.address())).isEqualTo(source);
            assertThat(ask(target.address(), "SELECT last_value FROM cep_run_seq"))
                    .isEqualTo("1");
            assertThat(ask(target.address(), "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"))
                    .isNotEqualTo("0");

            var again = ToolProcess.run(folder, login, "move", "--to", url);
            assertThat(again.err())
                    .contains("is not empty, and nothing in it is touched")
                    .hasLineCount(1);
            try (var server = ServerProcess.start(folder, target.environment())) {
                server.awaitReady();
                assertThat(server.output()).as("no first start").noneMatch(line -> line.contains("shown this once"));
            }
            try (var postgres = EmbeddedPostgres.start(data, 20)) {
                assertThat(contents(postgres.address())).as("the source").isEqualTo(source);
            }
        }
    }

    /** What had been begun is gone, and the target is as unused as before. */
    private static void interrupted(DatabaseAddress source, DatabaseAddress target) {
        try (var snapshot = Snapshot.of(source);
                var half = Refill.begin(target, Migrations.standing(source).applied(), snapshot.layout())) {
            assertThat(half.connection()).isNotNull();
        }
        Refill.requireUnused(target);
    }

    /** By other means than those of the tool: each table's rows as text, in order. What is committed is said otherwise. */
    static Map<String, String> contents(DatabaseAddress address) throws SQLException {
        var contents = new TreeMap<String, String>();
        try (var connection = address.connect();
                var statement = connection.createStatement()) {
            var tables = statement.executeQuery(
                    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                            + " AND relname <> 'flyway_schema_history'");
            while (tables.next()) {
                var table = tables.getString(1);
                contents.put(
                        table,
                        ask(
                                address,
                                "SELECT count(*) || ' ' || coalesce(md5(string_agg(md5((to_jsonb(t) - 'xact')::text), ''"
                                        + " ORDER BY md5((to_jsonb(t) - 'xact')::text))), '') FROM " + table + " t"));
            }
        }
        return contents;
    }

    static void execute(DatabaseAddress address, String sql) throws SQLException {
        try (var connection = address.connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static String ask(DatabaseAddress address, String sql) throws SQLException {
        try (var connection = address.connect();
                var row = connection.createStatement().executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
