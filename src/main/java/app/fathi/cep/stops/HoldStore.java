package app.fathi.cep.stops;

import static app.fathi.platform.db.SqlTime.instant;

import app.fathi.cep.runs.ChunkJob;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** SQL of {@code cep_hold}. Whether a run is held is read with the run's state, see {@link StopsStore}. */
public final class HoldStore {
    private HoldStore() {}

    public static Future<Boolean> isHeld(SqlClient client) {
        return client.preparedQuery("SELECT EXISTS (SELECT FROM cep_hold) AS held")
                .execute()
                .map(rows -> rows.iterator().next().getBoolean("held"));
    }

    /** When what was made until then began to wait; empty where nothing does. */
    public static Future<Optional<Instant>> heldAt(SqlClient client) {
        return client.preparedQuery("SELECT held_at FROM cep_hold")
                .execute()
                .map(rows -> rows.stream().map(row -> instant(row, "held_at")).findFirst());
    }

    // --- for the operator's tool, which has a JDBC connection
    // -----------------------------------------------------------

    /** A row of {@code cep_hold}. */
    record Hold(long lastRun, String reason, String heldBy, Instant heldAt) {}

    static Optional<Hold> find(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT last_run, reason, held_by, held_at FROM cep_hold")) {
            return rows.next()
                    ? Optional.of(new Hold(
                            rows.getLong("last_run"),
                            rows.getString("reason"),
                            rows.getString("held_by"),
                            rows.getTimestamp("held_at").toInstant()))
                    : Optional.empty();
        }
    }

    /** The number is taken from the sequence: no transaction that has not committed yet slips behind the line. */
    private static final String HOLD =
            """
            INSERT INTO cep_hold (last_run, reason, held_by) VALUES (nextval('cep_run_seq'), ?, ?)
            ON CONFLICT (one) DO UPDATE
            SET last_run = excluded.last_run, reason = excluded.reason, held_by = excluded.held_by, held_at = now()
            """;

    /** All runs made so far wait. */
    static void hold(Connection tx, String reason, String heldBy) throws SQLException {
        try (var statement = tx.prepareStatement(HOLD)) {
            statement.setString(1, reason);
            statement.setString(2, heldBy);
            statement.executeUpdate();
        }
    }

    /** What waits in one workspace. */
    record Waiting(
            int ws, String workspace, long messages, long people, long expired, Instant oldestAt, Instant newestAt) {}

    private static final String WAITING =
            """
            SELECT r.ws, coalesce(w.name, 'workspace ' || r.ws) AS name, count(*) AS messages, sum(c.people)::bigint AS people,
                   count(*) FILTER (WHERE r.expires_at <= now()) AS expired,
                   min(r.created_at) AS oldest_at, max(r.created_at) AS newest_at
            FROM cep_run r
            LEFT JOIN users_workspace w ON w.no = r.ws
            CROSS JOIN LATERAL (
              SELECT coalesce(sum(cardinality(profile_nos)), 0) AS people
              FROM cep_chunk c WHERE c.run = r.run AND c.finished_at IS NULL
            ) c
            WHERE r.state IN ('queued', 'sending') AND cep_run_order(r.run) <= ?
            GROUP BY r.ws, w.name ORDER BY r.ws
            """;

    /** Messages that are not over, up to this one in the order of runs; how many people they would reach at most. */
    static List<Waiting> waiting(Connection connection, long lastRun) throws SQLException {
        try (var statement = connection.prepareStatement(WAITING)) {
            statement.setLong(1, lastRun);
            var rows = statement.executeQuery();
            var waiting = new ArrayList<Waiting>();
            while (rows.next()) {
                waiting.add(new Waiting(
                        rows.getInt("ws"),
                        rows.getString("name"),
                        rows.getLong("messages"),
                        rows.getLong("people"),
                        rows.getLong("expired"),
                        rows.getTimestamp("oldest_at").toInstant(),
                        rows.getTimestamp("newest_at").toInstant()));
            }
            return waiting;
        }
    }

    static void release(Connection tx) throws SQLException {
        try (var statement = tx.createStatement()) {
            statement.executeUpdate("DELETE FROM cep_hold");
        }
    }

    private static final String WAKE =
            """
            UPDATE jobs j SET due_at = CASE j.state WHEN 'waiting' THEN now() ELSE j.due_at END,
                              asked_again = j.asked_again OR j.state = 'running'
            FROM cep_run r
            WHERE j.type = ? AND (j.state = 'running' OR j.state = 'waiting' AND j.due_at > now())
              AND r.run = (j.payload ->> 'run')::bigint AND cep_run_order(r.run) <= ?
            """;

    /** The jobs that sleep because of the hold begin now, and those that run and may go to sleep for it begin again; how many. */
    static int wake(Connection tx, long lastRun) throws SQLException {
        try (var statement = tx.prepareStatement(WAKE)) {
            statement.setString(1, ChunkJob.TYPE);
            statement.setLong(2, lastRun);
            return statement.executeUpdate();
        }
    }
}
