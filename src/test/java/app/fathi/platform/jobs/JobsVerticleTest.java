package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nodes are Vert.x instances with pools of their own: nothing but the database is common to them. */
class JobsVerticleTest {
    private final JobsWorld world = new JobsWorld();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void two_nodes_run_every_job_and_never_one_twice_at_the_same_time() {
        var runs = new ConcurrentHashMap<String, AtomicInteger>();
        var now = new ConcurrentHashMap<String, String>();
        var overlaps = new AtomicInteger();
        JobsWorld.JobRun handler = (job, lease) -> {
            if (now.putIfAbsent(job.key(), "busy") != null) {
                overlaps.incrementAndGet();
            }
            int run =
                    runs.computeIfAbsent(job.key(), key -> new AtomicInteger()).incrementAndGet();
            JobsWorld.pause(1 + number(job) % 5);
            now.remove(job.key());
            // A third comes back for another turn.
            return number(job) % 3 == 0 && run == 1 ? JobOutcome.again(Instant.now()) : JobOutcome.done();
        };
        world.enqueue(600);
        // A slow machine is no dead node.
        var one = world.node(handler, "FATHI_JOBS_LEASE_SECONDS", "60");
        var other = world.node(handler, "FATHI_JOBS_LEASE_SECONDS", "60");
        JobsWorld.until(() -> world.count("SELECT count(*) FROM jobs") == 0);
        assertThat(overlaps).hasValue(0);
        assertThat(world.count("SELECT count(*) FROM jobs_done")).isEqualTo(600);
        assertThat(runs).hasSize(600);
        assertThat(runs.values().stream().mapToInt(AtomicInteger::get).sum()).isEqualTo(800);
        assertThat(one.counter("jobs.claimed") + other.counter("jobs.claimed")).isEqualTo(800);
        assertThat(one.counter("jobs.claimed")).isPositive();
        assertThat(other.counter("jobs.claimed")).isPositive();
    }

    @Test
    void as_long_as_there_is_more_no_worker_waits_for_the_poll() {
        world.enqueue(300);
        // One slot: each time it comes free there is one job to take, and one more behind it.
        world.node((job, lease) -> JobOutcome.done(), "FATHI_JOBS_WORKERS", "1", "FATHI_JOBS_POLL_MILLIS", "60000");
        JobsWorld.until(() -> world.count("SELECT count(*) FROM jobs") == 0);
        assertThat(world.count("SELECT count(*) FROM jobs_done")).isEqualTo(300);
    }

    @Test
    void a_hint_reaches_the_worker_and_without_it_the_slow_poll_does() {
        var ran = new CountDownLatch(2);
        var node = world.node(
                (job, lease) -> {
                    ran.countDown();
                    return JobOutcome.done();
                },
                "FATHI_JOBS_POLL_MILLIS",
                "60000");
        var jobs = new Jobs(node.vertx());
        jobs.enqueue(node.pool(), List.of(JobsWorld.due("hinted"))).await();
        jobs.wake();
        JobsWorld.until(() -> ran.getCount() == 1);
        var polling = world.node((job, lease) -> {
            ran.countDown();
            return JobOutcome.done();
        });
        world.enqueue(1);
        JobsWorld.until(() -> ran.getCount() == 0);
        assertThat(polling.counter("jobs.claimed")).isEqualTo(1);
    }

    @Test
    void a_frozen_worker_is_fenced_and_its_result_dropped() {
        var held = new AtomicReference<Lease>();
        var resume = Promise.<Void>promise();
        var thaw = new CountDownLatch(1);
        world.enqueue(1);
        var freezing = world.node((job, lease) -> {
            held.set(lease);
            resume.future().await();
            return JobOutcome.done();
        });
        JobsWorld.until(() -> held.get() != null);
        // The node stands still: no heartbeat leaves it, no result.
        freezing.verticle().loop.runOnContext(turn -> {
            try {
                thaw.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        resume.complete();
        var taken = new AtomicReference<Lease>();
        var finish = Promise.<Void>promise();
        var other = world.node((job, lease) -> {
            taken.set(lease);
            finish.future().await();
            return JobOutcome.done();
        });
        JobsWorld.until(() -> taken.get() != null);
        assertThat(other.counter("jobs.taken.over")).isEqualTo(1);
        assertThat(taken.get().token()).isGreaterThan(held.get().token());
        assertThat(held.get().stillMine()).isFalse();
        assertThatThrownBy(() -> held.get().hold(world.pool).await()).isInstanceOf(LeaseLostException.class);

        thaw.countDown();
        JobsWorld.until(() -> freezing.counter("jobs.fenced") == 1);
        assertThat(world.count("SELECT count(*) FROM jobs WHERE state = 'running' AND lease_token = "
                        + taken.get().token()))
                .isEqualTo(1);
        finish.complete();
        JobsWorld.until(() -> world.count("SELECT count(*) FROM jobs_done") == 1);
        assertThat(world.count("SELECT attempts FROM jobs_done")).isEqualTo(2);
        assertThat(other.counter("jobs.fenced")).isZero();
    }

    @Test
    void a_long_run_keeps_its_lease_by_heartbeats() {
        world.enqueue(1);
        var ages = new ArrayList<Boolean>();
        var finish = Promise.<Void>promise();
        var first = world.node((job, lease) -> {
            finish.future().await();
            ages.add(lease.stillMine());
            return JobOutcome.done();
        });
        JobsWorld.until(() -> first.counter("jobs.claimed") == 1);
        var second = world.node((job, lease) -> JobOutcome.done());
        var start = world.dueAt();
        // Two whole leases later.
        JobsWorld.until(() -> Duration.between(start, world.dueAt()).compareTo(Duration.ofSeconds(4)) > 0);
        finish.complete();
        JobsWorld.until(() -> world.count("SELECT count(*) FROM jobs_done") == 1);
        assertThat(ages).containsExactly(true);
        assertThat(first.counter("jobs.claimed") + second.counter("jobs.claimed"))
                .isEqualTo(1);
    }

    @Test
    void a_job_whose_process_died_is_taken_over_after_the_lease() {
        world.enqueue(1);
        // What a killed process leaves behind: a claim, and nobody to renew it.
        var take = new Scheduler.Take(Lane.TRANSACTIONAL, 1, 1, 0);
        ClaimsStore.claim(
                        world.pool,
                        List.of(JobsWorld.TYPE),
                        List.of(take),
                        20,
                        Duration.ofSeconds(2),
                        UUID.randomUUID())
                .await();
        var leaseEnd = world.dueAt();
        var attempts = new AtomicInteger();
        var node = world.node((job, lease) -> {
            attempts.set(job.attempt());
            return JobOutcome.done();
        });
        JobsWorld.until(() -> world.count("SELECT count(*) FROM jobs_done") == 1);
        assertThat(attempts).hasValue(2);
        assertThat(node.counter("jobs.taken.over")).isEqualTo(1);
        assertThat(world.count("SELECT count(*) FROM jobs_done WHERE finished_at >= '" + leaseEnd + "'"))
                .isEqualTo(1);
    }

    @Test
    void a_failing_job_is_retried_and_then_kept_as_dead_with_its_reason() {
        world.enqueue(1);
        var runs = new AtomicInteger();
        world.node(
                (job, lease) -> {
                    runs.incrementAndGet();
                    throw new IllegalStateException("poison\u0000ed");
                },
                "FATHI_JOBS_ATTEMPTS",
                "3",
                "FATHI_JOBS_BACKOFF_MILLIS",
                "5");
        JobsWorld.until(() -> world.count("SELECT count(*) FROM jobs_dead") == 1);
        assertThat(runs).hasValue(3);
        assertThat(world.count("SELECT count(*) FROM jobs")).isZero();
        // What the exception says stays in the log: it may quote anybody.
        assertThat(world.count(
                        "SELECT count(*) FROM jobs_dead WHERE attempts = 3 AND reason LIKE 'It failed unexpectedly.%'"))
                .isEqualTo(1);
    }

    @Test
    void work_asked_for_while_it_runs_is_done_once_more() {
        world.enqueue(1);
        var runs = new AtomicInteger();
        var started = new CountDownLatch(1);
        var finish = Promise.<Void>promise();
        world.node((job, lease) -> {
            runs.incrementAndGet();
            started.countDown();
            finish.future().await();
            return JobOutcome.done();
        });
        JobsWorld.until(() -> started.getCount() == 0);
        world.enqueue(1);
        finish.complete();
        JobsWorld.until(() -> world.count("SELECT count(*) FROM jobs") == 0);
        assertThat(runs).hasValue(2);
        assertThat(world.count("SELECT count(*) FROM jobs_done")).isEqualTo(1);
    }

    @Test
    void a_stop_waits_for_the_running_job_and_gives_back_what_it_did_not_finish() {
        world.enqueue(2);
        var running = new CountDownLatch(2);
        var node = world.node((job, lease) -> {
            running.countDown();
            if (job.key().equals("k0")) {
                while (!lease.stopping()) {
                    JobsWorld.pause(5);
                }
                return JobOutcome.again(Instant.now());
            }
            while (!lease.stopping()) {
                JobsWorld.pause(5);
            }
            JobsWorld.pause(100);
            return JobOutcome.done();
        });
        JobsWorld.until(() -> running.getCount() == 0);
        node.vertx().undeploy(node.verticle().deploymentID()).await();
        assertThat(world.count("SELECT count(*) FROM jobs_done WHERE key = 'k1'"))
                .isEqualTo(1);
        assertThat(world.count("SELECT count(*) FROM jobs WHERE key = 'k0' AND state = 'waiting' AND attempts = 0"
                        + " AND due_at <= now()"))
                .isEqualTo(1);
        assertThat(node.counter("jobs.fenced")).isZero();
    }

    @Test
    void a_stop_does_not_give_away_what_a_deaf_handler_still_does() {
        world.enqueue(1);
        var release = Promise.<Void>promise();
        var held = new AtomicReference<Lease>();
        var node = world.node(Duration.ofMillis(300), (job, lease) -> {
            held.set(lease);
            release.future().await();
            return JobOutcome.done();
        });
        JobsWorld.until(() -> held.get() != null);
        node.verticle().drain().await();
        assertThat(held.get().stillMine()).isFalse();
        assertThat(world.count("SELECT count(*) FROM jobs WHERE state = 'running' AND lease_token = "
                        + held.get().token()))
                .isEqualTo(1);
        release.complete();
    }

    @Test
    void nothing_may_be_sent_once_half_a_lease_has_passed_since_the_hold() {
        var nanos = new long[] {0};
        var job = new Job(
                UUID.randomUUID(),
                1,
                JobsWorld.TYPE,
                Lane.CAMPAIGN,
                "k",
                new JsonObject(),
                1,
                null,
                null,
                Job.Children.NONE,
                Instant.now());
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

    private static int number(Job job) {
        return Integer.parseInt(job.key().substring(1));
    }
}
