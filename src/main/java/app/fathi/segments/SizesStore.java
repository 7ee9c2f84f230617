package app.fathi.segments;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** All SQL over {@code segments_size}: how many people were in segments whenever that was measured. */
final class SizesStore {
    /**
     * What was measured once.
     *
     * @param reachable by web push; null where it was not measured
     * @param rebuilt everybody had just been asked by a new rule
     */
    record Measured(OffsetDateTime at, long people, Long reachable, boolean rebuilt) {
        JsonObject toJson() {
            return new JsonObject()
                    .put("at", at.toInstant().toString())
                    .put("people", people)
                    .put("reachable", reachable)
                    .put("rebuilt", rebuilt);
        }
    }

    /** What is asked for: from an instant on, before another, each null for no bound; one of each hour or day of UTC. */
    record Range(OffsetDateTime from, OffsetDateTime to, String interval) {}

    static final String PAGE =
            """
            SELECT at, people, reachable, rebuilt FROM (
              SELECT DISTINCT ON (date_trunc($5::text, at, 'UTC')) at, people, reachable, hour IS NULL AS rebuilt
              FROM segments_size
              WHERE ws = $1 AND segment = $2 AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
                AND ($6::timestamptz IS NULL OR at < date_trunc($5::text, $6::timestamptz, 'UTC'))
              ORDER BY date_trunc($5::text, at, 'UTC') DESC, at DESC
            ) AS measured ORDER BY at DESC LIMIT $7
            """;

    /** The last of each hour or day, newest first. */
    Future<List<Measured>> page(SqlClient client, int ws, UUID segment, Range range, OffsetDateTime before, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, segment, range.from(), range.to(), range.interval(), before, limit))
                .map(rows -> rows.stream().map(SizesStore::read).toList());
    }

    private static Measured read(Row row) {
        return new Measured(
                row.getOffsetDateTime("at"),
                row.getLong("people"),
                row.getLong("reachable"),
                row.getBoolean("rebuilt"));
    }

    /** All that have segments. */
    Future<List<Integer>> workspaces(SqlClient client) {
        return client.query("SELECT DISTINCT ws FROM segments_segment ORDER BY ws")
                .execute()
                .map(rows -> rows.stream().map(row -> row.getInteger("ws")).toList());
    }

    /** Segments of which who is in them is known, and which were not measured for this hour yet: their small numbers. */
    Future<Map<Integer, UUID>> kept(SqlClient client, int ws, Instant hour) {
        return client.preparedQuery(
                        """
                        SELECT id, no FROM segments_segment s WHERE ws = $1 AND no IS NOT NULL AND kept_no = rule_no
                          AND NOT EXISTS (SELECT FROM segments_size z WHERE z.ws = $1 AND z.segment = s.id AND z.hour = $2)
                        """)
                .execute(Tuple.of(ws, utc(hour)))
                .map(rows -> {
                    var ids = new TreeMap<Integer, UUID>();
                    rows.forEach(row -> ids.put(row.getInteger("no"), row.getUUID("id")));
                    return ids;
                });
    }

    /** Static segments that were not measured for this hour yet. */
    Future<List<UUID>> statics(SqlClient client, int ws, Instant hour) {
        return client.preparedQuery(
                        """
                        SELECT id FROM segments_segment s WHERE ws = $1 AND kind = 'static'
                          AND NOT EXISTS (SELECT FROM segments_size z WHERE z.ws = $1 AND z.segment = s.id AND z.hour = $2)
                        """)
                .execute(Tuple.of(ws, utc(hour)))
                .map(rows -> rows.stream().map(row -> row.getUUID("id")).toList());
    }

    /**
     * Puts down what was measured in this transaction. Of segments that were deleted meanwhile nothing is kept.
     *
     * @param ids by the small numbers of the segments
     * @param sizes by the same; nobody is in one that is not among them
     * @param hour null: everybody has just been asked
     */
    Future<Void> keep(
            SqlClient tx, int ws, Map<Integer, UUID> ids, Map<Integer, BlocksStore.Size> sizes, Instant hour) {
        var nobody = new BlocksStore.Size(0, 0);
        var all =
                ids.keySet().stream().map(no -> sizes.getOrDefault(no, nobody)).toList();
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_size (ws, segment, at, hour, people, reachable)
                        SELECT $1, s.id, now(), $2, m.people, m.reachable
                        FROM segments_segment s, unnest($3::uuid[], $4::bigint[], $5::bigint[]) AS m (segment, people, reachable)
                        WHERE s.ws = $1 AND s.id = m.segment FOR KEY SHARE OF s
                        ON CONFLICT DO NOTHING
                        """)
                .execute(Tuple.of(
                        ws,
                        utc(hour),
                        ids.values().toArray(UUID[]::new),
                        all.stream().map(BlocksStore.Size::people).toArray(Long[]::new),
                        all.stream().map(BlocksStore.Size::reachable).toArray(Long[]::new)))
                .mapEmpty();
    }

    /** Counts who was put into these static segments. */
    Future<Void> count(SqlClient client, int ws, Collection<UUID> segments, Instant hour) {
        return client.preparedQuery(
                        """
                        INSERT INTO segments_size (ws, segment, at, hour, people)
                        SELECT $1, s.id, now(), $2, %s
                        FROM segments_segment s WHERE s.ws = $1 AND s.id = ANY ($3) FOR KEY SHARE OF s
                        ON CONFLICT DO NOTHING
                        """
                                .formatted(SegmentsStore.STATIC_PEOPLE.formatted("s.id")))
                .execute(Tuple.of(ws, utc(hour), (Object) segments.toArray(UUID[]::new)))
                .mapEmpty();
    }

    /** What is older than so many days, some of it: how much. */
    Future<Integer> forget(SqlClient client, int days, int limit) {
        return client.preparedQuery(
                        """
                        DELETE FROM segments_size WHERE (ws, segment, at) IN (
                          SELECT ws, segment, at FROM segments_size WHERE at < now() - make_interval(hours => 24 * $1) LIMIT $2)
                        """)
                .execute(Tuple.of(days, limit))
                .map(SqlResult::rowCount);
    }

    static final String THIN =
            """
            DELETE FROM segments_size WHERE (ws, segment, at) IN (
              SELECT s.ws, s.segment, s.at
              FROM segments_size s, date_trunc('day', now() - make_interval(hours => 24 * $1), 'UTC') AS old
              WHERE s.at < old AND s.at >= old - interval '168 hours' AND EXISTS (
                SELECT FROM segments_size later
                WHERE later.ws = s.ws AND later.segment = s.segment
                  AND later.at > s.at AND later.at < date_trunc('day', s.at, 'UTC') + interval '24 hours')
              LIMIT $2)
            """;

    /** All but the last of each day that became older than so many days in the week before, some of it: how much. */
    Future<Integer> thin(SqlClient client, int days, int limit) {
        return client.preparedQuery(THIN).execute(Tuple.of(days, limit)).map(SqlResult::rowCount);
    }

    private static OffsetDateTime utc(Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}
