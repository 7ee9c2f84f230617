package app.fathi.platform.jobs;

import app.fathi.platform.config.Config;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/** All SQL of the table {@code node}. */
final class NodeStore {
    private NodeStore() {}

    private static final String SEEN =
            """
            INSERT INTO node (id, host, pid, roles, version, master) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE SET seen_at = now()
            RETURNING 1 + (SELECT count(*) FROM node other
                           WHERE other.id <> $1 AND 'api' = ANY (other.roles)
                             AND other.seen_at > now() - interval '30 seconds')::int AS serving
            """;

    /**
     * How many nodes serve requests, this one included.
     *
     * @param master which master key it was started with
     */
    static Future<Integer> seen(
            SqlClient client, UUID id, String host, long pid, List<Config.Role> roles, String version, String master) {
        var words =
                roles.stream().map(role -> role.name().toLowerCase(Locale.ROOT)).toArray(String[]::new);
        return client.preparedQuery(SEEN)
                .execute(Tuple.of(id, host, pid, words, version, master))
                .map(rows -> rows.iterator().next().getInteger("serving"));
    }

    static Future<Void> gone(SqlClient client, UUID id) {
        return client.preparedQuery("DELETE FROM node WHERE id = $1")
                .execute(Tuple.of(id))
                .mapEmpty();
    }

    /** Nodes that died a day ago interest nobody any more. */
    static Future<Void> forgetOld(SqlClient client) {
        return client.preparedQuery("DELETE FROM node WHERE seen_at < now() - interval '1 day'")
                .execute()
                .mapEmpty();
    }
}
