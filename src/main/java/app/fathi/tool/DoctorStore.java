package app.fathi.tool;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What the doctor reads. It looks and changes nothing, and gives up on what takes longer than some seconds. */
final class DoctorStore {
    private static final String PATIENCE = "SET statement_timeout = '5s'; SET default_transaction_read_only = on";

    private DoctorStore() {}

    private interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    private static <T> List<T> list(Connection connection, String sql, Row<T> read) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            var all = new ArrayList<T>();
            while (rows.next()) {
                all.add(read.read(rows));
            }
            return all;
        }
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        Timestamp at = row.getTimestamp(column);
        return at == null ? null : at.toInstant();
    }

    static void beBrief(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(PATIENCE);
        }
    }

    record Server(String version, long octets, int connections, int limit) {}

    private static final String SERVER =
            """
            SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS octets,
                   (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS connections,
                   current_setting('max_connections')::int AS most
            """;

    static Server server(Connection connection) throws SQLException {
        return list(
                        connection,
                        SERVER,
                        row -> new Server(
                                row.getString("version"),
                                row.getLong("octets"),
                                row.getInt("connections"),
                                row.getInt("most")))
                .getFirst();
    }

    /** A process that said that it is there. */
    record Node(String host, long pid, String roles, String version, Instant startedAt, long silentSeconds) {}

    private static final String NODES =
            """
            SELECT host, pid, array_to_string(roles, ',') AS roles, version, started_at,
                   extract(epoch FROM now() - seen_at)::bigint AS silent
            FROM node ORDER BY host, pid
            """;

    static List<Node> nodes(Connection connection) throws SQLException {
        return list(
                connection,
                NODES,
                row -> new Node(
                        row.getString("host"),
                        row.getLong("pid"),
                        row.getString("roles"),
                        row.getString("version"),
                        instant(row, "started_at"),
                        row.getLong("silent")));
    }

    /** What of a lane is due, and for how long the oldest has been. */
    record LaneWork(int lane, long due, long oldestSeconds) {}

    private static final String LANES =
            """
            SELECT lane, count(*) AS due, max(extract(epoch FROM now() - due_at))::bigint AS oldest
            FROM jobs WHERE due_at <= now() GROUP BY lane ORDER BY lane
            """;

    static List<LaneWork> lanes(Connection connection) throws SQLException {
        return list(
                connection, LANES, row -> new LaneWork(row.getInt("lane"), row.getLong("due"), row.getLong("oldest")));
    }

    /** Dead jobs of one type, with the reason of the last. */
    record Dead(String type, long jobs, Instant lastAt, String reason) {}

    private static final String DEAD =
            """
            SELECT type, count(*) AS jobs, max(finished_at) AS last_at,
                   (array_agg(reason ORDER BY finished_at DESC))[1] AS reason
            FROM jobs_dead GROUP BY type ORDER BY 2 DESC LIMIT 5
            """;

    static List<Dead> dead(Connection connection) throws SQLException {
        return list(
                connection,
                DEAD,
                row -> new Dead(
                        row.getString("type"), row.getLong("jobs"), instant(row, "last_at"), row.getString("reason")));
    }

    /** Records that no consumer could digest, and how many of the streams wait to be read. */
    record Streams(long poison, long behind, long outbox) {}

    private static final String STREAMS =
            """
            SELECT (SELECT count(*) FROM dead_letter) AS poison,
                   (SELECT coalesce(sum(h.next - coalesce(o.pos, 0)), 0)::bigint FROM stream_head h
                    LEFT JOIN stream_offset o ON o.topic = h.topic AND o.part = h.part AND o.grp = 'derive'
                    WHERE h.topic = 'ingest') AS behind,
                   (SELECT count(*) FROM outbox) AS outbox
            """;

    static Streams streams(Connection connection) throws SQLException {
        return list(
                        connection,
                        STREAMS,
                        row -> new Streams(row.getLong("poison"), row.getLong("behind"), row.getLong("outbox")))
                .getFirst();
    }

    /** What operators were alerted to in the last day. */
    record Raised(int ws, String kind, String object, String text, Instant lastAt, long times) {}

    private static final String ALERTS =
            """
            SELECT ws, kind, object, text, last_at, times FROM alert
            WHERE last_at > now() - interval '1 day' ORDER BY last_at DESC LIMIT 10
            """;

    static List<Raised> alerts(Connection connection) throws SQLException {
        return list(
                connection,
                ALERTS,
                row -> new Raised(
                        row.getInt("ws"),
                        row.getString("kind"),
                        row.getString("object"),
                        row.getString("text"),
                        instant(row, "last_at"),
                        row.getLong("times")));
    }

    /**
     * The checks of the audit trail.
     *
     * @param oldestAt the check of the chain that was checked before all others; null before the first
     * @param fault the first of them, in words
     * @param lateSeconds how long the oldest line waits for its place
     */
    record Trail(
            long chains,
            long lines,
            Instant oldestAt,
            long silentSeconds,
            long faults,
            String fault,
            long lateSeconds) {}

    private static final String TRAIL =
            """
            SELECT count(*) AS chains, coalesce(sum(seq), 0)::bigint AS lines, min(at) AS oldest_at,
                   coalesce(extract(epoch FROM now() - min(at)), 0)::bigint AS silent,
                   coalesce(sum(faults), 0)::bigint AS faults, min(fault) AS fault,
                   coalesce(extract(epoch FROM clock_timestamp() - (
                     SELECT e.at FROM audit_event e
                     WHERE e.id > (SELECT id FROM audit_position)
                       AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.event = e.id AND c.period >= e.period)
                     ORDER BY e.id LIMIT 1)), 0)::bigint AS late
            FROM audit_check
            """;

    static Trail trail(Connection connection) throws SQLException {
        return list(
                        connection,
                        TRAIL,
                        row -> new Trail(
                                row.getLong("chains"),
                                row.getLong("lines"),
                                instant(row, "oldest_at"),
                                row.getLong("silent"),
                                row.getLong("faults"),
                                row.getString("fault"),
                                row.getLong("late")))
                .getFirst();
    }

    /** What a push service said last that was no yes. */
    record OriginError(String origin, String reason, Integer status, Instant at, long times) {}

    /** Of the newest messages alone: the ledger has no index for it. */
    private static final String ORIGIN_ERRORS =
            """
            SELECT DISTINCT ON (origin) origin, reason, status, at, sum(times) OVER (PARTITION BY origin)::bigint AS times
            FROM (
                SELECT s.push_service AS origin, r.name AS reason, m.status, max(m.attempted_at) AS at, count(*) AS times
                FROM (SELECT run FROM cep_run ORDER BY run DESC LIMIT 200) newest
                JOIN cep_message m ON m.run = newest.run
                JOIN cep_reason r ON r.code = m.reason
                JOIN webpush_subscription s ON s.id = m.subscription
                WHERE m.state IN (0, 3) AND m.attempted_at > now() - interval '1 day' AND r.name <> 'gone'
                GROUP BY 1, 2, 3
            ) errors
            ORDER BY origin, at DESC
            """;

    static List<OriginError> originErrors(Connection connection) throws SQLException {
        return list(
                connection,
                ORIGIN_ERRORS,
                row -> new OriginError(
                        row.getString("origin"),
                        row.getString("reason"),
                        (Integer) row.getObject("status"),
                        instant(row, "at"),
                        row.getLong("times")));
    }
}
