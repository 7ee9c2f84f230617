package app.fathi.platform.retention;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;

/**
 * Rows of a relation that is cut by days. Those of a day go when it was over for so long; where all workspaces keep them for the
 * same time, the whole partition is dropped.
 *
 * @param relation one that {@code partition_period} knows, with a column {@code ws}
 */
public record KeptPartitions(Kind kind, String relation) implements Kept {
    private static final int DAY_SECONDS = 86_400;

    @Override
    public Future<Integer> forget(SqlConnection tx, int ws, int days, int most) {
        return tx.preparedQuery("SELECT forget_rows($1, $5, $2, now() - make_interval(days => $3), $4) AS gone")
                .execute(Tuple.of(relation, ws, days, most, DAY_SECONDS))
                .map(rows -> rows.iterator().next().getInteger("gone"));
    }
}
