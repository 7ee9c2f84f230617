package app.fathi.platform.audit;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.db.Transactions;
import app.fathi.testing.Eventually;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The chain on a real database, and what somebody with a hand in that database may try. */
class ChainTest {
    private static Vertx vertx;
    private static final byte[] KEY = "a key that is not in the database".getBytes(StandardCharsets.UTF_8);
    private static final AuditStore STORE = new AuditStore();

    private TestDatabase database;
    private Pool pool;
    private String chainer;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
        chainer = vertx.deployVerticle(new Chainer(pool, KEY, 20)).await();
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

    private static AuditEvent event(int ws, String object) {
        return new AuditEvent(
                ws,
                "thing.update",
                "success",
                "user",
                new UUID(0, 7),
                "Ada",
                "thing",
                object,
                "192.0.2.1",
                "request-1",
                null,
                new JsonObject().put("name", object));
    }

    private void write(int ws, int lines) {
        for (int i = 0; i < lines; i++) {
            STORE.insert(pool, event(ws, "thing-" + i)).await();
        }
    }

    private JsonObject verify(int ws) {
        return new Verifier(pool, KEY)
                .verify(ws, Optional.empty(), Optional.empty())
                .await();
    }

    private void awaitChained() {
        Eventually.eventually(
                "the chain",
                () -> number(
                        "SELECT count(*) FROM audit_event e WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.event = e.id)"),
                waiting -> waiting == 0);
    }

    private void awaitSettled() {
        awaitChained();
        Eventually.eventually(
                "the position",
                () -> number("SELECT (SELECT max(id) FROM audit_event) - (SELECT id FROM audit_position)"),
                behind -> behind == 0);
    }

    private long number(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }

    /** Ten lines of a chain, somebody's hand, and then what the check says. */
    private List<String> faultsAfter(String... statements) {
        write(1, 10);
        write(2, 3);
        awaitSettled();
        assertThat(verify(1).getBoolean("valid")).isTrue();
        for (var sql : statements) {
            database.execute(sql);
        }
        assertThat(verify(2).getJsonArray("faults"))
                .as("of the other workspace")
                .isEmpty();
        var found = verify(1);
        assertThat(found.getBoolean("valid")).isFalse();
        return faults(found);
    }

    private static List<String> faults(JsonObject found) {
        var faults = new ArrayList<String>();
        for (var fault : found.getJsonArray("faults")) {
            var json = (JsonObject) fault;
            faults.add(json.getString("kind") + " " + json.getLong("seq"));
        }
        return faults;
    }

    private static final String FIFTH = "(SELECT event FROM audit_chain WHERE ws = 1 AND seq = 5)";

    @Test
    void each_workspace_has_a_chain_of_its_own_without_gaps() {
        write(1, 4);
        write(2, 2);
        awaitSettled();
        write(1, 3);
        awaitSettled();
        var found = verify(1);
        assertThat(found.getBoolean("valid")).as(found.encode()).isTrue();
        assertThat(found.getLong("checked")).isEqualTo(7);
        assertThat(found.getLong("waiting")).isZero();
        assertThat(found.getJsonObject("head").getLong("seq")).isEqualTo(7);
        assertThat(verify(2).getLong("checked")).isEqualTo(2);
        var nobody = verify(3);
        assertThat(nobody.getBoolean("valid")).isTrue();
        assertThat(nobody.getJsonObject("head")).isNull();
    }

    @Test
    void a_line_that_was_changed_is_found() {
        assertThat(faultsAfter("UPDATE audit_event SET actor_name = 'Nobody' WHERE id = " + FIFTH))
                .containsExactly("changed 5");
    }

    @Test
    void a_detail_that_was_changed_is_found() {
        assertThat(faultsAfter(
                        "UPDATE audit_detail SET detail = replace(detail, 'thing', 'other') WHERE event = " + FIFTH))
                .containsExactly("changed 5");
    }

    @Test
    void a_line_whose_detail_was_changed_with_its_digest_is_found() {
        assertThat(faultsAfter(
                        "UPDATE audit_detail SET detail = '{}' WHERE event = " + FIFTH,
                        "UPDATE audit_event e SET digest = sha256(d.salt || convert_to(d.detail, 'UTF8')) FROM audit_detail d WHERE d.event = e.id AND e.id = "
                                + FIFTH))
                .containsExactly("changed 5");
    }

    @Test
    void a_line_that_was_deleted_is_found() {
        assertThat(faultsAfter("DELETE FROM audit_event WHERE id = " + FIFTH)).containsExactly("deleted 5");
    }

    @Test
    void a_line_that_was_deleted_with_its_place_in_the_chain_is_found() {
        assertThat(faultsAfter(
                        "DELETE FROM audit_event WHERE id = " + FIFTH,
                        "DELETE FROM audit_chain WHERE ws = 1 AND seq = 5"))
                .containsExactly("deleted 5");
    }

    @Test
    void a_chain_that_was_closed_over_a_deleted_line_is_found() {
        assertThat(faultsAfter(
                        "DELETE FROM audit_event WHERE id = " + FIFTH,
                        "DELETE FROM audit_chain WHERE ws = 1 AND seq = 5",
                        "UPDATE audit_chain SET seq = seq - 1 WHERE ws = 1 AND seq > 5"))
                .first()
                .isEqualTo("reordered 5");
    }

    @Test
    void a_detail_that_was_deleted_is_found() {
        assertThat(faultsAfter("DELETE FROM audit_detail WHERE event = " + FIFTH))
                .containsExactly("deleted 5");
    }

    @Test
    void a_line_that_was_put_among_old_ones_is_found() {
        var faults = faultsAfter(
                """
                INSERT INTO audit_event (id, ws, operation, result, actor_kind, actor_name, request_id, digest)
                VALUES (0, 1, 'thing.update', 'success', 'user', 'Ada', 'r', '')
                """);
        assertThat(faults).containsExactly("inserted null");
    }

    @Test
    void a_line_that_says_an_earlier_time_is_found_although_it_was_chained() {
        write(1, 2);
        database.execute(
                """
                WITH event AS (
                  INSERT INTO audit_event (ws, at, operation, result, actor_kind, actor_name, request_id, digest)
                  VALUES (1, now() - interval '1 hour', 'thing.update', 'success', 'user', 'Ada', 'r', sha256('salt{}')) RETURNING id)
                INSERT INTO audit_detail (event, salt, detail) SELECT id, 'salt', '{}' FROM event
                """);
        write(1, 2);
        awaitSettled();
        assertThat(faults(verify(1))).containsExactly("inserted 3");
    }

    @Test
    void lines_that_were_swapped_are_found() {
        assertThat(faultsAfter(
                        "UPDATE audit_chain SET seq = 100 WHERE ws = 1 AND seq = 5",
                        "UPDATE audit_chain SET seq = 5 WHERE ws = 1 AND seq = 6",
                        "UPDATE audit_chain SET seq = 6 WHERE ws = 1 AND seq = 100"))
                .first()
                .isEqualTo("reordered 5");
        assertThat(faults(verify(1))).allMatch(fault -> fault.matches("reordered [567]"));
    }

    @Test
    void lines_whose_ids_were_swapped_are_found() {
        assertThat(faultsAfter(
                        "UPDATE audit_event SET id = -1 WHERE id = " + FIFTH,
                        "UPDATE audit_event SET id = " + FIFTH + " WHERE id = " + FIFTH + " + 1",
                        "UPDATE audit_event SET id = " + FIFTH + " + 1 WHERE id = -1"))
                .contains("changed 5", "changed 6");
    }

    @Test
    void lines_that_were_cut_off_are_found() {
        assertThat(faultsAfter(
                        "DELETE FROM audit_event WHERE id IN (SELECT event FROM audit_chain WHERE ws = 1 AND seq > 7)",
                        "DELETE FROM audit_chain WHERE ws = 1 AND seq > 7"))
                .containsExactly("truncated 8");
    }

    @Test
    void an_end_that_was_moved_to_where_lines_were_cut_off_is_found() {
        assertThat(
                        faultsAfter(
                                "DELETE FROM audit_event WHERE id IN (SELECT event FROM audit_chain WHERE ws = 1 AND seq > 7)",
                                "DELETE FROM audit_chain WHERE ws = 1 AND seq > 7",
                                "UPDATE audit_head SET seq = 7, hash = (SELECT hash FROM audit_chain WHERE ws = 1 AND seq = 7) WHERE ws = 1"))
                .containsExactly("forged 7");
    }

    @Test
    void an_older_state_of_everything_is_found_by_who_wrote_the_end_down() {
        write(1, 5);
        awaitSettled();
        database.execute("CREATE TABLE kept AS SELECT * FROM audit_head");
        write(1, 2);
        awaitSettled();
        var head = verify(1).getJsonObject("head");
        database.execute("DELETE FROM audit_chain WHERE seq > 5");
        database.execute("DELETE FROM audit_event WHERE id > 5");
        database.execute(
                "UPDATE audit_head h SET seq = k.seq, hash = k.hash, signature = k.signature FROM kept k WHERE h.ws = k.ws");
        assertThat(verify(1).getBoolean("valid")).as("what cannot be known").isTrue();
        var known = new Verifier.Known(head.getLong("seq"), HexFormat.of().parseHex(head.getString("hash")));
        var found = new Verifier(pool, KEY)
                .verify(1, Optional.empty(), Optional.of(known))
                .await();
        assertThat(faults(found)).containsExactly("truncated 7");
    }

    @Test
    void a_chain_that_another_key_has_signed_is_found() {
        write(1, 3);
        awaitSettled();
        var other = new Verifier(pool, "another".getBytes(StandardCharsets.UTF_8));
        assertThat(faults(other.verify(1, Optional.empty(), Optional.empty()).await()))
                .containsExactly("forged 3");
    }

    @Test
    void what_an_erasure_has_blanked_shows_its_receipt_and_verifies() {
        write(1, 4);
        awaitSettled();
        var receipt = UUID.randomUUID();
        var audit = new Audit(vertx, pool, null);
        assertThat(audit.blank(pool, 1, "thing", "thing-2", receipt).await()).isEqualTo(1);
        assertThat(faults(verify(1))).as("no erasure is on record yet").containsExactly("deleted null");
        audit.recordSystem(pool, 1, "profile.erase", "erasure", receipt, new JsonObject())
                .await();
        awaitSettled();
        var found = verify(1);
        assertThat(found.getBoolean("valid")).as(found.encode()).isTrue();
        assertThat(found.getJsonArray("erased"))
                .containsExactly(
                        new JsonObject().put("receipt", receipt.toString()).put("lines", 1));
        assertThat(number("SELECT count(*) FROM audit_detail WHERE detail LIKE '%thing-2%'"))
                .isZero();
    }

    @Test
    void blanking_under_a_receipt_that_nobody_left_is_found() {
        assertThat(faultsAfter(
                        "UPDATE audit_detail SET salt = NULL, detail = NULL, receipt = gen_random_uuid() WHERE event = "
                                + FIFTH))
                .containsExactly("deleted null");
        database.execute("UPDATE audit_detail SET receipt = NULL WHERE event = " + FIFTH);
        assertThat(faults(verify(1))).containsExactly("deleted 5");
    }

    @Test
    void a_line_whose_transaction_ends_late_is_chained_behind_those_that_came_before_it() {
        var slow = pool.getConnection().await();
        var tx = slow.begin().await();
        STORE.insert(slow, event(1, "late")).await();
        write(1, 3);
        awaitChained();
        assertThat(number("SELECT id FROM audit_position"))
                .as("somebody still writes")
                .isZero();
        tx.commit().await();
        slow.close().await();
        awaitSettled();
        assertThat(number("SELECT event FROM audit_chain WHERE ws = 1 AND seq = 4"))
                .isEqualTo(1);
        assertThat(verify(1).getBoolean("valid")).isTrue();
    }

    @Test
    void a_change_that_was_rolled_back_leaves_no_gap_in_the_chain() {
        pool.withTransaction((SqlConnection tx) ->
                        STORE.insert(tx, event(1, "undone")).compose(done -> Future.failedFuture("undo")))
                .otherwiseEmpty()
                .await();
        write(1, 2);
        awaitSettled();
        assertThat(verify(1).getLong("checked")).isEqualTo(2);
        assertThat(verify(1).getBoolean("valid")).isTrue();
    }

    @Test
    void several_chainers_and_many_writers_make_one_chain() {
        var others = List.of(
                vertx.deployVerticle(new Chainer(pool, KEY, 20)).await(),
                vertx.deployVerticle(new Chainer(pool, KEY, 30)).await());
        var writing = new ArrayList<Future<?>>();
        for (int i = 0; i < 40; i++) {
            int ws = 1 + i % 3;
            writing.add(pool.withTransaction(tx -> STORE.insert(
                    tx, IntStream.range(0, 30).mapToObj(n -> event(ws, "n" + n)).toList())));
        }
        Future.all(writing).await();
        awaitSettled();
        others.forEach(other -> vertx.undeploy(other).await());
        for (int ws = 1; ws <= 3; ws++) {
            var found = verify(ws);
            assertThat(found.getBoolean("valid")).as(found.encode()).isTrue();
        }
        assertThat(number("SELECT count(*) FROM audit_chain")).isEqualTo(1_200);
    }

    @Test
    void a_long_chain_is_checked_in_parts() {
        database.execute(
                """
                WITH event AS (
                  INSERT INTO audit_event (ws, operation, result, actor_kind, actor_name, request_id, digest)
                  SELECT 1, 'thing.update', 'success', 'user', 'Ada', 'r', sha256('salt{}') FROM generate_series(1, 1200) RETURNING id)
                INSERT INTO audit_detail (event, salt, detail) SELECT id, 'salt', '{}' FROM event
                """);
        awaitSettled();
        assertThat(verify(1).getLong("checked")).isEqualTo(1_200);
        var rest = new Verifier(pool, KEY)
                .verify(1, Optional.of(700L), Optional.empty())
                .await();
        assertThat(rest.getBoolean("valid")).isTrue();
        assertThat(rest.getLong("checked")).isEqualTo(500);
    }

    /** As if it were long ago: the period, its tables and its lines. */
    private void itIsLongAgo() {
        long now = number(
                "SELECT max(number) FROM partition_period WHERE relation = 'audit_event' AND begins_at <= now()");
        database.execute("UPDATE partition_period SET begins_at = begins_at - interval '800 days' WHERE number = " + now
                + " AND relation LIKE 'audit%'");
        database.execute("UPDATE partition_period SET begins_at = now() - interval '1 hour' WHERE number = " + (now + 1)
                + " AND relation LIKE 'audit%'");
    }

    @Test
    void a_workspace_that_keeps_less_is_forgotten_in_small_steps_and_verifies_after_each() {
        write(1, 8);
        write(2, 4);
        awaitSettled();
        itIsLongAgo();
        write(1, 3);
        write(2, 1);
        awaitSettled();
        var kept = new KeptAudit(KEY);
        var transactions = new Transactions(pool);
        assertThat(transactions.run(tx -> kept.forget(tx, 1, 900, 5)).await()).isZero();
        int gone = 0;
        for (int step = 0, now = 1; now > 0; step++) {
            assertThat(step).isLessThan(10);
            now = transactions.run(tx -> kept.forget(tx, 1, 200, 5)).await();
            gone += now;
            assertThat(now).isLessThanOrEqualTo(5);
            var found = verify(1);
            assertThat(found.getBoolean("valid")).as(found.encode()).isTrue();
            assertThat(found.getJsonObject("checkpoint").getLong("seq")).isEqualTo(8);
            assertThat(found.getLong("checked")).isEqualTo(3);
        }
        assertThat(gone).isEqualTo(16);
        assertThat(number("SELECT count(*) FROM audit_event WHERE ws = 1")).isEqualTo(3);
        assertThat(number("SELECT count(*) FROM audit_detail")).isEqualTo(8);
        assertThat(number("SELECT count(*) FROM audit_chain WHERE ws = 1")).isEqualTo(3);
        assertThat(verify(2).getLong("checked")).isEqualTo(5);
        new AuditKeeper(transactions, KEY, 730).forget().await();
        for (int ws : new int[] {1, 2}) {
            assertThat(verify(ws).getBoolean("valid")).as("workspace " + ws).isTrue();
        }
        assertThat(number("SELECT count(*) FROM audit_chain")).isEqualTo(4);
    }

    @Test
    void retention_drops_whole_periods_behind_a_signed_checkpoint() {
        write(1, 4);
        awaitSettled();
        itIsLongAgo();
        write(1, 3);
        awaitSettled();
        var keeper = new AuditKeeper(new Transactions(pool), KEY, 730);
        keeper.forget().await();
        assertThat(number("SELECT count(*) FROM audit_event")).isEqualTo(3);
        assertThat(number("SELECT count(*) FROM audit_detail")).isEqualTo(3);
        var found = verify(1);
        assertThat(found.getBoolean("valid")).as(found.encode()).isTrue();
        assertThat(found.getJsonObject("checkpoint").getLong("seq")).isEqualTo(4);
        assertThat(found.getLong("checked")).isEqualTo(3);
        keeper.forget().await();
        database.execute("UPDATE audit_checkpoint SET seq = 5, hash = (SELECT hash FROM audit_chain WHERE seq = 5)");
        assertThat(faults(verify(1))).containsExactly("forged 5");
    }
}
