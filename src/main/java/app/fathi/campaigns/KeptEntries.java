package app.fathi.campaigns;

import app.fathi.platform.retention.Kept;
import app.fathi.platform.retention.Kind;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;

/** When people were entered into triggered campaigns: for as long as messages are kept. What came of them stays counted. */
public final class KeptEntries implements Kept {
    private final EntriesStore store = new EntriesStore();

    @Override
    public Kind kind() {
        return Kind.MESSAGES;
    }

    @Override
    public Future<Integer> forget(SqlConnection tx, int ws, int days, int most) {
        return store.forget(tx, ws, days, most);
    }

    @Override
    public Future<Integer> forgetEverywhere(SqlConnection tx, int days, int most) {
        return store.forget(tx, null, days, most);
    }
}
