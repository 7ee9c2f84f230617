package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;

/** Whose domain keeps addresses of people: told, in the same transaction, when they now belong to another profile. */
public interface AddressBook {
    Future<Void> move(SqlConnection tx, int ws, int fromNo, int toNo);
}
