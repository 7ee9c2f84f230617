package app.fathi.segments;

import app.fathi.cdp.Profiles;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.PeopleStore.Count;
import app.fathi.segments.rules.Rule;
import app.fathi.segments.rules.RuleParser;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Who is in segments, and how many: from what is kept where everybody was asked, else by asking now. Questions to many people
 * run on a pool of their own, where they can hold up nobody else.
 */
final class SegmentAnswers {
    private static final int SAMPLE = 10;

    private final Transactions transactions;
    private final Transactions analytics;
    private final Profiles profiles;
    private final Cursor cursor;
    private final SegmentsStore store = new SegmentsStore();
    private final MembershipStore membership = new MembershipStore();
    private final BlocksStore blocks = new BlocksStore();
    private final People people = new People(store);
    private final Bitmaps bitmaps;

    SegmentAnswers(
            Transactions transactions, Transactions analytics, Profiles profiles, Cursor cursor, Bitmaps bitmaps) {
        this.bitmaps = bitmaps;
        this.transactions = transactions;
        this.analytics = analytics;
        this.profiles = profiles;
        this.cursor = cursor;
    }

    /** How many people are in them; not of those of which not everybody was asked yet. */
    Future<Map<UUID, Long>> sizes(int ws, List<Segment> segments) {
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

    /** The one that a request names in its path. */
    Future<Segment> find(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "segment"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("segment")));
    }

    /** Who a rule means now: nothing is saved. */
    Future<Reply> preview(Call call) {
        var rule = RuleParser.parse(call.json().getJsonObject("rule"), "/rule");
        // Nothing is locked, so bitmaps are read without a transaction: its begin and end would be two round trips of
        // five. They are few rows, found by key: no large question.
        return transactions
                .pool()
                .withConnection(connection -> composite(connection, call.ws(), rule)
                        .compose(composite -> composite.isPresent()
                                ? counted(connection, call.ws(), composite.get())
                                        .map(Optional::of)
                                : Future.succeededFuture(Optional.<JsonObject>empty())))
                .compose(counted -> counted.isPresent()
                        ? Future.succeededFuture(counted.get())
                        : analytics.run(tx -> asked(tx, call.ws(), rule)))
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
        // Sent one behind the other: nobody waits in between.
        var asked = membership.now(tx);
        var read = bitmaps.read(tx, ws, wanted);
        return asked.compose(now -> read.compose(bits -> {
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
                .compose(question -> people.sample(tx, ws, question, SAMPLE)
                        .map(sample -> previewed(sample.count(), sample.people(), question.now())));
    }

    private static JsonObject previewed(Count count, List<Known> sample, Instant now) {
        return new JsonObject()
                .put("people", count.people())
                .put("reachable", count.reachable())
                .put(
                        "sample",
                        new JsonArray(
                                sample.stream().map(SegmentAnswers::member).toList()))
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
                .map(found -> Reply.ok(cursor.page(call, found, SegmentAnswers::member, known -> List.of(known.no()))));
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

    static JsonObject member(Known known) {
        return new JsonObject()
                .put("id", known.id().toString())
                .put("userId", known.userId())
                .put("subscribed", known.subscribed("webpush"));
    }
}
