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
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/** The rules of this domain. Questions to many people run on a pool of their own, where they can hold up nobody else. */
final class SegmentsService {
    private static final String SEGMENTS = "/api/v1/segments/";
    private static final int MAX_SEGMENTS = 1_000;
    private static final String BY_USER_ID = "user:";

    private final Transactions transactions;
    private final SegmentAnswers answers;
    private final SegmentsStore store = new SegmentsStore();
    private final RulesStore rules = new RulesStore();
    private final BlocksStore blocks = new BlocksStore();
    private final StaticMembers members = new StaticMembers();
    private final AudiencesStore audiences = new AudiencesStore();
    private final BuiltIns builtIns;
    private final VersionsStore versions = new VersionsStore();
    private final UsageStore usage = new UsageStore();
    private final People people = new People(store);
    private final Profiles profiles;
    private final Jobs jobs;
    private final Audit audit;
    private final Cursor cursor;

    SegmentsService(
            Transactions transactions,
            SegmentAnswers answers,
            Profiles profiles,
            Jobs jobs,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.answers = answers;
        this.profiles = profiles;
        this.jobs = jobs;
        this.builtIns = new BuiltIns(transactions, jobs);
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return builtIns.make(call.ws())
                .compose(made -> store.page(
                        transactions.pool(),
                        call.ws(),
                        before,
                        call.parameters().getString("q"),
                        call.parameters().getString("tag"),
                        Cursor.limit(call) + 1))
                .compose(rows -> answers.sizes(call.ws(), rows)
                        .map(sizes -> Reply.ok(cursor.page(
                                call, rows, row -> row.toJson(sizes.get(row.id())), row -> List.of(row.id())))));
    }

    Future<Reply> get(Call call) {
        return answers.find(call).compose(segment -> shown(call.ws(), segment));
    }

    private Future<Reply> shown(int ws, Segment segment) {
        return answers.sizes(ws, List.of(segment))
                .map(sizes -> Reply.ok(
                        segment.toJson(sizes.get(segment.id())), segment.edits().version()));
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
                .compose(segment -> versions.keep(tx, call.ws(), segment).map(segment))
                .compose(segment -> audit.record(tx, call, "segment", segment.id(), null, segment.fields())
                        .map(Reply.created(SEGMENTS + segment.id(), segment.toJson(segment.isStatic() ? 0L : null)))));
    }

    Future<Reply> update(Call call) {
        return change(call, (tx, before) -> Future.succeededFuture(call.json()));
    }

    /** Makes it what it was. */
    Future<Reply> restore(Call call) {
        long version = call.json().getLong("version");
        return change(call, (tx, before) -> versions.find(tx, call.ws(), before.id(), version)
                .map(found -> found.orElseThrow(() -> ProblemException.unprocessable(
                                "/version", "There is no version " + version + " of this segment."))
                        .fields()));
    }

    /** @param changes the fields that change, of the segment as it is */
    private Future<Reply> change(Call call, BiFunction<SqlConnection, Segment, Future<JsonObject>> changes) {
        var version = call.ifMatch();
        var id = call.id("id", "segment");
        return transactions
                .run(tx -> lock(tx, call.ws(), id).compose(found -> {
                    var before = current(found, version).own();
                    return changes.apply(tx, before).compose(change -> save(tx, call, before, change));
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

    private Future<Segment> save(SqlConnection tx, Call call, Segment before, JsonObject change) {
        var draft = before.with(change);
        return check(tx, call.ws(), draft)
                .compose(checked ->
                        store.update(tx, call.ws(), draft, call.caller().id()))
                .map(saved -> saved.orElseThrow(() -> taken(draft)))
                .compose(after -> versions.keep(tx, call.ws(), after)
                        .compose(kept -> audit.record(
                                tx,
                                call,
                                "segment",
                                after.id(),
                                named(before.fields(), change),
                                named(after.fields(), change)))
                        .map(after))
                .compose(after -> Objects.equals(before.rule(), after.rule())
                        ? Future.succeededFuture(after)
                        : askEverybody(tx, call.ws(), after).map(after.asking()));
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
                    var segment = current(found, version).own();
                    return store.users(tx, call.ws(), id).compose(users -> {
                        if (!users.isEmpty()) {
                            throw ProblemException.conflict(
                                    "The rules of these segments name it: " + String.join(", ", users) + ".");
                        }
                        return requireNoCampaign(tx, call.ws(), id)
                                .compose(free -> requireNobodyAwaits(tx, call.ws(), id))
                                .compose(free -> store.delete(tx, call.ws(), id))
                                .compose(done -> segment.keeping() == null
                                        ? Future.succeededFuture()
                                        : blocks.delete(
                                                tx, call.ws(), segment.keeping().no()))
                                .compose(done -> rules.newVersion(tx, call.ws()))
                                .compose(done -> audit.record(tx, call, "segment", id, segment.fields(), null));
                    });
                }))
                .map(Reply.noContent());
    }

    private Future<Void> requireNoCampaign(SqlConnection tx, int ws, UUID id) {
        return usage.campaigns(tx, ws, id).map(campaigns -> {
            if (!campaigns.isEmpty()) {
                throw ProblemException.conflict("The audiences of these campaigns name it: "
                        + campaigns.stream()
                                .map(campaign -> campaign.getString("name"))
                                .collect(Collectors.joining(", "))
                        + ". Change them first, or wait until they are over.");
            }
            return null;
        });
    }

    private Future<Void> requireNobodyAwaits(SqlConnection tx, int ws, UUID id) {
        return audiences.awaiting(tx, ws, id).map(messages -> {
            if (!messages.isEmpty()) {
                throw ProblemException.conflict("These messages have yet to find the people in it: "
                        + messages.stream().map(UUID::toString).collect(Collectors.joining(", "))
                        + ". Wait until they have, or cancel them.");
            }
            return null;
        });
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
                return members.take(tx, call.ws(), id, removing)
                        .compose(removed -> members.put(tx, call.ws(), id, adding)
                                .map(added ->
                                        new JsonObject().put("added", added).put("removed", removed)))
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
