package app.fathi.platform.jobs;

import app.fathi.platform.jobs.Scheduler.Ready;
import app.fathi.platform.jobs.Scheduler.Take;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/** The SQL with which workers find and take what is due. */
final class ClaimsStore {
    private static final Short[] LANES =
            Lane.IN_ORDER.stream().map(lane -> (short) lane.code()).toArray(Short[]::new);

    private ClaimsStore() {}

    /**
     * Walks from workspace to workspace, one probe of the index each, however many jobs one of them has; then counts what
     * is due of those that have something due, up to a limit.
     */
    static final String READY =
            """
            WITH RECURSIVE seat AS (
                (SELECT lane, ws, due_at FROM jobs WHERE due_at IS NOT NULL ORDER BY lane, ws, due_at LIMIT 1)
                UNION ALL
                SELECT n.lane, n.ws, n.due_at
                FROM seat s, LATERAL (
                    SELECT lane, ws, due_at FROM jobs
                    WHERE due_at IS NOT NULL AND (lane, ws) > (s.lane, s.ws)
                    ORDER BY lane, ws, due_at LIMIT 1
                ) n
            ), foremost AS MATERIALIZED (
                SELECT l.lane, (SELECT vtime FROM job_share h WHERE h.lane = l.lane ORDER BY vtime DESC LIMIT 1) AS vtime
                FROM unnest($3::smallint[]) AS l (lane)
            )
            SELECT s.lane, s.ws, d.jobs, (extract(epoch FROM now() - d.oldest) * 1000)::bigint AS age_ms,
                   (SELECT vtime FROM job_share h WHERE h.lane = s.lane AND h.ws = s.ws) AS vtime,
                   (SELECT vtime FROM foremost f WHERE f.lane = s.lane) AS top_vtime
            FROM seat s
            CROSS JOIN LATERAL (
                SELECT count(*)::int AS jobs, min(due_at) AS oldest FROM (
                    SELECT due_at FROM jobs
                    WHERE jobs.lane = s.lane AND jobs.ws = s.ws AND due_at <= now() AND type = ANY ($1::text[])
                    ORDER BY due_at
                    LIMIT $2
                ) due
            ) d
            WHERE s.due_at <= now() AND d.jobs > 0
            """;

    /** Who has due jobs of these types, and how many, counted up to {@code limit}. */
    static Future<List<Ready>> ready(SqlClient client, Collection<String> types, int limit) {
        return client.preparedQuery(READY)
                .execute(Tuple.tuple()
                        .addArrayOfString(types.toArray(String[]::new))
                        .addInteger(limit)
                        .addArrayOfShort(LANES))
                .map(rows -> rows.stream().map(ClaimsStore::ready).toList());
    }

    private static Ready ready(Row row) {
        var own = row.getLong("vtime");
        var top = row.getLong("top_vtime");
        return new Ready(
                Lane.of(row.getInteger("lane")),
                row.getInteger("ws"),
                row.getInteger("jobs"),
                Scheduler.start(own == null ? 0 : own, top == null ? 0 : top),
                Duration.ofMillis(row.getLong("age_ms")));
    }

    /** A row that was claimed. {@code usedUp}: its workers died each time, so it is not to be run. */
    record Claimed(Job job, long token, boolean takenOver, boolean usedUp, boolean cancelled, Duration lag) {}

    static final String CLAIM =
            """
            WITH picked AS (
                SELECT j.id, j.due_at, j.state = 'running' AS taken_over,
                       j.attempts >= $5 AND NOT j.asked_again AS used_up
                FROM unnest($1::smallint[], $2::int[], $3::int[]) AS t (lane, ws, jobs),
                LATERAL (
                    SELECT id, state, due_at, attempts, asked_again
                    FROM jobs
                    WHERE jobs.lane = t.lane AND jobs.ws = t.ws AND due_at <= now() AND type = ANY ($6::text[])
                    ORDER BY due_at
                    LIMIT t.jobs
                    FOR UPDATE SKIP LOCKED
                ) j
            ), claimed AS (
                UPDATE jobs SET
                    state = 'running',
                    due_at = now() + $7 * interval '1 millisecond',
                    attempts = CASE WHEN attempts < $5 THEN attempts + 1 WHEN asked_again THEN 1 ELSE attempts END,
                    -- What was asked for after a cancel is still to be done after it.
                    asked_again = asked_again AND cancelled,
                    lease_token = nextval('lease_token'),
                    node = $8
                FROM picked
                WHERE jobs.id = picked.id
                RETURNING jobs.id, ws, type, lane, key, payload, attempts, request_id, deadline, cancelled,
                          children, children_done, children_failed, children_cancelled, created_at, lease_token,
                          picked.taken_over, picked.used_up,
                          (extract(epoch FROM now() - picked.due_at) * 1000)::bigint AS lag_ms
            ), charged AS (
                INSERT INTO job_share AS share (lane, ws, vtime)
                SELECT c.lane, c.ws, t.vtime + count(*)
                FROM claimed c JOIN unnest($1::smallint[], $2::int[], $4::bigint[]) AS t (lane, ws, vtime)
                     ON t.lane = c.lane AND t.ws = c.ws
                GROUP BY c.lane, c.ws, t.vtime
                -- In one order everywhere, so that two nodes cannot wait for each other.
                ORDER BY c.lane, c.ws
                ON CONFLICT (lane, ws) DO UPDATE SET
                    -- Another node may have charged since the look.
                    vtime = greatest(excluded.vtime, share.vtime + (
                        SELECT count(*) FROM claimed c WHERE c.lane = excluded.lane AND c.ws = excluded.ws))
            )
            SELECT * FROM claimed
            """;

    /** Takes what was planned, less what others were quicker to take; charges each workspace for what it got. */
    static Future<List<Claimed>> claim(
            SqlClient client, Collection<String> types, List<Take> takes, int attempts, Duration lease, UUID node) {
        var parameters = Tuple.tuple()
                .addArrayOfShort(
                        takes.stream().map(take -> (short) take.lane().code()).toArray(Short[]::new))
                .addArrayOfInteger(takes.stream().map(Take::ws).toArray(Integer[]::new))
                .addArrayOfInteger(takes.stream().map(Take::jobs).toArray(Integer[]::new))
                .addArrayOfLong(takes.stream().map(Take::vtime).toArray(Long[]::new))
                .addInteger(attempts)
                .addArrayOfString(types.toArray(String[]::new))
                .addLong(lease.toMillis())
                .addUUID(node);
        return client.preparedQuery(CLAIM).execute(parameters).map(rows -> {
            var claimed = new ArrayList<Claimed>(rows.size());
            rows.forEach(row -> claimed.add(claimed(row)));
            return claimed;
        });
    }

    private static Claimed claimed(Row row) {
        var deadline = row.getOffsetDateTime("deadline");
        var job = new Job(
                row.getUUID("id"),
                row.getInteger("ws"),
                row.getString("type"),
                Lane.of(row.getInteger("lane")),
                row.getString("key"),
                row.getJsonObject("payload"),
                row.getInteger("attempts"),
                row.getString("request_id"),
                deadline == null ? null : deadline.toInstant(),
                new Job.Children(
                        row.getInteger("children"),
                        row.getInteger("children_done"),
                        row.getInteger("children_failed"),
                        row.getInteger("children_cancelled")),
                row.getOffsetDateTime("created_at").toInstant());
        return new Claimed(
                job,
                row.getLong("lease_token"),
                row.getBoolean("taken_over"),
                row.getBoolean("used_up"),
                row.getBoolean("cancelled"),
                Duration.ofMillis(row.getLong("lag_ms")));
    }

    static final String FORGET_SHARES =
            """
            DELETE FROM job_share s
            WHERE vtime < (SELECT t.vtime FROM job_share t WHERE t.lane = s.lane ORDER BY t.vtime DESC LIMIT 1) - $1
            """;

    /** Forgets those so far behind that they begin anew in any case. */
    static Future<Void> forgetShares(SqlClient client) {
        return client.preparedQuery(FORGET_SHARES)
                .execute(Tuple.of(Scheduler.CREDIT))
                .mapEmpty();
    }
}
