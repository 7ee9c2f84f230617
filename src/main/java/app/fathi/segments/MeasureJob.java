package app.fathi.segments;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Cron;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.Schedule;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.function.IntPredicate;

/**
 * Puts down each hour how many people are in each segment: the job {@code segments.measure}. Repeated after a crash it
 * measures those that have nothing for its hour; an hour in which no node was there has none, and none is made up. What is old
 * it thins out and forgets.
 */
public final class MeasureJob implements JobHandler {
    static final String TYPE = "segments.measure";
    /** Static segments counted in one statement: a million people in each of them are counted in a few seconds. */
    private static final int STATICS = 20;

    private static final int ROWS = 10_000;

    private final Transactions transactions;
    private final int hourlyDays;
    private final int days;
    private final SizesStore store = new SizesStore();
    private final BlocksStore blocks = new BlocksStore();

    /**
     * @param transactions on the pool of the workers
     * @param hourlyDays how long every hour is kept
     * @param days how long the last of each day is kept
     */
    MeasureJob(Transactions transactions, int hourlyDays, int days) {
        this.transactions = transactions;
        this.hourlyDays = hourlyDays;
        this.days = days;
    }

    static Schedule hourly() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("0 * * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.SKIP);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var hour = Instant.parse(job.payload().getString("slot"));
        var whole = measure(hour, ws -> !lease.stopping() && !lease.cancelled() && lease.stillMine());
        if (lease.cancelled()) {
            return JobOutcome.cancelled();
        }
        return whole ? JobOutcome.done() : JobOutcome.again(Instant.now());
    }

    /** Whether it came to its end. */
    boolean measure(Instant hour, IntPredicate goOn) {
        for (int ws : store.workspaces(transactions.pool()).await()) {
            if (!goOn.test(ws)) {
                return false;
            }
            measure(ws, hour);
        }
        forget();
        return true;
    }

    private void measure(int ws, Instant hour) {
        transactions
                .run(tx -> store.kept(tx, ws, hour).compose(ids -> blocks.sizes(tx, ws, ids.keySet())
                        .compose(sizes -> store.keep(tx, ws, ids, sizes, hour))))
                .await();
        var statics = store.statics(transactions.pool(), ws, hour).await();
        for (int from = 0; from < statics.size(); from += STATICS) {
            store.count(transactions.pool(), ws, statics.subList(from, Math.min(statics.size(), from + STATICS)), hour)
                    .await();
        }
    }

    /** What it does not come to now has time until the next hour. */
    void forget() {
        store.thin(transactions.pool(), hourlyDays, ROWS).await();
        store.forget(transactions.pool(), days, ROWS).await();
    }
}
