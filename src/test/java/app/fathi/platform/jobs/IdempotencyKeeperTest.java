package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class IdempotencyKeeperTest {
    @Test
    void stored_answers_are_forgotten_when_their_time_is_over_however_many_there_are() {
        var vertx = Vertx.vertx();
        try (var database = TestDatabase.create()) {
            var pool = database.pool(vertx);
            pool.query(
                            """
                            INSERT INTO idempotency (scope, ws, body_hash, status, headers, created_at)
                            SELECT int4send(n), 1, '', 200, '{}', now() - make_interval(hours => CASE WHEN n <= 12000 THEN 25 ELSE 23 END)
                            FROM generate_series(1, 12010) n
                            """)
                    .execute()
                    .await();
            var lease = new Lease(null, 1, Duration.ofSeconds(60), System.nanoTime(), System::nanoTime);
            assertThat(new IdempotencyKeeper(pool, 24).run(null, lease)).isEqualTo(JobOutcome.done());
            var left = pool.query("SELECT count(*)::int AS n FROM idempotency")
                    .execute()
                    .await();
            assertThat(left.iterator().next().getInteger("n")).isEqualTo(10);
            Closing.close(vertx);
        }
    }
}
