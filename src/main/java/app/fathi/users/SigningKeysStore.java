package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;

/** All SQL over {@code users_signing_key}. */
final class SigningKeysStore {

    record Stored(String kid, byte[] sealed) {}

    /** Keys that verify, the one that signs first. */
    Future<List<Stored>> active(SqlClient client) {
        return client.preparedQuery(
                        "SELECT kid, sealed FROM users_signing_key WHERE retired_at IS NULL ORDER BY created_at DESC, kid")
                .execute()
                .map(rows -> {
                    var keys = new ArrayList<Stored>();
                    rows.forEach(row -> keys.add(new Stored(
                            row.getString("kid"), row.getBuffer("sealed").getBytes())));
                    return keys;
                });
    }

    Future<Void> insert(SqlClient tx, String kid, byte[] sealed) {
        return tx.preparedQuery("INSERT INTO users_signing_key (kid, sealed) VALUES ($1, $2)")
                .execute(Tuple.of(kid, Buffer.buffer(sealed)))
                .mapEmpty();
    }
}
