package app.fathi.cep.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.runs.RunsStore;
import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MessageIndexStoreTest {
    private Vertx vertx;
    private TestDatabase database;
    private Pool pool;
    private MessageIndexStore index;

    @BeforeEach
    void start() {
        vertx = Vertx.vertx();
        database = TestDatabase.create();
        pool = database.pool(vertx);
        index = new MessageIndexStore(pool);
    }

    @AfterEach
    void stop() {
        Closing.close(vertx);
        database.close();
    }

    @Test
    void nobody_pays_for_it_before_a_rule_asks_and_from_then_on_new_weeks_have_it() {
        assertThat(index.follow().await()).isTrue();
        assertThat(indexes()).isZero();
        assertThat(index.make().await()).isTrue();
        assertThat(indexes()).isEqualTo(weeks());
        assertThat(RunsStore.makeWeeks(pool, 12).await()).isPositive();
        assertThat(indexes()).isLessThan(weeks());
        assertThat(index.follow().await()).isTrue();
        assertThat(indexes()).isEqualTo(weeks());
        assertThat(index.make().await()).as("again").isTrue();
    }

    @Test
    void two_do_not_make_it_at_once() {
        var other = pool.getConnection().await();
        other.query("SELECT pg_advisory_lock(hashtext('cep_message_person'))")
                .execute()
                .await();
        assertThat(index.make().await()).isFalse();
        assertThat(indexes()).isZero();
        other.query("SELECT pg_advisory_unlock(hashtext('cep_message_person'))")
                .execute()
                .await();
        assertThat(index.make().await()).isTrue();
        assertThat(index.make().await()).isTrue();
        assertThat(indexes()).isEqualTo(weeks());
    }

    private long indexes() {
        return count("pg_indexes WHERE indexname LIKE 'cep_message_w%_person'");
    }

    private long weeks() {
        return count("pg_inherits WHERE inhparent = 'cep_message'::regclass");
    }

    private long count(String what) {
        return pool.query("SELECT count(*) FROM " + what)
                .execute()
                .await()
                .iterator()
                .next()
                .getLong(0);
    }
}
