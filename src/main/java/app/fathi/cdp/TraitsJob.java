package app.fathi.cdp;

import app.fathi.cdp.traits.Rules;
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
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Sees to it that {@code cdp_trait} has what it should: the job {@code cdp.tellTraits}, at each start and once a day. It puts the
 * traits of people from before there was that table down there; it gives up names that nobody has and nothing speaks of any more, so that a
 * workspace in which somebody has invented names has room again; and where names got a place that had none before, it puts down who has
 * them. Whoever changes meanwhile is put down by the deriver. It begins anew after a crash.
 */
public final class TraitsJob implements JobHandler {
    static final String TYPE = "cdp.tellTraits";
    private static final int PEOPLE = 500;
    private static final int NAMES = 100;

    private final Transactions transactions;
    private final Rules rules;
    private final TraitsStore store = new TraitsStore();
    private final TraitNamesStore names = new TraitNamesStore();
    private final SuppressionsStore workspaces = new SuppressionsStore();

    /** @param transactions on the pool of the workers */
    public TraitsJob(Transactions transactions, Rules rules) {
        this.transactions = transactions;
        this.rules = rules;
    }

    /** To be asked for at each start: there is one of it, however many nodes ask. */
    public static NewJob job() {
        return new NewJob(0, TYPE, Lane.MAINTENANCE, "traits", new JsonObject(), Instant.now());
    }

    public static Schedule daily() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("47 3 * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.SKIP);
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
        BooleanSupplier goOn = () -> !lease.stopping() && lease.stillMine();
        for (var ws : names.workspaces(transactions.pool()).await()) {
            if (!free(ws, goOn) || !complete(ws, goOn)) {
                return JobOutcome.again(Instant.now());
            }
        }
        return JobOutcome.done();
    }

    /** Gives up names of a workspace, some at a time; whether it came to its end. */
    boolean free(int ws, BooleanSupplier goOn) {
        while (goOn.getAsBoolean()) {
            var asked = rules.asked(transactions.pool(), ws).await();
            var unused = names.unused(transactions.pool(), ws, asked, NAMES).await();
            int freed = unused.isEmpty()
                    ? 0
                    : transactions
                            .run(tx ->
                                    workspaces.enterAlone(tx, ws).compose(alone -> names.free(tx, ws, asked, unused)))
                            .await();
            if (freed == 0) {
                return true;
            }
        }
        return false;
    }

    /** Everybody gets a row of each name that not everybody has one of, some people at a time; whether it came to its end. */
    boolean complete(int ws, BooleanSupplier goOn) {
        var partial = names.partial(transactions.pool(), ws).await();
        if (partial.isEmpty()) {
            return true;
        }
        int end = names.end(transactions.pool(), ws).await();
        for (int from = 0; from < end; from += PEOPLE) {
            if (!goOn.getAsBoolean()) {
                return false;
            }
            int first = from;
            transactions
                    .run(tx -> workspaces
                            .enter(tx, List.of(ws))
                            .compose(entered -> names.having(tx, ws, partial, first, first + PEOPLE))
                            .compose(people -> store.tell(tx, ws, people)))
                    .await();
        }
        names.whole(transactions.pool(), ws, partial).await();
        return true;
    }

    /** Whether there was something left. */
    boolean step(int ws) {
        return transactions
                .run(tx -> workspaces
                        .enter(tx, List.of(ws))
                        .compose(entered -> store.untold(tx, ws, PEOPLE))
                        .compose(people -> people.isEmpty()
                                ? store.told(tx, ws, 0).map(false)
                                : store.tell(tx, ws, people)
                                        .compose(done -> store.told(
                                                tx, ws, people.getFirst().profileNo()))
                                        .map(true)))
                .await();
    }
}
