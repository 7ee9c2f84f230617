package app.fathi.platform.jobs;

import static app.fathi.platform.jobs.JobsWorld.due;
import static app.fathi.platform.jobs.JobsWorld.handler;
import static app.fathi.platform.jobs.JobsWorld.pause;
import static app.fathi.platform.jobs.JobsWorld.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Parents, children, and jobs that somebody wants to end. */
class JobFamiliesTest {
    private static final String CHILD = "test.child";

    private final JobsWorld world = new JobsWorld();

    @AfterEach
    void close() {
        world.close();
    }

    private List<NewJob> children(int count, Instant runAt) {
        return IntStream.range(0, count)
                .mapToObj(n -> new NewJob(1, CHILD, Lane.CAMPAIGN, "c" + n, new JsonObject(), runAt))
                .toList();
    }

    @Test
    void a_parent_is_over_when_its_children_are_and_says_how_many_failed() {
        var parent = handler((job, lease) -> {
            if (job.children().total() == 0) {
                world.pool
                        .withTransaction(tx -> lease.spawn(tx, children(30, Instant.now())))
                        .await();
            }
            return JobOutcome.done();
        });
        var child = handler(
                CHILD, false, (job, lease) -> job.key().endsWith("7") ? JobOutcome.dead("seven") : JobOutcome.done());
        world.enqueue(List.of(due("parent")));
        world.node(List.of(parent, child));
        until(() -> world.count("SELECT count(*) FROM jobs") == 0);
        assertThat(
                        world.text(
                                """
                        SELECT children || ' ' || children_done || ' ' || children_failed || ' ' || state
                        FROM jobs_done WHERE key = 'parent'
                        """))
                .isEqualTo("30 27 3 done");
        assertThat(world.count("SELECT count(*) FROM jobs_dead WHERE reason = 'seven'"))
                .isEqualTo(3);
        assertThat(world.count("SELECT count(*) FROM job_child_end")).isZero();
    }

    @Test
    void a_parent_that_joins_runs_again_when_the_last_child_is_over() {
        var seen = new AtomicReference<Job.Children>();
        var parent = handler((job, lease) -> {
            if (job.children().total() == 0) {
                world.pool
                        .withTransaction(tx -> lease.spawn(tx, children(5, Instant.now())))
                        .await();
                return JobOutcome.afterChildren();
            }
            seen.set(job.children());
            return JobOutcome.done();
        });
        var open = new AtomicInteger(5);
        var child = handler(CHILD, false, (job, lease) -> {
            open.decrementAndGet();
            return JobOutcome.done();
        });
        world.enqueue(List.of(due("parent")));
        world.node(List.of(parent, child));
        until(() -> world.count("SELECT count(*) FROM jobs_done WHERE key = 'parent'") == 1);
        assertThat(open).hasValue(0);
        assertThat(seen.get()).isEqualTo(new Job.Children(5, 5, 0, 0));
    }

    @Test
    void children_exist_if_and_only_if_their_parents_transaction_commits() {
        var attempts = new AtomicInteger();
        var parent = handler((job, lease) -> {
            world.pool
                    .withTransaction(
                            tx -> lease.spawn(tx, children(3, Instant.now().plusSeconds(3_600)))
                                    .map(spawned -> {
                                        if (attempts.incrementAndGet() == 1) {
                                            throw new IllegalStateException("changed my mind");
                                        }
                                        return spawned;
                                    }))
                    .await();
            return JobOutcome.done();
        });
        world.enqueue(List.of(due("parent")));
        world.node(List.of(parent), "FATHI_JOBS_BACKOFF_MILLIS", "5");
        until(() -> world.count("SELECT count(*) FROM jobs WHERE state = 'parked'") == 1);
        assertThat(attempts).hasValue(2);
        assertThat(world.count("SELECT children FROM jobs WHERE key = 'parent'"))
                .isEqualTo(3);
        assertThat(world.count("SELECT count(*) FROM jobs WHERE parent = '" + world.id("parent") + "'"))
                .isEqualTo(3);
    }

    @Test
    void what_waits_is_cancelled_at_once_and_what_runs_is_told() {
        var told = new AtomicBoolean();
        var running = new AtomicBoolean();
        var node = world.node((job, lease) -> {
            running.set(true);
            while (!lease.cancelled()) {
                pause(5);
            }
            told.set(true);
            return JobOutcome.cancelled();
        });
        world.enqueue(List.of(
                due("now"),
                new NewJob(
                        1,
                        JobsWorld.TYPE,
                        Lane.CAMPAIGN,
                        "later",
                        new JsonObject(),
                        Instant.now().plusSeconds(3_600))));
        until(running::get);
        var later = world.id("later");
        assertThat(world.cancel(later)).isEmpty();
        assertThat(world.text("SELECT state FROM jobs_done WHERE id = '" + later + "'"))
                .isEqualTo("cancelled");

        // Without the hint: the heartbeat tells it.
        var now = world.id("now");
        assertThat(world.cancel(now)).containsExactly(now);
        until(told::get);
        until(() -> world.count("SELECT count(*) FROM jobs") == 0);
        assertThat(world.count("SELECT count(*) FROM jobs_done WHERE state = 'cancelled'"))
                .isEqualTo(2);
        assertThat(node.counter("jobs.fenced")).isZero();
    }

    @Test
    void a_hint_tells_a_running_job_sooner_than_its_heartbeat() {
        var running = new AtomicBoolean();
        var node = world.node(
                (job, lease) -> {
                    running.set(true);
                    while (!lease.cancelled()) {
                        pause(5);
                    }
                    return JobOutcome.cancelled();
                },
                "FATHI_JOBS_LEASE_SECONDS",
                "3600");
        world.enqueue(List.of(due("now")));
        until(running::get);
        var cancelled = world.cancel(world.id("now"));
        until(() -> {
            new Jobs(node.vertx()).tellCancelled(cancelled);
            return world.count("SELECT count(*) FROM jobs_done WHERE state = 'cancelled'") == 1;
        });
    }

    @Test
    void a_handler_that_does_not_listen_is_not_run_again_once_cancelled() {
        var runs = new AtomicInteger();
        var release = new AtomicBoolean();
        world.node((job, lease) -> {
            runs.incrementAndGet();
            while (!release.get()) {
                pause(5);
            }
            throw new IllegalStateException("failed");
        });
        world.enqueue(List.of(due("deaf")));
        until(() -> runs.get() == 1);
        world.cancel(world.id("deaf"));
        release.set(true);
        until(() -> world.count("SELECT count(*) FROM jobs") == 0);
        assertThat(runs).hasValue(1);
        assertThat(world.text("SELECT state FROM jobs_done")).isEqualTo("cancelled");
    }

    @Test
    void a_type_that_settles_is_run_once_more_to_put_things_right() {
        var settled = new CopyOnWriteArrayList<Boolean>();
        var handler = handler(JobsWorld.TYPE, true, (job, lease) -> {
            settled.add(lease.cancelled());
            return lease.cancelled() ? JobOutcome.cancelled() : JobOutcome.done();
        });
        world.enqueue(List.of(new NewJob(
                1,
                JobsWorld.TYPE,
                Lane.CAMPAIGN,
                "later",
                new JsonObject(),
                Instant.now().plusSeconds(3_600))));
        world.cancel(world.id("later"), JobsWorld.TYPE);
        assertThat(world.count("SELECT count(*) FROM jobs WHERE cancelled AND state = 'waiting'"))
                .isEqualTo(1);
        world.node(List.of(handler));
        until(() -> world.count("SELECT count(*) FROM jobs_done WHERE state = 'cancelled'") == 1);
        assertThat(settled).containsExactly(true);
    }

    @Test
    void cancelling_a_parent_cancels_its_family() {
        var parent = handler((job, lease) -> {
            world.pool
                    .withTransaction(tx -> lease.spawn(tx, children(200, Instant.now())))
                    .await();
            return JobOutcome.done();
        });
        var stopped = new AtomicInteger();
        var child = handler(CHILD, false, (job, lease) -> {
            while (!lease.cancelled()) {
                pause(5);
            }
            stopped.incrementAndGet();
            return JobOutcome.cancelled();
        });
        world.enqueue(List.of(due("parent")));
        // A slow machine is no dead node.
        var node = world.node(List.of(parent, child), "FATHI_JOBS_LEASE_SECONDS", "600");
        until(() -> world.count("SELECT count(*) FROM jobs WHERE state = 'running' AND type = '" + CHILD + "'") > 0);
        var running = world.cancel(world.id("parent"));
        assertThat(running).isNotEmpty();
        // A hint may come before the node knows that it has the job: it is only a hint.
        until(() -> {
            new Jobs(node.vertx()).tellCancelled(running);
            return world.count("SELECT count(*) FROM jobs") == 0;
        });
        assertThat(stopped.get()).isLessThanOrEqualTo(running.size()).isPositive();
        assertThat(
                        world.text(
                                """
                        SELECT state || ' ' || children || ' ' || children_cancelled FROM jobs_done WHERE key = 'parent'
                        """))
                .isEqualTo("cancelled 200 200");
    }

    @Test
    void a_job_that_kills_its_workers_ends_as_a_dead_letter_and_is_told_once() {
        var runs = new AtomicInteger();
        world.enqueue(List.of(due("poison")));
        // Its workers were killed three times: each time the lease just ran out.
        world.database.execute("UPDATE jobs SET attempts = 3, state = 'running', due_at = now(), lease_token = 1");
        var node = world.node(
                (job, lease) -> {
                    runs.incrementAndGet();
                    return JobOutcome.done();
                },
                "FATHI_JOBS_ATTEMPTS",
                "3");
        until(() -> world.count("SELECT count(*) FROM jobs_dead") == 1);
        assertThat(runs).hasValue(0);
        assertThat(world.text("SELECT reason FROM jobs_dead")).isEqualTo(JobLife.WORKER_LOST);
        until(() -> node.counter("jobs.died") == 1);
    }

    @Test
    void what_has_to_be_done_in_place_of_a_dead_job_is_asked_for_with_its_death() {
        var done = new ConcurrentHashMap<String, Integer>();
        var handler = new JobHandler() {
            @Override
            public String type() {
                return JobsWorld.TYPE;
            }

            @Override
            public JobOutcome run(Job job, Lease lease) {
                done.merge(job.key(), 1, Integer::sum);
                return job.key().equals("k") ? JobOutcome.dead("hopeless") : JobOutcome.done();
            }

            @Override
            public List<NewJob> afterDeath(Job job) {
                return List.of(due("instead of " + job.key()));
            }
        };
        world.enqueue(List.of(due("k")));
        world.node(List.<JobHandler>of(handler));
        until(() -> world.count("SELECT count(*) FROM jobs_done") == 1);
        assertThat(done).isEqualTo(java.util.Map.of("k", 1, "instead of k", 1));
        assertThat(world.text("SELECT reason FROM jobs_dead")).isEqualTo("hopeless");
    }

    @Test
    void progress_is_seen_while_it_runs() {
        var finish = new AtomicBoolean();
        world.node((job, lease) -> {
            for (int i = 1; i <= 1_000; i++) {
                lease.progress(i, 1_000L, "counting");
            }
            while (!finish.get()) {
                pause(5);
            }
            return JobOutcome.done();
        });
        world.enqueue(List.of(due("k")));
        until(() -> world.count("SELECT count(*) FROM jobs WHERE progress_done = 1000 AND progress_note = 'counting'")
                == 1);
        finish.set(true);
        until(() -> world.count("SELECT count(*) FROM jobs_done WHERE progress_total = 1000") == 1);
    }

    @Test
    void a_workspaces_flood_does_not_delay_anothers_single_job_nor_another_lane() {
        var order = new CopyOnWriteArrayList<Integer>();
        var blocked = new AtomicBoolean(true);
        // Jobs of the flood take for ever: not even that takes the last slot from others.
        world.node((job, lease) -> {
            order.add(job.ws());
            while (job.ws() == 1 && blocked.get()) {
                pause(5);
            }
            return JobOutcome.done();
        });
        world.enqueue(IntStream.range(0, 2_000)
                .mapToObj(n -> due(1, JobsWorld.TYPE, Lane.CAMPAIGN, "flood" + n))
                .toList());
        until(() -> order.size() >= 3);
        world.enqueue(List.of(
                due(2, JobsWorld.TYPE, Lane.CAMPAIGN, "single"),
                due(3, JobsWorld.TYPE, Lane.MAINTENANCE, "sweep"),
                due(4, JobsWorld.TYPE, Lane.TRANSACTIONAL, "urgent"),
                due(5, JobsWorld.TYPE, Lane.TRIGGER, "answer")));
        until(() -> order.containsAll(List.of(2, 3, 4, 5)));
        assertThat(order.stream().filter(ws -> ws == 1).count())
                .isLessThanOrEqualTo(new Scheduler(8).limit(Lane.CAMPAIGN));
        blocked.set(false);
    }
}
