package app.fathi.cdp.traits;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/**
 * Computes the traits of everybody in a workspace by what it says of traits now: the job {@code cdp.computeTraits}. It goes through
 * people by their numbers and puts down after each step how far it came, so a crash repeats one step; what is said anew meanwhile
 * has it begin again. People who do something meanwhile are computed by the deriver.
 */
public final class ComputeJob implements JobHandler {
    static final String TYPE = "cdp.computeTraits";
    private static final int PEOPLE = 500;

    private final Transactions transactions;
    private final Recompute recompute;
    private final ComputedTraitsStore store = new ComputedTraitsStore();

    /** @param transactions on the pool of the workers */
    public ComputeJob(Transactions transactions, Recompute recompute) {
        this.transactions = transactions;
        this.recompute = recompute;
    }

    /** There is one for each workspace; asked for again while it runs, it runs once more. */
    static NewJob job(int ws) {
        return new NewJob(ws, TYPE, Lane.MAINTENANCE, "traits", new JsonObject(), Instant.now());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var end = store.end(transactions.pool(), job.ws()).await();
        while (true) {
            if (lease.cancelled()) {
                return JobOutcome.cancelled();
            }
            if (lease.stopping() || !lease.stillMine()) {
                return JobOutcome.again(Instant.now());
            }
            var next = step(job.ws(), lease::hold);
            if (next.isEmpty()) {
                return JobOutcome.done();
            }
            lease.progress(Math.min(next.get(), end), (long) end, null);
        }
    }

    /**
     * Computes the next of them; below which number everybody is by now, empty when that is all of them.
     *
     * @param hold makes sure that nobody else is at it
     */
    Optional<Integer> step(int ws, Function<SqlConnection, Future<?>> hold) {
        return transactions
                .run(tx -> recompute
                        .enter(tx, ws)
                        .compose(entered -> hold.apply(tx))
                        .compose(held -> store.askedTo(tx, ws))
                        .compose(askedTo -> askedTo.isEmpty()
                                ? Future.succeededFuture(Optional.<Integer>empty())
                                : step(tx, ws, askedTo.get())))
                .await();
    }

    private Future<Optional<Integer>> step(SqlConnection tx, int ws, int from) {
        return store.people(tx, ws, from, PEOPLE).compose(people -> recompute
                .recompute(tx, ws, people, null)
                .compose(done -> people.size() < PEOPLE
                        ? store.askedAll(tx, ws).map(Optional.<Integer>empty())
                        : store.asked(tx, ws, people.getLast() + 1).map(Optional.of(people.getLast() + 1))));
    }
}
