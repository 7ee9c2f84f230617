package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.jobs.JobLife.Effect;
import app.fathi.platform.jobs.JobLife.Event;
import app.fathi.platform.jobs.JobLife.Phase;
import app.fathi.platform.jobs.JobLife.State;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JobsStoreTest {
    private static final String TYPE = "test.work";
    private static final UUID NODE = UUID.randomUUID();
    private static final Duration LEASE = Duration.ofSeconds(30);

    private final Vertx vertx = Vertx.vertx();
    private TestDatabase database;
    private Pool pool;

    @BeforeEach
    void open() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
    }

    @AfterEach
    void close() {
        vertx.close().await();
        database.close();
    }

    /**
     * The statements against the pure function, step by step, on random histories. The connection's {@code now()} is a
     * function of ours, which the search path puts before the built-in one.
     */
    @Test
    void the_statements_do_what_the_pure_function_says() {
        database.execute(
                """
                CREATE SCHEMA test_clock;
                CREATE FUNCTION test_clock.now() RETURNS timestamptz LANGUAGE sql STABLE
                AS $$ SELECT current_setting('test.now')::timestamptz $$
                """);
        var retries = new RetryPolicy(3, Duration.ofSeconds(1), Duration.ofMinutes(1));
        var life = new JobLife(retries, LEASE);
        var connection = pool.getConnection().await();
        connection
                .query("SET search_path = test_clock, pg_catalog, public")
                .execute()
                .await();
        connection.query("SET test.now = '2026-01-01'").execute().await();
        assertThat(connection
                        .query("SELECT now()::date::text")
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getString(0))
                .isEqualTo("2026-01-01");

        long seed = Long.getLong("test.seed", 20_260_101);
        int steps = 0;
        for (int history = 0; history < 60; history++) {
            var random = new Random(seed + history);
            var now = Instant.parse("2026-01-01T00:00:00Z");
            var key = "history-" + history;
            var state = State.asked(now);
            setClock(connection, now);
            enqueue(connection, key, now);
            var leases = new ArrayList<Lease>();
            for (int step = 0; step < 25 && state.phase() != Phase.DONE && state.phase() != Phase.DEAD; step++) {
                now = now.plusMillis(random.nextInt(random.nextBoolean() ? 2_000 : 40_000));
                setClock(connection, now);
                var expected = act(life, retries, connection, random, key, state, now, leases);
                state = expected;
                assertThat(read(connection, key))
                        .as("seed %d, step %d of history %d", seed, step, history)
                        .isEqualTo(expected);
                steps++;
            }
            // The next history's claims find nothing of this one.
            connection.query("DELETE FROM jobs").execute().await();
            connection.query("DELETE FROM jobs_done").execute().await();
        }
        assertThat(steps).isGreaterThan(600);
    }

    private static State act(
            JobLife life,
            RetryPolicy retries,
            SqlConnection connection,
            Random random,
            String key,
            State state,
            Instant now,
            List<Lease> leases) {
        int choice = leases.isEmpty() ? random.nextInt(2) : random.nextInt(6);
        if (choice == 0) {
            var runAt = now.plusSeconds(random.nextInt(5));
            enqueue(connection, key, runAt);
            return life.step(state, new Event.Asked(runAt), now).state();
        }
        if (choice == 1 || leases.isEmpty()) {
            var claimed = JobsStore.claim(connection, Set.of(TYPE), 5, retries.attempts(), LEASE, NODE)
                    .await();
            long token = claimed.isEmpty() ? -1 : claimed.getFirst().token();
            var step = life.step(state, new Event.Claimed(token), now);
            assertThat(claimed.isEmpty()).isEqualTo(step.effect() == Effect.NONE);
            if (!claimed.isEmpty()) {
                var one = claimed.getFirst();
                assertThat(one.buried()).isEqualTo(step.effect() == Effect.BURIED);
                assertThat(one.takenOver() && !one.buried()).isEqualTo(step.effect() == Effect.TAKE_OVER);
                if (!one.buried()) {
                    leases.add(new Lease(one.job(), token, LEASE, 0, () -> 0));
                }
            }
            return step.state();
        }
        // Any of all leases that there ever were: most are stale.
        var lease = leases.get(random.nextInt(leases.size()));
        if (choice == 2) {
            var renewed = JobsStore.renew(connection, List.of(lease), LEASE).await();
            var step = life.step(state, new Event.Renewed(lease.token()), now);
            assertThat(renewed.renewed().isEmpty()).isEqualTo(step.effect() == Effect.FENCED);
            assertThat(renewed.fenced().isEmpty()).isEqualTo(step.effect() == Effect.RENEWED);
            return step.state();
        }
        Verdict verdict =
                switch (random.nextInt(5)) {
                    case 0 -> new Verdict.Done();
                    case 1 -> new Verdict.Again(now.plusSeconds(random.nextInt(10)));
                    case 2 -> new Verdict.Dead("hopeless");
                    case 3 -> new Verdict.Released();
                    default -> life.failure(lease.job().attempt(), "broken", random.nextDouble());
                };
        var written = JobsStore.end(connection, List.of(new JobsStore.Ended(lease, verdict)))
                .await();
        var step = life.step(state, new Event.Ended(lease.token(), verdict), now);
        assertThat(written.isEmpty()).isEqualTo(step.effect() == Effect.FENCED);
        return step.state();
    }

    private static State read(SqlConnection connection, String key) {
        var live = connection
                .preparedQuery(
                        "SELECT state, due_at, attempts, lease_token, asked_again, reason FROM jobs WHERE key = $1")
                .execute(Tuple.of(key))
                .await();
        if (live.size() == 0) {
            var done = connection
                    .preparedQuery("SELECT finished_at, attempts FROM jobs_done WHERE key = $1")
                    .execute(Tuple.of(key))
                    .await();
            assertThat(done.size()).isEqualTo(1);
            var row = done.iterator().next();
            return new State(
                    Phase.DONE,
                    row.getOffsetDateTime("finished_at").toInstant(),
                    row.getInteger("attempts"),
                    0,
                    false,
                    null);
        }
        assertThat(live.size()).isEqualTo(1);
        var row = live.iterator().next();
        return new State(
                Phase.valueOf(row.getString("state").toUpperCase(java.util.Locale.ROOT)),
                row.getOffsetDateTime("due_at").toInstant(),
                row.getInteger("attempts"),
                row.getLong("lease_token") == null ? 0 : row.getLong("lease_token"),
                row.getBoolean("asked_again"),
                row.getString("reason"));
    }

    private static void setClock(SqlConnection connection, Instant now) {
        connection
                .preparedQuery("SELECT set_config('test.now', $1, false)")
                .execute(Tuple.of(now.toString()))
                .await();
    }

    private static void enqueue(SqlConnection connection, String key, Instant runAt) {
        var job = new NewJob(1, TYPE, Lane.TRANSACTIONAL, key, new JsonObject(), runAt);
        JobsStore.enqueue(connection, List.of(job), null).await();
    }

    @Test
    void earlier_lanes_are_claimed_first_whatever_is_older() {
        var now = Instant.now();
        JobsStore.enqueue(
                        pool,
                        List.of(
                                new NewJob(1, TYPE, Lane.MAINTENANCE, "old", new JsonObject(), now.minusSeconds(900)),
                                new NewJob(1, TYPE, Lane.CAMPAIGN, "older", new JsonObject(), now.minusSeconds(800)),
                                new NewJob(1, TYPE, Lane.TRANSACTIONAL, "new", new JsonObject(), now.minusSeconds(1)),
                                new NewJob(1, TYPE, Lane.TRANSACTIONAL, "later", new JsonObject(), now.plusSeconds(99)),
                                new NewJob(
                                        1, "other", Lane.TRANSACTIONAL, "new", new JsonObject(), now.minusSeconds(9))),
                        null)
                .await();
        assertThat(claim(2)).containsExactlyInAnyOrder("new", "older");
        assertThat(claim(2)).containsExactly("old");
        assertThat(claim(2)).isEmpty();
    }

    @Test
    void a_heartbeat_waits_for_nobody_and_fences_nobody_it_could_not_reach() {
        var due = Instant.now().minusSeconds(1);
        JobsStore.enqueue(pool, List.of(new NewJob(1, TYPE, Lane.CAMPAIGN, "k", new JsonObject(), due)), null)
                .await();
        var claimed =
                JobsStore.claim(pool, Set.of(TYPE), 1, 3, LEASE, NODE).await().getFirst();
        var lease = new Lease(claimed.job(), claimed.token(), LEASE, System.nanoTime(), System::nanoTime);
        pool.withTransaction(tx -> lease.hold(tx)
                        .compose(held -> JobsStore.renew(pool, List.of(lease), LEASE))
                        .onSuccess(renewals -> {
                            assertThat(renewals.renewed()).isEmpty();
                            assertThat(renewals.fenced()).isEmpty();
                        }))
                .await();
        assertThat(JobsStore.renew(pool, List.of(lease), LEASE).await().renewed())
                .hasSize(1);
    }

    /** On an empty table without statistics, too: that is when a wrong plan is chosen and kept. */
    @Test
    void claims_walk_the_index_of_due_jobs() {
        var plan = new StringBuilder();
        var connection = pool.getConnection().await();
        connection.query("SET plan_cache_mode = force_generic_plan").execute().await();
        connection
                .query("EXPLAIN SELECT id FROM jobs WHERE lane = 0 AND due_at <= now() AND state <> 'dead'"
                        + " ORDER BY due_at LIMIT 10")
                .execute()
                .await()
                .forEach(row -> plan.append(row.getString(0)).append('\n'));
        assertThat(plan.toString()).contains("Index Scan using jobs_due");
    }

    @Test
    void finished_jobs_are_filed_by_day_and_old_days_dropped() {
        database.execute(
                """
                CREATE TABLE jobs_done_20200102 PARTITION OF jobs_done
                FOR VALUES FROM ('2020-01-02 00:00+00') TO ('2020-01-03 00:00+00')
                """);
        JobsStore.partitions(pool, 7).await();
        JobsStore.partitions(pool, 7).await();
        enqueue(pool.getConnection().await(), "k", Instant.now().minusSeconds(1));
        var claimed =
                JobsStore.claim(pool, Set.of(TYPE), 1, 3, LEASE, NODE).await().getFirst();
        var lease = new Lease(claimed.job(), claimed.token(), LEASE, 0, () -> 0);
        JobsStore.end(pool, List.of(new JobsStore.Ended(lease, new Verdict.Done())))
                .await();
        assertThat(
                        text(
                                """
                        SELECT (SELECT count(*) FROM pg_inherits WHERE inhparent = 'jobs_done'::regclass)
                               || ' ' || (SELECT tableoid = ('jobs_done_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'))::regclass
                                          FROM jobs_done)
                        """))
                .isEqualTo("9 true");
    }

    private List<String> claim(int limit) {
        return JobsStore.claim(pool, Set.of(TYPE), limit, 3, LEASE, NODE).await().stream()
                .map(claimed -> claimed.job().key())
                .toList();
    }

    private String text(String sql) {
        return pool.query(sql).execute().await().iterator().next().getString(0);
    }
}
