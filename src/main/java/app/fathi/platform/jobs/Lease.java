package app.fathi.platform.jobs;

import app.fathi.platform.logging.LogContext;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The right to do one job, until it runs out or is taken. The worker renews it at a third of its length for as long as
 * the handler runs. Time here is monotonic and counted from before the statement that took or renewed the lease was
 * sent, so this side always believes in a shorter lease than the database does.
 */
public final class Lease {
    private final Job job;
    private final long token;
    private final Duration length;
    private final LongSupplier nanoTime;
    private volatile long sinceNanos;
    private volatile boolean lost;
    private volatile boolean stopping;
    private volatile boolean cancelled;
    private volatile Progress progress;
    private Progress written;

    Lease(Job job, long token, Duration length, long sinceNanos, LongSupplier nanoTime) {
        this.job = job;
        this.token = token;
        this.length = length;
        this.sinceNanos = sinceNanos;
        this.nanoTime = nanoTime;
    }

    /** The fencing token: higher than any that was given before for this job. Rows that are written on its behalf carry it. */
    public long token() {
        return token;
    }

    /** Since it was taken or renewed last. */
    public Duration age() {
        return Duration.ofNanos(nanoTime.getAsLong() - sinceNanos);
    }

    public Duration length() {
        return length;
    }

    /** False once the lease has run out or somebody else was seen with the job: stop, and send nothing more. */
    public boolean stillMine() {
        return !lost && age().compareTo(length) < 0;
    }

    /** The node is shutting down: finish the step at hand and return {@link JobOutcome#again}. */
    public boolean stopping() {
        return stopping;
    }

    /**
     * Somebody wants the job to end without being done: finish the step at hand, put things right, and return
     * {@link JobOutcome#cancelled()}. Known at the latest with the next {@link #hold} or heartbeat. A handler that does
     * not look ends as if nobody had asked, if it says done; else it is not run again.
     */
    public boolean cancelled() {
        return cancelled;
    }

    /**
     * Tells people how far the job has come. Costs nothing to call often: the last word is written once a second.
     *
     * @param total null while nobody knows
     * @param note a few words without personal data; null for none
     */
    public void progress(long done, Long total, String note) {
        progress = new Progress(done, total, note);
    }

    /**
     * Makes sure inside a transaction that the job is still ours, and renews it to its full length: nobody can claim it
     * before the transaction has ended, nor for half the length thereafter. Fails with {@link LeaseLostException}.
     */
    public Future<Hold> hold(SqlClient tx) {
        long before = nanoTime.getAsLong();
        return JobsStore.hold(tx, job, token, length).map(held -> {
            if (held.isEmpty()) {
                lost = true;
                throw new LeaseLostException(job, token);
            }
            if (held.get()) {
                cancelled = true;
            }
            return new Hold(this, before);
        });
    }

    /**
     * Enqueues children in the caller's transaction and holds the job. The job is not over before they are. A child
     * whose key is live already stays what it is. A run that finds {@link Job#children()} has spawned before. Spawns
     * nobody once the job is {@link #cancelled()}.
     *
     * @return how many are new
     */
    public Future<Integer> spawn(SqlClient tx, List<NewJob> children) {
        if (children.stream().anyMatch(child -> child.ws() != job.ws())) {
            throw new IllegalArgumentException("Children belong to the workspace of their parent");
        }
        var context = LogContext.current();
        var requestId = context == null ? job.requestId() : context.requestId();
        return hold(tx).compose(hold -> cancelled || children.isEmpty()
                ? Future.succeededFuture(0)
                : JobsStore.enqueue(tx, children, requestId, job.id())
                        .compose(spawned ->
                                JobsStore.adopt(tx, job, token, spawned).map(spawned)));
    }

    /** What {@link #hold} gives; worth something once its transaction has committed. */
    public record Hold(Lease lease, long sinceNanos) {
        /** Less than half the lease has passed: what is sent now reaches its end before anybody else can begin. */
        public boolean maySend() {
            return !lease.lost && (lease.nanoTime.getAsLong() - sinceNanos) < lease.length.toNanos() / 2;
        }
    }

    Job job() {
        return job;
    }

    void renewed(long beforeNanos) {
        sinceNanos = beforeNanos;
    }

    void lose() {
        lost = true;
    }

    void stop() {
        stopping = true;
    }

    void cancel() {
        cancelled = true;
    }

    /** The last word of the handler; null before the first. */
    Progress progress() {
        return progress;
    }

    /** Whether there is progress to be written; asked by the heartbeat alone. */
    boolean hasNews() {
        var last = progress;
        boolean news = last != written;
        written = last;
        return news;
    }
}
