package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A single job that is due begins in the process that wrote it, the moment it is committed. */
class HandOverTest {
    private final JobsWorld world = new JobsWorld();
    private final Queue<Job> ran = new ConcurrentLinkedQueue<>();
    private final Promise<Void> resume = Promise.promise();

    @AfterEach
    void close() {
        world.close();
    }

    private JobOutcome note(Job job, Lease lease) {
        ran.add(job);
        return JobOutcome.done();
    }

    private JobOutcome stay(Job job, Lease lease) {
        ran.add(job);
        resume.future().await();
        return JobOutcome.done();
    }

    /** It never looks by itself. */
    private JobsWorld.Node node(JobsWorld.JobRun run, int workers) {
        return world.node(run, "FATHI_JOBS_POLL_MILLIS", "60000", "FATHI_JOBS_WORKERS", "" + workers);
    }

    /** In a transaction that ends like this future. */
    private static Future<Void> enqueue(JobsWorld.Node node, NewJob job, Future<?> end) {
        return node.pool().withTransaction(tx -> node.jobs()
                .enqueue(tx, List.of(job))
                .compose(written -> end)
                .mapEmpty());
    }

    private static Future<Void> enqueue(JobsWorld.Node node, NewJob job) {
        return enqueue(node, job, Future.succeededFuture());
    }

    private void awaitDone(int jobs) {
        JobsWorld.until(() ->
                world.count("SELECT count(*) FROM jobs_done") == jobs && world.count("SELECT count(*) FROM jobs") == 0);
    }

    @Test
    void it_begins_with_the_commit_and_nobody_has_to_look_for_it() {
        var node = node(this::note, 8);
        var end = Promise.<Void>promise();
        var written = enqueue(node, JobsWorld.due("a"), end.future());
        JobsWorld.until(() -> busy(node) == 1);
        assertThat(world.count("SELECT count(*) FROM jobs")).isZero();
        assertThat(ran).isEmpty();
        end.complete();
        written.await();
        awaitDone(1);
        assertThat(ran).singleElement().satisfies(job -> {
            assertThat(job.key()).isEqualTo("a");
            assertThat(job.attempt()).isEqualTo(1);
        });
        assertThat(world.count("SELECT count(*) FROM job_share"))
                .as("turns that it cost")
                .isZero();
        assertThat(node.counter("jobs.claimed")).isEqualTo(1);
    }

    @Test
    void a_change_that_is_rolled_back_begins_nothing_and_keeps_no_worker() {
        var node = node(this::note, 1);
        for (int i = 0; i < 3; i++) {
            enqueue(node, JobsWorld.due("never"), Future.failedFuture("changed my mind"))
                    .otherwiseEmpty()
                    .await();
        }
        enqueue(node, JobsWorld.due("a")).await();
        awaitDone(1);
        assertThat(ran).extracting(Job::key).containsExactly("a");
    }

    @Test
    void with_no_worker_free_it_waits_like_every_other() {
        var node = node(this::stay, 1);
        enqueue(node, JobsWorld.due("a")).await();
        JobsWorld.until(() -> ran.size() == 1);
        enqueue(node, JobsWorld.due("b")).await();
        enqueue(node, JobsWorld.due("c")).await();
        assertThat(world.count("SELECT count(*) FROM jobs WHERE state = 'waiting'"))
                .isEqualTo(2);
        resume.complete();
        awaitDone(3);
        assertThat(ran).extracting(Job::key).containsExactly("a", "b", "c");
    }

    @Test
    void who_asks_for_a_job_that_runs_gets_another_run_of_it() {
        var node = node(this::stay, 8);
        enqueue(node, JobsWorld.due("a")).await();
        JobsWorld.until(() -> ran.size() == 1);
        enqueue(node, JobsWorld.due("a")).await();
        assertThat(ran).hasSize(1);
        resume.complete();
        JobsWorld.until(() -> {
            // In place of the poll that finds it.
            node.jobs().wake();
            return ran.size() == 2;
        });
        JobsWorld.until(() -> busy(node) == 0 && world.count("SELECT count(*) FROM jobs") == 0);
    }

    @Test
    void a_process_that_dies_with_it_is_followed_by_another_when_the_lease_is_over() {
        JobsStore.enqueueBegun(world.pool, JobsWorld.due("a"), "request-1", UUID.randomUUID(), Duration.ofMillis(300))
                .await();
        world.node(this::note);
        awaitDone(1);
        assertThat(ran).singleElement().satisfies(job -> {
            assertThat(job.attempt()).isEqualTo(2);
            assertThat(job.requestId()).isEqualTo("request-1");
        });
    }

    @Test
    void a_process_that_leaves_waits_for_the_commit_and_gives_it_to_others() {
        var leaving = node(this::note, 8);
        var end = Promise.<Void>promise();
        var written = enqueue(leaving, JobsWorld.due("a"), end.future());
        JobsWorld.until(() -> busy(leaving) == 1);
        var drained = leaving.verticle().drain();
        JobsWorld.until(() -> reservedNoMore(leaving));
        assertThat(drained.isComplete()).isFalse();
        end.complete();
        written.await();
        drained.await();
        assertThat(ran).isEmpty();
        assertThat(world.count("SELECT count(*) FROM jobs WHERE state = 'waiting' AND attempts = 0"))
                .isEqualTo(1);
        world.node(this::note);
        awaitDone(1);
    }

    /** Asked where it is known. */
    private static int busy(JobsWorld.Node node) {
        var count = Promise.<Integer>promise();
        node.verticle().loop.runOnContext(turn -> count.complete(node.verticle().busy()));
        return count.future().await();
    }

    /** Whoever asks from now on is sent away. */
    private static boolean reservedNoMore(JobsWorld.Node node) {
        return node.verticle().reserve(JobsWorld.due("other")).await() == null;
    }
}
