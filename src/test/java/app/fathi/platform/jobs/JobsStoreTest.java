package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.config.Config;
import app.fathi.platform.jobs.JobLife.Effect;
import app.fathi.platform.jobs.JobLife.Event;
import app.fathi.platform.jobs.JobLife.Phase;
import app.fathi.platform.jobs.JobLife.State;
import app.fathi.platform.stream.StreamKeeper;
import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
        Closing.close(vertx);
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
                AS $$ SELECT current_setting('test.now')::timestamptz $$;
                SELECT add_period(relation, 86400, '2026-01-01') FROM unnest(ARRAY['jobs_done', 'jobs_dead']) relation;
                """);
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
        System.err.printf("JobsStore: seeds from %d%n", seed);
        int steps = 0;
        for (int history = 0; history < 120; history++) {
            var one = new History(connection, seed + history);
            steps += one.run();
            // The next history's claims find nothing of this one.
            for (var table : List.of("jobs", "jobs_done", "jobs_dead", "job_child_end")) {
                connection.query("DELETE FROM " + table).execute().await();
            }
        }
        assertThat(steps).isGreaterThan(1_500);
    }

    /** One job in the database and in the pure function. */
    private static final class History {
        private static final RetryPolicy RETRIES = new RetryPolicy(3, Duration.ofSeconds(1), Duration.ofMinutes(1));
        private static final JobLife LIFE = new JobLife(RETRIES, LEASE);

        private final SqlConnection connection;
        private final Random random;
        private final long seed;
        private final boolean settles;
        private final List<Lease> leases = new ArrayList<>();
        private final List<UUID> children = new ArrayList<>();
        private Instant now = Instant.parse("2026-01-01T00:00:00Z");
        private State state = State.asked(now);
        private UUID id;

        History(SqlConnection connection, long seed) {
            this.connection = connection;
            this.seed = seed;
            this.random = Seeds.random(seed);
            this.settles = random.nextBoolean();
        }

        int run() {
            setClock(connection, now);
            enqueue(connection, "job", now);
            id = connection
                    .query("SELECT id FROM jobs")
                    .execute()
                    .await()
                    .iterator()
                    .next()
                    .getUUID(0);
            int step = 0;
            while (step < 30 && state.phase().isLive()) {
                now = now.plusMillis(random.nextInt(random.nextBoolean() ? 2_000 : 40_000));
                setClock(connection, now);
                var event = act();
                assertThat(read()).as("seed %d, step %d: %s", seed, step, event).isEqualTo(state);
                step++;
            }
            return step;
        }

        private Event act() {
            int choice = random.nextInt(leases.isEmpty() ? 3 : 10);
            if (choice == 0) {
                return random.nextInt(4) == 0 ? cancel() : ask();
            }
            if (choice < 3) {
                return claim();
            }
            if (choice == 3 && !children.isEmpty()) {
                return endChild();
            }
            // Any of all leases that there ever were: most are stale.
            var lease = leases.get(random.nextInt(leases.size()));
            return switch (choice) {
                case 3, 4 -> spawn(lease);
                case 5 -> renew(lease);
                default -> end(lease);
            };
        }

        private Effect step(Event event) {
            var step = LIFE.step(state, event, now);
            state = step.state();
            return step.effect();
        }

        private Event ask() {
            var asked = new Event.Asked(now.plusSeconds(random.nextInt(5)));
            enqueue(connection, "job", asked.runAt());
            step(asked);
            return asked;
        }

        private Event cancel() {
            var cancelled = new Event.Cancelled(settles);
            boolean ran = state.phase() == Phase.RUNNING;
            var running = ChildrenStore.cancel(connection, id, settles ? List.of(TYPE) : List.of())
                    .await();
            // Children that wait end with their parent; here they go on being ended one by one.
            connection
                    .query("DELETE FROM job_child_end; UPDATE jobs SET cancelled = false WHERE parent IS NOT NULL")
                    .execute()
                    .await();
            assertThat(running.contains(id)).isEqualTo(ran);
            step(cancelled);
            return cancelled;
        }

        private Event claim() {
            var claimed = JobsStoreTest.claim(connection, 5, RETRIES.attempts());
            long token = claimed.isEmpty() ? -1 : claimed.getFirst().token();
            var event = new Event.Claimed(token);
            var effect = step(event);
            assertThat(claimed.isEmpty()).isEqualTo(effect == Effect.NONE);
            if (!claimed.isEmpty()) {
                var one = claimed.getFirst();
                assertThat(one.usedUp()).isEqualTo(effect == Effect.BURY);
                assertThat(one.takenOver() && !one.usedUp()).isEqualTo(effect == Effect.TAKE_OVER);
                assertThat(one.cancelled()).isEqualTo(state.cancelled());
                assertThat(one.job().attempt()).isEqualTo(state.attempts());
                assertThat(one.job().children().total()).isEqualTo(state.children());
                assertThat(one.job().children().open()).isEqualTo(state.open());
                leases.add(new Lease(one.job(), token, LEASE, 0, () -> 0));
            }
            return event;
        }

        private Event renew(Lease lease) {
            var event = new Event.Renewed(lease.token());
            var renewed = ResultsStore.renew(connection, List.of(lease), LEASE).await();
            var effect = step(event);
            assertThat(renewed.renewed().isEmpty()).isEqualTo(effect == Effect.FENCED);
            assertThat(renewed.fenced().isEmpty()).isEqualTo(effect == Effect.RENEWED);
            assertThat(renewed.cancelled().isEmpty()).isEqualTo(effect == Effect.FENCED || !state.cancelled());
            return event;
        }

        /** Children are of another type, so that nobody claims them: they end when the history says so. */
        private Event spawn(Lease lease) {
            int count = 1 + random.nextInt(3);
            var wanted = new ArrayList<NewJob>();
            for (int i = 0; i < count; i++) {
                var key = "child-" + (children.size() + i) + "-" + random.nextInt();
                wanted.add(new NewJob(1, "test.child", Lane.TRANSACTIONAL, key, new JsonObject(), now));
            }
            var event = new Event.Spawned(lease.token(), count);
            Effect effect;
            try {
                int spawned = lease.spawn(connection, wanted).await();
                effect = step(event);
                assertThat(spawned).isEqualTo(effect == Effect.WRITTEN ? count : 0);
                // The real clock renews a lease that is held.
                connection
                        .preparedQuery("UPDATE jobs SET due_at = now() + interval '30 seconds' WHERE lease_token = $1")
                        .execute(Tuple.of(lease.token()))
                        .await();
                if (effect == Effect.NONE) {
                    // Held, though nothing was spawned.
                    state = LIFE.step(state, new Event.Renewed(lease.token()), now)
                            .state();
                }
            } catch (LeaseLostException e) {
                effect = step(event);
                assertThat(effect).isEqualTo(Effect.FENCED);
            }
            if (effect == Effect.WRITTEN) {
                connection
                        .query("SELECT id FROM jobs WHERE parent IS NOT NULL")
                        .execute()
                        .await()
                        .forEach(row -> {
                            if (!children.contains(row.getUUID(0))) {
                                children.add(row.getUUID(0));
                            }
                        });
            }
            return event;
        }

        private Event endChild() {
            var child = children.remove(random.nextInt(children.size()));
            var verdict = random.nextBoolean() ? new Verdict.Done() : new Verdict.Dead("broken");
            var fates = ResultsStore.end(connection, List.of(new ResultsStore.Ended(child, 0, verdict, null)))
                    .await();
            if (fates.get(child) == ResultsStore.Fate.FENCED) {
                // Its parent was cancelled, and it with it.
                connection
                        .preparedQuery("INSERT INTO job_child_end VALUES ($1, 0, 0, 1)")
                        .execute(Tuple.of(id))
                        .await();
            }
            connection.query("BEGIN").execute().await();
            ChildrenStore.fold(connection).await();
            connection.query("COMMIT").execute().await();
            var event = new Event.ChildEnded();
            if (state.open() > 0) {
                step(event);
            }
            return event;
        }

        private Event end(Lease lease) {
            Verdict verdict =
                    switch (random.nextInt(7)) {
                        case 0 -> new Verdict.Done();
                        case 1 -> new Verdict.Again(now.plusSeconds(random.nextInt(10)));
                        case 2 -> new Verdict.Dead("hopeless");
                        case 3 -> new Verdict.Released();
                        case 4 -> new Verdict.Join();
                        case 5 -> new Verdict.Cancelled();
                        default -> LIFE.failure(lease.job().attempt(), "broken", random.nextDouble());
                    };
            var fate = ResultsStore.end(connection, List.of(ResultsStore.Ended.of(lease, verdict)))
                    .await()
                    .get(id);
            var event = new Event.Ended(lease.token(), verdict);
            var effect = step(event);
            assertThat(fate == ResultsStore.Fate.FENCED).isEqualTo(effect == Effect.FENCED);
            return event;
        }

        private State read() {
            var live = connection
                    .query(
                            """
                            SELECT state, due_at, attempts, lease_token, asked_again, cancelled, joins, children,
                                   children - children_done - children_failed - children_cancelled AS open, reason
                            FROM jobs WHERE key = 'job'
                            """)
                    .execute()
                    .await();
            if (live.size() == 1) {
                var row = live.iterator().next();
                var due = row.getOffsetDateTime("due_at");
                return new State(
                        Phase.valueOf(row.getString("state").toUpperCase(java.util.Locale.ROOT)),
                        due == null ? null : due.toInstant(),
                        row.getInteger("attempts"),
                        row.getLong("lease_token") == null ? 0 : row.getLong("lease_token"),
                        row.getBoolean("asked_again"),
                        row.getBoolean("cancelled"),
                        row.getBoolean("joins"),
                        row.getInteger("children"),
                        row.getInteger("open"),
                        row.getString("reason"));
            }
            var over = connection
                    .query(
                            """
                            SELECT state, attempts, children,
                                   children - children_done - children_failed - children_cancelled AS open, reason
                            FROM (SELECT * FROM jobs_done UNION ALL SELECT * FROM jobs_dead) o WHERE key = 'job'
                            """)
                    .execute()
                    .await();
            assertThat(over.size()).isEqualTo(1);
            var row = over.iterator().next();
            return new State(
                    Phase.valueOf(row.getString("state").toUpperCase(java.util.Locale.ROOT)),
                    null,
                    row.getInteger("attempts"),
                    0,
                    false,
                    false,
                    false,
                    row.getInteger("children"),
                    row.getInteger("open"),
                    row.getString("reason"));
        }
    }

    private static void setClock(SqlConnection connection, Instant now) {
        connection
                .preparedQuery("SELECT set_config('test.now', $1, false)")
                .execute(Tuple.of(now.toString()))
                .await();
    }

    private static void enqueue(SqlConnection connection, String key, Instant runAt) {
        var job = new NewJob(1, TYPE, Lane.TRANSACTIONAL, key, new JsonObject(), runAt);
        JobsStore.enqueue(connection, List.of(job), null, null).await();
    }

    private static List<ClaimsStore.Claimed> claim(SqlClient client, int limit, int attempts) {
        var scheduler = new Scheduler(limit);
        var plan = scheduler.plan(
                Scheduler.Load.NONE,
                ClaimsStore.ready(client, Set.of(TYPE), limit).await());
        return ClaimsStore.claim(client, Set.of(TYPE), plan.takes(), attempts, LEASE, NODE)
                .await();
    }

    private void enqueue(NewJob... jobs) {
        JobsStore.enqueue(pool, List.of(jobs), null, null).await();
    }

    private static NewJob due(int ws, Lane lane, String key) {
        return new NewJob(ws, TYPE, lane, key, new JsonObject(), Instant.now().minusSeconds(60));
    }

    @Test
    void what_is_not_due_or_of_an_unknown_type_is_not_seen() {
        enqueue(
                new NewJob(
                        1,
                        TYPE,
                        Lane.TRANSACTIONAL,
                        "later",
                        new JsonObject(),
                        Instant.now().plusSeconds(99)),
                new NewJob(
                        2,
                        "other",
                        Lane.TRANSACTIONAL,
                        "k",
                        new JsonObject(),
                        Instant.now().minusSeconds(9)));
        assertThat(ClaimsStore.ready(pool, Set.of(TYPE), 5).await()).isEmpty();
        assertThat(claim(pool, 5, 3)).isEmpty();
    }

    @Test
    void a_workspace_is_charged_for_what_it_got_and_newcomers_start_near_the_foremost() {
        for (int i = 0; i < 30; i++) {
            enqueue(due(7, Lane.CAMPAIGN, "k" + i));
        }
        database.execute("INSERT INTO job_share VALUES (2, 5, 1000), (2, 6, 3)");
        // 20 slots, of which 6 are kept for other lanes and one for another workspace.
        assertThat(claim(pool, 20, 3)).hasSize(13);
        assertThat(number("SELECT vtime FROM job_share WHERE lane = 2 AND ws = 7"))
                .isEqualTo(1_000 - Scheduler.CREDIT + 13);
        // Two nodes that have seen the same both charge.
        var take = new Scheduler.Take(Lane.CAMPAIGN, 7, 4, 980);
        ClaimsStore.claim(pool, Set.of(TYPE), List.of(take), 3, LEASE, NODE).await();
        assertThat(number("SELECT vtime FROM job_share WHERE lane = 2 AND ws = 7"))
                .isEqualTo(997);
        // Who is further behind than anybody's credit begins anew anyway.
        ClaimsStore.forgetShares(pool).await();
        assertThat(number("SELECT count(*) FROM job_share")).isEqualTo(2);
    }

    @Test
    void claims_results_and_heartbeats_wait_for_nobody() {
        enqueue(due(1, Lane.CAMPAIGN, "k"), due(1, Lane.CAMPAIGN, "other"));
        var claimed = claim(pool, 8, 3);
        var leases = claimed.stream()
                .map(one -> new Lease(one.job(), one.token(), LEASE, System.nanoTime(), System::nanoTime))
                .toList();
        var locked = leases.getFirst();
        var free = leases.getLast();
        pool.withTransaction(tx -> locked.hold(tx)
                        .compose(held -> ResultsStore.renew(pool, leases, LEASE))
                        .onSuccess(renewals -> {
                            assertThat(renewals.renewed())
                                    .containsExactly(free.job().id());
                            assertThat(renewals.fenced()).isEmpty();
                        })
                        .compose(renewals -> ResultsStore.end(
                                pool,
                                leases.stream()
                                        .map(lease -> ResultsStore.Ended.of(lease, new Verdict.Done()))
                                        .toList()))
                        .onSuccess(fates -> {
                            assertThat(fates).containsEntry(locked.job().id(), ResultsStore.Fate.BUSY);
                            assertThat(fates).containsEntry(free.job().id(), ResultsStore.Fate.DONE);
                        }))
                .await();
        assertThat(ResultsStore.end(pool, List.of(ResultsStore.Ended.of(locked, new Verdict.Done())))
                        .await())
                .containsEntry(locked.job().id(), ResultsStore.Fate.DONE);
    }

    @Test
    void progress_is_written_under_the_lease_alone_and_kept_to_the_end() {
        enqueue(due(1, Lane.CAMPAIGN, "k"));
        var one = claim(pool, 8, 3).getFirst();
        var stale = new Lease(one.job(), one.token() - 1, LEASE, 0, () -> 0);
        stale.progress(99, 100L, "stale");
        var lease = new Lease(one.job(), one.token(), LEASE, 0, () -> 0);
        lease.progress(3, 10L, "reading");
        assertThat(lease.hasNews()).isTrue();
        assertThat(lease.hasNews()).isFalse();
        ResultsStore.progress(pool, List.of(stale, lease)).await();
        assertThat(text("SELECT progress_done || '/' || progress_total || ' ' || progress_note FROM jobs"))
                .isEqualTo("3/10 reading");
        lease.progress(10, 10L, null);
        ResultsStore.end(pool, List.of(ResultsStore.Ended.of(lease, new Verdict.Done())))
                .await();
        assertThat(text("SELECT progress_done || '/' || progress_total FROM jobs_done"))
                .isEqualTo("10/10");
    }

    @Test
    void what_is_over_is_filed_by_day_and_old_days_are_dropped() {
        database.execute(
                """
                SELECT add_period('jobs_done', 86400, now() - interval '9 days');
                SELECT add_period('jobs_dead', 86400, now() - interval '9 days');
                """);
        enqueue(due(1, Lane.CAMPAIGN, "done"), due(1, Lane.CAMPAIGN, "dead"));
        for (var claimed : claim(pool, 8, 3)) {
            var lease = new Lease(claimed.job(), claimed.token(), LEASE, 0, () -> 0);
            var verdict = claimed.job().key().equals("done") ? new Verdict.Done() : new Verdict.Dead("hopeless");
            ResultsStore.end(pool, List.of(ResultsStore.Ended.of(lease, verdict)))
                    .await();
        }
        var keeper = new StreamKeeper(
                pool,
                null,
                Config.of(Map.of()).stream(),
                List.of(
                        new StreamKeeper.Period("jobs_done", 86_400, 7),
                        new StreamKeeper.Period("jobs_dead", 86_400, 30)));
        vertx.deployVerticle(keeper).await();
        assertThat(number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'jobs_done'::regclass"))
                .isEqualTo(3);
        assertThat(number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'jobs_dead'::regclass"))
                .isEqualTo(4);
        assertThat(text("SELECT key FROM jobs_done")).isEqualTo("done");
        assertThat(text("SELECT key || ' ' || reason FROM jobs_dead")).isEqualTo("dead hopeless");
    }

    private long number(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }

    private String text(String sql) {
        return pool.query(sql).execute().await().iterator().next().getString(0);
    }
}
