package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EnqueueTest {
    private static final Instant SOON = Instant.parse("2030-01-01T00:00:00Z");

    private final Vertx vertx = Vertx.vertx();
    private final Jobs jobs = new Jobs(vertx);
    private TestDatabase database;
    private Pool pool;

    @BeforeEach
    void open() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
    }

    @AfterEach
    void close() {
        Closing.close(vertx);
        database.close();
    }

    @Test
    void the_same_key_twice_is_one_job_at_the_earlier_time() {
        jobs.enqueue(pool, List.of(job(1, "a", SOON), job(1, "b", SOON), job(1, "a", SOON.minusSeconds(5))))
                .await();
        jobs.enqueue(pool, List.of(job(1, "b", SOON.minusSeconds(9)), job(1, "a", SOON)))
                .await();
        assertThat(query("SELECT key || ' ' || (extract(epoch FROM due_at) - 1893456000)::int FROM jobs ORDER BY key"))
                .containsExactly("a -5", "b -9");
    }

    @Test
    void workspaces_do_not_share_keys() {
        jobs.enqueue(pool, List.of(job(1, "a", SOON), job(2, "a", SOON))).await();
        assertThat(query("SELECT ws::text FROM jobs ORDER BY ws")).containsExactly("1", "2");
    }

    @Test
    void a_rolled_back_change_leaves_no_job() {
        assertThatThrownBy(() -> pool.withTransaction(tx -> jobs.enqueue(tx, List.of(job(1, "a", SOON)))
                                .compose(done -> Future.failedFuture("changed my mind")))
                        .await())
                .hasMessageContaining("changed my mind");
        assertThat(query("SELECT key FROM jobs")).isEmpty();
    }

    @Test
    void a_dead_job_does_not_stand_in_the_way_of_a_new_one() {
        jobs.enqueue(pool, List.of(job(1, "a", SOON))).await();
        var id = UUID.fromString(query("SELECT id::text FROM jobs").getFirst());
        ResultsStore.end(pool, List.of(new ResultsStore.Ended(id, 0, new Verdict.Dead("poison"), null)))
                .await();
        jobs.enqueue(pool, List.of(job(1, "a", SOON))).await();
        assertThat(query("SELECT state FROM jobs UNION ALL SELECT state FROM jobs_dead"))
                .containsExactly("waiting", "dead");
    }

    private static NewJob job(int ws, String key, Instant runAt) {
        return new NewJob(ws, "test.work", Lane.CAMPAIGN, key, new JsonObject().put("n", 1), runAt);
    }

    private List<String> query(String sql) {
        return pool.query(sql)
                .mapping(row -> row.getString(0))
                .execute()
                .map(rows -> {
                    var texts = new java.util.ArrayList<String>();
                    rows.forEach(texts::add);
                    return texts;
                })
                .await();
    }
}
