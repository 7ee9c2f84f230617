package app.fathi.platform.audit;

import app.fathi.platform.retention.Kept;
import app.fathi.platform.retention.Kind;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;

/**
 * The trail of a workspace that keeps it for a shorter time: whole periods of 30 days, as {@link AuditKeeper} drops them for all.
 * The chain goes on from a signed checkpoint, which is written before the first line goes.
 */
public final class KeptAudit implements Kept {
    private final byte[] key;
    private final ChainStore store = new ChainStore();

    /** @param key {@code Secrets.derivedKey("audit")} */
    public KeptAudit(byte[] key) {
        this.key = key.clone();
    }

    @Override
    public Kind kind() {
        return Kind.AUDIT;
    }

    @Override
    public Future<Integer> forget(SqlConnection tx, int ws, int days, int most) {
        return store.retirable(tx, days)
                .compose(period -> period.isEmpty()
                        ? Future.succeededFuture(0)
                        : checkpoint(tx, ws, period.get()).compose(done -> store.forget(tx, ws, period.get(), most)));
    }

    private Future<Void> checkpoint(SqlConnection tx, int ws, long period) {
        return store.lastOf(tx, ws, period)
                .compose(end -> end.isEmpty()
                        ? Future.succeededFuture()
                        : store.insertCheckpoint(tx, end.get(), end.get().sign(key)));
    }
}
