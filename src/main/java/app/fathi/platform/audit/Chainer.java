package app.fathi.platform.audit;

import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives each line of the trail its number and its hash, some moments after the change: a chain inside the change would make
 * all changes of a workspace wait for each other. Every worker node tries, one at a time does it.
 *
 * <p>Lines become visible when their transactions commit, so not in the order of their ids. The chain takes them as they
 * come. Up to where all have come is known when nobody is left who was writing as the newest id was given out.
 */
public final class Chainer extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(Chainer.class);
    /** Lines of one transaction: some milliseconds of hashing. */
    private static final int AT_ONCE = 500;

    private final Pool pool;
    private final byte[] key;
    private final long pollMillis;
    private final ChainStore store = new ChainStore();
    private boolean chaining;
    private Mark mark;

    /** @param id the newest that was given out when these were writing */
    private record Mark(long id, Set<String> writers) {}

    /** @param key {@code Secrets.derivedKey("audit")} */
    public Chainer(Pool pool, byte[] key, int pollMillis) {
        this.pool = pool;
        this.key = key.clone();
        this.pollMillis = pollMillis;
    }

    @Override
    public Future<?> start() {
        vertx.setPeriodic(pollMillis, tick -> tick());
        return Future.succeededFuture();
    }

    private void tick() {
        if (chaining) {
            return;
        }
        chaining = true;
        chainAll()
                .onFailure(failure -> LOG.warn("The audit trail waits to be chained: {}", Thrown.text(failure)))
                .onComplete(done -> chaining = false);
    }

    /** Until nothing waits any more. */
    private Future<Void> chainAll() {
        return store.reach(pool)
                .compose(reach -> reach.chained() >= reach.written()
                        ? Future.succeededFuture()
                        : pool.withTransaction(this::chain)
                                .compose(chained -> chained == AT_ONCE ? chainAll() : Future.succeededFuture()));
    }

    /** How many lines were chained; 0 when another node does it. */
    private Future<Integer> chain(SqlConnection tx) {
        return store.begin(tx).compose(mine -> mine ? chainMine(tx) : Future.succeededFuture(0));
    }

    private Future<Integer> chainMine(SqlConnection tx) {
        // Who wrote must be seen before what they wrote is looked for.
        return store.writers(tx).compose(writers -> store.reach(tx)
                .compose(reach -> store.unchained(tx, reach.chained(), AT_ONCE).compose(events -> append(tx, events)
                        .compose(done -> settle(tx, writers, events.size()))
                        .map(events.size()))));
    }

    private Future<Void> append(SqlConnection tx, List<Chain.Event> events) {
        if (events.isEmpty()) {
            return Future.succeededFuture();
        }
        var workspaces = events.stream().map(Chain.Event::ws).collect(Collectors.toSet());
        return store.now(tx).compose(now -> store.heads(tx, workspaces).compose(heads -> {
            var ends = new HashMap<>(heads);
            var of = new ArrayList<Integer>();
            var links = new ArrayList<Chain.Link>();
            for (var event : events) {
                links.add(link(ends, event, now));
                of.add(event.ws());
            }
            return store.append(tx, of, links).compose(done -> store.setHeads(tx, ends.values()));
        }));
    }

    private Chain.Link link(Map<Integer, ChainStore.Head> ends, Chain.Event event, OffsetDateTime now) {
        var head = ends.get(event.ws());
        var at = Collections.max(
                head == null ? List.of(now, event.at()) : List.of(now, event.at(), head.at()),
                OffsetDateTime.timeLineOrder());
        var link = Chain.Link.after(
                head == null ? Chain.BEGINNING : head.end().hash(),
                head == null ? 1 : head.end().seq() + 1,
                event,
                at);
        var end = new Chain.End(event.ws(), link.seq(), link.hash(), 0);
        ends.put(event.ws(), new ChainStore.Head(end, at, end.sign(key)));
        return link;
    }

    /** @param writers who was writing before the lines were looked for */
    private Future<Void> settle(SqlConnection tx, Set<String> writers, int chained) {
        if (mark != null && chained < AT_ONCE && Collections.disjoint(mark.writers, writers)) {
            var settled = mark.id;
            mark = null;
            return store.settle(tx, settled).compose(done -> note(tx));
        }
        return mark == null ? note(tx) : Future.succeededFuture();
    }

    private Future<Void> note(SqlConnection tx) {
        return store.reach(tx).compose(reach -> store.writers(tx).map(writers -> {
            mark = new Mark(reach.written(), writers);
            return null;
        }));
    }
}
