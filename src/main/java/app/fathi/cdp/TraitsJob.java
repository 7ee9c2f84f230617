package app.fathi.cdp;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.json.JsonObject;
import java.time.Instant;

/**
 * Puts the traits of people from before {@code cdp_trait} was down there: the job {@code cdp.tellTraits}, at each start, with
 * nothing to do once it has been done. Whoever changes meanwhile is put down by the deriver.
 */
public final class TraitsJob implements JobHandler {
    static final String TYPE = "cdp.tellTraits";
    private static final int PEOPLE = 500;

    private final Transactions transactions;
    private final TraitsStore store = new TraitsStore();

    /** @param transactions on the pool of the workers */
    public TraitsJob(Transactions transactions) {
        this.transactions = transactions;
    }

    /** To be asked for at each start: there is one of it, however many nodes ask. */
    public static NewJob job() {
        return new NewJob(0, TYPE, Lane.MAINTENANCE, "traits", new JsonObject(), Instant.now());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        for (var ws : transactions.run(store::withUntold).await()) {
            while (step(ws)) {
                if (lease.stopping() || !lease.stillMine()) {
                    return JobOutcome.again(Instant.now());
                }
            }
        }
        return JobOutcome.done();
    }

    /** Whether there was something left. */
    boolean step(int ws) {
        return transactions
                .run(tx -> store.untold(tx, ws, PEOPLE)
                        .compose(people -> people.isEmpty()
                                ? store.told(tx, ws, 0).map(false)
                                : store.tell(tx, ws, people)
                                        .compose(done -> store.told(
                                                tx, ws, people.getFirst().profileNo()))
                                        .map(true)))
                .await();
    }
}
