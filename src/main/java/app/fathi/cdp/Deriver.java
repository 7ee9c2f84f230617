package app.fathi.cdp;

import app.fathi.cdp.IdentityGraph.Id;
import app.fathi.cdp.live.LiveFeed;
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
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the deriving consumer does with a batch of {@code ingest}, in one transaction: each event once, then identity,
 * profile, and the stages that other domains have plugged in; what they conclude goes to {@code facts}.
 */
public final class Deriver {
    private static final String INTERACTION = "interaction";
    private static final String ALIAS = "alias";
    private static final int MAX_TAG_CHARACTERS = 64;
    /** Events that give a tag to a person or take it away: the one in their properties. */
    private static final Map<String, Boolean> TAGGINGS = Map.of("Tag Added", true, "Tag Removed", false);

    private final Streams streams;
    private final AddressBook addresses;
    private final List<ProfileStage> stages;
    private final ProfilesStore store = new ProfilesStore();
    private final TraitsStore traits = new TraitsStore();
    private final SuppressionsStore suppressions = new SuppressionsStore();
    private final IdentityGraph graph = new IdentityGraph(store);
    private final Verdicts verdicts;

    /** @param live tells who listens what became of each event */
    public Deriver(Streams streams, AddressBook addresses, List<ProfileStage> stages, LiveFeed live) {
        this.verdicts = new Verdicts(live);
        this.streams = streams;
        this.addresses = addresses;
        this.stages = List.copyOf(stages);
    }

    private record Tagging(String name, boolean has) {}

    private record Group(int ws, String id) {}

    /** One event as {@link Ingest} wrote it. */
    private record Arrived(
            int ws, String kind, JsonObject payload, String messageId, Instant at, boolean verified, boolean trusted) {
        static Arrived of(Consumed consumed) {
            var payload = consumed.record().payload();
            return new Arrived(
                    consumed.record().ws(),
                    consumed.record().kind(),
                    payload,
                    payload.getString("messageId"),
                    // As they are stored: what is finer would order one batch and not two.
                    Instant.parse(payload.getString("at")).truncatedTo(ChronoUnit.MICROS),
                    payload.getBoolean("verified", false),
                    payload.getBoolean("trusted", false));
        }

        /** What a {@code track} says of a tag; null when it says nothing of one. */
        Tagging tag() {
            var has = kind.equals("track") ? TAGGINGS.get(payload.getString("event", "")) : null;
            if (has == null
                    || !(payload.getJsonObject("properties", new JsonObject()).getValue("tag") instanceof String tag)) {
                return null;
            }
            var name = tag.strip();
            return name.isEmpty() || name.codePointCount(0, name.length()) > MAX_TAG_CHARACTERS
                    ? null
                    : new Tagging(name, has);
        }

        /**
         * What a {@code track} says the person has agreed to or refused. Nobody says it for a known person over a public key
         * without proof.
         */
        Optional<Consent> consent() {
            return kind.equals("track")
                            && Consent.EVENT.equals(payload.getString("event"))
                            && (verified || payload.getString("userId") == null)
                    ? Consent.of(payload.getJsonObject("properties", new JsonObject()))
                    : Optional.empty();
        }

        /** The group that a {@code group} puts the person into; null when it is none. */
        Group group() {
            return kind.equals("group") ? new Group(ws, payload.getString("groupId")) : null;
        }

        String source() {
            return payload.getString("source");
        }

        Id user() {
            return payload.getString("userId") == null ? null : Id.user(ws, payload.getString("userId"));
        }

        Id visitor() {
            return payload.getString("anonymousId") == null ? null : Id.visitor(ws, payload.getString("anonymousId"));
        }

        /** The id that an alias gives up, taken as a visitor's. */
        Id formerVisitor() {
            return previousId() == null ? null : Id.visitor(ws, previousId());
        }

        /** The same, taken as a known person's, where the event is trusted with that. */
        Id formerUser() {
            return previousId() == null || !trusted ? null : Id.user(ws, previousId());
        }

        private String previousId() {
            return kind.equals(ALIAS) ? payload.getString("previousId") : null;
        }

        Stream<Id> visitors() {
            return Stream.of(visitor(), formerVisitor())
                    .filter(Objects::nonNull)
                    .distinct();
        }

        Stream<Id> ids() {
            return Stream.concat(Stream.of(user(), formerUser()).filter(Objects::nonNull), visitors());
        }
    }

    public Future<Void> derive(SqlConnection tx, List<Consumed> records) {
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
                    var batch = new DerivedBatch(all, derived.changes());
                    derived.merges().forEach(batch::addFact);
                    return conclude(tx, batch);
                });
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
            var once = new HashMap<UUID, Arrived>();
            entry.getValue().forEach(one -> once.putIfAbsent(hash(one.messageId()), one));
            chain = chain.compose(done -> store.unseen(tx, entry.getKey(), List.copyOf(once.keySet())))
                    .map(unseen -> {
                        entry.getValue().stream()
                                .filter(one -> unseen.remove(hash(one.messageId())))
                                .forEach(fresh::add);
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
            List<DerivedBatch.Event> events, List<DerivedBatch.Changed> changes, List<StreamRecord> merges) {
        static final Derived NOTHING = new Derived(List.of(), List.of(), List.of());
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
            return rest.isEmpty() ? Future.succeededFuture(Derived.NOTHING) : profileThese(tx, rest);
        });
    }

    private Future<Derived> profileThese(SqlConnection tx, List<Arrived> arrived) {
        var ids = new LinkedHashSet<Id>();
        arrived.forEach(one -> one.ids().forEach(ids::add));
        return graph.load(tx, ids, arrived.getFirst().at()).compose(known -> {
            var changes = new Changes();
            var merges = new ArrayList<StreamRecord>();
            var ordered = arrived.stream()
                    .sorted(Comparator.comparing(Arrived::at).thenComparing(Arrived::messageId))
                    .toList();
            ordered.forEach(one -> apply(one, known, changes));
            return join(tx, changes.joins)
                    .compose(done -> store.update(tx, changes.identities))
                    .compose(done -> name(tx, changes.joins))
                    .compose(done -> refresh(tx, changes))
                    .compose(done -> moveAddresses(tx, changes.moves, merges))
                    .compose(done -> tellGroups(tx, ordered))
                    .compose(done -> keep(tx, ordered, known))
                    .map(done -> new Derived(
                            ordered.stream()
                                    .map(one -> new DerivedBatch.Event(
                                            one.ws(),
                                            one.kind(),
                                            one.payload(),
                                            subject(one, known).profileNo(),
                                            one.at()))
                                    .toList(),
                            changes.told,
                            merges));
        });
    }

    /** From one profile to another. */
    private record Move(int ws, int fromNo, int toNo) {}

    private record Profile(int ws, int no) {}

    /** What a batch changes, gathered in memory. */
    private static final class Changes {
        final Set<Identity> identities = new HashSet<>();
        final Map<Integer, Set<Integer>> profiles = new TreeMap<>();
        /** Addresses that belong to somebody else now, in this order. */
        final List<Move> moves = new ArrayList<>();
        /** Known people who became one, in this order; of one who was that already both numbers are the same. */
        final List<Move> joins = new ArrayList<>();
        /** Whose ids became others. */
        final Set<Profile> exchanged = new HashSet<>();
        /** What is other of people when all of it is in force. */
        final List<DerivedBatch.Changed> told = new ArrayList<>();

        void touch(int ws, int profileNo) {
            profiles.computeIfAbsent(ws, none -> new TreeSet<>()).add(profileNo);
        }

        /** An id went from one profile to another; nothing when it stayed where it was. */
        void exchange(int ws, int fromNo, int toNo) {
            touch(ws, fromNo);
            touch(ws, toNo);
            if (fromNo != toNo) {
                exchanged.add(new Profile(ws, fromNo));
                exchanged.add(new Profile(ws, toNo));
            }
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
        var subject = subject(event, known);
        if (event.kind().equals("identify")) {
            event.payload().getJsonObject("traits", new JsonObject()).stream()
                    .filter(trait -> !trait.getKey().startsWith(Device.PREFIX))
                    .forEach(trait -> subject.set(
                            trait.getKey(), trait.getValue(), event.at(), event.messageId(), event.source()));
        }
        Device.of(event.payload())
                .forEach((name, value) -> subject.set(name, value, event.at(), event.messageId(), event.source()));
        event.consent().ifPresent(consent -> subject.consent(consent, event.at(), event.messageId(), event.source()));
        if (event.group() != null) {
            subject.join(event.group().id(), event.at(), event.messageId());
        }
        var tag = event.tag();
        if (tag != null) {
            subject.tag(tag.name(), tag.has(), event.at(), event.messageId());
        }
        subject.seen(event.at());
        changes.identities.add(subject);
        changes.touch(event.ws(), subject.profileNo());
    }

    private static void claim(Arrived event, Identity visitor, Identity user, Changes changes) {
        var before = visitor.profileNo();
        visitor.claim(user, event.at(), event.messageId());
        changes.exchange(event.ws(), before, visitor.profileNo());
        var visitorsOwn = visitor.addressNo();
        if (event.verified() && visitor.prove(user, event.at(), event.messageId())) {
            changes.moves.add(new Move(event.ws(), visitorsOwn, user.profileNo()));
        }
        visitor.seen(event.at());
        changes.identities.add(visitor);
    }

    /** Two known people are one: here those of the batch, in {@link ProfilesStore#join} all others. */
    private static void join(Arrived event, Map<Id, Identity> known, Identity user, Changes changes) {
        var former = known.get(event.formerUser());
        former.alias(user, event.at(), event.messageId());
        changes.identities.add(former);
        var join = new Move(event.ws(), former.profileNo(), user.profileNo());
        changes.joins.add(join);
        if (join.fromNo() != join.toNo()) {
            known.values().stream()
                    .filter(one -> one.id.ws() == join.ws() && one.move(join.fromNo(), join.toNo()))
                    .forEach(changes.identities::add);
            changes.moves.add(join);
            changes.exchange(join.ws(), join.fromNo(), join.toNo());
        }
    }

    private Future<Void> join(SqlConnection tx, List<Move> joins) {
        Future<Void> chain = Future.succeededFuture();
        for (var join : joins) {
            if (join.fromNo() != join.toNo()) {
                chain = chain.compose(done -> store.join(tx, join.ws(), join.fromNo(), join.toNo()));
            }
        }
        return chain;
    }

    private Future<Void> name(SqlConnection tx, List<Move> joins) {
        Future<Void> chain = Future.succeededFuture();
        for (var join : joins) {
            chain = chain.compose(done -> store.name(tx, join.ws(), join.toNo()));
        }
        return chain;
    }

    private Future<Void> refresh(SqlConnection tx, Changes changes) {
        Future<Void> chain = Future.succeededFuture();
        for (var entry : changes.profiles.entrySet()) {
            int ws = entry.getKey();
            chain = chain.compose(done -> store.refresh(tx, ws, entry.getValue()))
                    .compose(refreshed -> {
                        refreshed.forEach(one -> changes.told.add(new DerivedBatch.Changed(
                                ws,
                                one.profileNo(),
                                one.names(),
                                one.consents(),
                                changes.exchanged.contains(new Profile(ws, one.profileNo())))));
                        return traits.tell(tx, ws, refreshed);
                    })
                    .compose(done -> suppressions.mark(tx, entry.getKey(), entry.getValue(), false));
        }
        return chain;
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

    /** What is said of groups themselves: of each trait the latest word. */
    private Future<Void> tellGroups(SqlConnection tx, List<Arrived> events) {
        var byWorkspace = new TreeMap<Integer, List<Arrived>>();
        events.stream().filter(one -> one.group() != null).forEach(one -> byWorkspace
                .computeIfAbsent(one.ws(), ws -> new ArrayList<>())
                .add(one));
        Future<Void> chain = Future.succeededFuture();
        for (var entry : byWorkspace.entrySet()) {
            var ids = entry.getValue().stream().map(one -> one.group().id()).collect(Collectors.toSet());
            chain = chain.compose(done -> store.lockGroups(tx, entry.getKey(), ids))
                    .compose(words -> {
                        for (var one : entry.getValue()) {
                            one.payload()
                                    .getJsonObject("traits", new JsonObject())
                                    .forEach(trait -> Identity.say(
                                            words.get(one.group().id()),
                                            trait.getKey(),
                                            new JsonArray()
                                                    .add(trait.getValue())
                                                    .add(TypedTrait.micros(one.at()))
                                                    .add(one.messageId()),
                                            Identity.MAX_TRAITS));
                        }
                        return store.updateGroups(tx, entry.getKey(), words);
                    });
        }
        return chain;
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
                                one.payload().getString("event", one.payload().getString("name")),
                                one.payload()))
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
