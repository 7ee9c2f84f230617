package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes are Vert.x instances with pools of their own: nothing but the database is common to them. */
class JobsVerticleTest {
    private static final String TYPE = "test.work";
    private static final Duration DRAIN = Duration.ofSeconds(5);

    private final List<Node> nodes = new ArrayList<>();
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
        // The pool of a Vert.x instance closes with it: results are written before.
        nodes.forEach(node -> node.verticle.drain().await());
        nodes.forEach(node -> node.vertx.close().await());
        vertx.close().await();
        database.close();
    }

    @Test
    void two_nodes_run_every_job_and_never_one_twice_at_the_same_time() {
        var runs = new ConcurrentHashMap<String, AtomicInteger>();
        var now = new ConcurrentHashMap<String, String>();
        var overlaps = new AtomicInteger();
        JobRun handler = (job, lease) -> {
            if (now.putIfAbsent(job.key(), "busy") != null) {
                overlaps.incrementAndGet();
            }
            int run =
                    runs.computeIfAbsent(job.key(), key -> new AtomicInteger()).incrementAndGet();
            pause(1 + job.id() % 5);
            now.remove(job.key());
            // A third comes back for another turn.
            return job.id() % 3 == 0 && run == 1 ? JobOutcome.again(Instant.now()) : JobOutcome.done();
        };
        enqueue(600);
        var one = node(handler);
        var other = node(handler);
        until(() -> count("SELECT count(*) FROM jobs") == 0);
        assertThat(overlaps).hasValue(0);
        assertThat(count("SELECT count(*) FROM jobs_done")).isEqualTo(600);
        assertThat(runs).hasSize(600);
        assertThat(runs.values().stream().mapToInt(AtomicInteger::get).sum()).isEqualTo(800);
        assertThat(one.counter("fathi_jobs_claimed") + other.counter("fathi_jobs_claimed"))
                .isEqualTo(800);
        assertThat(one.counter("fathi_jobs_claimed")).isPositive();
        assertThat(other.counter("fathi_jobs_claimed")).isPositive();
    }

    @Test
    void a_hint_reaches_the_worker_and_without_it_the_slow_poll_does() {
        var ran = new CountDownLatch(2);
        var node = node(
                (job, lease) -> {
                    ran.countDown();
                    return JobOutcome.done();
                },
                "FATHI_JOBS_POLL_MILLIS",
                "60000");
        var jobs = new Jobs(node.vertx);
        jobs.enqueue(node.pool, List.of(due("hinted"))).await();
        jobs.wake();
        until(() -> ran.getCount() == 1);
        var polling = node((job, lease) -> {
            ran.countDown();
            return JobOutcome.done();
        });
        enqueue(1);
        until(() -> ran.getCount() == 0);
        assertThat(polling.counter("fathi_jobs_claimed")).isEqualTo(1);
    }

    @Test
    void a_frozen_worker_is_fenced_and_its_result_dropped() {
        var held = new AtomicReference<Lease>();
        var resume = Promise.<Void>promise();
        var thaw = new CountDownLatch(1);
        enqueue(1);
        var freezing = node((job, lease) -> {
            held.set(lease);
            resume.future().await();
            return JobOutcome.done();
        });
        until(() -> held.get() != null);
        // The node stands still: no heartbeat leaves it, no result.
        freezing.verticle.loop.runOnContext(turn -> {
            try {
                thaw.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        resume.complete();
        var taken = new AtomicReference<Lease>();
        var finish = Promise.<Void>promise();
        var other = node((job, lease) -> {
            taken.set(lease);
            finish.future().await();
            return JobOutcome.done();
        });
        until(() -> taken.get() != null);
        assertThat(other.counter("fathi_jobs_taken_over")).isEqualTo(1);
        assertThat(taken.get().token()).isGreaterThan(held.get().token());
        assertThat(held.get().stillMine()).isFalse();
        assertThatThrownBy(() -> held.get().hold(pool).await()).isInstanceOf(LeaseLostException.class);

        thaw.countDown();
        until(() -> freezing.counter("fathi_jobs_fenced") == 1);
        assertThat(count("SELECT count(*) FROM jobs WHERE state = 'running' AND lease_token = "
                        + taken.get().token()))
                .isEqualTo(1);
        finish.complete();
        until(() -> count("SELECT count(*) FROM jobs_done") == 1);
        assertThat(count("SELECT attempts FROM jobs_done")).isEqualTo(2);
        assertThat(other.counter("fathi_jobs_fenced")).isZero();
    }

    @Test
    void a_long_run_keeps_its_lease_by_heartbeats() {
        enqueue(1);
        var ages = new ArrayList<Boolean>();
        var finish = Promise.<Void>promise();
        var first = node((job, lease) -> {
            finish.future().await();
            ages.add(lease.stillMine());
            return JobOutcome.done();
        });
        var second = node((job, lease) -> JobOutcome.done());
        var start = dueAt();
        // Two whole leases later.
        until(() -> Duration.between(start, dueAt()).compareTo(Duration.ofSeconds(4)) > 0);
        finish.complete();
        until(() -> count("SELECT count(*) FROM jobs_done") == 1);
        assertThat(ages).containsExactly(true);
        assertThat(first.counter("fathi_jobs_claimed") + second.counter("fathi_jobs_claimed"))
                .isEqualTo(1);
    }

    @Test
    void a_job_whose_process_died_is_taken_over_after_the_lease() {
        enqueue(1);
        // What a killed process leaves behind: a claim, and nobody to renew it.
        JobsStore.claim(pool, List.of(TYPE), 1, 20, Duration.ofSeconds(2), UUID.randomUUID())
                .await();
        var leaseEnd = dueAt();
        var attempts = new AtomicInteger();
        var node = node((job, lease) -> {
            attempts.set(job.attempt());
            return JobOutcome.done();
        });
        until(() -> count("SELECT count(*) FROM jobs_done") == 1);
        assertThat(attempts).hasValue(2);
        assertThat(node.counter("fathi_jobs_taken_over")).isEqualTo(1);
        assertThat(count("SELECT count(*) FROM jobs_done WHERE finished_at >= '" + leaseEnd + "'"))
                .isEqualTo(1);
    }

    @Test
    void a_failing_job_is_retried_and_then_kept_as_dead_with_its_reason() {
        enqueue(1);
        var runs = new AtomicInteger();
        node(
                (job, lease) -> {
                    runs.incrementAndGet();
                    throw new IllegalStateException("poison\u0000ed");
                },
                "FATHI_JOBS_ATTEMPTS",
                "3",
                "FATHI_JOBS_BACKOFF_MILLIS",
                "5");
        until(() -> count("SELECT count(*) FROM jobs WHERE state = 'dead'") == 1);
        assertThat(runs).hasValue(3);
        assertThat(count("SELECT count(*) FROM jobs WHERE attempts = 3 AND lease_token IS NULL"
                        + " AND reason = 'java.lang.IllegalStateException: poison\uFFFDed'"))
                .isEqualTo(1);
    }

    @Test
    void work_asked_for_while_it_runs_is_done_once_more() {
        enqueue(1);
        var runs = new AtomicInteger();
        var started = new CountDownLatch(1);
        var finish = Promise.<Void>promise();
        node((job, lease) -> {
            runs.incrementAndGet();
            started.countDown();
            finish.future().await();
            return JobOutcome.done();
        });
        until(() -> started.getCount() == 0);
        enqueue(1);
        finish.complete();
        until(() -> count("SELECT count(*) FROM jobs") == 0);
        assertThat(runs).hasValue(2);
        assertThat(count("SELECT count(*) FROM jobs_done")).isEqualTo(1);
    }

    @Test
    void a_stop_waits_for_the_running_job_and_gives_back_what_it_did_not_finish() {
        enqueue(2);
        var running = new CountDownLatch(2);
        var node = node((job, lease) -> {
            running.countDown();
            if (job.key().equals("k0")) {
                while (!lease.stopping()) {
                    pause(5);
                }
                return JobOutcome.again(Instant.now());
            }
            while (!lease.stopping()) {
                pause(5);
            }
            pause(100);
            return JobOutcome.done();
        });
        until(() -> running.getCount() == 0);
        node.vertx.undeploy(node.verticle.deploymentID()).await();
        assertThat(count("SELECT count(*) FROM jobs_done WHERE key = 'k1'")).isEqualTo(1);
        assertThat(count("SELECT count(*) FROM jobs WHERE key = 'k0' AND state = 'waiting' AND attempts = 0"
                        + " AND due_at <= now()"))
                .isEqualTo(1);
        assertThat(node.counter("fathi_jobs_fenced")).isZero();
    }

    @Test
    void a_stop_does_not_give_away_what_a_deaf_handler_still_does() {
        enqueue(1);
        var release = Promise.<Void>promise();
        var held = new AtomicReference<Lease>();
        var node = node(Duration.ofMillis(300), (job, lease) -> {
            held.set(lease);
            release.future().await();
            return JobOutcome.done();
        });
        until(() -> held.get() != null);
        node.verticle.drain().await();
        assertThat(held.get().stillMine()).isFalse();
        assertThat(count("SELECT count(*) FROM jobs WHERE state = 'running' AND lease_token = "
                        + held.get().token()))
                .isEqualTo(1);
        release.complete();
    }

    @Test
    void nothing_may_be_sent_once_half_a_lease_has_passed_since_the_hold() {
        var nanos = new long[] {0};
        var job = new Job(1, 1, TYPE, Lane.CAMPAIGN, "k", new JsonObject(), 1, null, Instant.now());
        var lease = new Lease(job, 7, Duration.ofSeconds(30), 0, () -> nanos[0]);
        var hold = new Lease.Hold(lease, 0);
        nanos[0] = Duration.ofSeconds(15).toNanos() - 1;
        assertThat(hold.maySend()).isTrue();
        nanos[0]++;
        assertThat(hold.maySend()).isFalse();
        assertThat(lease.stillMine()).isTrue();
        nanos[0] = Duration.ofSeconds(30).toNanos();
        assertThat(lease.stillMine()).isFalse();
        lease.renewed(nanos[0]);
        assertThat(lease.stillMine()).isTrue();
        lease.lose();
        assertThat(lease.stillMine()).isFalse();
    }

    private interface JobRun {
        JobOutcome run(Job job, Lease lease) throws Exception;
    }

    private record Node(Vertx vertx, Pool pool, JobsVerticle verticle, SimpleMeterRegistry registry) {
        int counter(String name) {
            return (int) registry.find(name).counters().stream()
                    .mapToDouble(counter -> counter.count())
                    .sum();
        }
    }

    private Node node(JobRun run, String... environment) {
        return node(DRAIN, run, environment);
    }

    private Node node(Duration drain, JobRun run, String... environment) {
        var settings = new HashMap<>(
                Map.of("FATHI_JOBS_LEASE_SECONDS", "2", "FATHI_JOBS_POLL_MILLIS", "50", "FATHI_JOBS_WORKERS", "4"));
        for (int i = 0; i < environment.length; i += 2) {
            settings.put(environment[i], environment[i + 1]);
        }
        var own = Vertx.vertx();
        var ownPool = database.pool(own);
        var registry = new SimpleMeterRegistry();
        var handler = new JobHandler() {
            @Override
            public String type() {
                return TYPE;
            }

            @Override
            public JobOutcome run(Job job, Lease lease) throws Exception {
                return run.run(job, lease);
            }
        };
        var verticle = new JobsVerticle(
                ownPool, Config.of(settings).jobs(), UUID.randomUUID(), drain, List.of(handler), registry);
        own.deployVerticle(verticle).await();
        var node = new Node(own, ownPool, verticle, registry);
        nodes.add(node);
        return node;
    }

    private static NewJob due(String key) {
        return new NewJob(
                1,
                TYPE,
                Lane.TRANSACTIONAL,
                key,
                new JsonObject(),
                Instant.now().minusSeconds(1));
    }

    private void enqueue(int count) {
        new Jobs(vertx)
                .enqueue(
                        pool,
                        IntStream.range(0, count).mapToObj(n -> due("k" + n)).toList())
                .await();
    }

    private Instant dueAt() {
        return pool.query("SELECT due_at FROM jobs")
                .execute()
                .await()
                .iterator()
                .next()
                .getOffsetDateTime(0)
                .toInstant();
    }

    private int count(String sql) {
        return pool.query(sql).execute().await().iterator().next().getInteger(0);
    }

    /** On a worker's virtual thread: gives the thread back, as a handler should. */
    private static void pause(long millis) {
        Vertx.currentContext().owner().timer(millis).await();
    }

    private static void until(BooleanSupplier condition) {
        long limit = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited 30 s").isLessThan(limit);
            LockSupport.parkNanos(10_000_000);
        }
    }
}
