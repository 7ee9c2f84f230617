package app.fathi.platform.retention;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;

/** Records of streams that nobody could digest. They are in one table, so nothing of it goes by itself. */
public final class KeptDeadRecords implements Kept {
    @Override
    public Kind kind() {
        return Kind.DEAD_LETTERS;
    }

    @Override
    public Future<Integer> forget(SqlConnection tx, int ws, int days, int most) {
        return tx.preparedQuery(
                        """
                        DELETE FROM dead_letter WHERE id = ANY (ARRAY(
                          SELECT id FROM dead_letter WHERE ws = $1 AND at < now() - make_interval(days => $2)
                          ORDER BY id LIMIT $3))
                        """)
                .execute(Tuple.of(ws, days, most))
                .map(rows -> rows.rowCount());
    }

    @Override
    public Future<Integer> forgetEverywhere(SqlConnection tx, int days, int most) {
        return tx.preparedQuery(
                        """
                        DELETE FROM dead_letter WHERE id = ANY (ARRAY(
                          SELECT id FROM dead_letter WHERE at < now() - make_interval(days => $1) ORDER BY id LIMIT $2))
                        """)
                .execute(Tuple.of(days, most))
                .map(rows -> rows.rowCount());
    }
}
