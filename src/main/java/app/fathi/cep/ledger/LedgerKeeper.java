package app.fathi.cep.ledger;

import app.fathi.cep.runs.DedupeStore;
import app.fathi.cep.runs.RunsStore;
import app.fathi.cep.runs.UnitedStore;
import app.fathi.cep.stops.QuotaStore;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Cron;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.jobs.Schedule;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.ZoneOffset;

/** Makes the ledger's partitions ahead of time with the index that finds a person's messages, and forgets how much of quotas was used: the job {@code cep.keepLedger}, at each start and once a day. */
public final class LedgerKeeper implements JobHandler {
    static final String TYPE = "cep.keepLedger";
    private static final int WEEKS_AHEAD = 8;

    private final Transactions transactions;

    /** @param transactions on the pool of the workers */
    public LedgerKeeper(Transactions transactions) {
        this.transactions = transactions;
    }

    /** To be asked for at each start: there is one of it, however many nodes ask. */
    public static NewJob job() {
        return new NewJob(0, TYPE, Lane.MAINTENANCE, "weeks", new JsonObject(), Instant.now());
    }

    public static Schedule daily() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("17 2 * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.SKIP);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        RunsStore.makeWeeks(transactions.pool(), WEEKS_AHEAD).await();
        new MessageIndexStore(transactions.pool()).follow().await();
        QuotaStore.forget(transactions.pool()).await();
        while (!lease.stopping() && DedupeStore.forget(transactions.pool()).await()) {}
        while (!lease.stopping() && UnitedStore.forget(transactions.pool()).await()) {}
        return JobOutcome.done();
    }
}
