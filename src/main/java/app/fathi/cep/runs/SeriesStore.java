package app.fathi.cep.runs;

import app.fathi.cep.message.SeriesTally;
import app.fathi.cep.message.Tally;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.UUID;

/** SQL of {@code cep_series} and {@code cep_series_delta}. */
public final class SeriesStore {
    /** In a delta beside the codes of reasons: people who are planned. */
    private static final short PLANNED = -1;

    private static final short MESSAGES = -2;

    /** One of so many increments makes one row of all of them: who reads them reads few. */
    private static final int FOLD_EVERY = 64;

    private SeriesStore() {}

    public static Future<Void> open(SqlClient tx, int ws, UUID campaign) {
        return tx.preparedQuery("INSERT INTO cep_series (campaign, ws) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .execute(Tuple.of(campaign, ws))
                .mapEmpty();
    }

    public static Future<Void> pause(SqlClient tx, int ws, UUID campaign, boolean paused) {
        return tx.preparedQuery(
                        "UPDATE cep_series SET paused_at = CASE WHEN $3 THEN now() END WHERE campaign = $1 AND ws = $2")
                .execute(Tuple.of(campaign, ws, paused))
                .mapEmpty();
    }

    public static Future<Void> cancel(SqlClient tx, int ws, UUID campaign) {
        return tx.preparedQuery(
                        "UPDATE cep_series SET paused_at = NULL, cancelled_at = now() WHERE campaign = $1 AND ws = $2")
                .execute(Tuple.of(campaign, ws))
                .mapEmpty();
    }

    public static Future<Void> forget(SqlClient tx, int ws, UUID campaign) {
        return tx.preparedQuery("DELETE FROM cep_series WHERE campaign = $1 AND ws = $2")
                .execute(Tuple.of(campaign, ws))
                .compose(rows -> tx.preparedQuery("DELETE FROM cep_series_delta WHERE campaign = $1")
                        .execute(Tuple.of(campaign)))
                .mapEmpty();
    }

    static final String WAKE =
            """
            UPDATE jobs j SET due_at = CASE j.state WHEN 'waiting' THEN now() ELSE j.due_at END,
                              asked_again = j.asked_again OR j.state = 'running'
            FROM cep_run r JOIN cep_chunk c ON c.run = r.run AND c.finished_at IS NULL
            WHERE r.campaign = $2 AND r.finished_at IS NULL AND r.ws = $1
              AND j.ws = r.ws AND j.type = $3 AND j.key = r.run || '/' || c.chunk
              AND (j.state = 'running' OR j.state = 'waiting' AND j.due_at > now())
            """;

    /** As {@link ChunksStore#wake} for all that is open of the series. */
    public static Future<Void> wake(SqlClient tx, int ws, UUID campaign) {
        return tx.preparedQuery(WAKE)
                .execute(Tuple.of(ws, campaign, ChunkJob.TYPE))
                .mapEmpty();
    }

    static final String ADD =
            """
            INSERT INTO cep_series_delta (campaign, keys, sums)
            SELECT campaign, $2::smallint[], $3::bigint[] FROM cep_series WHERE campaign = $1
            RETURNING seq
            """;

    /** Nothing where the campaign's messages are no series. */
    static Future<Void> add(SqlClient tx, UUID campaign, Short[] keys, Long[] sums) {
        return tx.preparedQuery(ADD)
                .execute(Tuple.of(campaign, keys, sums))
                .compose(rows -> rows.size() == 0 || rows.iterator().next().getLong("seq") % FOLD_EVERY != 0
                        ? Future.succeededFuture()
                        : fold(tx, campaign));
    }

    /** One more message, to so many people. */
    public static Future<Void> begin(SqlClient tx, UUID campaign, int people) {
        return add(tx, campaign, new Short[] {PLANNED, MESSAGES}, new Long[] {(long) people, 1L});
    }

    static final String FOLD =
            """
            WITH gone AS (
              DELETE FROM cep_series_delta
              WHERE campaign = $1
                AND seq IN (SELECT seq FROM cep_series_delta WHERE campaign = $1 FOR UPDATE SKIP LOCKED)
              RETURNING keys, sums
            ), summed AS (
              SELECT u.key, sum(u.n)::bigint AS n FROM gone, unnest(gone.keys, gone.sums) AS u (key, n) GROUP BY u.key
            )
            INSERT INTO cep_series_delta (campaign, keys, sums)
            SELECT $1, array_agg(key ORDER BY key), array_agg(n ORDER BY key) FROM summed HAVING count(*) > 0
            """;

    private static Future<Void> fold(SqlClient tx, UUID campaign) {
        return tx.preparedQuery(FOLD).execute(Tuple.of(campaign)).mapEmpty();
    }

    static final String SUMS =
            """
            SELECT u.key, sum(u.n)::bigint AS n
            FROM cep_series s JOIN cep_series_delta d ON d.campaign = s.campaign
            CROSS JOIN unnest(d.keys, d.sums) AS u (key, n)
            WHERE s.campaign = $1 AND s.ws = $2
            GROUP BY u.key
            """;

    public static Future<SeriesTally> count(SqlClient client, int ws, UUID campaign) {
        return client.preparedQuery(SUMS).execute(Tuple.of(campaign, ws)).map(SeriesStore::counted);
    }

    private static SeriesTally counted(Iterable<Row> sums) {
        long planned = 0;
        long messages = 0;
        var keys = new ArrayList<Short>();
        var numbers = new ArrayList<Long>();
        for (var row : sums) {
            short key = row.getShort("key");
            long n = row.getLong("n");
            if (key == PLANNED) {
                planned = n;
            } else if (key == MESSAGES) {
                messages = n;
            } else {
                keys.add(key);
                numbers.add(n);
            }
        }
        return new SeriesTally(
                messages, Tally.of(null, null, planned, keys.toArray(Short[]::new), numbers.toArray(Long[]::new)));
    }
}
