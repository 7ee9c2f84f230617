package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** All SQL of the jobs. Every comparison with the present is made by the database's clock. */
final class JobsStore {
    private JobsStore() {}

    private static final String ENQUEUE =
            """
            INSERT INTO jobs (ws, type, key, lane, payload, request_id, due_at)
            SELECT n.ws, n.type, n.key, n.lane, n.payload, $2, n.run_at
            FROM jsonb_to_recordset($1::jsonb)
                 AS n (ws int, type text, key text, lane smallint, payload jsonb, run_at timestamptz, place int)
            ORDER BY n.place
            ON CONFLICT (ws, type, key) WHERE state <> 'dead' DO UPDATE SET
                -- Who asks again cannot shorten a back-off.
                due_at = CASE WHEN jobs.state = 'waiting' AND jobs.attempts = 0
                              THEN least(jobs.due_at, excluded.due_at) ELSE jobs.due_at END,
                asked_again = jobs.asked_again OR jobs.state = 'running'
            """;

    /** One statement for all; in ascending order of their keys, so that two transactions cannot wait for each other. */
    static Future<Void> enqueue(SqlClient tx, List<NewJob> jobs, String requestId) {
        record Name(int ws, String type, String key) {}
        var byName = new TreeMap<Name, NewJob>(
                Comparator.comparingInt(Name::ws).thenComparing(Name::type).thenComparing(Name::key));
        for (var job : jobs) {
            byName.merge(
                    new Name(job.ws(), job.type(), job.key()),
                    job,
                    (one, other) -> other.runAt().isBefore(one.runAt()) ? other : one);
        }
        var rows = new JsonArray();
        for (var job : byName.values()) {
            rows.add(new JsonObject()
                    .put("ws", job.ws())
                    .put("type", job.type())
                    .put("key", job.key())
                    .put("lane", job.lane().code())
                    .put("payload", job.payload())
                    .put("run_at", job.runAt().toString())
                    .put("place", rows.size()));
        }
        return tx.preparedQuery(ENQUEUE).execute(Tuple.of(rows, requestId)).mapEmpty();
    }

    private static final String HOLD =
            """
            UPDATE jobs SET due_at = clock_timestamp() + $3 * interval '1 millisecond'
            WHERE id = $1 AND lease_token = $2
            """;

    static Future<Boolean> hold(SqlClient tx, long id, long token, Duration lease) {
        return tx.preparedQuery(HOLD)
                .execute(Tuple.of(id, token, lease.toMillis()))
                .map(result -> result.rowCount() == 1);
    }

    /** A row that was claimed: run it, or, when {@code buried}, only tell. */
    record Claimed(Job job, long token, boolean takenOver, boolean buried, Duration lag) {}

    private static final String CLAIM =
            """
            WITH picked AS (
                SELECT j.id, j.state = 'running' AS taken_over, j.due_at
                FROM unnest($1::smallint[]) WITH ORDINALITY AS l (lane, place),
                LATERAL (
                    SELECT id, state, due_at
                    FROM jobs
                    WHERE jobs.lane = l.lane AND due_at <= now() AND state <> 'dead' AND type = ANY ($2::text[])
                    ORDER BY due_at
                    LIMIT $3
                    FOR UPDATE SKIP LOCKED
                ) j
                ORDER BY l.place, j.due_at
                LIMIT $3
            )
            UPDATE jobs SET
                state = CASE WHEN attempts >= $4 AND NOT asked_again THEN 'dead' ELSE 'running' END,
                due_at = CASE WHEN attempts >= $4 AND NOT asked_again THEN jobs.due_at
                              ELSE now() + $5 * interval '1 millisecond' END,
                attempts = CASE WHEN attempts < $4 THEN attempts + 1 WHEN asked_again THEN 1 ELSE attempts END,
                lease_token = CASE WHEN attempts >= $4 AND NOT asked_again THEN NULL ELSE nextval('lease_token') END,
                reason = CASE WHEN attempts >= $4 AND NOT asked_again THEN coalesce(reason, $6) ELSE reason END,
                node = $7,
                asked_again = false
            FROM picked
            WHERE jobs.id = picked.id
            RETURNING jobs.id, ws, type, lane, key, payload, attempts, request_id, created_at, lease_token, reason,
                      picked.taken_over, (extract(epoch FROM now() - picked.due_at) * 1000)::bigint AS lag_ms
            """;

    /** Up to {@code limit} due jobs of these types, the first lanes first. */
    static Future<List<Claimed>> claim(
            SqlClient client, Collection<String> types, int limit, int attempts, Duration lease, UUID node) {
        var lanes = Lane.IN_ORDER.stream().map(lane -> (short) lane.code()).toArray(Short[]::new);
        var parameters = Tuple.of(
                lanes, types.toArray(String[]::new), limit, attempts, lease.toMillis(), JobLife.WORKER_LOST, node);
        return client.preparedQuery(CLAIM).execute(parameters).map(rows -> {
            var claimed = new ArrayList<Claimed>(rows.size());
            rows.forEach(row -> claimed.add(claimed(row)));
            return claimed;
        });
    }

    private static Claimed claimed(Row row) {
        var job = new Job(
                row.getLong("id"),
                row.getInteger("ws"),
                row.getString("type"),
                Lane.of(row.getInteger("lane")),
                row.getString("key"),
                row.getJsonObject("payload"),
                row.getInteger("attempts"),
                row.getString("request_id"),
                row.getOffsetDateTime("created_at").toInstant());
        var token = row.getLong("lease_token");
        return new Claimed(
                job,
                token == null ? 0 : token,
                row.getBoolean("taken_over"),
                token == null,
                Duration.ofMillis(row.getLong("lag_ms")));
    }

    /** What became of a heartbeat: rows that somebody has locked just now are ours, but not renewed. */
    record Renewals(Set<Long> renewed, Set<Long> fenced) {}

    private static final String RENEW =
            """
            WITH asked AS (
                SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS a (id, token)
            ), free AS (
                SELECT j.id FROM jobs j JOIN asked a ON a.id = j.id AND a.token = j.lease_token
                FOR UPDATE OF j SKIP LOCKED
            ), renewed AS (
                UPDATE jobs j SET due_at = now() + $3 * interval '1 millisecond'
                FROM free WHERE j.id = free.id
                RETURNING j.id
            )
            SELECT a.id, r.id IS NOT NULL AS renewed, r.id IS NULL AND j.id IS NULL AS fenced
            FROM asked a
            LEFT JOIN renewed r ON r.id = a.id
            LEFT JOIN jobs j ON j.id = a.id AND j.lease_token = a.token
            """;

    /** Renews the leases that are still ours. It waits for nobody: a locked row is left for the next heartbeat. */
    static Future<Renewals> renew(SqlClient client, Collection<Lease> leases, Duration lease) {
        var ids = leases.stream().map(held -> held.job().id()).toArray(Long[]::new);
        var tokens = leases.stream().map(Lease::token).toArray(Long[]::new);
        return client.preparedQuery(RENEW)
                .execute(Tuple.of(ids, tokens, lease.toMillis()))
                .map(rows -> {
                    var renewals = new Renewals(new HashSet<>(), new HashSet<>());
                    for (var row : rows) {
                        if (row.getBoolean("renewed")) {
                            renewals.renewed().add(row.getLong("id"));
                        } else if (row.getBoolean("fenced")) {
                            renewals.fenced().add(row.getLong("id"));
                        }
                    }
                    return renewals;
                });
    }

    /** A result on its way to the row. */
    record Ended(Lease lease, Verdict verdict) {}

    private static final String END =
            """
            WITH ended AS MATERIALIZED (
                SELECT j.id, j.asked_again, r.verdict, r.run_at, r.delay_ms, r.reason
                FROM jsonb_to_recordset($1::jsonb)
                     AS r (id bigint, token bigint, verdict text, run_at timestamptz, delay_ms bigint, reason text)
                JOIN jobs j ON j.id = r.id AND j.lease_token = r.token
                ORDER BY j.id
                FOR UPDATE OF j
            ), finished AS (
                DELETE FROM jobs j USING ended e
                WHERE j.id = e.id AND e.verdict = 'done' AND NOT e.asked_again
                RETURNING j.*
            ), filed AS (
                INSERT INTO jobs_done (id, ws, type, key, lane, payload, request_id, attempts, node, created_at, finished_at)
                SELECT id, ws, type, key, lane, payload, request_id, attempts, node, created_at, now() FROM finished
            ), kept AS (
                UPDATE jobs j SET
                    state = CASE WHEN e.verdict = 'dead' AND NOT e.asked_again THEN 'dead' ELSE 'waiting' END,
                    due_at = CASE
                        WHEN e.verdict = 'retry' THEN now() + e.delay_ms * interval '1 millisecond'
                        WHEN e.verdict = 'again' AND e.asked_again THEN least(e.run_at, now())
                        WHEN e.verdict = 'again' THEN e.run_at
                        WHEN e.verdict = 'dead' AND NOT e.asked_again THEN j.due_at
                        ELSE now()
                    END,
                    attempts = CASE
                        WHEN e.verdict = 'retry' OR e.verdict = 'dead' AND NOT e.asked_again THEN j.attempts
                        WHEN e.verdict = 'released' THEN j.attempts - 1
                        ELSE 0
                    END,
                    reason = CASE
                        WHEN e.verdict IN ('retry', 'dead') THEN e.reason
                        WHEN e.verdict = 'released' THEN j.reason
                    END,
                    lease_token = NULL,
                    asked_again = false
                FROM ended e
                WHERE j.id = e.id AND (e.verdict <> 'done' OR e.asked_again)
            )
            SELECT id FROM ended
            """;

    /** Writes the results whose lease is still theirs; the ids of those. The others are fenced. */
    static Future<Set<Long>> end(SqlClient client, Collection<Ended> results) {
        var rows = new JsonArray();
        for (var result : results) {
            var row = new JsonObject()
                    .put("id", result.lease().job().id())
                    .put("token", result.lease().token())
                    .put("verdict", result.verdict().word());
            switch (result.verdict()) {
                case Verdict.Again again -> row.put("run_at", again.at().toString());
                case Verdict.Retry retry ->
                    row.put("delay_ms", retry.delay().toMillis()).put("reason", retry.reason());
                case Verdict.Dead dead -> row.put("reason", dead.reason());
                case Verdict.Done done -> {}
                case Verdict.Released released -> {}
            }
            rows.add(row);
        }
        return client.preparedQuery(END).execute(Tuple.of(rows)).map(written -> {
            var ids = new HashSet<Long>();
            written.forEach(row -> ids.add(row.getLong("id")));
            return ids;
        });
    }

    private static final int PARTITIONS_AHEAD_DAYS = 7;

    /** Makes the coming days' partitions of {@code jobs_done} and drops those past keeping. */
    static Future<Void> partitions(SqlClient client, int keepDays) {
        return client.preparedQuery("SELECT jobs_done_partitions($1, $2)")
                .execute(Tuple.of(PARTITIONS_AHEAD_DAYS, keepDays))
                .mapEmpty();
    }
}
