package app.fathi.platform.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.SqlClient;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TransactionsTest {
    private final Vertx vertx = Vertx.vertx();
    private final TestDatabase database = TestDatabase.empty();
    private final Transactions transactions = new Transactions(
            Pools.open(vertx, Config.of(Map.of()).db(), database.address()).admin());

    @AfterEach
    void close() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
        database.close();
    }

    private static Future<Integer> count(SqlClient client) {
        return client.query("SELECT count(*)::int AS n FROM seen")
                .execute()
                .map(rows -> rows.iterator().next().getInteger("n"));
    }

    private Future<Void> write(SqlClient client) {
        return client.query("INSERT INTO seen VALUES (1)").execute().mapEmpty();
    }

    @Test
    void all_that_is_looked_at_is_of_one_moment_whatever_others_write_meanwhile() throws Exception {
        var pool = transactions.pool();
        pool.query("CREATE TABLE seen (n int)").execute().await(5, TimeUnit.SECONDS);
        var both = transactions
                .look(tx -> count(tx)
                        .compose(before ->
                                write(pool).compose(done -> count(tx)).map(after -> Map.entry(before, after))))
                .await(5, TimeUnit.SECONDS);
        assertThat(both).isEqualTo(Map.entry(0, 0));
        assertThat(count(pool).await(5, TimeUnit.SECONDS)).isEqualTo(1);
        assertThatThrownBy(() -> transactions.look(this::write).await(5, TimeUnit.SECONDS))
                .hasMessageContaining("read-only");
    }
}
