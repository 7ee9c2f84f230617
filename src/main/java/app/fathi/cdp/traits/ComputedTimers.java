package app.fathi.cdp.traits;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.DueLoop;
import app.fathi.platform.jobs.Halves;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Computes people again when time alone has made something of theirs other: of all workspaces those first who are due longest. */
public final class ComputedTimers extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(ComputedTimers.class);
    private static final int PEOPLE = 500;

    private final Transactions transactions;
    private final Recompute recompute;
    private final ComputedValuesStore store = new ComputedValuesStore();
    private DueLoop loop;

    /** @param transactions on the pool of the workers */
    public ComputedTimers(Transactions transactions, Recompute recompute) {
        this.transactions = transactions;
        this.recompute = recompute;
    }

    @Override
    public Future<?> start() {
        loop = new DueLoop(
                vertx,
                () -> fire(null).map(count -> count == PEOPLE),
                () -> store.millisToNext(transactions.pool()),
                failure -> LOG.warn("People whose traits are due to be computed wait: {}", Thrown.text(failure)));
        loop.run();
        return Future.succeededFuture();
    }

    @Override
    public Future<?> stop() {
        return loop.stop();
    }

    /**
     * Computes those who are due, some of them; how many.
     *
     * @param now null for the database's clock
     */
    Future<Integer> fire(Instant now) {
        return store.due(transactions.pool(), now, PEOPLE).compose(due -> {
            var byWorkspace = new TreeMap<Integer, TreeSet<Integer>>();
            due.forEach(one ->
                    byWorkspace.computeIfAbsent(one.ws(), ws -> new TreeSet<>()).add(one.profileNo()));
            Future<Void> chain = Future.succeededFuture();
            for (var entry : byWorkspace.entrySet()) {
                chain = chain.compose(done -> compute(entry.getKey(), entry.getValue(), now));
            }
            return chain.map(due.size());
        });
    }

    /** Neither one workspace's trouble is its neighbours', nor one person's: who cannot be computed now stands back for a while. */
    private Future<Void> compute(int ws, Set<Integer> people, Instant now) {
        return Halves.each(
                        List.copyOf(people),
                        some -> transactions.run(tx ->
                                recompute.enter(tx, ws).compose(entered -> recompute.recompute(tx, ws, some, now))))
                .compose(failed -> failed.isEmpty()
                        ? Future.succeededFuture()
                        : putOff(ws, failed.keySet(), failed.values().iterator().next()))
                .recover(failure -> putOff(ws, people, failure));
    }

    private Future<Void> putOff(int ws, Set<Integer> people, Throwable failure) {
        LOG.warn("{} people of workspace {} whose traits are due wait: {}", people.size(), ws, Thrown.text(failure));
        return store.putOff(transactions.pool(), ws, people);
    }
}
