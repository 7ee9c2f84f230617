package app.fathi.platform.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StreamsTest {
    private final Vertx vertx = Vertx.vertx();
    private final Config.Stream config =
            Config.of(Map.of("FATHI_STREAM_LEASE_SECONDS", "3", "FATHI_STREAM_POLL_MILLIS", "100")).stream();
    private TestDatabase database;
    private Pool pool;
    private BulkAppender bulk;
    private Streams streams;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
        bulk = new BulkAppender(vertx, database.address(), Config.of(Map.of()).db(), 2);
        streams = new Streams(vertx, pool, config, Optional.of(bulk));
    }

    @AfterEach
    void stop() {
        await(bulk.close());
        await(vertx.close());
        database.close();
    }

    @Test
    void positions_have_no_gaps_though_appends_run_side_by_side_and_some_roll_back() {
        var random = new Random(7);
        var appends = new ArrayList<Future<?>>();
        for (int i = 0; i < 60; i++) {
            var records = i % 6 == 5
                    ? many(100 + random.nextInt(100), "r" + i)
                    : records("k" + random.nextInt(40), 1 + random.nextInt(5));
            appends.add(
                    i % 5 == 4
                            ? pool.withTransaction(tx -> streams.append(tx, "ingest", records)
                                            .compose(done -> Future.<Void>failedFuture("rolled back")))
                                    .otherwiseEmpty()
                            : streams.append("ingest", records));
        }
        await(Future.all(appends));
        var faulty = await(pool.query(
                        """
                        SELECT h.part FROM stream_head h LEFT JOIN stream_record r USING (topic, part) WHERE topic = 'ingest'
                        GROUP BY h.part, h.next HAVING count(r.pos) <> h.next OR coalesce(max(r.pos) + 1, 0) <> h.next
                        """)
                .execute());
        assertThat(faulty.size()).isZero();
        assertThat(count("SELECT count(*) FROM stream_record")).isGreaterThan(1_000);
        assertThat(copying()).isPositive();
    }

    @Test
    void a_large_group_is_copied_as_it_would_be_inserted() {
        var hard = List.of(
                "tab\t", "\\N", "line\nline\r", "\\.", "quote\"'", "emoji \uD83D\uDE00", "\u0130\u0131\u00DF", "");
        var records = IntStream.range(0, 200)
                .mapToObj(n -> new StreamRecord(
                        n % 3,
                        "key" + n % 50 + hard.get(n % hard.size()),
                        "kind" + n % 2,
                        new JsonObject().put("n", n).put("said", hard.get(n % hard.size()))))
                .toList();
        await(streams.append("ingest", records));
        assertThat(copying()).isPositive();
        await(pool.withTransaction(tx -> streams.append(tx, "bulk", records)));
        var differ = count(
                """
                SELECT count(*) FROM (SELECT * FROM stream_record WHERE topic = 'ingest') a
                FULL JOIN (SELECT * FROM stream_record WHERE topic = 'bulk') b
                ON (a.part, a.period, a.pos, a.ws, a.key, a.kind, a.payload) = (b.part, b.period, b.pos, b.ws, b.key, b.kind, b.payload)
                WHERE a.pos IS NULL OR b.pos IS NULL OR b.at - a.at NOT BETWEEN interval '0' AND interval '1 minute'
                """);
        assertThat(differ).isZero();
        assertThat(count("SELECT count(*) FROM stream_record")).isEqualTo(400);
    }

    @Test
    void a_bad_record_in_a_large_group_fails_its_own_request_alone() {
        var bad = new ArrayList<>(many(60, "bad"));
        bad.set(30, record("bad\0", 30));
        var all = List.of(
                streams.append("ingest", many(60, "good")),
                streams.append("ingest", bad),
                streams.append("ingest", many(60, "also good")));
        await(Future.join(all).otherwiseEmpty());
        assertThat(all.stream().map(Future::succeeded).toList()).containsExactly(true, false, true);
        assertThat(count("SELECT count(*) FROM stream_record")).isEqualTo(120);
    }

    @Test
    void a_line_that_broke_loses_nothing_and_doubles_nothing() {
        await(streams.append("ingest", many(200, "before")));
        await(pool.query(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fathi-append' AND datname = current_database()")
                .execute());
        await(streams.append("ingest", many(200, "after")));
        await(streams.append("ingest", many(200, "again")));
        assertThat(count("SELECT count(*) FROM stream_record")).isEqualTo(600);
        assertThat(copying()).isPositive();
    }

    @Test
    void what_fails_while_it_commits_is_not_appended_another_time() {
        var hour = count(
                "SELECT max(number) FROM partition_period WHERE relation = 'stream_record' AND begins_at <= now()");
        database.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''refused''; END'");
        database.execute("CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON stream_record_" + hour
                + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()");
        var unknown = streams.append("ingest", many(200, "unknown"));
        await(unknown.otherwiseEmpty());
        assertThat(unknown.cause()).isInstanceOfSatisfying(ProblemException.class, failure -> assertThat(
                        failure.problem().kind())
                .isEqualTo(Kind.UNAVAILABLE));
        database.execute("DROP TRIGGER refuse ON stream_record_" + hour);
        await(streams.append("ingest", many(200, "after")));
        assertThat(count("SELECT count(*) FROM stream_record")).isEqualTo(200);
    }

    private static List<StreamRecord> many(int count, String key) {
        return IntStream.range(0, count).mapToObj(n -> record(key + n, n)).toList();
    }

    /** Connections that copy, of this test's database. */
    private long copying() {
        return count("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fathi-append'"
                + " AND datname = current_database()");
    }

    @Test
    void a_transaction_that_comes_back_for_more_heads_is_refused_before_it_can_wait_in_a_circle() {
        var twice = pool.withTransaction(tx -> streams.append(tx, "facts", List.of(record("a", 1)))
                .compose(done -> streams.append(tx, "facts", List.of(record("b", 1)))));
        assertThatThrownBy(() -> await(twice)).hasMessageContaining("appended to facts before");
        var backwards = pool.withTransaction(tx -> streams.append(tx, "ingest", List.of(record("a", 1)))
                .compose(done -> streams.append(tx, "facts", List.of(record("b", 1)))));
        assertThatThrownBy(() -> await(backwards)).hasMessageContaining("appended to ingest before");
        assertThat(count("SELECT count(*) FROM stream_record")).isZero();
        await(pool.withTransaction(tx -> streams.append(tx, "facts", List.of(record("a", 1)))
                .compose(done -> streams.append(tx, "ingest", List.of(record("b", 1))))));
        assertThat(count("SELECT count(*) FROM stream_record")).isEqualTo(2);
    }

    @Test
    void every_record_is_consumed_once_and_in_order_of_its_key() {
        var seen = Collections.synchronizedList(new ArrayList<String>());
        await(vertx.deployVerticle(consumer("order", (tx, batch) -> {
            batch.forEach(one ->
                    seen.add(one.record().key() + ":" + one.record().payload().getInteger("n")));
            return Future.succeededFuture();
        })));
        for (int n = 0; n < 50; n++) {
            await(streams.append("ingest", List.of(record("a", n), record("b", n))));
        }
        eventually(() -> seen.size() >= 100);
        assertThat(seen.stream().filter(one -> one.startsWith("a:")).toList())
                .containsExactlyElementsOf(
                        IntStream.range(0, 50).mapToObj(n -> "a:" + n).toList());
        assertThat(seen).doesNotHaveDuplicates();
    }

    @Test
    void a_poison_record_becomes_a_dead_letter_and_its_neighbours_are_digested() {
        await(pool.query("CREATE TABLE digested (n int PRIMARY KEY)").execute());
        await(vertx.deployVerticle(consumer("poison", (tx, batch) -> {
            Future<Void> chain = Future.succeededFuture();
            for (var one : batch) {
                int n = one.record().payload().getInteger("n");
                chain = chain.compose(
                        done -> tx.preparedQuery("INSERT INTO digested VALUES (10 / ($1::int - 7) * 0 + $1)")
                                .execute(Tuple.of(n))
                                .mapEmpty());
            }
            return chain;
        })));
        await(streams.append(
                "ingest",
                IntStream.range(0, 20).mapToObj(n -> record("same", n)).toList()));
        eventually(() -> count("SELECT count(*) FROM digested") == 19);
        assertThat(count("SELECT count(*) FROM dead_letter WHERE payload LIKE '%7%' AND grp = 'poison'"))
                .isEqualTo(1);
    }

    @Test
    void what_is_new_in_many_partitions_shares_a_transaction_until_one_of_them_is_poisoned() {
        await(streams.append(
                "ingest",
                IntStream.range(0, 64).mapToObj(n -> record("key" + n, n)).toList()));
        var together = new AtomicInteger();
        await(pool.query("CREATE TABLE effect (who text, n int)").execute());
        await(vertx.deployVerticle(consumer("together", (tx, batch) -> {
            together.accumulateAndGet(
                    (int) batch.stream()
                            .map(StreamConsumer.Consumed::part)
                            .distinct()
                            .count(),
                    Math::max);
            return batch.stream().anyMatch(one -> one.record().payload().getInteger("n") == 40)
                    ? effect(tx, "half", batch).compose(done -> Future.failedFuture(new IllegalStateException("40")))
                    : effect(tx, "all", batch);
        })));
        eventually(() -> count("SELECT count(*) FROM effect") == 63 && count("SELECT count(*) FROM dead_letter") == 1);
        assertThat(together.get()).isGreaterThan(1);
        assertThat(count("SELECT count(DISTINCT n) FROM effect WHERE who = 'all' AND n <> 40"))
                .isEqualTo(63);
    }

    @Test
    void a_fault_of_the_moment_makes_no_dead_letter() {
        var faults = new ArrayDeque<Throwable>(List.of(
                new VertxException("Timeout waiting for connection", true),
                new TimeoutException("30 s"),
                new IOException("reset"),
                new Throwable("Pool closed")));
        var digested = new AtomicInteger();
        await(vertx.deployVerticle(consumer("passing", (tx, batch) -> {
            var fault = faults.poll();
            if (fault == null) {
                digested.addAndGet(batch.size());
            }
            return fault == null ? Future.succeededFuture() : Future.failedFuture(fault);
        })));
        await(streams.append("ingest", List.of(record("a", 1))));
        eventually(() -> digested.get() == 1);
        assertThat(count("SELECT count(*) FROM dead_letter WHERE grp = 'passing'"))
                .isZero();
    }

    @Test
    void what_comes_while_a_member_rests_is_one_batch() {
        var batches = Collections.synchronizedList(new ArrayList<Integer>());
        await(vertx.deployVerticle(new StreamConsumer(pool, "resting", "ingest", config, 2_000, (tx, batch) -> {
            batches.add(batch.size());
            return Future.succeededFuture();
        })));
        await(streams.append("ingest", records("a", 1)));
        eventually(() -> batches.size() == 1);
        for (int n = 0; n < 5; n++) {
            await(streams.append("ingest", records("b" + n, 1)));
        }
        eventually(() -> batches.stream().mapToInt(Integer::intValue).sum() == 6);
        assertThat(batches).containsExactly(1, 5);
    }

    @Test
    void two_members_share_the_partitions_and_one_takes_over_when_the_other_is_gone() {
        var first = consumer("share", (tx, batch) -> Future.succeededFuture());
        var second = consumer("share", (tx, batch) -> Future.succeededFuture());
        var deployed = await(vertx.deployVerticle(first));
        await(vertx.deployVerticle(second));
        eventually(() -> count(
                        "SELECT count(*) FROM (SELECT owner FROM stream_offset WHERE owner IS NOT NULL GROUP BY owner HAVING count(*) = 8) x")
                == 2);
        await(vertx.undeploy(deployed));
        eventually(() -> count("SELECT count(DISTINCT owner) FROM stream_offset") == 1
                && count("SELECT count(*) FROM stream_offset WHERE owner IS NOT NULL") == 16);
    }

    @Test
    void what_a_member_writes_after_its_lease_went_to_another_is_rolled_back() {
        await(pool.query("CREATE TABLE effect (n int)").execute());
        await(vertx.deployVerticle(consumer("fence", (tx, batch) -> tx.query("INSERT INTO effect VALUES (1)")
                .execute()
                // While it works, somebody else gets the partition.
                .compose(done -> pool.query(
                                "UPDATE stream_offset SET epoch = epoch + 1, owner = gen_random_uuid(), lease_until = now() + interval '1 hour'")
                        .execute())
                .mapEmpty())));
        await(streams.append("ingest", List.of(record("a", 1))));
        eventually(() -> count("SELECT count(*) FROM stream_offset WHERE epoch > 1") > 0);
        await(vertx.timer(500, TimeUnit.MILLISECONDS));
        assertThat(count("SELECT count(*) FROM effect")).isZero();
        assertThat(count("SELECT count(*) FROM stream_offset WHERE pos > 0")).isZero();
    }

    @Test
    void the_outbox_becomes_part_of_its_topic_in_the_order_it_was_written() {
        await(vertx.deployVerticle(new StreamKeeper(pool, streams, config, List.of())));
        await(pool.withTransaction(tx -> Outbox.write(tx, "facts", records("k", 5))
                .compose(done -> Outbox.write(tx, "facts", List.of(record("k", 5))))));
        eventually(() -> count("SELECT count(*) FROM stream_record WHERE topic = 'facts'") == 6);
        var order = await(pool.query("SELECT payload FROM stream_record WHERE topic = 'facts' ORDER BY pos")
                .execute());
        var n = 0;
        for (var row : order) {
            assertThat(new JsonObject(row.getString("payload")).getInteger("n")).isEqualTo(n++);
        }
        assertThat(count("SELECT count(*) FROM outbox")).isZero();
    }

    @Test
    void what_comes_through_the_outbox_is_in_the_partition_of_its_key_like_what_is_appended() {
        await(vertx.deployVerticle(new StreamKeeper(pool, streams, config, List.of())));
        for (var key : List.of("a", "b", "c", "d")) {
            await(streams.append("facts", List.of(record(key, 1))));
            await(pool.withTransaction(tx -> Outbox.write(tx, "facts", List.of(record(key, 2)))));
        }
        eventually(() -> count("SELECT count(*) FROM stream_record WHERE topic = 'facts'") == 8);
        assertThat(count("SELECT count(DISTINCT (key, part)) FROM stream_record WHERE topic = 'facts'"))
                .isEqualTo(4);
    }

    @Test
    void what_the_handler_throws_isolates_the_record_too() {
        var digested = Collections.synchronizedList(new ArrayList<Integer>());
        await(vertx.deployVerticle(consumer("throwing", (tx, batch) -> {
            var numbers = batch.stream()
                    .map(one -> one.record().payload().getInteger("n"))
                    .toList();
            if (numbers.contains(7)) {
                throw new IllegalStateException("seven");
            }
            digested.addAll(numbers);
            return Future.succeededFuture();
        })));
        await(streams.append(
                "ingest",
                IntStream.range(0, 20).mapToObj(n -> record("same", n)).toList()));
        eventually(() -> digested.size() >= 19);
        eventually(() -> count("SELECT count(*) FROM dead_letter WHERE reason LIKE '%seven%'") == 1);
        assertThat(digested).doesNotHaveDuplicates().doesNotContain(7).hasSize(19);
    }

    @Test
    void a_broken_connection_makes_no_dead_letter_and_no_second_effect() {
        await(pool.query("CREATE TABLE digested (n int)").execute());
        var breaks = new AtomicInteger(2);
        await(vertx.deployVerticle(
                consumer("broken", (tx, batch) -> tx.preparedQuery("INSERT INTO digested SELECT unnest($1::int[])")
                        .execute(Tuple.of((Object) batch.stream()
                                .map(one -> one.record().payload().getInteger("n"))
                                .toArray(Integer[]::new)))
                        .compose(done -> breaks.getAndDecrement() > 0
                                ? tx.query("SELECT pg_terminate_backend(pg_backend_pid())")
                                        .execute()
                                        .mapEmpty()
                                : Future.succeededFuture()))));
        await(streams.append("ingest", records("same", 10)));
        eventually(() -> count("SELECT count(*) FROM digested") > 0);
        assertThat(count("SELECT count(*) FROM digested")).isEqualTo(10);
        assertThat(count("SELECT count(*) FROM dead_letter")).isZero();
    }

    @Test
    void a_frozen_member_loses_its_partitions_and_what_it_writes_when_it_wakes() {
        await(pool.query("CREATE TABLE effect (who text, n int)").execute());
        var thaw = new AtomicReference<Promise<Void>>();
        await(vertx.deployVerticle(
                consumer("frozen", (tx, batch) -> effect(tx, "frozen", batch).compose(done -> {
                    Promise<Void> promise = Promise.promise();
                    return thaw.compareAndSet(null, promise) ? promise.future() : Future.succeededFuture();
                }))));
        eventually(() -> count("SELECT count(*) FROM stream_offset WHERE owner IS NOT NULL") == 16);
        await(streams.append("ingest", records("a", 30)));
        eventually(() -> thaw.get() != null);
        await(vertx.deployVerticle(consumer("frozen", (tx, batch) -> effect(tx, "other", batch))));
        await(streams.append(
                "ingest",
                IntStream.range(100, 200).mapToObj(n -> record("k" + n, n)).toList()));
        eventually(() -> count("SELECT count(*) FROM effect") == 130);
        assertThat(count("SELECT count(*) FROM effect WHERE who = 'other'")).isEqualTo(130);
        thaw.get().complete();
        await(streams.append(
                "ingest",
                IntStream.range(200, 300).mapToObj(n -> record("k" + n, n)).toList()));
        eventually(() -> count("SELECT count(*) FROM effect") >= 230
                && count("SELECT count(DISTINCT owner) FROM stream_offset") == 2);
        assertThat(count("SELECT count(DISTINCT n) FROM effect")).isEqualTo(230);
        assertThat(count("SELECT count(*) FROM effect")).as("nothing twice").isEqualTo(230);
        assertThat(count("SELECT count(*) FROM dead_letter")).isZero();
    }

    @Test
    void one_node_has_all_partitions_of_every_topic_of_a_group() {
        await(vertx.deployVerticle(consumer("both", (tx, batch) -> Future.succeededFuture())));
        await(vertx.deployVerticle(
                new StreamConsumer(pool, "both", "bulk", config, (tx, batch) -> Future.succeededFuture())));
        eventually(() -> count("SELECT count(*) FROM stream_offset WHERE owner IS NOT NULL") == 32);
    }

    @Test
    void a_member_at_work_keeps_its_partitions_while_leases_are_renewed() {
        var epochs = new AtomicReference<>(0L);
        await(vertx.deployVerticle(consumer(
                "busy",
                (tx, batch) -> tx.query("SELECT pg_sleep(0.02)").execute().mapEmpty())));
        eventually(() -> count("SELECT count(*) FROM stream_offset WHERE owner IS NOT NULL") == 16);
        epochs.set(count("SELECT sum(epoch)::int8 FROM stream_offset"));
        for (int i = 0; i < 60; i++) {
            await(streams.append("ingest", records("k" + i, 3)));
            await(vertx.timer(50, TimeUnit.MILLISECONDS));
        }
        assertThat(count("SELECT sum(epoch)::int8 FROM stream_offset")).isEqualTo(epochs.get());
        assertThat(count("SELECT count(*) FROM stream_offset WHERE owner IS NOT NULL"))
                .isEqualTo(16);
    }

    @Test
    void one_requests_bad_record_does_not_fail_its_neighbours() {
        var good = streams.append("ingest", List.of(record("good", 1)));
        var bad = streams.append("ingest", List.of(record("bad\0", 2)));
        var alsoGood = streams.append("ingest", List.of(record("also good", 3)));
        await(Future.join(List.of(good, bad, alsoGood)).otherwiseEmpty());
        assertThat(List.of(good.succeeded(), bad.succeeded(), alsoGood.succeeded()))
                .containsExactly(true, false, true);
        assertThat(count("SELECT count(*) FROM stream_record")).isEqualTo(2);
    }

    @Test
    void when_too_many_wait_the_next_is_told_to_come_again() {
        var small = new Streams(
                vertx,
                pool,
                Config.of(Map.of("FATHI_STREAM_APPEND_QUEUE", "10", "FATHI_STREAM_APPEND_WAIT_MILLIS", "1000"))
                        .stream());
        var taken = small.append("ingest", records("a", 8));
        var refused = small.append("ingest", records("b", 3));
        assertThat(refused.cause()).isInstanceOfSatisfying(ProblemException.class, failure -> {
            assertThat(failure.problem().kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(failure.problem().retryAfterSeconds()).isPresent();
        });
        await(taken);
        assertThat(count("SELECT count(*) FROM stream_record")).isEqualTo(8);
    }

    @Test
    void records_of_one_request_are_appended_together_or_not_at_all() {
        var failed = streams.append("ingest", List.of(record("a", 1), record("b\0", 2), record("c", 3)));
        await(failed.otherwiseEmpty());
        assertThat(failed.failed()).isTrue();
        assertThat(count("SELECT count(*) FROM stream_record")).isZero();
        assertThat(count("SELECT sum(next)::int8 FROM stream_head")).isZero();
    }

    @Test
    void an_hour_goes_when_every_group_has_left_it_and_not_before() {
        await(streams.append("ingest", records("a", 3)));
        var hour = count("SELECT max(period) FROM stream_record");
        // Five hours pass: the rows' hour lies back, a new one is there.
        database.execute(
                "UPDATE partition_period SET begins_at = begins_at - interval '5 hours' WHERE relation = 'stream_record'");
        database.execute("SELECT add_period('stream_record', 3600, now() + interval '1 day')");
        database.execute(
                "UPDATE partition_period SET begins_at = now() - interval '1 minute' WHERE relation = 'stream_record' AND begins_at > now()");
        database.execute(
                "INSERT INTO stream_offset (grp, topic, part) SELECT 'slow', 'ingest', part FROM generate_series(0, 15) part");
        var first = await(vertx.deployVerticle(new StreamKeeper(pool, streams, config, List.of())));
        assertThat(count("SELECT count(*) FROM stream_record")).isEqualTo(3);
        await(vertx.undeploy(first));
        database.execute(
                "UPDATE stream_offset o SET pos = h.next FROM stream_head h WHERE h.topic = o.topic AND h.part = o.part");
        await(vertx.deployVerticle(new StreamKeeper(pool, streams, config, List.of())));
        assertThat(count("SELECT count(*) FROM stream_record")).isZero();
        assertThat(count("SELECT count(*) FROM partition_period WHERE relation = 'stream_record' AND number = " + hour))
                .isZero();
        await(streams.append("ingest", records("a", 2)));
        assertThat(count("SELECT min(pos) FROM stream_record"))
                .as("positions go on")
                .isEqualTo(3);
    }

    private static Future<Void> effect(SqlConnection tx, String who, List<StreamConsumer.Consumed> batch) {
        return tx.preparedQuery("INSERT INTO effect SELECT $1, unnest($2::int[])")
                .execute(Tuple.of(who, (Object) batch.stream()
                        .map(one -> one.record().payload().getInteger("n"))
                        .toArray(Integer[]::new)))
                .mapEmpty();
    }

    private StreamConsumer consumer(
            String group, BiFunction<SqlConnection, List<StreamConsumer.Consumed>, Future<Void>> handler) {
        return new StreamConsumer(pool, group, "ingest", config, handler);
    }

    private static List<StreamRecord> records(String key, int count) {
        return IntStream.range(0, count).mapToObj(n -> record(key, n)).toList();
    }

    private static StreamRecord record(String key, int n) {
        return new StreamRecord(1, key, "test", new JsonObject().put("n", n));
    }

    private long count(String sql) {
        return await(pool.query(sql).execute()).iterator().next().getLong(0);
    }

    private static void eventually(BooleanSupplier condition) {
        for (int i = 0; i < 200 && !condition.getAsBoolean(); i++) {
            java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    private static <T> T await(Future<T> future) {
        return future.await();
    }
}
