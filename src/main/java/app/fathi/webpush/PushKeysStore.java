package app.fathi.webpush;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code webpush_key}. */
final class PushKeysStore {

    record Stored(UUID id, byte[] publicKey, byte[] sealedPrivateKey) {}

    Future<Optional<Stored>> current(SqlClient client, int ws) {
        return client.preparedQuery("SELECT id, public_key, private_key FROM webpush_key WHERE ws = $1 AND current")
                .execute(Tuple.of(ws))
                .map(PushKeysStore::first);
    }

    Future<Optional<Stored>> find(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("SELECT id, public_key, private_key FROM webpush_key WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .map(PushKeysStore::first);
    }

    Future<Void> insertCurrent(SqlClient tx, int ws, UUID id, byte[] publicKey, byte[] sealedPrivateKey) {
        return tx.preparedQuery(
                        """
                        INSERT INTO webpush_key (id, ws, public_key, private_key) VALUES ($1, $2, $3, $4)
                        ON CONFLICT (ws) WHERE current DO NOTHING
                        """)
                .execute(Tuple.of(id, ws, Buffer.buffer(publicKey), Buffer.buffer(sealedPrivateKey)))
                .mapEmpty();
    }

    private static Optional<Stored> first(RowSet<Row> rows) {
        for (var row : rows) {
            return Optional.of(new Stored(
                    row.getUUID("id"),
                    row.getBuffer("public_key").getBytes(),
                    row.getBuffer("private_key").getBytes()));
        }
        return Optional.empty();
    }
}
