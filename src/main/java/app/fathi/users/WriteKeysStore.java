package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** All SQL over {@code users_write_key}. */
final class WriteKeysStore {

    /** @param origins the workspace's and those of its sites that bind its browser keys; empty when they are not bound */
    record Known(int ws, UUID workspace, UUID id, boolean browser, Set<String> origins) {}

    Future<Optional<Known>> find(SqlClient client, Buffer keyHash) {
        return client.preparedQuery(
                        """
                        SELECT k.ws, w.id AS workspace, k.id, k.kind,
                               w.origins || ARRAY(SELECT b.origin FROM webpush_bound_origin b WHERE b.ws = k.ws) AS origins
                        FROM users_write_key k JOIN users_workspace w ON w.no = k.ws
                        WHERE k.key_hash = $1 AND k.revoked_at IS NULL
                        """)
                .execute(Tuple.of(keyHash))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(new Known(
                                row.getInteger("ws"),
                                row.getUUID("workspace"),
                                row.getUUID("id"),
                                row.getString("kind").equals("browser"),
                                Set.copyOf(Arrays.asList(row.getArrayOfStrings("origins")))));
                    }
                    return Optional.empty();
                });
    }

    /** The workspace's browser key as sites paste it. */
    Future<String> browserKey(SqlClient client, int ws) {
        return client.preparedQuery(
                        """
                        SELECT shown FROM users_write_key
                        WHERE ws = $1 AND kind = 'browser' AND revoked_at IS NULL
                        ORDER BY created_at, id LIMIT 1
                        """)
                .execute(Tuple.of(ws))
                .map(rows -> rows.size() == 0 ? null : rows.iterator().next().getString("shown"));
    }

    Future<Void> insertBrowserKey(SqlClient tx, int ws, UUID id, String key) {
        return tx.preparedQuery(
                        "INSERT INTO users_write_key (id, ws, kind, key_hash, shown) VALUES ($1, $2, 'browser', $3, $4)")
                .execute(Tuple.of(id, ws, Tokens.hash(key), key))
                .mapEmpty();
    }
}
