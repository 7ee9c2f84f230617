package app.fathi.platform.jobs;

import app.fathi.platform.logging.LogContext;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/** How the domains ask for work. */
public final class Jobs {
    /** Hints that there may be due jobs; every worker node listens. Losing one costs a second, no job. */
    static final String WAKE_ADDRESS = "fathi.hint.jobs";

    /** Ids of running jobs that are to be cancelled. Losing one costs a heartbeat. */
    static final String CANCEL_ADDRESS = "fathi.hint.jobs.cancel";

    private static final JsonObject HINT = new JsonObject();

    /** So much may the database's clock be ahead of ours: who begins too early is told and comes again. */
    private static final Duration CLOCKS_APART = Duration.ofMillis(100);

    private final Vertx vertx;
    private final AtomicBoolean hintPending = new AtomicBoolean();
    /** Who works in this process; null: nobody. */
    private volatile JobsVerticle here;

    public Jobs(Vertx vertx) {
        this.vertx = vertx;
    }

    /** From now on a job may begin in this process the moment it is committed. */
    void workHere(JobsVerticle worker) {
        here = worker;
    }

    /**
     * Writes the jobs in the caller's transaction: they exist if and only if it commits. Then workers look at once; a single
     * job that is due begins in this process without being looked for, when somebody is free for it and nobody waits.
     */
    public Future<Void> enqueue(SqlClient tx, List<NewJob> jobs) {
        if (jobs.isEmpty()) {
            return Future.succeededFuture();
        }
        var transaction = tx instanceof SqlConnection connection ? connection.transaction() : null;
        var context = LogContext.current();
        var requestId = context == null ? null : context.requestId();
        if (transaction == null) {
            return JobsStore.enqueue(tx, jobs, requestId, null)
                    .onSuccess(done -> wake())
                    .mapEmpty();
        }
        var committed = transaction.completion();
        var worker = here;
        return worker == null || jobs.size() > 1 || isLater(jobs.getFirst())
                ? look(tx, committed, jobs, requestId)
                : worker.reserve(jobs.getFirst())
                        .compose(place -> place == null
                                ? look(tx, committed, jobs, requestId)
                                : begin(tx, committed, jobs.getFirst(), requestId, place));
    }

    private static boolean isLater(NewJob job) {
        return job.runAt().isAfter(Instant.now().plus(CLOCKS_APART));
    }

    private Future<Void> look(SqlClient tx, Future<Void> committed, List<NewJob> jobs, String requestId) {
        committed.onSuccess(done -> wake());
        return JobsStore.enqueue(tx, jobs, requestId, null).mapEmpty();
    }

    private Future<Void> begin(
            SqlClient tx, Future<Void> committed, NewJob job, String requestId, JobsVerticle.Place place) {
        long before = System.nanoTime();
        return place.write(tx, job, requestId)
                .onComplete(written -> committed.onComplete(end -> {
                    if (end.succeeded()
                            && written.succeeded()
                            && written.result().isPresent()) {
                        place.begin(written.result().get(), before);
                    } else {
                        place.release();
                        wake();
                    }
                }))
                .mapEmpty();
    }

    /**
     * Writes a schedule in the caller's transaction, in place of the one with its name. Saying the same again changes
     * nothing; another expression or zone begins anew from now.
     */
    public Future<Void> schedule(SqlClient tx, Schedule schedule) {
        return Schedules.put(tx, schedule);
    }

    /** No further slot of it is run; jobs that were asked for stay. */
    public Future<Void> unschedule(SqlClient tx, int ws, String name) {
        return SchedulesStore.remove(tx, ws, name);
    }

    /**
     * Asks that a job and all that descends from it end without being done: what waits ends with the caller's commit,
     * what runs is told within a heartbeat, and sooner by {@link #tellCancelled}.
     *
     * @param settling types whose {@link JobHandler#settles()}
     * @return the ids of those that run
     */
    Future<List<UUID>> cancel(SqlConnection tx, UUID id, List<String> settling) {
        return ChildrenStore.cancel(tx, id, settling);
    }

    /** To be called after the commit. */
    void tellCancelled(List<UUID> running) {
        if (!running.isEmpty()) {
            vertx.eventBus()
                    .publish(
                            CANCEL_ADDRESS,
                            new JsonArray(running.stream().map(UUID::toString).toList()));
        }
    }

    /** Tells the workers of all nodes to look now. Many calls in one turn of the event loop make one hint. */
    public void wake() {
        if (hintPending.compareAndSet(false, true)) {
            vertx.runOnContext(turn -> {
                hintPending.set(false);
                vertx.eventBus().publish(WAKE_ADDRESS, HINT);
            });
        }
    }
}
