package app.fathi.platform.jobs;

import app.fathi.platform.logging.LogContext;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** How the domains ask for work. */
public final class Jobs {
    /** Hints that there may be due jobs; every worker node listens. Losing one costs a second, no job. */
    static final String WAKE_ADDRESS = "fathi.hint.jobs";

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
        return JobsStore.enqueue(tx, jobs, context == null ? null : context.requestId());
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
