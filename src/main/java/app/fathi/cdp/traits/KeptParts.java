package app.fathi.cdp.traits;

import app.fathi.platform.retention.Kept;
import app.fathi.platform.retention.Kind;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;

/** What events came to of which traits are computed is kept as long as the events: then whoever did them is computed again. */
public final class KeptParts implements Kept {
    private final OldPartsStore store = new OldPartsStore();

    @Override
    public Kind kind() {
        return Kind.EVENTS;
    }

    /** After the events themselves. */
    @Override
    public Future<Integer> forget(SqlConnection tx, int ws, int days, int most) {
        return store.firstKept(tx, days).compose(day -> forgetBefore(tx, ws, day, most));
    }

    @Override
    public Future<Integer> forgetEverywhere(SqlConnection tx, int days, int most) {
        return store.firstKept(tx).compose(day -> store.withDaysBefore(tx, day)
                .compose(ws -> ws.isEmpty() ? Future.succeededFuture(0) : forgetBefore(tx, ws.get(), day, most)));
    }

    private Future<Integer> forgetBefore(SqlConnection tx, int ws, long day, int most) {
        return store.whose(tx, ws, day, most)
                .compose(people ->
                        people.isEmpty() ? Future.succeededFuture(0) : store.forgetBefore(tx, ws, people, day));
    }
}
