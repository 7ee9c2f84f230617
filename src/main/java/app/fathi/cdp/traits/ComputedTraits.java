package app.fathi.cdp.traits;

import app.fathi.cdp.traits.ComputedValuesStore.Kept;
import app.fathi.cdp.traits.TraitDefinitions.Defined;
import app.fathi.cdp.values.Instants;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Thrown;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes what people's events come to, in the transaction of what made it necessary and under the lock of their profiles: always
 * from the events themselves, so that neither the order of their arrival nor who was merged with whom makes a difference. One for
 * the node.
 */
public final class ComputedTraits {
    private static final Logger LOG = LoggerFactory.getLogger(ComputedTraits.class);
    private static final int MAX_WORKSPACES = 1_000;
    private static final int VALUE = 0;
    private static final int CHANGED = 1;
    private static final int DUE = 2;

    private final Rules rules;
    private final int eventsLimit;
    private final ComputedTraitsStore store = new ComputedTraitsStore();
    private final TraitRulesStore rulesStore = new TraitRulesStore();
    private final ComputedValuesStore values = new ComputedValuesStore();
    private final Cache<Integer, TraitDefinitions> known =
            Caffeine.newBuilder().maximumSize(MAX_WORKSPACES).build();

    /** @param eventsLimit so many events of each id of a person are looked at, the newest */
    public ComputedTraits(Rules rules, int eventsLimit) {
        this.rules = rules;
        this.eventsLimit = eventsLimit;
    }

    /**
     * What the workspace says of traits. Whoever calls this has entered the workspace ({@code SuppressionsStore.enter}), and who
     * changes what it says enters alone: so it stays until the transaction ends.
     */
    public Future<TraitDefinitions> definitions(SqlConnection tx, int ws) {
        return store.version(tx, ws)
                .compose(version -> version.isEmpty()
                        ? Future.succeededFuture(TraitDefinitions.NONE)
                        : definitions(tx, ws, version.get()));
    }

    private Future<TraitDefinitions> definitions(SqlConnection tx, int ws, long version) {
        var cached = known.getIfPresent(ws);
        if (cached != null && cached.version() == version) {
            return Future.succeededFuture(cached);
        }
        return store.all(tx, ws).compose(all -> rulesStore.find(tx, ws).map(laid -> {
            var read = new TraitDefinitions(
                    version, all.stream().flatMap(this::defined).toList(), Set.copyOf(laid.oldest()));
            known.put(ws, read);
            return read;
        }));
    }

    /** None for one that this version cannot read, such as one that a newer node has saved: it must not stop all others. */
    private Stream<Defined> defined(ComputedTrait trait) {
        try {
            var by = Computation.of(trait.compute(), rules, "/compute");
            return Stream.of(new Defined(trait.name(), by, by.reads(trait.compute())));
        } catch (ProblemException e) {
            LOG.error("Nothing is computed of the trait {}, which cannot be read: {}", trait.id(), Thrown.text(e));
            return Stream.of();
        }
    }

    /**
     * Of these people some traits are computed again.
     *
     * @param some by person the keys of events of which there are new ones
     * @param all people of whom everything is computed
     * @param clock null for the database's
     * @return of whom something is other than before
     */
    public Future<Set<Integer>> compute(
            SqlConnection tx,
            int ws,
            TraitDefinitions definitions,
            Map<Integer, Set<String>> some,
            Set<Integer> all,
            Instant clock) {
        var wanted = new HashMap<Integer, Collection<Defined>>();
        some.forEach((no, names) -> {
            var theirs = names.stream()
                    .flatMap(name -> definitions.of(name).stream())
                    .toList();
            if (!theirs.isEmpty()) {
                wanted.put(no, theirs);
            }
        });
        all.forEach(no -> wanted.put(no, definitions.all()));
        if (wanted.isEmpty() || definitions.version() == 0) {
            return Future.succeededFuture(Set.of());
        }
        // Sent one behind the other: nobody waits in between.
        var kept = values.kept(tx, ws, wanted.keySet());
        var now = clock == null ? values.now(tx) : Future.succeededFuture(clock);
        return now.compose(moment -> events(tx, ws, wanted, moment)
                .compose(events -> kept.compose(before -> {
                    var changed = new ArrayList<Kept>();
                    var other = new HashSet<Integer>();
                    wanted.forEach((no, theirs) -> {
                        var had = before.getOrDefault(no, new Kept(no, new JsonObject(), null));
                        var has = outcome(
                                had,
                                theirs,
                                all.contains(no),
                                events.getOrDefault(no, List.of()),
                                moment.truncatedTo(ChronoUnit.MICROS));
                        if (!has.equals(had)) {
                            changed.add(has);
                        }
                        if (!inForce(has.traits()).equals(inForce(had.traits()))) {
                            other.add(no);
                        }
                    });
                    return values.keep(tx, ws, changed).map(other);
                })));
    }

    private Future<Map<Integer, List<Happening>>> events(
            SqlConnection tx, int ws, Map<Integer, Collection<Defined>> wanted, Instant now) {
        var names = new HashMap<Integer, Set<String>>();
        var read = new HashSet<String>();
        var properties = new HashSet<String>();
        var since = now;
        for (var entry : wanted.entrySet()) {
            for (var one : entry.getValue()) {
                names.computeIfAbsent(entry.getKey(), no -> new HashSet<>())
                        .add(one.by().event());
                if (!one.reads().isEmpty()) {
                    read.add(one.by().event());
                    properties.addAll(one.reads());
                }
                var from = one.by().within() == null ? null : now.minus(one.by().within());
                since = since == null || from == null ? null : from.isBefore(since) ? from : since;
            }
        }
        return values.events(tx, ws, names, read, properties, since, eventsLimit);
    }

    /** @param whole of traits that are computed no more nothing stays */
    private static Kept outcome(
            Kept before, Collection<Defined> wanted, boolean whole, List<Happening> events, Instant now) {
        var traits = whole ? new JsonObject() : before.traits().copy();
        for (var one : wanted) {
            var outcome = one.by().outcome(events, now);
            var had = before.traits().getJsonArray(one.name());
            boolean same = Objects.equals(had == null ? null : plain(had.getValue(VALUE)), plain(outcome.value()));
            if (outcome.value() == null && outcome.due() == null) {
                traits.remove(one.name());
            } else {
                traits.put(
                        one.name(),
                        new JsonArray()
                                .add(outcome.value())
                                .add(same && had != null ? had.getLong(CHANGED) : (Long) Instants.micros(now))
                                .add(outcome.due() == null ? null : Instants.micros(outcome.due())));
            }
        }
        return new Kept(before.profileNo(), traits, due(traits));
    }

    /** Equal numbers are one number, however they were read. */
    private static Object plain(Object value) {
        return value instanceof Number number ? Computation.plain(number.doubleValue()) : value;
    }

    private static Instant due(JsonObject traits) {
        return traits.stream()
                .map(trait -> ((JsonArray) trait.getValue()).getLong(DUE))
                .filter(Objects::nonNull)
                .min(Long::compare)
                .map(micros -> Instant.EPOCH.plus(micros, ChronoUnit.MICROS))
                .orElse(null);
    }

    private static Map<String, Object> inForce(JsonObject traits) {
        var values = new HashMap<String, Object>();
        traits.forEach(trait -> {
            var value = plain(((JsonArray) trait.getValue()).getValue(VALUE));
            if (value != null) {
                values.put(trait.getKey(), value);
            }
        });
        return values;
    }

    /** Names of the traits that are computed in the workspace. */
    public Future<Set<String>> names(SqlClient client, int ws) {
        return store.all(client, ws).map(all -> {
            var names = new HashSet<String>();
            all.forEach(one -> names.add(one.name()));
            return names;
        });
    }

    /** When each computed value of a person changed. */
    public Future<Map<String, Instant>> changes(SqlClient client, int ws, int profileNo) {
        return values.kept(client, ws, List.of(profileNo)).map(kept -> {
            var changes = new HashMap<String, Instant>();
            kept.values().forEach(one -> one.traits()
                    .forEach(trait -> changes.put(
                            trait.getKey(),
                            Instant.EPOCH.plus(((JsonArray) trait.getValue()).getLong(CHANGED), ChronoUnit.MICROS))));
            return changes;
        });
    }
}
