package app.fathi.cep.ledger;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;

/** SQL that forgets runs and their ledger when they are over for long. */
final class RetentionStore {
    /** Runs of one transaction; how many rows their ledger has is bounded by itself. */
    private static final int RUNS = 500;

    private RetentionStore() {}

    /** What of a week that is old for all workspaces went; 0 when there is no such week. */
    static Future<Integer> forgetWeek(SqlClient tx, int days, int most) {
        return tx.query("SET LOCAL lock_timeout = '1s'")
                .execute()
                .compose(done -> tx.preparedQuery(
                                "SELECT cep_forget_week(now() - make_interval(days => $1), $2) AS gone")
                        .execute(Tuple.of(days, most)))
                .map(rows -> rows.iterator().next().getInteger("gone"));
    }

    /** The oldest runs of a workspace that are over for so long. */
    static Future<List<Long>> old(SqlClient tx, int ws, int days) {
        return tx.preparedQuery(
                        """
                        SELECT run FROM cep_run
                        WHERE ws = $1 AND created_at < now() - make_interval(days => $2)
                          AND finished_at < now() - make_interval(days => $2)
                          AND expires_at < now() - make_interval(days => $2)
                        ORDER BY created_at, run
                        LIMIT $3
                        """)
                .execute(Tuple.of(ws, days, RUNS))
                .map(rows -> {
                    var runs = new ArrayList<Long>();
                    rows.forEach(row -> runs.add(row.getLong("run")));
                    return runs;
                });
    }

    /** How many lines of the ledger went. */
    static Future<Integer> forgetLedger(SqlClient tx, List<Long> runs, int most) {
        return tx.preparedQuery(
                        """
                        DELETE FROM cep_message m USING (
                          SELECT o.run, o.step, o.profile_no, o.rank FROM cep_message o WHERE o.run = ANY ($1) LIMIT $2) AS old
                        WHERE m.run = ANY ($1) AND m.run = old.run AND m.step = old.step AND m.profile_no = old.profile_no
                          AND m.rank = old.rank
                        """)
                .execute(Tuple.of(runs.toArray(Long[]::new), most))
                .map(rows -> rows.rowCount());
    }

    /** Runs without a line of the ledger, with their chunks, counts and whatever else hangs on them. */
    static Future<Integer> forgetRuns(SqlClient tx, List<Long> runs) {
        var all = runs.toArray(Long[]::new);
        return tx.preparedQuery("DELETE FROM cep_run_delta WHERE run = ANY ($1)")
                .execute(Tuple.tuple().addArrayOfLong(all))
                .compose(done -> tx.preparedQuery(
                                """
                                DELETE FROM cep_run r WHERE r.run = ANY ($1)
                                  AND NOT EXISTS (SELECT FROM cep_message m WHERE m.run = r.run)
                                """)
                        .execute(Tuple.tuple().addArrayOfLong(all)))
                .map(rows -> rows.rowCount());
    }
}
