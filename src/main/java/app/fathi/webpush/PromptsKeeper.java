package app.fathi.webpush;

import app.fathi.platform.jobs.Cron;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.Schedule;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.ZoneOffset;
import java.util.function.BooleanSupplier;

/** Forgets with whom a prompt was, as long after the last time as events are kept: the job {@code webpush.keepPrompts}. */
public final class PromptsKeeper implements JobHandler {
    static final String TYPE = "webpush.keepPrompts";
    static final int KEEP_DAYS = 400;
    private static final int ROWS = 10_000;

    private final Pool pool;
    private final PromptsStore store;

    PromptsKeeper(Pool pool, PromptsStore store) {
        this.pool = pool;
        this.store = store;
    }

    public static Schedule daily() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("43 2 * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.SKIP);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        forget(() -> !lease.stopping() && lease.stillMine());
        return JobOutcome.done(); // what is left has time until tomorrow
    }

    void forget(BooleanSupplier goOn) {
        int gone = ROWS;
        while (gone == ROWS && goOn.getAsBoolean()) {
            gone = store.forgetOld(pool, KEEP_DAYS, ROWS).await();
        }
    }
}
