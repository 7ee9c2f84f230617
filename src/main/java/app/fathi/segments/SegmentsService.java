package app.fathi.segments;

import app.fathi.cdp.Profiles;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Jobs;
import app.fathi.segments.PeopleStore.Count;
import app.fathi.segments.rules.Rule;
import app.fathi.segments.rules.RuleParser;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/** The rules of this domain. Questions to many people run on a pool of their own, where they can hold up nobody else. */
final class SegmentsService {
    private static final String SEGMENTS = "/api/v1/segments/";
    private static final int MAX_SEGMENTS = 1_000;
    private static final int SAMPLE = 10;
    private static final String BY_USER_ID = "user:";

    private final Transactions transactions;
    private final Transactions analytics;
    private final SegmentsStore store = new SegmentsStore();
    private final RulesStore rules = new RulesStore();
    private final MembershipStore membership = new MembershipStore();
    private final BlocksStore blocks = new BlocksStore();
    private final People people = new People(store);
    private final Profiles profiles;
    private final Jobs jobs;
    private final Audit audit;
    private final Cursor cursor;

    SegmentsService(
            Transactions transactions,
            Transactions analytics,
            Profiles profiles,
            Jobs jobs,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.analytics = analytics;
        this.profiles = profiles;
        this.jobs = jobs;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return store.page(
                        transactions.pool(),
                        call.ws(),
                        before,
                        call.parameters().getString("q"),
                        call.parameters().getString("tag"),
                        Cursor.limit(call) + 1)
                .compose(rows -> sizes(call.ws(), rows)
                        .map(sizes -> Reply.ok(cursor.page(
                                call, rows, row -> row.toJson(sizes.get(row.id())), row -> List.of(row.id())))));
    }

    Future<Reply> get(Call call) {
        return find(call).compose(segment -> shown(call.ws(), segment));
    }

    private Future<Reply> shown(int ws, Segment segment) {
        return sizes(ws, List.of(segment))
                .map(sizes -> Reply.ok(
                        segment.toJson(sizes.get(segment.id())), segment.edits().version()));
    }

    /** How many people are in them; not of those of which not everybody was asked yet. */
    private Future<Map<UUID, Long>> sizes(int ws, List<Segment> segments) {
        var kept = segments.stream().filter(Segment::isKept).toList();
        var statics =
                segments.stream().filter(Segment::isStatic).map(Segment::id).toList();
        return blocks.people(
                        transactions.pool(),
                        ws,
                        kept.stream().map(one -> one.keeping().no()).toList())
                .compose(people -> store.sizes(transactions.pool(), ws, statics).map(sizes -> {
                    kept.forEach(one -> sizes.put(
                            one.id(), people.getOrDefault(one.keeping().no(), 0L)));
                    return sizes;
                }));
    }

    private Future<Segment> find(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "segment"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("segment")));
    }

    Future<Reply> create(Call call) {
        var draft = Segment.of(UuidCreator.getTimeOrderedEpoch(), call.json());
        return transactions.once(call, tx -> check(tx, call.ws(), draft)
                .compose(checked -> store.count(tx, call.ws()))
                .compose(count -> {
                    if (count >= MAX_SEGMENTS) {
                        throw ProblemException.conflict("A workspace has at most " + MAX_SEGMENTS + " segments.");
                    }
                    return store.insert(tx, call.ws(), draft, call.caller().id());
                })
                .map(saved -> saved.orElseThrow(() -> taken(draft)))
                .compose(segment -> askEverybody(tx, call.ws(), segment).map(segment))
                .compose(segment -> audit.record(tx, call, "segment", segment.id(), null, segment.fields())
                        .map(Reply.created(SEGMENTS + segment.id(), segment.toJson(segment.isStatic() ? 0L : null)))));
    }

    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "segment");
        return transactions
                .run(tx -> lock(tx, call.ws(), id).compose(found -> {
                    var before = current(found, version);
                    var draft = before.with(call.json());
                    return check(tx, call.ws(), draft)
                            .compose(checked -> store.update(
                                    tx, call.ws(), draft, call.caller().id()))
                            .map(saved -> saved.orElseThrow(() -> taken(draft)))
                            .compose(after -> Objects.equals(before.rule(), after.rule())
                                    ? Future.succeededFuture(after)
                                    : askEverybody(tx, call.ws(), after).map(after.asking()))
                            .compose(after -> audit.record(
                                            tx,
                                            call,
                                            "segment",
                                            id,
                                            named(before.fields(), call.json()),
                                            named(after.fields(), call.json()))
                                    .map(after));
                }))
                .compose(segment -> shown(call.ws(), segment));
    }

    /** First the rules, then the row: so does whoever asks people by them. */
    private Future<Optional<Segment>> lock(SqlConnection tx, int ws, UUID id) {
        return store.lockAll(tx, ws).compose(locked -> store.lock(tx, ws, id));
    }

    /** Whoever was in it under another rule may not be under this one, nor in those that name it. */
    private Future<?> askEverybody(SqlConnection tx, int ws, Segment segment) {
        return segment.isStatic()
                ? Future.succeededFuture()
                : rules.changed(tx, ws, segment.id()).compose(done -> jobs.enqueue(tx, List.of(RebuildJob.job(ws))));
    }

    /** For who doubts what is kept. */
    Future<Reply> rebuild(Call call) {
        var id = call.id("id", "segment");
        return transactions
                .run(tx -> lock(tx, call.ws(), id).compose(found -> {
                    var segment = found.orElseThrow(() -> ProblemException.notFound("segment"));
                    if (segment.isStatic()) {
                        throw ProblemException.conflict(
                                "People are put into a static segment: nothing is computed of it.");
                    }
                    return askEverybody(tx, call.ws(), segment)
                            .compose(done -> audit.record(tx, call, "segment", id, null, null))
                            .map(segment.asking());
                }))
                .map(segment -> Reply.accepted(segment.toJson(null)));
    }

    /** That the segments which it names exist and do not come back to it. */
    private Future<?> check(SqlConnection tx, int ws, Segment draft) {
        return draft.isStatic()
                ? Future.succeededFuture()
                : store.lockAll(tx, ws).compose(locked -> people.resolve(tx, ws, draft.asRule(), draft.id()));
    }

    Future<Reply> delete(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "segment");
        return transactions
                .run(tx -> lock(tx, call.ws(), id).compose(found -> {
                    var segment = current(found, version);
                    return store.users(tx, call.ws(), id).compose(users -> {
                        if (!users.isEmpty()) {
                            throw ProblemException.conflict(
                                    "The rules of these segments name it: " + String.join(", ", users) + ".");
                        }
                        return store.delete(tx, call.ws(), id)
                                .compose(done -> rules.newVersion(tx, call.ws()))
                                .compose(done -> audit.record(tx, call, "segment", id, segment.fields(), null));
                    });
                }))
                .map(Reply.noContent());
    }

    /** Who a rule means now: nothing is saved. */
    Future<Reply> preview(Call call) {
        var rule = RuleParser.parse(call.json().getJsonObject("rule"), "/rule");
        return analytics
                .run(tx -> composite(tx, call.ws(), rule)
                        .compose(composite -> composite.isPresent()
                                ? counted(tx, call.ws(), composite.get())
                                : asked(tx, call.ws(), rule)))
                .map(Reply::ok);
    }

    /** Empty for a rule that speaks of other things than segments, or of some that are not kept. */
    private Future<Optional<Composite>> composite(SqlConnection tx, int ws, Rule rule) {
        return Composite.names(rule)
                .map(names -> store.findAll(tx, ws, names)
                        .map(found -> found.size() == names.size()
                                        && found.stream().allMatch(Segment::isKept)
                                ? Optional.of(new Composite(
                                        rule, found.stream().collect(Collectors.toMap(Segment::id, one -> one.keeping()
                                                .no()))))
                                : Optional.<Composite>empty()))
                .orElseGet(() -> Future.succeededFuture(Optional.empty()));
    }

    private Future<JsonObject> counted(SqlConnection tx, int ws, Composite composite) {
        var wanted = new ArrayList<>(composite.numbers().values());
        wanted.add(LiveSegments.EVERYBODY);
        wanted.add(LiveSegments.SUBSCRIBED);
        return membership.now(tx).compose(now -> blocks.read(tx, ws, wanted).compose(bits -> {
            var answers = composite.answer(bits);
            var sample = answers.stream()
                    .flatMap(answer -> answer.newest(SAMPLE).stream())
                    .limit(SAMPLE)
                    .toList();
            return people.known(tx, ws, sample)
                    .map(known -> previewed(
                            new Count(
                                    answers.stream()
                                            .mapToLong(answer -> answer.people().getCardinality())
                                            .sum(),
                                    answers.stream()
                                            .mapToLong(Composite.Answer::reachable)
                                            .sum()),
                            known,
                            now));
        }));
    }

    private Future<JsonObject> asked(SqlConnection tx, int ws, Rule rule) {
        return people.resolve(tx, ws, rule, null)
                .compose(resolved -> people.ask(tx, ws, resolved))
                .compose(question -> people.count(tx, ws, question)
                        .compose(count -> people.page(tx, ws, question, Integer.MAX_VALUE, SAMPLE)
                                .map(sample -> previewed(count, sample, question.now()))));
    }

    private static JsonObject previewed(Count count, List<Known> sample, Instant now) {
        return new JsonObject()
                .put("people", count.people())
                .put("reachable", count.reachable())
                .put(
                        "sample",
                        new JsonArray(
                                sample.stream().map(SegmentsService::member).toList()))
                .put("asOf", now.toString());
    }

    Future<Reply> members(Call call) {
        int before =
                cursor.position(call).map(position -> (int) position.number(0)).orElse(Integer.MAX_VALUE);
        int limit = Cursor.limit(call) + 1;
        return find(call)
                .compose(segment -> segment.isKept()
                        ? kept(call.ws(), segment, before, limit)
                        : analytics.run(tx -> people.resolve(tx, call.ws(), segment.asRule(), null)
                                .compose(resolved -> people.ask(tx, call.ws(), resolved))
                                .compose(question -> people.page(tx, call.ws(), question, before, limit))))
                .map(found ->
                        Reply.ok(cursor.page(call, found, SegmentsService::member, known -> List.of(known.no()))));
    }

    private Future<List<Known>> kept(int ws, Segment segment, int before, int limit) {
        return blocks.page(transactions.pool(), ws, segment.keeping().no(), before, limit)
                .compose(numbers -> people.known(transactions.pool(), ws, numbers));
    }

    /** The segments of one person. */
    Future<Reply> ofProfile(Call call) {
        return profiles.named(transactions.pool(), call)
                .compose(no -> store.ofPerson(transactions.pool(), call.ws(), no))
                .map(segments -> Reply.ok(new JsonObject().put("items", new JsonArray(segments))));
    }

    private static JsonObject member(Known known) {
        return new JsonObject()
                .put("id", known.id().toString())
                .put("userId", known.userId())
                .put("subscribed", known.subscribed("webpush"));
    }

    /** People are put into a static segment, and taken out of it, all at once. Who is unknown is told, and nobody is made. */
    Future<Reply> changeMembers(Call call) {
        var id = call.id("id", "segment");
        return transactions.run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
            var segment = found.orElseThrow(() -> ProblemException.notFound("segment"));
            if (!segment.isStatic()) {
                throw ProblemException.conflict("Who is in a dynamic segment is what its rule says: change the rule.");
            }
            var add = call.json().getJsonArray("add", new JsonArray());
            var remove = call.json().getJsonArray("remove", new JsonArray());
            return numbers(tx, call.ws(), add, remove).compose(numbers -> {
                var unknown = new ArrayList<String>();
                var adding = named(add, numbers, unknown);
                var removing = named(remove, numbers, unknown);
                var concerned = new ArrayList<>(adding);
                concerned.addAll(removing);
                return store.remove(tx, call.ws(), id, removing)
                        .compose(removed -> store.add(tx, call.ws(), id, adding)
                                .map(added ->
                                        new JsonObject().put("added", added).put("removed", removed)))
                        .compose(changed ->
                                membership.wake(tx, call.ws(), concerned).map(changed))
                        .compose(changed -> audit.record(tx, call, "segment", id, null, changed)
                                .map(Reply.ok(changed.copy().put("unknown", new JsonArray(unknown)))));
            });
        }));
    }

    private Future<Map<String, Integer>> numbers(SqlConnection tx, int ws, JsonArray add, JsonArray remove) {
        var users = new ArrayList<String>();
        var ids = new ArrayList<UUID>();
        for (var list : List.of(add, remove)) {
            for (var name : list) {
                var text = (String) name;
                if (text.startsWith(BY_USER_ID)) {
                    users.add(text.substring(BY_USER_ID.length()));
                } else {
                    uuid(text).ifPresent(ids::add);
                }
            }
        }
        return profiles.numbersByUserIds(tx, ws, users)
                .compose(byUser -> profiles.numbersByIds(tx, ws, ids).map(byId -> {
                    var numbers = new HashMap<String, Integer>();
                    byUser.forEach((user, no) -> numbers.put(BY_USER_ID + user, no));
                    byId.forEach((profile, no) -> numbers.put(profile.toString(), no));
                    return numbers;
                }));
    }

    private static List<Integer> named(JsonArray names, Map<String, Integer> numbers, List<String> unknown) {
        var found = new ArrayList<Integer>();
        for (var name : names) {
            var no = numbers.get(name);
            if (no == null) {
                unknown.add((String) name);
            } else {
                found.add(no);
            }
        }
        return found;
    }

    private static Optional<UUID> uuid(String text) {
        try {
            return Optional.of(UUID.fromString(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static ProblemException taken(Segment draft) {
        return ProblemException.conflict("The workspace has a segment named " + draft.name() + " already.");
    }

    private static Segment current(Optional<Segment> found, long version) {
        var segment = found.orElseThrow(() -> ProblemException.notFound("segment"));
        if (segment.edits().version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The segment has changed since it was read. Read it again.");
        }
        return segment;
    }

    /** The fields that a change names, as they stand here. */
    private static JsonObject named(JsonObject fields, JsonObject change) {
        var named = new JsonObject();
        change.fieldNames().forEach(field -> named.put(field, fields.getValue(field)));
        return named;
    }
}
