package app.fathi.platform.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PoolsTest {
    private final Vertx vertx = Vertx.vertx();
    private final TestDatabase database = TestDatabase.empty();

    @AfterEach
    void close() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
        database.close();
    }

    private Pools open(Map<String, String> environment) {
        return Pools.open(vertx, Config.of(environment).db(), database.address());
    }

    private static String show(Pool pool, String setting) throws Exception {
        return pool.query("SHOW " + setting)
                .execute()
                .await(5, TimeUnit.SECONDS)
                .iterator()
                .next()
                .getString(0);
    }

    @Test
    void hot_pools_plan_once_and_large_questions_are_planned_by_their_parameters() throws Exception {
        var pools = open(Map.of());
        assertThat(show(pools.send(), "plan_cache_mode")).isEqualTo("force_generic_plan");
        assertThat(show(pools.ingest(), "plan_cache_mode")).isEqualTo("force_generic_plan");
        assertThat(show(pools.worker(), "plan_cache_mode")).isEqualTo("force_generic_plan");
        assertThat(show(pools.admin(), "plan_cache_mode")).isEqualTo("auto");
        assertThat(show(pools.analytics(), "plan_cache_mode")).isEqualTo("force_custom_plan");
        assertThat(show(pools.admin(), "statement_timeout")).isEqualTo("30s");
        assertThat(show(pools.admin(), "idle_in_transaction_session_timeout")).isEqualTo("10s");
        assertThat(show(pools.admin(), "application_name")).isEqualTo("fathi-admin");
    }

    @Test
    void a_statement_is_prepared_once_per_connection_unless_it_is_too_long() throws Exception {
        var pools = open(Map.of("FATHI_DB_STATEMENT_CACHE_SQL_BYTES", "256"));
        var connection = pools.send().getConnection().await(5, TimeUnit.SECONDS);
        var shortOne = "SELECT $1::int AS answer";
        var longOne = "SELECT $1::int AS answer -- " + "x".repeat(300);
        for (var i = 0; i < 3; i++) {
            connection.preparedQuery(shortOne).execute(Tuple.of(i)).await(5, TimeUnit.SECONDS);
            connection.preparedQuery(longOne).execute(Tuple.of(i)).await(5, TimeUnit.SECONDS);
        }
        assertThat(prepared(connection)).isEqualTo(1);
        connection.close().await(5, TimeUnit.SECONDS);
    }

    private static int prepared(SqlConnection connection) throws Exception {
        return connection
                .query("SELECT count(*)::int FROM pg_prepared_statements WHERE statement LIKE '%answer%'")
                .execute()
                .await(5, TimeUnit.SECONDS)
                .iterator()
                .next()
                .getInteger(0);
    }

    @Test
    void one_exhausted_pool_refuses_at_once_and_leaves_the_others_alone() throws Exception {
        var pools = open(Map.of("FATHI_DB_ANALYTICS_POOL", "1", "FATHI_DB_POOL_QUEUE", "1"));
        var held = pools.analytics().getConnection().await(5, TimeUnit.SECONDS);
        var waiting = pools.analytics().query("SELECT 1").execute();
        assertThatThrownBy(() -> pools.analytics().query("SELECT 1").execute().await(5, TimeUnit.SECONDS))
                .hasMessageContaining("max wait queue size");
        pools.admin().query("SELECT 1").execute().await(5, TimeUnit.SECONDS);
        held.close().await(5, TimeUnit.SECONDS);
        waiting.await(5, TimeUnit.SECONDS);
    }
}
