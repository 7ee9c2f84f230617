package app.fathi.platform.jobs;

import static app.fathi.platform.jobs.JobsWorld.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.jobs.Schedule.Missed;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SchedulesTest {
    private static final Duration LATE = Duration.ofSeconds(60);

    private final JobsWorld world = new JobsWorld();
    private final List<Vertx> others = new ArrayList<>();

    @AfterEach
    void close() {
        others.forEach(other -> other.close().await());
        world.close();
    }

    private static Schedule schedule(String cron, Missed missed) {
        return new Schedule(
                1,
                "nightly",
                JobsWorld.TYPE,
                Lane.MAINTENANCE,
                new JsonObject().put("n", 7),
                Cron.parse(cron),
                ZoneId.of("Europe/Berlin"),
                missed);
    }

    private void put(Schedule schedule) {
        new Jobs(world.vertx).schedule(world.pool, schedule).await();
    }

    /** As if no node had been there for so long. */
    private void sleep(String interval) {
        world.database.execute(
                "UPDATE job_schedule SET next_at = date_trunc('minute', now()) - interval '" + interval + "'");
    }

    /** Another node: its own Vert.x and connections. */
    private Schedules node() {
        var vertx = Vertx.vertx();
        others.add(vertx);
        return new Schedules(vertx, world.database.pool(vertx), LATE);
    }

    @Test
    void a_slot_is_run_once_whoever_looks_and_however_many_at_once() {
        put(schedule("* * * * *", Missed.ALL));
        sleep("250 minutes");
        var nodes = List.of(node(), node(), node(), node());
        for (int round = 0; round < 4; round++) {
            Future.all(nodes.stream().map(Schedules::fire).toList()).await();
        }
        // From the 250 minutes ago to this minute; the minute may have changed since.
        assertThat(world.count("SELECT count(*) FROM jobs")).isBetween(251, 252);
        assertThat(world.count("SELECT count(DISTINCT payload->>'slot') FROM jobs"))
                .isEqualTo(world.count("SELECT count(*) FROM jobs"))
                .isEqualTo(world.count("SELECT count(*) FROM job_slot"));
        assertThat(world.count("SELECT count(*) FROM job_schedule WHERE next_at > now()"))
                .isEqualTo(1);
    }

    @Test
    void a_node_that_dies_around_its_slot_leaves_it_to_another() {
        put(schedule("* * * * *", Missed.ONE));
        sleep("3 minutes");
        var dying = node();
        // It has asked for the job, and dies before it commits.
        assertThatThrownBy(() -> world.pool
                        .withTransaction(tx -> SchedulesStore.due(tx, 10)
                                .compose(due -> SchedulesStore.take(
                                        tx,
                                        List.of(new SchedulesStore.Slot(
                                                1, "nightly", due.getFirst().now()))))
                                .compose(taken -> dying.fire())
                                // While it stood there, nobody waited for it and nobody ran its slot.
                                .compose(asked -> Future.failedFuture("died with " + asked)))
                        .await())
                .hasMessageContaining("died with 0");
        assertThat(world.count("SELECT count(*) FROM job_slot")).isZero();
        assertThat(node().fire().await()).isEqualTo(1);
        assertThat(node().fire().await()).isZero();
        assertThat(world.count("SELECT count(*) FROM jobs")).isEqualTo(1);
    }

    @Test
    void a_slot_that_was_run_before_is_not_run_again_even_if_the_schedule_is_set_back() {
        put(schedule("* * * * *", Missed.ALL));
        sleep("2 minutes");
        int asked = node().fire().await();
        assertThat(asked).isBetween(3, 4);
        world.database.execute("DELETE FROM jobs");
        sleep("2 minutes");
        assertThat(node().fire().await()).isBetween(0, 1);
    }

    @Test
    void missed_slots_follow_the_policy() {
        put(schedule("* * * * *", Missed.SKIP));
        sleep("90 minutes");
        assertThat(node().fire().await()).isBetween(1, 2);
        world.database.execute("DELETE FROM jobs; DELETE FROM job_slot");
        put(schedule("* * * * *", Missed.ONE));
        sleep("90 minutes");
        assertThat(node().fire().await()).isEqualTo(1);
        assertThat(world.count("SELECT count(*) FROM jobs WHERE due_at > now() - interval '2 minutes'"))
                .isEqualTo(1);
    }

    @Test
    void saying_the_same_again_loses_no_missed_slot_and_another_expression_begins_anew() {
        put(schedule("30 3 * * *", Missed.ONE));
        sleep("10 hours");
        put(schedule("30 3 * * *", Missed.ALL));
        assertThat(world.count("SELECT count(*) FROM job_schedule WHERE next_at < now() AND missed = 'all'"))
                .isEqualTo(1);
        put(schedule("30 4 * * *", Missed.ALL));
        assertThat(world.count("SELECT count(*) FROM job_schedule WHERE next_at > now()"))
                .isEqualTo(1);
        new Jobs(world.vertx).unschedule(world.pool, 1, "nightly").await();
        assertThat(world.count("SELECT count(*) FROM job_schedule")).isZero();
    }

    @Test
    void the_job_of_a_slot_is_run_with_the_slot_in_its_payload() {
        var ran = new CopyOnWriteArrayList<Job>();
        put(schedule("* * * * *", Missed.ONE));
        sleep("5 minutes");
        world.node((job, lease) -> {
            ran.add(job);
            return JobOutcome.done();
        });
        until(() -> !ran.isEmpty());
        var job = ran.getFirst();
        assertThat(job.key()).isEqualTo("nightly@" + job.payload().getString("slot"));
        assertThat(job.payload().getInteger("n")).isEqualTo(7);
        assertThat(job.lane()).isEqualTo(Lane.MAINTENANCE);
    }
}
