package app.fathi.platform.audit;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Cron;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.Schedule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.ZoneOffset;

/**
 * Forgets lines of the trail that are older than they are kept: the job {@code platform.keepAudit}, once a day. Whole
 * periods of 30 days are dropped, and each chain goes on from a signed checkpoint.
 */
public final class AuditKeeper implements JobHandler {
    static final String TYPE = "platform.keepAudit";

    private final Transactions transactions;
    private final byte[] key;
    private final int keepDays;
    private final ChainStore store = new ChainStore();

    /** @param key {@code Secrets.derivedKey("audit")} */
    public AuditKeeper(Transactions transactions, byte[] key, int keepDays) {
        this.transactions = transactions;
        this.key = key.clone();
        this.keepDays = keepDays;
    }

    public static Schedule daily() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("29 3 * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.SKIP);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        forget().await();
        return JobOutcome.done();
    }

    /** Checkpoints and drops in one transaction, which waits for nobody for long. */
    Future<Void> forget() {
        return transactions.run(tx -> tx.query("SET LOCAL lock_timeout = '1s'")
                .execute()
                .compose(done -> store.retirable(tx, keepDays))
                .compose(period -> period.isEmpty()
                        ? Future.succeededFuture()
                        : checkpoints(tx, period.get()).compose(done -> store.drop(tx, period.get()))));
    }

    private Future<Void> checkpoints(SqlConnection tx, long period) {
        return store.lastOf(tx, period).compose(ends -> {
            Future<Void> all = Future.succeededFuture();
            for (var end : ends) {
                all = all.compose(done -> store.insertCheckpoint(tx, end, end.sign(key)));
            }
            return all;
        });
    }
}
