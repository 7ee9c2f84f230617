package app.fathi.cep;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;

/** SQL of {@code cep_quota_use}: how many deliveries a workspace begins in a day and in a month. */
final class QuotaStore {
    private QuotaStore() {}

    /** Whether there is anything to be counted. */
    static Future<Boolean> isLimited(SqlClient client, int ws) {
        return client.preparedQuery("SELECT EXISTS (SELECT FROM users_quota WHERE ws = $1) AS limited")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getBoolean("limited"));
    }

    /** Takes so many deliveries from the workspace's quota; how many it has left for them. Undone with the transaction. */
    static Future<Integer> take(SqlClient tx, int ws, int wanted) {
        return tx.preparedQuery("SELECT cep_take_quota($1, $2) AS granted")
                .execute(Tuple.of(ws, wanted))
                .map(rows -> rows.iterator().next().getInteger("granted"));
    }

    /** Days that no month needs any more. */
    static Future<Void> forget(SqlClient client) {
        return client.preparedQuery("DELETE FROM cep_quota_use WHERE day < current_date - 62")
                .execute()
                .mapEmpty();
    }
}
