package app.fathi.cep.audiences;

import static app.fathi.platform.db.SqlTime.instant;
import static app.fathi.platform.db.SqlTime.time;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** SQL of {@code cep_expansion}, and what of it changes the run. Whoever writes has the run's row locked. */
public final class ExpansionsStore {
    private ExpansionsStore() {}

    static Future<Void> insert(SqlClient tx, long run, UUID segment, JsonObject rule, Set<UUID> names) {
        return tx.preparedQuery("INSERT INTO cep_expansion (run, segment, rule, names) VALUES ($1, $2, $3, $4)")
                .execute(Tuple.of(run, segment, rule, names.toArray(UUID[]::new)))
                .mapEmpty();
    }

    static final String OF_RUNS =
            """
            SELECT e.*, r.planned FROM cep_expansion e JOIN cep_run r ON r.run = e.run
            WHERE e.run = ANY ($1)
            """;

    /** By run; runs whose people were named have none. */
    public static Future<Map<Long, Expansion>> of(SqlClient client, Collection<Long> runs) {
        return client.preparedQuery(OF_RUNS)
                .execute(Tuple.of((Object) runs.toArray(Long[]::new)))
                .map(rows -> {
                    var found = new HashMap<Long, Expansion>();
                    rows.forEach(row -> found.put(row.getLong("run"), read(row)));
                    return found;
                });
    }

    public static Future<Optional<Expansion>> find(SqlClient client, long run) {
        return of(client, List.of(run)).map(found -> Optional.ofNullable(found.get(run)));
    }

    /** False when it has ended, or was begun before. */
    static Future<Boolean> begin(SqlClient tx, long run, JsonObject frozen, Set<UUID> names, Instant asOf) {
        return tx.preparedQuery(
                        """
                        UPDATE cep_expansion SET state = 'finding', frozen = $2, names = $3, as_of = $4
                        WHERE run = $1 AND state = 'waiting'
                        """)
                .execute(Tuple.of(run, frozen, names.toArray(UUID[]::new), time(asOf)))
                .map(rows -> rows.rowCount() == 1);
    }

    /**
     * False when somebody else was here, or it has ended meanwhile.
     *
     * @param from where it stood
     * @param before where it stands now
     */
    static Future<Boolean> advance(SqlClient tx, long run, int from, int before, int chunks) {
        return tx.preparedQuery(
                        """
                        UPDATE cep_expansion SET before_no = $3, chunks = chunks + $4
                        WHERE run = $1 AND before_no = $2 AND state = 'finding'
                        """)
                .execute(Tuple.of(run, from, before, chunks))
                .map(rows -> rows.rowCount() == 1);
    }

    /** The run has so many people and chunks more; it is being sent. */
    static Future<Void> grow(SqlClient tx, long run, int people, int chunks) {
        return tx.preparedQuery(
                        """
                        UPDATE cep_run
                        SET planned = planned + $2, chunks_left = chunks_left + $3,
                            state = CASE state WHEN 'queued' THEN 'sending' ELSE state END
                        WHERE run = $1
                        """)
                .execute(Tuple.of(run, people, chunks))
                .mapEmpty();
    }

    static final String END =
            """
            WITH ended AS (
              UPDATE cep_expansion SET state = $2, reason = $3, finished_at = now()
              WHERE run = $1 AND state IN ('waiting', 'finding') RETURNING run
            )
            UPDATE cep_run r
            SET chunks_left = r.chunks_left - 1,
                state = CASE WHEN r.chunks_left = 1 AND r.state <> 'cancelled' THEN 'completed' ELSE r.state END,
                finished_at = CASE WHEN r.chunks_left = 1 THEN coalesce(r.finished_at, now()) ELSE r.finished_at END
            FROM ended e WHERE r.run = e.run
            """;

    /** Nobody is looked for any more: the place among the run's chunks that kept it open is given back. Once. */
    static Future<Void> end(SqlClient tx, long run, Expansion.State state, String reason) {
        return tx.preparedQuery(END)
                .execute(Tuple.of(run, state.word(), reason))
                .mapEmpty();
    }

    static final String OPEN_CHUNKS =
            "SELECT chunk FROM cep_chunk WHERE run = $1 AND finished_at IS NULL ORDER BY chunk";

    static Future<List<Integer>> openChunks(SqlClient client, long run) {
        return client.preparedQuery(OPEN_CHUNKS)
                .execute(Tuple.of(run))
                .map(rows -> rows.stream().map(row -> row.getInteger("chunk")).toList());
    }

    private static Expansion read(Row row) {
        return new Expansion(
                row.getLong("run"),
                row.getUUID("segment"),
                row.getJsonObject("rule"),
                row.getJsonObject("frozen"),
                instant(row, "as_of"),
                row.getInteger("before_no"),
                row.getInteger("chunks"),
                Expansion.State.of(row.getString("state")),
                row.getString("reason"),
                row.getInteger("planned"));
    }
}
