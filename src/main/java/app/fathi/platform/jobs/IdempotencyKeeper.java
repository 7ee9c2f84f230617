package app.fathi.platform.jobs;

import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.time.ZoneOffset;

/** Forgets the answers of requests that nobody repeats any more: the job {@code platform.forgetAnswers}, once an hour. */
public final class IdempotencyKeeper implements JobHandler {
    static final String TYPE = "platform.forgetAnswers";

    /** In one statement: short enough that nobody waits for it. */
    private static final int AT_ONCE = 5_000;

    private static final String FORGET =
            """
            DELETE FROM idempotency WHERE scope IN (
              SELECT scope FROM idempotency WHERE created_at < now() - $1 * interval '1 hour' ORDER BY created_at LIMIT $2)
            """;

    private final Pool pool;
    private final int keepHours;

    public IdempotencyKeeper(Pool pool, int keepHours) {
        this.pool = pool;
        this.keepHours = keepHours;
    }

    public static Schedule hourly() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("41 * * * *"),
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
            forgotten = pool.preparedQuery(FORGET)
                    .execute(Tuple.of(keepHours, AT_ONCE))
                    .await()
                    .rowCount();
        }
        return JobOutcome.done();
    }
}
