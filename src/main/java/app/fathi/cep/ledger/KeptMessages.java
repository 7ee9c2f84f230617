package app.fathi.cep.ledger;

import app.fathi.platform.retention.Kept;
import app.fathi.platform.retention.Kind;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;

/** Messages with their audience, decisions and what devices told of them; those that are not over stay. */
public final class KeptMessages implements Kept {
    @Override
    public Kind kind() {
        return Kind.MESSAGES;
    }

    @Override
    public Future<Integer> forget(SqlConnection tx, int ws, int days, int most) {
        return RetentionStore.old(tx, ws, days)
                .compose(runs -> runs.isEmpty()
                        ? Future.succeededFuture(0)
                        : RetentionStore.forgetLedger(tx, runs, most)
                                .compose(lines -> lines == most
                                        ? Future.succeededFuture(lines)
                                        : RetentionStore.forgetRuns(tx, runs).map(gone -> lines + gone)));
    }

    @Override
    public Future<Integer> forgetEverywhere(SqlConnection tx, int days, int most) {
        return RetentionStore.forgetWeek(tx, days, most);
    }
}
