package app.fathi.platform.audit;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.db.Transactions;
import app.fathi.testing.Eventually;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The trail checks itself, and what somebody does to it in the database becomes an alert that says where. */
class AuditCheckTest {
    private static Vertx vertx;
    private static final byte[] KEY = "a key that is not in the database".getBytes(StandardCharsets.UTF_8);
    private static final int LINES = 6;
    private static final int NOTHING_IS_SHORT = 0;

    private TestDatabase database;
    private Pool pool;
    private String chainer;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
        chainer = vertx.deployVerticle(new Chainer(pool, KEY, 20)).await();
        write(LINES);
        check(Verifier.MAX_LINES);
        assertThat(standing().getInteger("faults")).isZero();
        assertThat(standing().getLong("seq")).isEqualTo(LINES);
    }

    @AfterEach
    void stop() {
        vertx.undeploy(chainer).await();
        pool.close().await();
        database.close();
    }

    @BeforeAll
    static void open() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void end() {
        vertx.close().await();
    }

    /** Lines of workspace 1, each in its place. */
    private void write(int lines) {
        var store = new AuditStore();
        IntStream.range(0, lines).forEach(n -> store.insert(
                        pool,
                        new AuditEvent(
                                1,
                                "thing.update",
                                "success",
                                "user",
                                new UUID(0, 7),
                                "Ada",
                                "thing",
                                "" + n,
                                "",
                                "-",
                                null,
                                new JsonObject().put("n", n)))
                .await());
        Eventually.eventually(
                "all have their place and are known to have it",
                () -> number("SELECT count(*) FROM audit_event WHERE id > (SELECT id FROM audit_position)"),
                waiting -> waiting == 0);
    }

    private void check(long shortLines) {
        assertThat(new AuditCheck(new Transactions(pool), KEY, shortLines).checkAll(() -> true))
                .isTrue();
    }

    private Row standing() {
        return pool.query("SELECT * FROM audit_check WHERE ws = 1")
                .execute()
                .await()
                .iterator()
                .next();
    }

    private long number(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }

    private String alert() {
        return pool.query("SELECT text FROM alert WHERE kind = 'audit-fault' AND ws = 1")
                .execute()
                .await()
                .iterator()
                .next()
                .getString(0);
    }

    @Test
    void a_trail_that_is_as_it_was_written_alerts_nobody_and_is_told_as_checked() {
        write(2);
        check(Verifier.MAX_LINES);
        assertThat(standing().getLong("seq")).isEqualTo(LINES + 2);
        assertThat(number("SELECT count(*) FROM alert")).isZero();
        var now = new CheckStore().standing(pool).await();
        assertThat(now.faults()).isZero();
        assertThat(now.unchainedSeconds()).isZero();
    }

    @Test
    void a_changed_line_is_named_in_the_alert() {
        database.execute("UPDATE audit_event SET actor_name = 'Eve' WHERE object_id = '2'");
        check(Verifier.MAX_LINES);
        assertThat(alert()).startsWith("changed: number 3 (id 3). The line is not what was chained.");
        assertThat(standing().getInteger("faults")).isOne();
        assertThat(new CheckStore().standing(pool).await().faults()).isOne();
    }

    @Test
    void a_deleted_line_is_named_in_the_alert() {
        database.execute("DELETE FROM audit_event WHERE object_id = '3'");
        check(Verifier.MAX_LINES);
        assertThat(alert()).startsWith("deleted: number 4 (id 4). The line is gone.");
    }

    @Test
    void a_line_that_is_added_where_others_were_is_named_in_the_alert() {
        database.execute("UPDATE audit_position SET id = 100");
        database.execute(
                """
                INSERT INTO audit_event (id, ws, operation, result, actor_kind, actor_name, request_id, digest)
                VALUES (50, 1, 'thing.update', 'success', 'user', 'Ada', '-', '')
                """);
        check(Verifier.MAX_LINES);
        assertThat(alert()).startsWith("inserted: (id 50).");
    }

    @Test
    void a_long_chain_is_read_from_where_the_last_check_ended_and_wholly_after_a_week() {
        check(NOTHING_IS_SHORT);
        write(2);
        check(NOTHING_IS_SHORT);
        assertThat(standing().getLong("lines")).as("only the new ones").isEqualTo(2);
        database.execute("UPDATE audit_event SET actor_name = 'Eve' WHERE object_id = '4'");
        check(NOTHING_IS_SHORT);
        assertThat(standing().getInteger("faults"))
                .as("not looked at again yet")
                .isZero();

        var old = standing();
        var before = old.getOffsetDateTime("whole_at").minusDays(8);
        var check = new CheckStore.Check(
                1,
                old.getLong("seq"),
                old.getBuffer("hash").getBytes(),
                old.getLong("event"),
                before,
                before,
                0,
                0,
                null,
                null);
        new CheckStore().put(pool, check, check.end().sign(KEY)).await();
        check(NOTHING_IS_SHORT);
        assertThat(alert()).startsWith("changed: number 5");
    }

    @Test
    void a_chain_that_was_cut_off_is_told_although_its_new_end_is_signed() {
        check(NOTHING_IS_SHORT);
        var end = pool.query("SELECT hash FROM audit_chain WHERE seq = 3")
                .execute()
                .await()
                .iterator()
                .next()
                .getBuffer(0)
                .getBytes();
        database.execute("DELETE FROM audit_event WHERE id > 3; DELETE FROM audit_chain WHERE seq > 3");
        pool.preparedQuery("UPDATE audit_head SET seq = 3, hash = $1, signature = $2")
                .execute(Tuple.of(Buffer.buffer(end), Buffer.buffer(new Chain.End(1, 3, end, 0).sign(KEY))))
                .await();
        check(NOTHING_IS_SHORT);
        assertThat(alert()).startsWith("truncated: the chain was longer, it had a number 6.");
        check(Verifier.MAX_LINES);
        assertThat(standing().getInteger("faults")).as("still so").isOne();
    }

    @Test
    void a_chain_that_is_gone_whole_is_missed() {
        database.execute("DELETE FROM audit_chain; DELETE FROM audit_head; DELETE FROM audit_event");
        check(Verifier.MAX_LINES);
        assertThat(alert()).startsWith("truncated:");
    }

    @Test
    void who_moves_the_last_check_in_the_database_is_found_out() {
        database.execute("UPDATE audit_check SET whole_at = now() + interval '1 year', at = now()");
        check(NOTHING_IS_SHORT);
        assertThat(alert()).startsWith("forged: what the last check has left");
        check(NOTHING_IS_SHORT);
        assertThat(standing().getInteger("faults"))
                .as("it was read wholly, and goes on")
                .isZero();
    }

    @Test
    void lines_that_wait_for_their_place_are_told() {
        vertx.undeploy(chainer).await();
        new AuditStore()
                .insert(pool, AuditEvent.ofSystem(1, "thing.update", "thing", "late", null))
                .await();
        database.execute("UPDATE audit_event SET at = now() - interval '90 seconds' WHERE object_id = 'late'");
        assertThat(new CheckStore().standing(pool).await().unchainedSeconds()).isBetween(90.0, 200.0);
        chainer = vertx.deployVerticle(new Chainer(pool, KEY, 20)).await();
    }
}
