package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code users_one_time}: links that work once. */
final class OneTimeStore {

    /** @param ws what an invitation is to; 0 for a reset */
    record Link(UUID account, int ws) {}

    /** When it ends. */
    Future<Instant> insert(SqlClient tx, Buffer hash, String kind, UUID account, int ws, int minutes) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_one_time (hash, kind, account, ws, expires_at)
                        VALUES ($1, $2, $3, $4, now() + make_interval(mins => $5))
                        RETURNING expires_at
                        """)
                .execute(Tuple.of(hash, kind, account, ws, minutes))
                .map(rows ->
                        rows.iterator().next().getOffsetDateTime("expires_at").toInstant());
    }

    Future<Optional<Link>> find(SqlClient client, Buffer hash, String kind) {
        return client.preparedQuery(
                        "SELECT account, ws FROM users_one_time WHERE hash = $1 AND kind = $2 AND expires_at > now()")
                .execute(Tuple.of(hash, kind))
                .map(OneTimeStore::one);
    }

    /** Uses it up: of many at once one gets it. */
    Future<Optional<Link>> take(SqlClient tx, Buffer hash, String kind) {
        return tx.preparedQuery(
                        """
                        DELETE FROM users_one_time WHERE hash = $1 AND kind = $2 AND expires_at > now()
                        RETURNING account, ws
                        """)
                .execute(Tuple.of(hash, kind))
                .map(OneTimeStore::one);
    }

    /** All links of the kind that the account has for this workspace stop working. */
    Future<Void> forget(SqlClient tx, String kind, UUID account, int ws) {
        return tx.preparedQuery("DELETE FROM users_one_time WHERE account = $1 AND kind = $2 AND ws = $3")
                .execute(Tuple.of(account, kind, ws))
                .mapEmpty();
    }

    Future<Void> purge(SqlClient client) {
        return client.query("DELETE FROM users_one_time WHERE expires_at < now()")
                .execute()
                .mapEmpty();
    }

    private static Optional<Link> one(RowSet<Row> rows) {
        for (var row : rows) {
            return Optional.of(new Link(row.getUUID("account"), row.getInteger("ws")));
        }
        return Optional.empty();
    }
}
