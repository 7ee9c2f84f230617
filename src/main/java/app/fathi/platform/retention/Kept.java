package app.fathi.platform.retention;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;

/** Something that a domain keeps for a time, and how it is forgotten a little at a time. */
public interface Kept {
    Kind kind();

    /**
     * Forgets what a workspace has that is older, the oldest first.
     *
     * @param most how many rows may go in this transaction
     * @return how many went; 0 when nothing is left
     */
    Future<Integer> forget(SqlConnection tx, int ws, int days, int most);

    /** The same of all workspaces, for what does not go by itself when the installation has kept it for so long. */
    default Future<Integer> forgetEverywhere(SqlConnection tx, int days, int most) {
        return Future.succeededFuture(0);
    }
}
