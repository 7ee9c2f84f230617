package app.fathi.platform.audit;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All SQL over {@code audit_check}, and what is asked to watch the chain. */
final class CheckStore {
    private static final Duration WEEK = Duration.ofDays(7);

    /**
     * What a check has found.
     *
     * @param seq up to where all is well, {@code hash} of that place, {@code event} the id up to which all lines have a place
     * @param lines how many were looked at
     * @param fault the first, in words; null when there is none
     * @param signature null before it is written
     */
    record Check(
            int ws,
            long seq,
            byte[] hash,
            long event,
            OffsetDateTime at,
            OffsetDateTime wholeAt,
            long lines,
            int faults,
            String fault,
            byte[] signature) {

        static Check good(
                int ws, long seq, byte[] hash, long event, OffsetDateTime at, OffsetDateTime wholeAt, long lines) {
            return new Check(ws, seq, hash, event, at, wholeAt, lines, 0, null, null);
        }

        /** The places stay where the last good check left them. */
        static Check faulty(
                int ws,
                Optional<Check> last,
                OffsetDateTime at,
                OffsetDateTime wholeAt,
                long lines,
                List<String> faults) {
            return new Check(
                    ws,
                    last.map(Check::seq).orElse(0L),
                    last.map(Check::hash).orElse(Chain.BEGINNING),
                    last.map(Check::event).orElse(0L),
                    at,
                    wholeAt,
                    lines,
                    faults.size(),
                    faults.isEmpty() ? null : faults.getFirst(),
                    null);
        }

        /**
         * The next check may go on from here. Else it reads the whole chain: because it is short, because the last time was a
         * week ago, or because something was wrong.
         */
        boolean goesOn(OffsetDateTime now, long shortLines) {
            return faults == 0 && seq > shortLines && wholeAt.isAfter(now.minus(WEEK)) && !wholeAt.isAfter(now);
        }

        /** What is signed of it. */
        Chain.End end() {
            return new Chain.End(ws, seq, Chain.digest(hash, event + "|" + wholeAt.toEpochSecond() + "|" + faults), -1);
        }
    }

    Future<Map<Integer, Check>> all(SqlClient client) {
        return client.preparedQuery("SELECT * FROM audit_check").execute().map(rows -> {
            var checks = new HashMap<Integer, Check>();
            rows.forEach(row -> checks.put(row.getInteger("ws"), check(row)));
            return checks;
        });
    }

    private static Check check(Row row) {
        return new Check(
                row.getInteger("ws"),
                row.getLong("seq"),
                row.getBuffer("hash").getBytes(),
                row.getLong("event"),
                row.getOffsetDateTime("at"),
                row.getOffsetDateTime("whole_at"),
                row.getLong("lines"),
                row.getInteger("faults"),
                row.getString("fault"),
                row.getBuffer("signature").getBytes());
    }

    Future<Void> put(SqlClient tx, Check check, byte[] signature) {
        return tx.preparedQuery(
                        """
                        INSERT INTO audit_check (ws, seq, hash, event, at, whole_at, lines, faults, fault, signature)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                        ON CONFLICT (ws) DO UPDATE
                        SET seq = excluded.seq, hash = excluded.hash, event = excluded.event, at = excluded.at,
                            whole_at = excluded.whole_at, lines = excluded.lines, faults = excluded.faults,
                            fault = excluded.fault, signature = excluded.signature
                        """)
                .execute(Tuple.of(
                        check.ws(),
                        check.seq(),
                        Buffer.buffer(check.hash()),
                        check.event(),
                        check.at(),
                        check.wholeAt(),
                        check.lines(),
                        check.faults(),
                        check.fault(),
                        Buffer.buffer(signature)))
                .mapEmpty();
    }

    /** Workspaces whose chain has begun. */
    Future<List<Integer>> chained(SqlClient client) {
        return client.preparedQuery("SELECT ws FROM audit_head").execute().map(rows -> {
            var workspaces = new ArrayList<Integer>();
            rows.forEach(row -> workspaces.add(row.getInteger("ws")));
            return workspaces;
        });
    }

    /** All lines up to this id are chained. */
    Future<Long> settled(SqlClient client) {
        return client.preparedQuery("SELECT id FROM audit_position")
                .execute()
                .map(rows -> rows.iterator().next().getLong("id"));
    }

    /**
     * How the trail is doing.
     *
     * @param unchainedSeconds how long the oldest line waits for its place; 0 when none waits
     * @param checkedSeconds how long ago the chain was checked whose check is the oldest; 0 before the first
     * @param faults found by the last checks
     */
    record Standing(double unchainedSeconds, double checkedSeconds, long faults) {}

    Future<Standing> standing(SqlClient client) {
        return client.preparedQuery(
                        """
                        SELECT coalesce(extract(epoch FROM clock_timestamp() - (
                                 SELECT e.at FROM audit_event e
                                 WHERE e.id > (SELECT id FROM audit_position)
                                   AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.event = e.id AND c.period >= e.period)
                                 ORDER BY e.id LIMIT 1)), 0)::float8 AS unchained,
                               coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::float8 AS checked,
                               coalesce(sum(faults), 0)::bigint AS faults
                        FROM audit_check
                        """)
                .execute()
                .map(rows -> {
                    var row = rows.iterator().next();
                    return new Standing(
                            Math.max(0, row.getDouble("unchained")),
                            Math.max(0, row.getDouble("checked")),
                            row.getLong("faults"));
                });
    }
}
