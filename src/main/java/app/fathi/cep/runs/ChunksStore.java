package app.fathi.cep.runs;

import static app.fathi.platform.db.SqlTime.instant;
import static app.fathi.platform.db.SqlTime.time;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** SQL of {@code cep_chunk}, and of the jobs that send chunks. */
public final class ChunksStore {
    private ChunksStore() {}

    public static Future<Void> insert(SqlClient tx, List<Chunk> chunks) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cep_chunk (run, chunk, profile_nos, subscriptions, items, send_at, passed, first_no, last_no)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                        """)
                .executeBatch(chunks.stream()
                        .map(chunk -> Tuple.from(new Object[] {
                            chunk.run(),
                            chunk.chunk(),
                            chunk.profileNos().toArray(Integer[]::new),
                            chunk.subscriptions() == null
                                    ? null
                                    : chunk.subscriptions().toArray(UUID[]::new),
                            items(chunk),
                            time(chunk.sendAt()),
                            chunk.passed(),
                            chunk.firstProfileNo(),
                            chunk.lastProfileNo()
                        }))
                        .toList())
                .mapEmpty();
    }

    private static JsonObject items(Chunk chunk) {
        if (chunk.items().isEmpty()) {
            return null;
        }
        var items = new JsonObject();
        chunk.items().forEach((profileNo, own) -> items.put("" + profileNo, own));
        return items;
    }

    private static Map<Integer, JsonObject> items(JsonObject stored) {
        if (stored == null) {
            return Map.of();
        }
        var items = new HashMap<Integer, JsonObject>();
        stored.forEach(entry -> items.put(Integer.valueOf(entry.getKey()), (JsonObject) entry.getValue()));
        return items;
    }

    private static final String CHUNKS =
            "SELECT run, chunk, profile_nos, subscriptions, items, send_at, passed, finished_at FROM cep_chunk";

    public static Future<Optional<Chunk>> find(SqlClient client, long run, int chunk) {
        return client.preparedQuery(CHUNKS + " WHERE run = $1 AND chunk = $2")
                .execute(Tuple.of(run, chunk))
                .map(rows -> rows.size() == 0
                        ? Optional.empty()
                        : Optional.of(chunk(rows.iterator().next())));
    }

    /** Those that name addresses, or have something for single people; others of a large message would be many. */
    public static Future<List<Chunk>> personal(SqlClient client, long run) {
        return client.preparedQuery(
                        CHUNKS
                                + """
                         WHERE run = $1 AND (subscriptions IS NOT NULL OR items IS NOT NULL) ORDER BY chunk
                        """)
                .execute(Tuple.of(run))
                .map(rows -> rows.stream().map(ChunksStore::chunk).toList());
    }

    public static Future<List<Chunk>> of(SqlClient client, long run) {
        return client.preparedQuery(CHUNKS + " WHERE run = $1 ORDER BY chunk")
                .execute(Tuple.of(run))
                .map(rows -> rows.stream().map(ChunksStore::chunk).toList());
    }

    static final String WAKE =
            """
            UPDATE jobs j SET due_at = CASE j.state WHEN 'waiting' THEN greatest(now(), c.send_at) ELSE j.due_at END,
                              asked_again = j.asked_again OR j.state = 'running'
            FROM cep_run r JOIN cep_chunk c ON c.run = r.run AND c.finished_at IS NULL
            WHERE r.run = $1 AND j.ws = r.ws AND j.type = $2 AND j.key = r.run || '/' || c.chunk
              AND (j.state = 'running' OR j.state = 'waiting' AND j.due_at > now())
            """;

    /**
     * The jobs of its open chunks that sleep until it makes no sense any more begin when their people are to get it. One that runs may
     * have seen the pause, and is asked again: it would go to sleep when nobody wakes it any more.
     */
    public static Future<Void> wake(SqlClient tx, long run) {
        return tx.preparedQuery(WAKE).execute(Tuple.of(run, ChunkJob.TYPE)).mapEmpty();
    }

    static final String FINISH =
            """
            WITH finished AS (
              UPDATE cep_chunk SET finished_at = now() WHERE run = $1 AND chunk = $2 AND finished_at IS NULL RETURNING run
            )
            UPDATE cep_run r
            SET chunks_left = r.chunks_left - 1,
                state = CASE WHEN r.chunks_left > 1 OR r.state = 'cancelled' THEN r.state
                             WHEN EXISTS (SELECT FROM cep_series s
                                          WHERE s.campaign = r.campaign AND s.cancelled_at IS NOT NULL) THEN 'cancelled'
                             ELSE 'completed' END,
                finished_at = CASE WHEN r.chunks_left = 1 THEN coalesce(r.finished_at, now()) ELSE r.finished_at END
            FROM finished f WHERE r.run = f.run
            """;

    /** The chunk is done; the last one completes the run. Doing it again changes nothing. */
    public static Future<Void> finish(SqlClient tx, long run, int chunk) {
        return tx.preparedQuery(FINISH).execute(Tuple.of(run, chunk)).mapEmpty();
    }

    private static final String PEOPLE_OF =
            """
            SELECT coalesce(sum(cardinality(c.profile_nos)), 0)::bigint AS people
            FROM jsonb_to_recordset($2::jsonb) AS p (run bigint, chunk int)
            JOIN cep_chunk c ON c.run = p.run AND c.chunk = p.chunk
            JOIN cep_run r ON r.run = c.run AND r.ws = $1
            """;

    /** How many people the chunks with these jobs' payloads are for. */
    public static Future<Long> peopleOf(SqlClient client, int ws, List<JsonObject> payloads) {
        return client.preparedQuery(PEOPLE_OF)
                .execute(Tuple.of(ws, new JsonArray(payloads)))
                .map(rows -> rows.iterator().next().getLong("people"));
    }

    private static Chunk chunk(Row row) {
        var subscriptions = row.getArrayOfUUIDs("subscriptions");
        return new Chunk(
                row.getLong("run"),
                row.getInteger("chunk"),
                Arrays.asList(row.getArrayOfIntegers("profile_nos")),
                subscriptions == null ? null : Arrays.asList(subscriptions),
                items(row.getJsonObject("items")),
                instant(row, "send_at"),
                row.getBoolean("passed"),
                row.getOffsetDateTime("finished_at") != null);
    }
}
