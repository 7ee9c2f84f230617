package app.fathi.cdp.traits;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.Collection;

/** Who puts in force what was computed, and tells the stages: the deriver. */
public interface Recompute {
    /** Whoever says something else of traits waits until the transaction ends. */
    Future<Void> enter(SqlConnection tx, int ws);

    /** @param clock null for the database's */
    Future<Void> recompute(SqlConnection tx, int ws, Collection<Integer> people, Instant clock);
}
