package app.fathi.platform.jobs;

import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.ZoneOffset;

/**
 * Forgets uploads that nobody came for in a week: their request broke off, or its node died. The job {@code platform.forgetUploads},
 * once an hour.
 */
public final class UploadsKeeper implements JobHandler {
    private static final String TYPE = "platform.forgetUploads";

    /** A few at once, for they may be large. */
    private static final String FORGET =
            """
            DELETE FROM upload WHERE id IN (
              SELECT id FROM upload WHERE created_at < now() - interval '7 days' ORDER BY created_at LIMIT 4)
            """;

    private static final int AT_ONCE = 4;

    private final Pool pool;

    public UploadsKeeper(Pool pool) {
        this.pool = pool;
    }

    public static Schedule hourly() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("23 * * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.SKIP);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        int forgotten = AT_ONCE;
        while (forgotten == AT_ONCE && !lease.stopping() && lease.stillMine()) {
            forgotten = pool.query(FORGET).execute().await().rowCount();
        }
        return JobOutcome.done();
    }
}
