package app.fathi.cdp.schemas;

import app.fathi.cdp.DerivedBatch;
import app.fathi.cdp.ProfileStage;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices what is derived once it is committed, gathers it in memory and writes it down every other second, a few statements for
 * each workspace however much came. A process that is killed loses what it saw last: it is what events look like, and none of
 * them. Names and properties are bounded; in a flood of new names those that are known are still counted. Thread-safe.
 */
public final class SchemaObserver implements ProfileStage {
    private static final Logger LOG = LoggerFactory.getLogger(SchemaObserver.class);
    private static final long FLUSH_MILLIS = 2_000;
    /** Of a workspace that nobody has seen yet, from one writing to the next. */
    private static final int NEW_NAMES = 100;

    private final Vertx vertx;
    private final Transactions transactions;
    private final InstantSource clock;
    private final SchemasStore store = new SchemasStore();
    private Map<Integer, Map<SchemaName, Observed>> pending = new HashMap<>();
    /** Names that have their place in the database. */
    private final Map<Integer, Set<SchemaName>> known = new HashMap<>();

    private Future<Void> flushing = Future.succeededFuture();
    private long timer;

    /** What was seen of one name since it was written last. */
    static final class Observed {
        long events;
        long flagged;
        long rejected;
        Instant lastSeen;
        final Map<String, Seen> properties = new HashMap<>();
    }

    /** What was seen of one property. */
    static final class Seen {
        int types;
        long events;
        String example;
    }

    public SchemaObserver(Vertx vertx, Transactions transactions, InstantSource clock) {
        this.vertx = vertx;
        this.transactions = transactions;
        this.clock = clock;
    }

    public void start() {
        timer = vertx.setPeriodic(FLUSH_MILLIS, tick -> flush());
    }

    /** Writes down what was seen last. */
    public Future<Void> stop() {
        vertx.cancelTimer(timer);
        return flush();
    }

    @Override
    public Future<Void> apply(SqlConnection tx, DerivedBatch batch) {
        if (tx.transaction() != null) {
            tx.transaction().completion().onSuccess(committed -> see(batch.events()));
        }
        return Future.succeededFuture();
    }

    private synchronized void see(List<DerivedBatch.Event> events) {
        var now = clock.instant();
        for (var event : events) {
            if (event.profileNo() == null) {
                continue; // What devices report has a form of ours.
            }
            var observed = observed(event.ws(), SchemaName.of(event.payload()));
            if (observed != null) {
                observed.events++;
                observed.flagged += event.payload().containsKey(Pins.FLAGS) ? 1 : 0;
                observed.lastSeen = now;
                Property.of(event.payload()).forEach(property -> see(observed, property));
            }
        }
    }

    private static void see(Observed observed, Property property) {
        if (observed.properties.size() >= Property.MAX_PROPERTIES
                && !observed.properties.containsKey(property.path())) {
            return;
        }
        var seen = observed.properties.computeIfAbsent(property.path(), none -> new Seen());
        seen.types |= property.type().bit();
        seen.events++;
        if (seen.example == null) {
            seen.example = property.example();
        }
    }

    /** An event that was refused for the sake of its pinned schema. */
    synchronized void rejected(int ws, SchemaName name) {
        var observed = observed(ws, name);
        if (observed != null) {
            observed.rejected++;
            observed.lastSeen = clock.instant();
        }
    }

    /** Null where there is no more room for new names. */
    private Observed observed(int ws, SchemaName name) {
        var ofWorkspace = pending.computeIfAbsent(ws, none -> new HashMap<>());
        var observed = ofWorkspace.get(name);
        if (observed == null) {
            var places = known.computeIfAbsent(ws, none -> new HashSet<>());
            if (!places.contains(name)
                    && ofWorkspace.size() >= NEW_NAMES
                    && ofWorkspace.keySet().stream()
                                    .filter(each -> !places.contains(each))
                                    .count()
                            >= NEW_NAMES) {
                return null;
            }
            observed = new Observed();
            ofWorkspace.put(name, observed);
        }
        return observed;
    }

    /** One after the other. */
    private synchronized Future<Void> flush() {
        if (pending.isEmpty() || !flushing.isComplete()) {
            return flushing;
        }
        var written = pending;
        pending = new HashMap<>();
        Future<Void> chain = Future.succeededFuture();
        for (var ofWorkspace : written.entrySet()) {
            chain = chain.compose(done -> write(ofWorkspace.getKey(), ofWorkspace.getValue()))
                    .recover(failure -> {
                        LOG.warn("What events look like could not be written down: {}", Thrown.text(failure));
                        return Future.succeededFuture();
                    });
        }
        flushing = chain;
        return chain;
    }

    private Future<Void> write(int ws, Map<SchemaName, Observed> seen) {
        return transactions
                .run(tx -> store.lock(tx, ws).compose(locked -> store.write(tx, ws, seen)))
                .map(places -> {
                    learn(ws, places);
                    return null;
                });
    }

    private synchronized void learn(int ws, List<SchemaName> places) {
        var ofWorkspace = known.computeIfAbsent(ws, none -> new HashSet<>());
        ofWorkspace.addAll(places);
        if (ofWorkspace.size() > SchemasStore.MAX_NAMES) {
            // Some were deleted: those that are still there come again.
            ofWorkspace.retainAll(new ArrayList<>(places));
        }
    }
}
