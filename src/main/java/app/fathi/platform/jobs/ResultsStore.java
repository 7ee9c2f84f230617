package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * The SQL of heartbeats, progress and results. It waits for nobody: a row that somebody has locked just now is told as
 * busy, to be tried again. So it can be part of no deadlock, and one slow transaction holds up no other job's result.
 */
final class ResultsStore {
    private ResultsStore() {}

    /** What became of a heartbeat: what is in none of the sets was busy. */
    record Renewals(Set<UUID> renewed, Set<UUID> fenced, Set<UUID> cancelled) {}

    static final String RENEW =
            """
            WITH asked AS MATERIALIZED (
                SELECT a.id, a.token, j.id IS NOT NULL AS free
                FROM unnest($1::uuid[], $2::bigint[]) AS a (id, token)
                LEFT JOIN LATERAL (
                    SELECT id FROM jobs WHERE id = a.id AND lease_token = a.token FOR UPDATE SKIP LOCKED
                ) j ON true
            ), renewed AS (
                UPDATE jobs j SET due_at = now() + $3 * interval '1 millisecond'
                FROM asked a WHERE a.free AND j.id = a.id
                RETURNING j.id
            )
            SELECT a.id, a.free AS renewed,
                   (SELECT cancelled FROM jobs WHERE id = a.id AND lease_token = a.token) AS cancelled
            FROM asked a
            """;

    /** Renews the leases that are still ours. */
    static Future<Renewals> renew(SqlClient client, Collection<Lease> leases, Duration lease) {
        var parameters = Tuple.of(
                leases.stream().map(held -> held.job().id()).toArray(UUID[]::new),
                leases.stream().map(Lease::token).toArray(Long[]::new),
                lease.toMillis());
        return client.preparedQuery(RENEW).execute(parameters).map(rows -> {
            var renewals = new Renewals(new HashSet<>(), new HashSet<>(), new HashSet<>());
            for (var row : rows) {
                var id = row.getUUID("id");
                var cancelled = row.getBoolean("cancelled");
                if (row.getBoolean("renewed")) {
                    renewals.renewed().add(id);
                } else if (cancelled == null) {
                    renewals.fenced().add(id);
                }
                if (cancelled != null && cancelled) {
                    renewals.cancelled().add(id);
                }
            }
            return renewals;
        });
    }

    static final String PROGRESS =
            """
            WITH told AS MATERIALIZED (
                SELECT j.id, p.done, p.total, p.note
                FROM jsonb_to_recordset($1::jsonb) AS p (id uuid, token bigint, done bigint, total bigint, note text),
                LATERAL (SELECT id FROM jobs WHERE id = p.id AND lease_token = p.token FOR UPDATE SKIP LOCKED) j
            )
            UPDATE jobs j SET progress_done = t.done, progress_total = t.total, progress_note = t.note
            FROM told t WHERE j.id = t.id
            """;

    /** Writes how far the jobs have come; what is not written this time is with the next. */
    static Future<Void> progress(SqlClient client, Collection<Lease> leases) {
        var rows = new JsonArray();
        leases.forEach(lease -> rows.add(row(Ended.of(lease, null))));
        return client.preparedQuery(PROGRESS).execute(Tuple.of(rows)).mapEmpty();
    }

    /**
     * A result on its way to the row.
     *
     * @param token 0 for a row that nobody holds and the caller has locked
     * @param progress null for none
     */
    record Ended(UUID id, long token, Verdict verdict, Progress progress) {
        static Ended of(Lease lease, Verdict verdict) {
            return new Ended(lease.job().id(), lease.token(), verdict, lease.progress());
        }
    }

    /** What a result made of a row. */
    enum Fate {
        WAITING,
        /** Over as far as asked until now, and waiting for the run that was asked for since. */
        FRESH,
        PARKED,
        DONE,
        CANCELLED,
        DEAD,
        /** The lease was not ours any more: nothing was written. */
        FENCED,
        /** Somebody has locked the row: nothing was written yet. */
        BUSY;

        static Fate of(String word) {
            return valueOf(word.toUpperCase(java.util.Locale.ROOT));
        }
    }

    static final String END =
            """
            WITH ended AS MATERIALIZED (
                SELECT r.*,
                       CASE
                           WHEN j.id IS NULL AND EXISTS (
                               SELECT FROM jobs b WHERE b.id = r.id AND b.lease_token IS NOT DISTINCT FROM r.token)
                               THEN 'busy'
                           WHEN j.id IS NULL THEN 'fenced'
                           WHEN r.verdict IN ('done', 'cancelled', 'join') AND j.open > 0 THEN 'parked'
                           WHEN r.verdict IN ('done', 'cancelled', 'dead') AND j.asked_again THEN 'fresh'
                           -- A family that somebody ended was not done, whichever of its members was over last.
                           WHEN r.verdict = 'done' AND j.cancelled AND j.children > 0 THEN 'cancelled'
                           WHEN r.verdict IN ('done', 'cancelled', 'dead') THEN r.verdict
                           ELSE 'waiting'
                       END AS fate
                FROM jsonb_to_recordset($1::jsonb)
                     AS r (id uuid, token bigint, verdict text, run_at timestamptz, delay_ms bigint, reason text,
                           done bigint, total bigint, note text)
                LEFT JOIN LATERAL (
                    SELECT id, asked_again, cancelled, children,
                           children - children_done - children_failed - children_cancelled AS open
                    FROM jobs
                    WHERE id = r.id AND lease_token IS NOT DISTINCT FROM r.token
                    FOR UPDATE SKIP LOCKED
                ) j ON true
            ), gone AS (
                DELETE FROM jobs j USING ended e
                WHERE j.id = e.id AND e.fate IN ('done', 'cancelled', 'dead')
                RETURNING j.*, e.fate, e.reason AS last_reason, e.done, e.total, e.note
            ), filed AS (
                INSERT INTO jobs_done (period, ws, id, type, key, lane, payload, request_id, deadline, parent, state,
                    attempts, node, reason, children, children_done, children_failed, children_cancelled,
                    progress_done, progress_total, progress_note, created_at)
                SELECT (SELECT max(number) FROM partition_period WHERE relation = 'jobs_done' AND begins_at <= now()),
                       ws, id, type, key, lane, payload, request_id, deadline, parent, fate,
                       attempts, node, NULL, children, children_done, children_failed, children_cancelled,
                       coalesce(done, progress_done), coalesce(total, progress_total), coalesce(note, progress_note),
                       created_at
                FROM gone WHERE fate <> 'dead'
            ), buried AS (
                INSERT INTO jobs_dead (period, ws, id, type, key, lane, payload, request_id, deadline, parent, state,
                    attempts, node, reason, children, children_done, children_failed, children_cancelled,
                    progress_done, progress_total, progress_note, created_at)
                SELECT (SELECT max(number) FROM partition_period WHERE relation = 'jobs_dead' AND begins_at <= now()),
                       ws, id, type, key, lane, payload, request_id, deadline, parent, fate,
                       attempts, node, coalesce(last_reason, reason), children, children_done, children_failed,
                       children_cancelled,
                       coalesce(done, progress_done), coalesce(total, progress_total), coalesce(note, progress_note),
                       created_at
                FROM gone WHERE fate = 'dead'
            ), told AS (
                INSERT INTO job_child_end (parent, done, failed, cancelled)
                SELECT parent, count(*) FILTER (WHERE fate = 'done'), count(*) FILTER (WHERE fate = 'dead'),
                       count(*) FILTER (WHERE fate = 'cancelled')
                FROM gone WHERE parent IS NOT NULL GROUP BY parent
            ), kept AS (
                UPDATE jobs j SET
                    state = CASE WHEN e.fate = 'parked' THEN 'parked' ELSE 'waiting' END,
                    due_at = CASE
                        WHEN e.fate = 'parked' THEN NULL
                        WHEN e.fate = 'fresh' THEN now()
                        WHEN e.verdict = 'retry' THEN now() + e.delay_ms * interval '1 millisecond'
                        WHEN e.verdict <> 'again' THEN now()
                        WHEN j.asked_again OR j.cancelled THEN least(e.run_at, now())
                        ELSE e.run_at
                    END,
                    attempts = CASE e.verdict WHEN 'retry' THEN j.attempts WHEN 'released' THEN j.attempts - 1 ELSE 0 END,
                    reason = CASE
                        WHEN e.verdict IN ('retry', 'dead') THEN e.reason
                        WHEN e.verdict = 'released' THEN j.reason
                    END,
                    lease_token = NULL,
                    -- What was asked for after a cancel is still to be done after it.
                    asked_again = j.asked_again AND (e.fate = 'parked' OR e.fate = 'waiting' AND j.cancelled),
                    cancelled = j.cancelled AND e.fate <> 'fresh',
                    joins = e.fate = 'parked' AND e.verdict = 'join',
                    children = CASE WHEN e.fate = 'fresh' THEN 0 ELSE j.children END,
                    children_done = CASE WHEN e.fate = 'fresh' THEN 0 ELSE j.children_done END,
                    children_failed = CASE WHEN e.fate = 'fresh' THEN 0 ELSE j.children_failed END,
                    children_cancelled = CASE WHEN e.fate = 'fresh' THEN 0 ELSE j.children_cancelled END,
                    progress_done = CASE WHEN e.fate <> 'fresh' THEN coalesce(e.done, j.progress_done) END,
                    progress_total = CASE WHEN e.fate <> 'fresh' THEN coalesce(e.total, j.progress_total) END,
                    progress_note = CASE WHEN e.fate <> 'fresh' THEN coalesce(e.note, j.progress_note) END
                FROM ended e
                WHERE j.id = e.id AND e.fate IN ('waiting', 'fresh', 'parked')
            )
            SELECT id, fate FROM ended
            """;

    /** Writes the results whose lease is still theirs and tells what became of each. */
    static Future<Map<UUID, Fate>> end(SqlClient client, Collection<Ended> results) {
        var rows = new JsonArray();
        for (var result : results) {
            var row = row(result).put("verdict", result.verdict().word());
            switch (result.verdict()) {
                case Verdict.Again again -> row.put("run_at", again.at().toString());
                case Verdict.Retry retry ->
                    row.put("delay_ms", retry.delay().toMillis()).put("reason", retry.reason());
                case Verdict.Dead dead -> row.put("reason", dead.reason());
                case Verdict.Done done -> {}
                case Verdict.Join join -> {}
                case Verdict.Cancelled cancelled -> {}
                case Verdict.Released released -> {}
            }
            rows.add(row);
        }
        return client.preparedQuery(END).execute(Tuple.of(rows)).map(written -> {
            var fates = new HashMap<UUID, Fate>();
            for (Row row : written) {
                fates.put(row.getUUID("id"), Fate.of(row.getString("fate")));
            }
            return fates;
        });
    }

    private static JsonObject row(Ended ended) {
        var row = new JsonObject()
                .put("id", ended.id().toString())
                .put("token", ended.token() == 0 ? null : ended.token());
        var progress = ended.progress();
        return progress == null
                ? row
                : row.put("done", progress.done())
                        .put("total", progress.total())
                        .put("note", progress.note());
    }
}
