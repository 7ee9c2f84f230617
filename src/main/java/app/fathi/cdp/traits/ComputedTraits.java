package app.fathi.cdp.traits;

import app.fathi.cdp.traits.Computation.Outcome;
import app.fathi.cdp.traits.ComputedValuesStore.Kept;
import app.fathi.cdp.traits.PartsStore.Place;
import app.fathi.cdp.traits.PartsStore.Theirs;
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
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes what people's events come to, in the transaction of what made it necessary and under the lock of their profiles: from parts
 * that are kept, to which each event is added, and that make the same whatever the order of its arrival. Where there are none yet, or ids
 * went from one person to another, from the events themselves. One for the node.
 */
public final class ComputedTraits {
    private static final Logger LOG = LoggerFactory.getLogger(ComputedTraits.class);
    private static final int MAX_WORKSPACES = 1_000;
    private static final int VALUE = 0;
    private static final int CHANGED = 1;
    private static final int DUE = 2;
    private static final int KEY = 3;

    private final Rules rules;
    private final ComputedTraitsStore store = new ComputedTraitsStore();
    private final TraitRulesStore rulesStore = new TraitRulesStore();
    private final ComputedValuesStore values = new ComputedValuesStore();
    private final PartsStore parts = new PartsStore();
    private final Cache<Integer, TraitDefinitions> known =
            Caffeine.newBuilder().maximumSize(MAX_WORKSPACES).build();

    public ComputedTraits(Rules rules) {
        this.rules = rules;
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
            var key = UUID.nameUUIDFromBytes((trait.id() + trait.compute().encode()).getBytes(StandardCharsets.UTF_8));
            return Stream.of(new Defined(trait.id(), trait.name(), key.toString(), by, by.reads(trait.compute())));
        } catch (ProblemException e) {
            LOG.error("Nothing is computed of the trait {}, which cannot be read: {}", trait.id(), Thrown.text(e));
            return Stream.of();
        }
    }

    /**
     * Of these people some traits are computed again.
     *
     * @param some by person the events that there are new of them
     * @param asked people of whom everything is computed of what is kept: time has passed, or something is computed otherwise
     * @param anew people of whom everything is counted again: they have other events than before
     * @param clock null for the database's
     * @return of whom something is other than before
     */
    public Future<Set<Integer>> compute(
            SqlConnection tx,
            int ws,
            TraitDefinitions definitions,
            Map<Integer, List<Happening>> some,
            Set<Integer> asked,
            Set<Integer> anew,
            Instant clock) {
        var wanted = new TreeMap<Integer, List<Defined>>();
        some.forEach((no, events) -> wanted.put(
                no, events.stream().flatMap(definitions::of).distinct().toList()));
        wanted.values().removeIf(List::isEmpty);
        asked.forEach(no -> wanted.put(no, definitions.all()));
        anew.forEach(no -> wanted.put(no, definitions.all()));
        if (wanted.isEmpty() || definitions.version() == 0) {
            return Future.succeededFuture(Set.of());
        }
        // Sent one behind the other: nobody waits in between.
        var kept = values.kept(tx, ws, wanted.keySet());
        var now = clock == null ? values.now(tx) : Future.succeededFuture(clock);
        return kept.compose(before -> now.compose(read -> {
            var moment = read.truncatedTo(ChronoUnit.MICROS);
            var again = new LinkedHashSet<Theirs>();
            wanted.forEach((no, traits) -> traits.stream()
                    .filter(one -> anew.contains(no) || !isKept(before.get(no), one))
                    .forEach(one -> again.add(new Theirs(no, one))));
            return forgetOthers(tx, ws, definitions, before.values())
                    .compose(done -> count(tx, ws, again, moment))
                    .compose(done -> parts.add(tx, ws, added(some, definitions, again)))
                    .compose(done -> parts.outcomes(tx, ws, theirs(wanted), moment))
                    .compose(outcomes -> {
                        var changed = new ArrayList<Kept>();
                        var other = new HashSet<Integer>();
                        wanted.forEach((no, traits) -> {
                            var had = before.getOrDefault(no, new Kept(no, new JsonObject(), null));
                            var has = outcome(
                                    had,
                                    traits,
                                    some.containsKey(no),
                                    anew.contains(no),
                                    definitions,
                                    outcomes,
                                    moment);
                            if (!has.equals(had)) {
                                changed.add(has);
                            }
                            if (!inForce(has.traits()).equals(inForce(had.traits()))) {
                                other.add(no);
                            }
                        });
                        return values.keep(tx, ws, changed).map(other);
                    });
        }));
    }

    /** Whether there are parts of all events, by the definition as it is. */
    private static boolean isKept(Kept kept, Defined trait) {
        var had = kept == null ? null : kept.traits().getJsonArray(trait.name());
        return had != null && had.size() > KEY && trait.key().equals(had.getString(KEY));
    }

    /** What was kept by definitions that there are no more. */
    private Future<Void> forgetOthers(SqlConnection tx, int ws, TraitDefinitions definitions, Collection<Kept> before) {
        var keys = definitions.all().stream().map(Defined::key).collect(Collectors.toSet());
        var concerned = before.stream()
                .filter(kept -> kept.traits().stream().anyMatch(trait -> {
                    var had = (JsonArray) trait.getValue();
                    return had.size() > KEY && !keys.contains(had.getString(KEY));
                }))
                .map(Kept::profileNo)
                .toList();
        return parts.forgetOthers(
                tx, ws, concerned, definitions.all().stream().map(Defined::id).toList());
    }

    private Future<Void> count(SqlConnection tx, int ws, Set<Theirs> again, Instant now) {
        if (again.isEmpty()) {
            return Future.succeededFuture();
        }
        var byEvent = again.stream()
                .collect(Collectors.groupingBy(one -> one.trait().by().event()));
        long since = again.stream()
                .mapToLong(one -> one.trait().by().first(now))
                .min()
                .orElse(0);
        var counted = new HashMap<Place, Part>();
        return parts.each(tx, ws, again, since, (no, event, day) -> event.keys().stream()
                        .flatMap(key -> byEvent.getOrDefault(key, List.of()).stream())
                        .filter(one -> one.profileNo() == no)
                        .forEach(one -> add(counted, one, event, day)))
                .compose(done -> parts.forget(tx, ws, again))
                .compose(done -> parts.add(tx, ws, counted));
    }

    private static Map<Place, Part> added(
            Map<Integer, List<Happening>> some, TraitDefinitions definitions, Set<Theirs> again) {
        var added = new HashMap<Place, Part>();
        some.forEach((no, events) -> events.forEach(event -> definitions
                .of(event)
                .map(trait -> new Theirs(no, trait))
                .filter(one -> !again.contains(one))
                .forEach(one -> add(added, one, event, null))));
        return added;
    }

    private static void add(Map<Place, Part> parts, Theirs theirs, Happening event, Long day) {
        var by = theirs.trait().by();
        by.part(event)
                .ifPresent(part -> parts.merge(
                        new Place(theirs.profileNo(), theirs.trait(), by.step().begin(event.at()), day, part.key()),
                        part,
                        (one, other) -> one.plus(other, by.newest())));
    }

    private static List<Theirs> theirs(Map<Integer, List<Defined>> wanted) {
        return wanted.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream().map(trait -> new Theirs(entry.getKey(), trait)))
                .toList();
    }

    /**
     * Of what comes to nothing it is put down that its parts are kept, though there may be none, while something of the kind happens.
     *
     * @param did whether something of it has happened now
     * @param moved whether they have other events than before, or none any more
     */
    private static Kept outcome(
            Kept before,
            List<Defined> wanted,
            boolean did,
            boolean moved,
            TraitDefinitions definitions,
            Map<Theirs, Outcome> outcomes,
            Instant now) {
        var traits = before.traits().copy();
        // Of traits that are computed no more nothing stays.
        traits.fieldNames().retainAll(definitions.names());
        for (var one : wanted) {
            var outcome = outcomes.getOrDefault(new Theirs(before.profileNo(), one), Outcome.NOTHING);
            var had = before.traits().getJsonArray(one.name());
            boolean same = Objects.equals(had == null ? null : plain(had.getValue(VALUE)), plain(outcome.value()));
            if (outcome.value() == null && outcome.due() == null && !did && (moved || !isKept(before, one))) {
                traits.remove(one.name());
            } else {
                traits.put(
                        one.name(),
                        new JsonArray()
                                .add(outcome.value())
                                .add(same && had != null ? had.getLong(CHANGED) : (Long) Instants.micros(now))
                                .add(outcome.due() == null ? null : Instants.micros(outcome.due()))
                                .add(one.key()));
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
