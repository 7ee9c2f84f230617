package app.fathi.segments;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.DueLoop;
import app.fathi.platform.jobs.Halves;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.stream.Streams;
import app.fathi.segments.MembershipStore.Due;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks people again when time alone may have moved them, or somebody woke them: of all workspaces those first who are due
 * longest. It sleeps until the next one is due, at most a second; a hint on the bus wakes it sooner.
 */
public final class MembershipTimers extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(MembershipTimers.class);
    private static final String HINT = "fathi.hint.segments.due";
    private static final int PEOPLE = 500;
    private static final int GROUPS = 100;

    private final Transactions transactions;
    private final Streams streams;
    private final Membership membership;
    private final GroupMembers members;
    private final MembershipStore store = new MembershipStore();
    private DueLoop loop;

    MembershipTimers(Transactions transactions, Streams streams, Membership membership) {
        this.transactions = transactions;
        this.streams = streams;
        this.membership = membership;
        this.members = new GroupMembers(transactions);
    }

    /** Once the transaction has committed, whoever sleeps here looks at once. Losing it costs a second. */
    static void wakeAfter(Vertx vertx, SqlConnection tx) {
        tx.transaction().completion().onSuccess(committed -> vertx.eventBus().publish(HINT, ""));
    }

    @Override
    public Future<?> start() {
        loop = new DueLoop(
                vertx,
                () -> round(null),
                () -> store.millisToNext(transactions.pool()),
                failure -> LOG.warn("People who are due in segments wait: {}", Thrown.text(failure)));
        vertx.eventBus().consumer(HINT, hint -> loop.run());
        loop.run();
        return Future.succeededFuture();
    }

    @Override
    public Future<?> stop() {
        return loop.stop();
    }

    /** Wakes members of groups, and asks who is due, also where no members could be woken; whether there may be more. */
    Future<Boolean> round(Instant now) {
        return wakeMembers(0, 0).transform((more, failure) -> fire(now)
                .compose(count -> failure == null
                        ? Future.succeededFuture(more || count == PEOPLE)
                        : Future.failedFuture(failure)));
    }

    /** As many as are asked at once. */
    private Future<Boolean> wakeMembers(int groups, int woken) {
        return groups == GROUPS || woken >= PEOPLE
                ? Future.succeededFuture(true)
                : members.wake()
                        .compose(some ->
                                some < 0 ? Future.succeededFuture(false) : wakeMembers(groups + 1, woken + some));
    }

    /**
     * Asks those who are due, some of them; how many.
     *
     * @param now null for the database's clock
     */
    Future<Integer> fire(Instant now) {
        return store.due(transactions.pool(), now, PEOPLE).compose(due -> {
            var byWorkspace = new TreeMap<Integer, TreeSet<Integer>>();
            for (Due one : due) {
                byWorkspace.computeIfAbsent(one.ws(), ws -> new TreeSet<>()).add(one.profileNo());
            }
            Future<Void> chain = Future.succeededFuture();
            for (var entry : byWorkspace.entrySet()) {
                chain = chain.compose(done -> ask(entry.getKey(), entry.getValue(), now));
            }
            return chain.map(due.size());
        });
    }

    /** Neither one workspace's trouble is its neighbours', nor one person's: who cannot be asked now stands back for a while. */
    private Future<Void> ask(int ws, Set<Integer> people, Instant now) {
        return Halves.each(
                        List.copyOf(people),
                        some -> transactions.run(tx ->
                                membership.again(tx, ws, some, now).compose(news -> streams.append(tx, "facts", news))))
                .compose(failed -> failed.isEmpty()
                        ? Future.succeededFuture()
                        : putOff(ws, failed.keySet(), failed.values().iterator().next()))
                .recover(failure -> putOff(ws, people, failure));
    }

    private Future<Void> putOff(int ws, Set<Integer> people, Throwable failure) {
        LOG.warn("{} people of workspace {} who are due in segments wait: {}", people.size(), ws, Thrown.text(failure));
        return store.putOff(transactions.pool(), ws, people);
    }
}
