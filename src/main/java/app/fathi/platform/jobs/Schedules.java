package app.fathi.platform.jobs;

import app.fathi.platform.jobs.SchedulesStore.Due;
import app.fathi.platform.jobs.SchedulesStore.Slot;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks for the jobs of slots that have come. Slot, job and the schedule's move are one transaction, and a slot is a unique
 * row: exactly one job per slot, whichever node dies at whichever moment.
 */
final class Schedules {
    /** So many schedules are looked at in one transaction. */
    private static final int AT_ONCE = 50;

    private final Vertx vertx;
    private final Pool pool;
    private final Duration late;

    Schedules(Vertx vertx, Pool pool, Duration late) {
        this.vertx = vertx;
        this.pool = pool;
        this.late = late;
    }

    static Future<Void> put(SqlClient tx, Schedule schedule) {
        return SchedulesStore.now(tx)
                .compose(now -> SchedulesStore.put(tx, schedule, schedule.cron().next(schedule.zone(), now)));
    }

    /** How many jobs were asked for. */
    Future<Integer> fire() {
        return pool.withTransaction(tx -> SchedulesStore.due(tx, AT_ONCE)
                .compose(due -> due.isEmpty()
                        ? Future.succeededFuture(0)
                        // Counting calendar days takes a while.
                        : vertx.executeBlocking(() -> decide(due)).compose(decided -> write(tx, decided))));
    }

    private record Decided(Due due, Slots slots) {
        Slot slot(Instant at) {
            return new Slot(due.schedule().ws(), due.schedule().name(), at);
        }
    }

    private List<Decided> decide(List<Due> due) {
        return due.stream()
                .map(one -> new Decided(
                        one,
                        Slots.due(
                                one.schedule().cron(),
                                one.schedule().zone(),
                                one.schedule().missed(),
                                one.next(),
                                one.now(),
                                late)))
                .toList();
    }

    private static Future<Integer> write(SqlConnection tx, List<Decided> decided) {
        var slots = decided.stream()
                .flatMap(one -> one.slots().run().stream().map(one::slot))
                .toList();
        var next = decided.stream().map(one -> one.slot(one.slots().next())).toList();
        return SchedulesStore.take(tx, slots)
                .compose(taken -> {
                    var jobs = new ArrayList<NewJob>();
                    for (var one : decided) {
                        for (var at : one.slots().run()) {
                            if (taken.contains(one.slot(at))) {
                                jobs.add(job(one.due().schedule(), at));
                            }
                        }
                    }
                    return (jobs.isEmpty()
                                    ? Future.<Integer>succeededFuture(0)
                                    : JobsStore.enqueue(tx, jobs, null, null))
                            .map(jobs.size());
                })
                .compose(asked -> SchedulesStore.move(tx, next).map(asked));
    }

    private static NewJob job(Schedule schedule, Instant slot) {
        return new NewJob(
                schedule.ws(),
                schedule.type(),
                schedule.lane(),
                schedule.name() + "@" + slot,
                schedule.payload().copy().put("slot", slot.toString()),
                slot);
    }
}
