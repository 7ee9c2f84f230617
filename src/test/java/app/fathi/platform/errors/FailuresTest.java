package app.fathi.platform.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import org.junit.jupiter.api.Test;

class FailuresTest {
    @Test
    void who_finds_the_queue_for_connections_full_is_told_to_come_again() {
        var vertx = Vertx.vertx();
        try (var database = TestDatabase.create()) {
            var address = database.address();
            var pool = PgBuilder.pool()
                    .using(vertx)
                    .connectingTo(new PgConnectOptions()
                            .setHost(address.host())
                            .setPort(address.port())
                            .setDatabase(address.database())
                            .setUser(address.user())
                            .setPassword(address.password()))
                    .with(new PoolOptions().setMaxSize(1).setMaxWaitQueueSize(1))
                    .build();
            pool.getConnection().await();
            pool.getConnection();
            var failure = catchThrowable(() -> pool.getConnection().await());

            var problem = Failures.toProblem(failure);
            assertThat(problem.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(problem.retryAfterSeconds()).isPresent();
        } finally {
            vertx.close().await();
        }
    }
}
