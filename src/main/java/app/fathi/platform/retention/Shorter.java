package app.fathi.platform.retention;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.util.Map;
import java.util.Set;

/** What workspaces keep for a shorter time than the installation. Implemented by the domain that owns workspaces. */
public interface Shorter {
    /** Which workspaces have said so of anything. */
    Future<Set<Integer>> workspaces(SqlClient client);

    /** What this one has said, in days. */
    Future<Map<Kind, Integer>> days(SqlClient client, int ws);
}
