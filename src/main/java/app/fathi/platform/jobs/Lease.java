package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
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
     * Makes sure inside a transaction that the job is still ours, and renews it to its full length: nobody can claim it
     * before the transaction has ended, nor for half the length thereafter. Fails with {@link LeaseLostException}.
     */
    public Future<Hold> hold(SqlClient tx) {
        long before = nanoTime.getAsLong();
        return JobsStore.hold(tx, job.id(), token, length).map(mine -> {
            if (!mine) {
                lost = true;
                throw new LeaseLostException(job, token);
            }
            return new Hold(this, before);
        });
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
}
