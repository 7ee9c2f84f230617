package app.fathi.platform.jobs;

import app.fathi.platform.logging.LogContext;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
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

    private final Vertx vertx;
    private final AtomicBoolean hintPending = new AtomicBoolean();

    public Jobs(Vertx vertx) {
        this.vertx = vertx;
    }

    /**
     * Writes the jobs in the caller's transaction: they exist if and only if it commits. Call {@link #wake()} after the
     * commit when they should not wait for the slow poll.
     */
    public Future<Void> enqueue(SqlClient tx, List<NewJob> jobs) {
        if (jobs.isEmpty()) {
            return Future.succeededFuture();
        }
        var context = LogContext.current();
        return JobsStore.enqueue(tx, jobs, context == null ? null : context.requestId(), null)
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
