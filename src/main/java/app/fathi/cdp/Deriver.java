package app.fathi.cdp;

import app.fathi.cdp.DerivedBatch.Moved;
import app.fathi.cdp.IdentitiesStore.Numbered;
import app.fathi.cdp.IdentityGraph.Id;
import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.traits.ComputedTraits;
import app.fathi.cdp.traits.Happening;
import app.fathi.cdp.traits.Recompute;
import app.fathi.cdp.traits.TraitDefinitions;
import app.fathi.cdp.values.Value;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the deriving consumer does with a batch of {@code ingest}, in one transaction: each event once, then identity,
 * profile, and the stages that other domains have plugged in; what they conclude goes to {@code facts}.
 */
public final class Deriver implements Recompute {
    private static final String INTERACTION = "interaction";

    private final Streams streams;
    private final AddressBook addresses;
    private final List<ProfileStage> stages;
    private final ProfilesStore store = new ProfilesStore();
    private final IdentitiesStore identities = new IdentitiesStore();
    private final LinksStore links = new LinksStore();
    private final Crowds crowds = new Crowds();
    private final GroupsStore groups = new GroupsStore();
    private final TraitsStore traits = new TraitsStore();
    private final SuppressionsStore suppressions = new SuppressionsStore();
    private final IdentityGraph graph = new IdentityGraph(identities);
    private final ComputedTraits computed;
    private final Verdicts verdicts;
    private final Bonds bonds;

    /** @param live tells who listens what became of each event */
    public Deriver(
            Streams streams,
            AddressBook addresses,
            ComputedTraits computed,
            List<ProfileStage> stages,
            LiveFeed live,
            Bonds bonds) {
        this.bonds = bonds;
        this.computed = computed;
        this.verdicts = new Verdicts(live);
        this.streams = streams;
        this.addresses = addresses;
        this.stages = List.copyOf(stages);
    }

    public Future<Void> derive(SqlConnection tx, List<Consumed> records) {
        // Sent ahead of the first statement without waiting for it.
        store.waitForNoDisk(tx);
        var interactions = records.stream()
                .filter(one -> one.record().kind().equals(INTERACTION))
                .map(one -> new DerivedBatch.Event(
                        one.record().ws(), INTERACTION, one.record().payload(), null, one.at()))
                .toList();
        var arrived = records.stream()
                .filter(one -> !one.record().kind().equals(INTERACTION))
                .map(Arrived::of)
                .toList();
        return firstTimers(tx, arrived)
                .compose(fresh -> profile(tx, fresh)
                        .onSuccess(derived -> verdicts.tell(
                                tx,
                                records.stream()
                                        .map(Consumed::record)
                                        .filter(record -> !record.kind().equals(INTERACTION))
                                        .toList(),
                                fresh.stream().map(Arrived::payload).toList(),
                                derived.events().stream()
                                        .map(DerivedBatch.Event::payload)
                                        .toList())))
                .compose(derived -> {
                    var all = new ArrayList<>(derived.events());
                    all.addAll(interactions);
                    var batch = new DerivedBatch(all, derived.changes(), derived.moved(), derived.groups());
                    derived.merges().forEach(batch::addFact);
                    return conclude(tx, batch);
                });
    }

    /** Puts in force what is known of these people, after ids have come to them or gone. */
    Future<Void> refresh(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        var touched = new Touched();
        profileNos.forEach(touched::look);
        touched.others.addAll(profileNos);
        return computed.definitions(tx, ws)
                .compose(definitions -> refresh(tx, ws, touched, definitions, new ArrayList<>()));
    }

    @Override
    public Future<Void> enter(SqlConnection tx, int ws) {
        return suppressions.enter(tx, List.of(ws));
    }

    /** Waits for whoever derives in the workspace, and keeps others out until the transaction ends. */
    public Future<Void> enterAlone(SqlConnection tx, int ws) {
        return suppressions.enterAlone(tx, ws);
    }

    /**
     * Computes all of what these people did again, of what is kept of it, because time has passed or it is computed otherwise now; the stages hear of whom
     * something became other. Nobody was seen by that.
     * Under {@link #enter}.
     */
    @Override
    public Future<Void> recompute(SqlConnection tx, int ws, Collection<Integer> profileNos, Instant clock) {
        var people = new TreeSet<>(profileNos);
        var locked = new TreeMap<Integer, JsonObject>();
        people.forEach(no -> locked.put(no, new JsonObject()));
        return computed.definitions(tx, ws)
                .compose(definitions -> store.lock(tx, ws, locked)
                        .compose(held -> computed.compute(tx, ws, definitions, Map.of(), people, Set.of(), clock)))
                .compose(done -> store.refresh(tx, ws, people))
                .compose(changes -> traits.tell(tx, ws, changes)
                        .compose(done -> conclude(
                                tx,
                                new DerivedBatch(
                                        List.of(),
                                        changes.stream()
                                                .map(one -> DerivedBatch.Changed.of(ws, one))
                                                .toList(),
                                        Set.of()))));
    }

    /** Ids have gone from one person to another: the stages look at both, and others are told. */
    Future<Void> tell(SqlConnection tx, Set<Moved> moved, List<StreamRecord> facts) {
        var batch = new DerivedBatch(List.of(), List.of(), moved);
        facts.forEach(batch::addFact);
        return conclude(tx, batch);
    }

    private Future<Void> conclude(SqlConnection tx, DerivedBatch batch) {
        Future<Void> chain = Future.succeededFuture();
        for (var stage : stages) {
            chain = chain.compose(done -> stage.apply(tx, batch));
        }
        return chain.compose(done -> streams.append(tx, "facts", batch.facts()));
    }

    private Future<List<Arrived>> firstTimers(SqlConnection tx, List<Arrived> arrived) {
        var byWorkspace = new TreeMap<Integer, List<Arrived>>();
        arrived.forEach(one ->
                byWorkspace.computeIfAbsent(one.ws(), ws -> new ArrayList<>()).add(one));
        var fresh = new ArrayList<Arrived>();
        Future<Void> chain = Future.succeededFuture();
        for (var entry : byWorkspace.entrySet()) {
            var once = new LinkedHashMap<UUID, Arrived>();
            entry.getValue().forEach(one -> once.putIfAbsent(hash(one.messageId()), one));
            chain = chain.compose(done -> store.unseen(tx, entry.getKey(), List.copyOf(once.keySet())))
                    .map(unseen -> {
                        once.keySet().retainAll(unseen);
                        fresh.addAll(once.values());
                        return null;
                    });
        }
        return chain.map(fresh);
    }

    /**
     * What has become of people.
     *
     * @param merges told with all other facts of the batch, see {@link Streams#append(SqlConnection, String, List)}
     */
    private record Derived(
            List<DerivedBatch.Event> events,
            List<DerivedBatch.Changed> changes,
            Set<Moved> moved,
            List<DerivedBatch.Group> groups,
            List<StreamRecord> merges) {
        static final Derived NOTHING = new Derived(List.of(), List.of(), Set.of(), List.of(), List.of());
    }

    private Future<Derived> profile(SqlConnection tx, List<Arrived> fresh) {
        if (fresh.isEmpty()) {
            return Future.succeededFuture(Derived.NOTHING);
        }
        var ids = new LinkedHashSet<Id>();
        fresh.forEach(one -> one.ids().forEach(ids::add));
        return graph.enter(tx, ids).compose(erased -> {
            // Nobody who was erased comes again, under none of their ids.
            var rest = fresh.stream()
                    .filter(one -> one.ids().noneMatch(erased::contains))
                    .toList();
            return told(tx, rest);
        });
    }

    /** What ids beside these do the events tell, and whose were they? Of most workspaces there is nothing to ask. */
    private Future<Derived> told(SqlConnection tx, List<Arrived> arrived) {
        var told = arrived.stream().flatMap(one -> one.bonds().stream()).toList();
        if (told.isEmpty()) {
            return arrived.isEmpty() ? Future.succeededFuture(Derived.NOTHING) : profileThese(tx, arrived, told);
        }
        return suppressions
                .erasedTold(tx, told.stream().map(Bond::told).collect(Collectors.toSet()))
                .compose(erased -> {
                    var rest = arrived.stream()
                            .filter(one -> one.called().noneMatch(erased::contains))
                            .toList();
                    var left = rest.stream()
                            .flatMap(one -> one.bonds().stream())
                            .filter(one -> !erased.contains(one.told()))
                            .toList();
                    return rest.isEmpty() ? Future.succeededFuture(Derived.NOTHING) : profileThese(tx, rest, left);
                });
    }

    private Future<Derived> profileThese(SqlConnection tx, List<Arrived> arrived, List<Bond> told) {
        var ids = new LinkedHashSet<Id>();
        arrived.forEach(one -> one.ids().forEach(ids::add));
        var saying = arrived.stream()
                .filter(Arrived::saysTraits)
                .flatMap(Arrived::ids)
                .collect(Collectors.toSet());
        // Sent before the rest is asked for: nobody waits for it.
        var definitions = definitions(tx, arrived);
        return graph.load(tx, ids, saying, arrived.getFirst().at())
                .compose(known -> definitions.map(known))
                .compose(known -> userIds(tx, arrived, known).compose(userIds -> {
                    var changes = new Changes(userIds, definitions.result());
                    var merges = new ArrayList<StreamRecord>();
                    var ordered = arrived.stream()
                            .sorted(Comparator.comparing(Arrived::at).thenComparing(Arrived::messageId, Value::compare))
                            .toList();
                    ordered.forEach(one -> apply(one, known, changes));
                    return join(tx, changes.joins)
                            .compose(done -> identities.update(
                                    tx,
                                    changes.identities.stream()
                                            .filter(Identity::isChanged)
                                            .toList()))
                            .compose(done -> identities.see(
                                    tx,
                                    changes.identities.stream()
                                            .filter(one -> !one.isChanged() && one.isSeenAgain())
                                            .toList()))
                            .compose(done -> links.alias(tx, changes.aliases))
                            .compose(opened -> bonds.look(tx, opened))
                            .compose(done -> name(tx, changes.joins))
                            .compose(done -> crowds.leave(tx, known, changes.moved()))
                            .map(left -> {
                                changes.identities.addAll(left);
                                left.forEach(one -> changes.touched(one.id.ws()).look(one.profileNo()));
                                return null;
                            })
                            .compose(done -> tell(tx, told, known))
                            // Before profiles are locked: who has the lock sees the events of all who had it.
                            .compose(done -> keep(tx, ordered, known))
                            .compose(done -> {
                                ordered.forEach(
                                        one -> did(one, subject(one, known).profileNo(), changes));
                                return refresh(tx, changes);
                            })
                            .compose(done -> moveAddresses(tx, changes.moves, merges))
                            .compose(done -> tellGroups(tx, ordered))
                            .map(others -> new Derived(
                                    ordered.stream()
                                            .map(one -> new DerivedBatch.Event(
                                                    one.ws(),
                                                    one.kind(),
                                                    one.payload(),
                                                    subject(one, known).profileNo(),
                                                    one.at()))
                                            .toList(),
                                    changes.told,
                                    changes.moved(),
                                    others,
                                    merges));
                }));
    }

    private Future<Void> tell(SqlConnection tx, List<Bond> told, Map<Id, Identity> known) {
        if (told.isEmpty()) {
            return Future.succeededFuture();
        }
        var whose = new HashMap<Id, Integer>();
        told.forEach(bond -> {
            var id = Id.user(bond.ws(), bond.userId());
            whose.put(id, known.get(id).profileNo());
        });
        return bonds.tell(tx, told, whose);
    }

    /** What the workspaces of the batch say of traits. */
    private Future<Map<Integer, TraitDefinitions>> definitions(SqlConnection tx, List<Arrived> arrived) {
        var found = new HashMap<Integer, TraitDefinitions>();
        var asked = arrived.stream()
                .map(Arrived::ws)
                .distinct()
                .map(ws -> computed.definitions(tx, ws).onSuccess(one -> found.put(ws, one)))
                .toList();
        return Future.all(asked).map(found);
    }

    /** Of people whom an alias of the batch may join how many userIds they have. */
    private Future<Map<Numbered, Integer>> userIds(SqlConnection tx, List<Arrived> arrived, Map<Id, Identity> known) {
        var joined = arrived.stream()
                .filter(one -> one.formerUser() != null)
                .flatMap(one -> Stream.of(known.get(one.formerUser()), known.get(one.user())))
                .filter(Objects::nonNull)
                .collect(Collectors.groupingBy(
                        one -> one.id.ws(), TreeMap::new, Collectors.mapping(Identity::profileNo, Collectors.toSet())));
        return identities.userIds(tx, joined);
    }

    /** From one profile to another. */
    private record Move(int ws, int fromNo, int toNo) {}

    /** People of one workspace of whom there are events, and how closely they have to be looked at. */
    private static final class Touched {
        /** Everybody. */
        final Set<Integer> all = new TreeSet<>();
        /** Those of whom anything may be other. */
        final Set<Integer> looked = new TreeSet<>();
        /** Those of whom traits were said, values without structure. */
        final Map<Integer, JsonObject> words = new TreeMap<>();
        /** Events, by who did it. */
        final Map<Integer, List<Happening>> did = new TreeMap<>();
        /** Those who have other ids than before, and with them other events. */
        final Set<Integer> others = new TreeSet<>();

        void look(int profileNo) {
            all.add(profileNo);
            looked.add(profileNo);
        }

        /** This trait may have another value. */
        void say(int profileNo, String name, Object value) {
            if (value instanceof String || value instanceof Boolean || value instanceof Number) {
                all.add(profileNo);
                words.computeIfAbsent(profileNo, none -> new JsonObject()).put(name, value);
            } else {
                look(profileNo);
            }
        }

        /** Those who have to be locked, see {@link ProfilesStore#lock}. */
        SortedMap<Integer, JsonObject> locked() {
            var locked = new TreeMap<>(words);
            did.keySet().forEach(no -> locked.putIfAbsent(no, new JsonObject()));
            looked.forEach(no -> locked.put(no, null));
            others.forEach(no -> locked.put(no, null));
            return locked;
        }
    }

    /** What a batch changes, gathered in memory. */
    private static final class Changes {
        final Set<Identity> identities = new HashSet<>();
        final Map<Integer, Touched> touched = new TreeMap<>();
        /** Addresses that belong to somebody else now, in this order. */
        final List<Move> moves = new ArrayList<>();
        /** Known people who became one, in this order; of one who was that already both numbers are the same. */
        final List<Move> joins = new ArrayList<>();
        /** What is other of people when all of it is in force. */
        final List<DerivedBatch.Changed> told = new ArrayList<>();
        /** Which known people became one, and by which events. */
        final List<LinksStore.Alias> aliases = new ArrayList<>();
        /** How many userIds those have whom an alias may join, by their profile. */
        final Map<Numbered, Integer> userIds;

        /** What each workspace says of traits. */
        final Map<Integer, TraitDefinitions> definitions;

        Changes(Map<Numbered, Integer> userIds, Map<Integer, TraitDefinitions> definitions) {
            this.userIds = userIds;
            this.definitions = definitions;
        }

        TraitDefinitions definitions(int ws) {
            return definitions.getOrDefault(ws, TraitDefinitions.NONE);
        }

        /** Whether the two together have no more userIds than a person may; counts them as one if so. */
        boolean mayJoin(int ws, int fromNo, int toNo) {
            var all =
                    userIds.getOrDefault(new Numbered(ws, fromNo), 0) + userIds.getOrDefault(new Numbered(ws, toNo), 0);
            if (fromNo != toNo && all > IdentitiesStore.MAX_USER_IDS) {
                return false;
            }
            if (fromNo != toNo) {
                userIds.put(new Numbered(ws, toNo), all);
                userIds.remove(new Numbered(ws, fromNo));
            }
            return true;
        }

        Touched touched(int ws) {
            return touched.computeIfAbsent(ws, none -> new Touched());
        }

        /** All ids that belong to another profile than before the batch, and addresses that were proven to. */
        Set<Moved> moved() {
            var moved = new HashSet<Moved>();
            moves.stream()
                    .filter(move -> move.fromNo() != move.toNo())
                    .forEach(move -> moved.add(new Moved(move.ws(), move.fromNo(), move.toNo())));
            identities.stream()
                    .filter(one -> one.loadedNo() != one.profileNo())
                    .forEach(one -> moved.add(new Moved(one.id.ws(), one.loadedNo(), one.profileNo())));
            return moved;
        }
    }

    private static void apply(Arrived event, Map<Id, Identity> known, Changes changes) {
        var user = event.user() == null ? null : known.get(event.user());
        if (user != null) {
            event.visitors().forEach(id -> claim(event, known.get(id), user, changes));
            if (event.formerUser() != null && !event.formerUser().equals(user.id)) {
                join(event, known, user, changes);
            }
        }
        tell(event, subject(event, known), changes);
    }

    /** What the event says of whose it is. */
    private static void tell(Arrived event, Identity subject, Changes changes) {
        int no = subject.profileNo();
        var touched = changes.touched(event.ws());
        touched.all.add(no);
        if (event.kind().equals("identify")) {
            event.payload().getJsonObject("traits", new JsonObject()).stream()
                    .filter(trait -> !trait.getKey().startsWith(Device.PREFIX))
                    .forEach(trait -> set(event, subject, trait.getKey(), trait.getValue(), changes));
        }
        event.device().forEach((name, value) -> set(event, subject, name, value, changes));
        if (event.saysQuietHours()) {
            var hours = QuietHours.of(event.payload().getJsonObject("properties", new JsonObject()));
            set(event, subject, QuietHours.NAME, hours.map(QuietHours::toJson).orElse(null), changes);
        }
        boolean other = event.consent()
                .filter(consent -> subject.consent(consent, event.at(), event.messageId(), event.source()))
                .isPresent();
        other |= event.group() != null && subject.join(event.group().id(), event.at(), event.messageId());
        var tag = event.tag();
        other |= tag != null && subject.tag(tag.name(), tag.has(), event.at(), event.messageId());
        if (other) {
            touched.look(no);
        }
        subject.seen(event.at());
        changes.identities.add(subject);
    }

    /** @param no who has done it when all of the batch is taken: a visitor may have been somebody else's in between */
    private static void did(Arrived event, int no, Changes changes) {
        var happening = new Happening(
                event.kind(),
                DerivedBatch.Event.name(event.payload()),
                event.at(),
                event.messageId(),
                event.payload().getJsonObject("properties", new JsonObject()));
        // Of what nothing is computed by nobody is locked for it.
        if (changes.definitions(event.ws()).asks(happening)) {
            changes.touched(event.ws())
                    .did
                    .computeIfAbsent(no, none -> new ArrayList<>())
                    .add(happening);
        }
    }

    private static void set(Arrived event, Identity subject, String name, Object value, Changes changes) {
        var oldest = changes.definitions(event.ws()).oldest();
        if (subject.set(name, value, event, oldest)) {
            changes.touched(event.ws()).say(subject.profileNo(), name, value);
        }
    }

    private static void claim(Arrived event, Identity visitor, Identity user, Changes changes) {
        var before = visitor.profileNo();
        visitor.claim(user, event.at(), event.messageId());
        if (visitor.profileNo() != before) {
            changes.touched(event.ws()).look(before);
            changes.touched(event.ws()).look(visitor.profileNo());
        }
        var visitorsOwn = visitor.addressNo();
        if (event.verified() && visitor.prove(user, event.at(), event.messageId())) {
            changes.moves.add(new Move(event.ws(), visitorsOwn, user.profileNo()));
        }
        visitor.seen(event.at());
        changes.identities.add(visitor);
    }

    /** Two known people are one: here those of the batch, in {@link IdentitiesStore#join} all others. */
    private static void join(Arrived event, Map<Id, Identity> known, Identity user, Changes changes) {
        var former = known.get(event.formerUser());
        if (former.isSettled()
                || user.isSettled()
                || !changes.mayJoin(event.ws(), former.profileNo(), user.profileNo())) {
            return;
        }
        former.alias(user, event.at(), event.messageId());
        changes.aliases.add(new LinksStore.Alias(
                event.ws(), former.no, user.no, former.id.value(), user.id.value(), event.at(), event.messageId()));
        changes.identities.add(former);
        var join = new Move(event.ws(), former.profileNo(), user.profileNo());
        changes.joins.add(join);
        if (join.fromNo() != join.toNo()) {
            known.values().stream()
                    .filter(one -> one.id.ws() == join.ws() && one.move(join.fromNo(), join.toNo()))
                    .forEach(changes.identities::add);
            changes.moves.add(join);
            changes.touched(join.ws()).look(join.fromNo());
            changes.touched(join.ws()).look(join.toNo());
        }
    }

    private Future<Void> join(SqlConnection tx, List<Move> joins) {
        Future<Void> chain = Future.succeededFuture();
        for (var join : joins) {
            if (join.fromNo() != join.toNo()) {
                chain = chain.compose(done -> identities.join(tx, join.ws(), join.fromNo(), join.toNo()));
            }
        }
        return chain;
    }

    private Future<Void> name(SqlConnection tx, List<Move> joins) {
        Future<Void> chain = Future.succeededFuture();
        for (var join : joins) {
            chain = chain.compose(done -> identities.name(tx, join.ws(), join.toNo()));
        }
        return chain;
    }

    private Future<Void> refresh(SqlConnection tx, Changes changes) {
        for (var moved : changes.moved()) {
            changes.touched(moved.ws()).others.addAll(List.of(moved.fromNo(), moved.toNo()));
        }
        Future<Void> chain = Future.succeededFuture();
        for (var entry : changes.touched.entrySet()) {
            var ws = entry.getKey();
            var defined = changes.definitions(ws);
            chain = chain.compose(done -> refresh(tx, ws, entry.getValue(), defined, changes.told));
        }
        return chain;
    }

    /** @param told what is other of people afterwards */
    private Future<Void> refresh(
            SqlConnection tx, int ws, Touched touched, TraitDefinitions definitions, List<DerivedBatch.Changed> told) {
        var locked = touched.locked();
        if (locked.isEmpty()) {
            touched.all.forEach(no -> told.add(DerivedBatch.Changed.nothing(ws, no)));
            return Future.succeededFuture();
        }
        return store.lock(tx, ws, locked).compose(differ -> computed.compute(
                        tx, ws, definitions, touched.did, Set.of(), touched.others, null)
                .compose(other -> {
                    var all = new TreeSet<>(differ);
                    all.addAll(other);
                    return store.refresh(tx, ws, all);
                })
                .compose(refreshed -> {
                    var rest = new TreeSet<>(touched.all);
                    refreshed.forEach(one -> {
                        rest.remove(one.profileNo());
                        told.add(DerivedBatch.Changed.of(ws, one));
                    });
                    rest.forEach(no -> told.add(DerivedBatch.Changed.nothing(ws, no)));
                    return traits.tell(tx, ws, refreshed);
                })
                .compose(done ->
                        differ.isEmpty() ? Future.succeededFuture() : suppressions.mark(tx, ws, differ, false)));
    }

    private Future<Void> moveAddresses(SqlConnection tx, List<Move> moves, List<StreamRecord> merges) {
        Future<Void> chain = Future.succeededFuture();
        for (var move : moves) {
            chain = chain.compose(done -> addresses.move(tx, move.ws(), move.fromNo(), move.toNo()));
            merges.add(new StreamRecord(
                    move.ws(),
                    "#" + move.toNo(),
                    "profile.merged",
                    new JsonObject().put("fromNo", move.fromNo()).put("toNo", move.toNo())));
        }
        return chain;
    }

    /** What is said of groups themselves: of each trait the latest word. Those of which something is other by that. */
    private Future<List<DerivedBatch.Group>> tellGroups(SqlConnection tx, List<Arrived> events) {
        var others = new ArrayList<DerivedBatch.Group>();
        var byWorkspace = new TreeMap<Integer, List<Arrived>>();
        events.stream().filter(one -> one.group() != null).forEach(one -> byWorkspace
                .computeIfAbsent(one.ws(), ws -> new ArrayList<>())
                .add(one));
        Future<Void> chain = Future.succeededFuture();
        for (var entry : byWorkspace.entrySet()) {
            var ids = entry.getValue().stream().map(one -> one.group().id()).collect(Collectors.toSet());
            chain = chain.compose(done -> groups.lockGroups(tx, entry.getKey(), ids))
                    .compose(words -> {
                        var before = new HashMap<String, Map<String, Object>>();
                        words.forEach((id, said) -> before.put(id, inForce(said)));
                        for (var one : entry.getValue()) {
                            one.payload()
                                    .getJsonObject("traits", new JsonObject())
                                    .forEach(trait -> Words.say(
                                            words.get(one.group().id()),
                                            trait.getKey(),
                                            new JsonArray()
                                                    .add(trait.getValue())
                                                    .add(TypedTrait.micros(one.at()))
                                                    .add(one.messageId()),
                                            Identity.MAX_TRAITS));
                        }
                        return groups.updateGroups(tx, entry.getKey(), words)
                                .onSuccess(done -> words.forEach((id, said) -> others.add(new DerivedBatch.Group(
                                        entry.getKey(), id, differing(before.get(id), inForce(said))))));
                    });
        }
        return chain.map(others);
    }

    private static Map<String, Object> inForce(JsonObject words) {
        var values = new HashMap<String, Object>();
        words.fieldNames()
                .forEach(name -> values.put(name, words.getJsonArray(name).getValue(0)));
        return values;
    }

    private static Set<String> differing(Map<String, Object> before, Map<String, Object> after) {
        return Stream.concat(before.keySet().stream(), after.keySet().stream())
                .filter(name -> !Objects.equals(before.get(name), after.get(name)))
                .collect(Collectors.toSet());
    }

    private Future<Void> keep(SqlConnection tx, List<Arrived> events, Map<Id, Identity> known) {
        return store.keep(
                tx,
                events.stream()
                        .map(one -> new ProfilesStore.Kept(
                                one.ws(),
                                subject(one, known).no,
                                one.at(),
                                one.messageId(),
                                one.kind(),
                                DerivedBatch.Event.name(one.payload()),
                                one.text()))
                        .toList());
    }

    private static Identity subject(Arrived event, Map<Id, Identity> known) {
        return known.get(event.user() != null ? event.user() : event.visitor());
    }

    private static UUID hash(String messageId) {
        try {
            var digest = ByteBuffer.wrap(
                    MessageDigest.getInstance("SHA-256").digest(messageId.getBytes(StandardCharsets.UTF_8)));
            return new UUID(digest.getLong(), digest.getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}
