package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.Map;

/** Whose domain keeps addresses of people: told, in the same transaction, when they now belong to another profile. */
public interface AddressBook {
    Future<Void> move(SqlConnection tx, int ws, int fromNo, int toNo);

    /**
     * Of the addresses of one profile those that were subscribed under these ids.
     *
     * @param toNos whose they are now, by the number of the id ({@link Profiles.Reached#identityNo})
     */
    Future<Void> part(SqlConnection tx, int ws, int fromNo, Map<Long, Integer> toNos);
}
