package app.fathi.cep;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;

/** Makes the ledger's partitions ahead of time: the job {@code cep.keepLedger}, once a day. */
public final class LedgerKeeper implements JobHandler {
    static final String TYPE = "cep.keepLedger";
    private static final int WEEKS_AHEAD = 8;
    private static final Duration PAUSE = Duration.ofDays(1);

    private final Transactions transactions;

    /** @param transactions on the pool of the workers */
    public LedgerKeeper(Transactions transactions) {
        this.transactions = transactions;
    }

    /** To be asked for at each start: there is one of it, however often it is asked for. */
    public static NewJob job() {
        return new NewJob(0, TYPE, Lane.MAINTENANCE, "weeks", new JsonObject(), Instant.now());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        RunsStore.makeWeeks(transactions.pool(), WEEKS_AHEAD).await();
        return JobOutcome.again(Instant.now().plus(PAUSE));
    }
}
