package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;

/** A step of deriving, run in the transaction of the batch, after identity and profile, in the order that App gives. */
public interface ProfileStage {
    Future<Void> apply(SqlConnection tx, DerivedBatch batch);
}
