package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The SQL with which people look at a workspace's jobs: lists, counts, single ones, dead letters and bringing them back. */
final class JobsViewStore {
    private JobsViewStore() {}

    /** A job as it is shown. */
    record View(
            UUID id,
            String type,
            Lane lane,
            String state,
            int attempts,
            String reason,
            JsonObject payload,
            UUID parent,
            Job.Children children,
            Progress progress,
            String requestId,
            OffsetDateTime deadline,
            OffsetDateTime createdAt,
            OffsetDateTime dueAt,
            OffsetDateTime finishedAt) {}

    /**
     * Which jobs; null for no condition.
     *
     * @param visible types that the caller may see
     * @param olderThan enqueued longer ago than this
     */
    record Filter(List<String> visible, String state, String type, Lane lane, Duration olderThan) {}

    private static final String LIVE =
            """
            SELECT id, type, lane, CASE WHEN cancelled THEN 'cancelling' ELSE state END AS state, attempts, reason, payload,
                   parent, children, children_done, children_failed, children_cancelled,
                   progress_done, progress_total, progress_note, request_id, deadline, created_at, due_at,
                   NULL::timestamptz AS finished_at
            FROM jobs
            """;

    private static final String OVER =
            """
            SELECT id, type, lane, state, attempts, reason, payload,
                   parent, children, children_done, children_failed, children_cancelled,
                   progress_done, progress_total, progress_note, request_id, deadline, created_at,
                   NULL::timestamptz AS due_at, finished_at
            FROM %s
            """;

    private static final String DONE = OVER.formatted("jobs_done");
    private static final String DEAD = OVER.formatted("jobs_dead");

    private static final String FILTER =
            """
            WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2)
              AND ($3::text[] IS NULL OR type = ANY ($3)) AND ($4::text IS NULL OR type = $4)
              AND ($5::smallint IS NULL OR lane = $5)
              AND ($6::bigint IS NULL OR created_at < now() - $6 * interval '1 millisecond')
            """;

    static final String PAGE = "(" + LIVE + FILTER
            + """
                        AND ($7::text IS NULL OR CASE WHEN cancelled THEN 'cancelling' ELSE state END = $7)
                      ORDER BY id DESC LIMIT $8)
                    UNION ALL (
                    """
            + DONE + FILTER + "AND ($7::text IS NULL OR state = $7) ORDER BY id DESC LIMIT $8)\nUNION ALL (\n"
            + DEAD + FILTER + "AND ($7::text IS NULL OR state = $7) ORDER BY id DESC LIMIT $8)\n"
            + "ORDER BY id DESC LIMIT $8";

    /** Newest first. */
    static Future<List<View>> page(SqlClient client, int ws, Filter filter, UUID before, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.tuple()
                        .addInteger(ws)
                        .addUUID(before)
                        .addArrayOfString(types(filter.visible()))
                        .addString(filter.type())
                        .addShort(
                                filter.lane() == null
                                        ? null
                                        : (short) filter.lane().code())
                        .addLong(
                                filter.olderThan() == null
                                        ? null
                                        : filter.olderThan().toMillis())
                        .addString(filter.state())
                        .addInteger(limit))
                .map(rows -> rows.stream().map(JobsViewStore::view).toList());
    }

    static final String ONE = LIVE + "WHERE ws = $1 AND id = $2\nUNION ALL\n" + DONE
            + "WHERE ws = $1 AND id = $2\nUNION ALL\n" + DEAD + "WHERE ws = $1 AND id = $2";

    static Future<Optional<View>> one(SqlClient client, int ws, UUID id) {
        return client.preparedQuery(ONE)
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(JobsViewStore::view).findFirst());
    }

    /** How many jobs of a lane are in a state, and since when the oldest of them has been there to do. */
    record Count(Lane lane, String state, long jobs, OffsetDateTime oldestAt) {}

    static final String COUNTS =
            """
            SELECT lane, CASE WHEN cancelled THEN 'cancelling' ELSE state END AS state, count(*) AS jobs,
                   min(created_at) AS oldest_at
            FROM jobs WHERE ws = $1 AND ($2::text[] IS NULL OR type = ANY ($2)) GROUP BY 1, 2
            UNION ALL
            SELECT lane, state, count(*), min(created_at)
            FROM jobs_dead WHERE ws = $1 AND ($2::text[] IS NULL OR type = ANY ($2)) GROUP BY 1, 2
            ORDER BY 1, 2
            """;

    /** Of all that is not over, and of the dead letters. */
    static Future<List<Count>> counts(SqlClient client, int ws, List<String> visible) {
        return client.preparedQuery(COUNTS)
                .execute(Tuple.tuple().addInteger(ws).addArrayOfString(types(visible)))
                .map(rows -> rows.stream()
                        .map(row -> new Count(
                                Lane.of(row.getInteger("lane")),
                                row.getString("state"),
                                row.getLong("jobs"),
                                row.getOffsetDateTime("oldest_at")))
                        .toList());
    }

    /** Which dead letters; null for no condition. */
    record DeadFilter(
            List<String> visible,
            List<String> types,
            Lane lane,
            List<UUID> ids,
            OffsetDateTime diedAfter,
            OffsetDateTime diedBefore) {}

    private static final String DEAD_FILTER =
            """
            WHERE ws = $1 AND ($2::text[] IS NULL OR type = ANY ($2)) AND ($3::text[] IS NULL OR type = ANY ($3))
              AND ($4::smallint IS NULL OR lane = $4) AND ($5::uuid[] IS NULL OR id = ANY ($5))
              AND ($6::timestamptz IS NULL OR finished_at >= $6) AND ($7::timestamptz IS NULL OR finished_at < $7)
            """;

    private static Tuple tuple(int ws, DeadFilter filter) {
        return Tuple.tuple()
                .addInteger(ws)
                .addArrayOfString(types(filter.visible()))
                .addArrayOfString(types(filter.types()))
                .addShort(filter.lane() == null ? null : (short) filter.lane().code())
                .addArrayOfUUID(filter.ids() == null ? null : filter.ids().toArray(UUID[]::new))
                .addOffsetDateTime(filter.diedAfter())
                .addOffsetDateTime(filter.diedBefore());
    }

    /**
     * Dead letters of one type.
     *
     * @param expired those whose deadline has passed: they are not brought back
     * @param payloads of those that can be brought back
     */
    record Group(
            String type,
            long jobs,
            long expired,
            OffsetDateTime oldestAt,
            OffsetDateTime newestAt,
            List<JsonObject> payloads) {}

    static final String GROUPS =
            """
            SELECT type, count(*) AS jobs, count(*) FILTER (WHERE expired) AS expired,
                   min(finished_at) AS oldest_at, max(finished_at) AS newest_at,
                   coalesce(jsonb_agg(payload) FILTER (WHERE NOT expired AND place <= $8), '[]') AS payloads
            FROM (
                SELECT type, payload, finished_at, deadline <= now() IS TRUE AS expired,
                       row_number() OVER (PARTITION BY deadline <= now() IS TRUE ORDER BY id) AS place
                FROM jobs_dead
            """
                    + DEAD_FILTER
                    + """
                    ) matched
                    GROUP BY type ORDER BY type
                    """;

    /** What a redrive with this limit would find. */
    static Future<List<Group>> groups(SqlClient client, int ws, DeadFilter filter, int limit) {
        return client.preparedQuery(GROUPS)
                .execute(tuple(ws, filter).addInteger(limit))
                .map(rows -> rows.stream()
                        .map(row -> new Group(
                                row.getString("type"),
                                row.getLong("jobs"),
                                row.getLong("expired"),
                                row.getOffsetDateTime("oldest_at"),
                                row.getOffsetDateTime("newest_at"),
                                row.getJsonArray("payloads").stream()
                                        .map(JsonObject.class::cast)
                                        .toList()))
                        .toList());
    }

    static final String REDRIVE =
            """
            WITH picked AS (
                SELECT id, period FROM jobs_dead
            """
                    + DEAD_FILTER
                    + """
                      AND deadline <= now() IS NOT TRUE
                    ORDER BY id LIMIT $8 FOR UPDATE
                    ), gone AS (
                        DELETE FROM jobs_dead d USING picked p
                        WHERE d.ws = $1 AND d.id = p.id AND d.period = p.period
                        RETURNING d.*
                    ), asked AS (
                        INSERT INTO jobs (id, ws, type, key, lane, payload, request_id, due_at, deadline, reason, created_at)
                        -- Of several that died with the same key the newest comes back for all.
                        SELECT DISTINCT ON (type, key)
                               id, ws, type, key, lane, payload, request_id, now(), deadline, reason, created_at
                        FROM gone ORDER BY type, key, id DESC
                        ON CONFLICT (ws, type, key) DO UPDATE SET
                            due_at = CASE WHEN jobs.state = 'waiting' AND NOT jobs.cancelled
                                          THEN least(jobs.due_at, excluded.due_at) ELSE jobs.due_at END,
                            asked_again = jobs.asked_again OR jobs.state <> 'waiting' OR jobs.cancelled
                    )
                    SELECT count(*)::int AS jobs FROM gone
                    """;

    /**
     * Brings dead letters back, the oldest first, those past their deadline excepted. They keep their ids and are on their
     * own: no parent waits for them any more.
     *
     * @return how many
     */
    static Future<Integer> redrive(SqlClient tx, int ws, DeadFilter filter, int limit) {
        return tx.preparedQuery(REDRIVE)
                .execute(tuple(ws, filter).addInteger(limit))
                .map(rows -> rows.iterator().next().getInteger("jobs"));
    }

    private static String[] types(List<String> types) {
        return types == null ? null : types.toArray(String[]::new);
    }

    private static View view(Row row) {
        var done = row.getLong("progress_done");
        return new View(
                row.getUUID("id"),
                row.getString("type"),
                Lane.of(row.getInteger("lane")),
                row.getString("state"),
                row.getInteger("attempts"),
                row.getString("reason"),
                row.getJsonObject("payload"),
                row.getUUID("parent"),
                new Job.Children(
                        row.getInteger("children"),
                        row.getInteger("children_done"),
                        row.getInteger("children_failed"),
                        row.getInteger("children_cancelled")),
                done == null ? null : new Progress(done, row.getLong("progress_total"), row.getString("progress_note")),
                row.getString("request_id"),
                row.getOffsetDateTime("deadline"),
                row.getOffsetDateTime("created_at"),
                row.getOffsetDateTime("due_at"),
                row.getOffsetDateTime("finished_at"));
    }
}
