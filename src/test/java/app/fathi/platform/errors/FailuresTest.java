package app.fathi.platform.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a pool whose only connection is taken says, as callers are told it. */
class FailuresTest {
    private static Vertx vertx;
    private static TestDatabase database;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        database = TestDatabase.create();
    }

    @AfterAll
    static void stop() {
        vertx.close().await();
        database.close();
    }

    @Test
    void who_finds_the_queue_for_connections_full_is_told_to_come_again() {
        isToldToComeAgain(pool -> {
            pool.getConnection();
            return pool.getConnection();
        });
    }

    @Test
    void who_waits_in_vain_to_begin_a_transaction_is_told_to_come_again() {
        isToldToComeAgain(pool -> pool.withTransaction(tx -> Future.succeededFuture()));
    }

    @Test
    void who_waits_in_vain_to_run_a_statement_is_told_to_come_again() {
        isToldToComeAgain(pool -> pool.query("SELECT 1").execute());
    }

    private static void isToldToComeAgain(Function<Pool, Future<?>> asking) {
        var address = database.address();
        var pool = PgBuilder.pool()
                .using(vertx)
                .connectingTo(new PgConnectOptions()
                        .setHost(address.host())
                        .setPort(address.port())
                        .setDatabase(address.database())
                        .setUser(address.user())
                        .setPassword(address.password()))
                .with(new PoolOptions()
                        .setMaxSize(1)
                        .setMaxWaitQueueSize(1)
                        .setConnectionTimeout(1)
                        .setConnectionTimeoutUnit(TimeUnit.SECONDS))
                .build();
        var taken = pool.getConnection().await();
        var failure = catchThrowable(() -> asking.apply(pool).await());
        taken.close().await();

        assertThat(failure).isNotNull();
        var problem = Failures.toProblem(failure);
        assertThat(problem.kind()).as(failure.toString()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(problem.retryAfterSeconds()).isPresent();
    }
}
