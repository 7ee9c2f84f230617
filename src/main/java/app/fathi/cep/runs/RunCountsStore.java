package app.fathi.cep.runs;

import app.fathi.cep.message.Reason;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** SQL of {@code cep_run_delta}: the counts of runs, as increments that nobody has to wait for. */
public final class RunCountsStore {
    /** In a delta: devices beyond a person's first, which make more deliveries than there are people. */
    private static final short FURTHER_DEVICES = 0;

    private RunCountsStore() {}

    /**
     * One increment of a run's counts.
     *
     * @param furtherDevices deliveries begun for devices beyond a person's first
     */
    public record Delta(Map<Reason, Integer> reasons, int furtherDevices) {
        public static final Delta NONE = new Delta(Map.of(), 0);

        public boolean isEmpty() {
            return reasons.isEmpty() && furtherDevices == 0;
        }
    }

    /** With those of the series that it is of. The increment's number: a caller that sees a round one folds. */
    public static Future<Long> add(SqlClient tx, Run run, Delta delta) {
        int size = delta.reasons().size() + (delta.furtherDevices() == 0 ? 0 : 1);
        var keys = new Short[size];
        var sums = new Integer[size];
        int i = 0;
        for (var entry : delta.reasons().entrySet()) {
            keys[i] = entry.getKey().code();
            sums[i++] = entry.getValue();
        }
        if (i < size) {
            keys[i] = FURTHER_DEVICES;
            sums[i] = delta.furtherDevices();
        }
        var added = tx.preparedQuery("INSERT INTO cep_run_delta (run, keys, sums) VALUES ($1, $2, $3) RETURNING seq")
                .execute(Tuple.of(run.run(), keys, sums))
                .map(rows -> rows.iterator().next().getLong("seq"));
        var campaign = run.plan().campaign();
        return campaign == null
                ? added
                : Future.join(
                                added,
                                SeriesStore.add(
                                        tx,
                                        campaign,
                                        keys,
                                        Arrays.stream(sums)
                                                .map(Integer::longValue)
                                                .toArray(Long[]::new)))
                        .map(both -> added.result());
    }

    static final String FOLD =
            """
            WITH gone AS (
              DELETE FROM cep_run_delta
              WHERE run = $1 AND seq IN (SELECT seq FROM cep_run_delta WHERE run = $1 FOR UPDATE SKIP LOCKED)
              RETURNING keys, sums
            ), summed AS (
              SELECT u.key, sum(u.n)::int AS n FROM gone, unnest(gone.keys, gone.sums) AS u (key, n) GROUP BY u.key
            )
            INSERT INTO cep_run_delta (run, keys, sums)
            SELECT $1, array_agg(key ORDER BY key), array_agg(n ORDER BY key) FROM summed HAVING count(*) > 0
            """;

    /** Makes one row of a run's increments. */
    public static Future<Void> fold(SqlClient tx, long run) {
        return tx.preparedQuery(FOLD).execute(Tuple.of(run)).mapEmpty();
    }

    static final String SUMS =
            """
            SELECT u.key, sum(u.n) AS n
            FROM cep_run_delta d, unnest(d.keys, d.sums) AS u (key, n)
            WHERE d.run = $1
            GROUP BY u.key
            """;

    /** A run's increments, summed. */
    public static Future<Delta> sums(SqlClient client, long run) {
        return client.preparedQuery(SUMS).execute(Tuple.of(run)).map(RunCountsStore::delta);
    }

    private static Delta delta(Iterable<Row> sums) {
        var reasons = new EnumMap<Reason, Integer>(Reason.class);
        int furtherDevices = 0;
        for (var row : sums) {
            int n = row.getLong("n").intValue();
            int key = row.getShort("key");
            if (key == FURTHER_DEVICES) {
                furtherDevices = n;
            } else {
                reasons.put(Reason.of(key), n);
            }
        }
        return new Delta(reasons, furtherDevices);
    }

    static final String SUMS_OF_ALL =
            """
            SELECT d.run, u.key, sum(u.n) AS n
            FROM cep_run_delta d, unnest(d.keys, d.sums) AS u (key, n)
            WHERE d.run = ANY ($1)
            GROUP BY d.run, u.key
            """;

    /** The increments of many runs, summed; runs without any are left out. */
    public static Future<Map<Long, Delta>> sums(SqlClient client, List<Run> runs) {
        return client.preparedQuery(SUMS_OF_ALL)
                .execute(Tuple.of((Object) runs.stream().map(Run::run).toArray(Long[]::new)))
                .map(rows -> {
                    var byRun = new HashMap<Long, List<Row>>();
                    rows.forEach(row -> byRun.computeIfAbsent(row.getLong("run"), run -> new ArrayList<>())
                            .add(row));
                    var sums = new HashMap<Long, Delta>();
                    byRun.forEach((run, parts) -> sums.put(run, delta(parts)));
                    return sums;
                });
    }
}
