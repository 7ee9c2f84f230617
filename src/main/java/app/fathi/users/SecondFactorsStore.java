package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code users_totp} and {@code users_recovery_code}. */
final class SecondFactorsStore {

    /** @param confirmed a first code was shown, so one is asked for at sign-in */
    record Enrolled(byte[] sealed, boolean confirmed) {}

    Future<Optional<Enrolled>> find(SqlClient client, UUID account) {
        return client.preparedQuery(
                        "SELECT sealed, confirmed_at IS NOT NULL AS confirmed FROM users_totp WHERE account = $1")
                .execute(Tuple.of(account))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(
                                new Enrolled(row.getBuffer("sealed").getBytes(), row.getBoolean("confirmed")));
                    }
                    return Optional.empty();
                });
    }

    /** In place of what was not confirmed; false when there is one that is. */
    Future<Boolean> begin(SqlClient tx, UUID account, byte[] sealed) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_totp AS t (account, sealed) VALUES ($1, $2)
                        ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed, created_at = now()
                        WHERE t.confirmed_at IS NULL
                        """)
                .execute(Tuple.of(account, Buffer.buffer(sealed)))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Whether it was this call that confirmed it. */
    Future<Boolean> confirm(SqlClient tx, UUID account, long step) {
        return tx.preparedQuery(
                        """
                        UPDATE users_totp SET confirmed_at = now(), last_step = $2
                        WHERE account = $1 AND confirmed_at IS NULL
                        """)
                .execute(Tuple.of(account, step))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Takes the code of a step, once, and none of a step before it any more. */
    Future<Boolean> take(SqlClient client, UUID account, long step) {
        return client.preparedQuery(
                        "UPDATE users_totp SET last_step = $2 WHERE account = $1 AND confirmed_at IS NOT NULL AND last_step < $2")
                .execute(Tuple.of(account, step))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Takes a recovery code, once. */
    Future<Boolean> take(SqlClient client, UUID account, Buffer hash) {
        return client.preparedQuery("DELETE FROM users_recovery_code WHERE account = $1 AND hash = $2")
                .execute(Tuple.of(account, hash))
                .map(rows -> rows.rowCount() == 1);
    }

    /** In place of those there were. */
    Future<Void> putCodes(SqlClient tx, UUID account, List<Buffer> hashes) {
        return tx.preparedQuery("DELETE FROM users_recovery_code WHERE account = $1")
                .execute(Tuple.of(account))
                .compose(done -> tx.preparedQuery("INSERT INTO users_recovery_code (account, hash) VALUES ($1, $2)")
                        .executeBatch(hashes.stream()
                                .map(hash -> Tuple.of(account, hash))
                                .toList()))
                .mapEmpty();
    }

    Future<Void> remove(SqlClient tx, UUID account) {
        return tx.preparedQuery("DELETE FROM users_totp WHERE account = $1")
                .execute(Tuple.of(account))
                .compose(done -> tx.preparedQuery("DELETE FROM users_recovery_code WHERE account = $1")
                        .execute(Tuple.of(account)))
                .mapEmpty();
    }
}
