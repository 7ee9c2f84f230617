package app.fathi.platform.db;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a domain holds of people: told to who asks for all that is known of them, and forgotten when they are erased. */
public interface Erasable {
    /** The domain's tables that say something of a person, by their number or by the id of one of their rows. */
    Set<String> tables();

    /**
     * All that these tables hold of a person, as the lines of an export, without secrets.
     *
     * @param profileNos the person's number, and those of whoever became part of them
     */
    Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos);

    /**
     * Forgets it, in the erasure's own transaction. What stays, such as a line of a ledger that counts, leads to nobody.
     *
     * @return table → rows that went or were blanked
     */
    Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> profileNos);
}
