package app.fathi.segments;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.People.Question;
import app.fathi.segments.rules.Mentions;
import app.fathi.segments.rules.Rule;
import app.fathi.segments.rules.RuleParser;
import app.fathi.segments.rules.RuleSql;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How others find the people whom a rule means, however many these are: once {@link #freeze frozen}, a rule means the same
 * people for the same moment on each page, whatever becomes of the segments that it names. Each person is asked once, as
 * they are when their page is read.
 */
public final class Audiences {
    /** People who have to be asked one by one, at once. */
    private static final int CANDIDATES = 500;

    private final Transactions analytics;
    private final SegmentsStore segments = new SegmentsStore();
    private final AudiencesStore store = new AudiencesStore();
    private final PeopleStore peopleStore = new PeopleStore();
    private final People people = new People(segments);

    /** @param analytics where questions to many people are asked */
    public Audiences(Transactions analytics) {
        this.analytics = analytics;
    }

    /** How many people, and how many of them are reached by web push. */
    public record Count(long people, long reachable) {}

    /**
     * A rule for one moment.
     *
     * @param definition the rule with those of the segments that it names, to be kept and given to {@link #page}
     * @param names all segments, direct and indirect, that must stay for as long as it is used
     */
    public record Frozen(JsonObject definition, Set<UUID> names, Instant asOf) {}

    /**
     * Some of the people.
     *
     * @param profileNos ascending
     * @param before where the next page begins: nobody from this number on is to be asked again
     * @param last nobody is left
     */
    public record Page(List<Integer> profileNos, int before, boolean last) {}

    /** Whoever is in the segment, as a rule. */
    public static JsonObject rule(UUID segment) {
        return new JsonObject().put("type", "segment").put("segment", segment.toString());
    }

    /**
     * The segments that a rule names; none of them is deleted before the transaction has ended.
     *
     * @param at pointer to the rule in the request
     * @throws ProblemException through the future, {@code unprocessable}: a rule that cannot be followed, a segment that is not there
     */
    public Future<Set<UUID>> require(SqlConnection tx, int ws, JsonObject rule, String at) {
        var parsed = RuleParser.parse(rule, at);
        return keep(tx, ws, Mentions.of(parsed).segments(), at)
                .compose(names ->
                        pointing(at, people.resolve(tx, ws, parsed, null)).map(names));
    }

    private Future<Set<UUID>> keep(SqlConnection tx, int ws, Set<UUID> names, String at) {
        return store.keep(tx, ws, names).map(there -> {
            for (var name : names) {
                if (!there.contains(name)) {
                    throw ProblemException.unprocessable(at, "There is no segment " + name + ".");
                }
            }
            return names;
        });
    }

    /** By name, those of the segments of whom not everybody was asked yet by the rule that they have now. */
    public Future<List<String>> building(SqlClient client, int ws, Collection<UUID> names) {
        return store.building(client, ws, names);
    }

    /** How many it means now. On connections of its own: not to be waited for in a transaction. */
    public Future<Count> count(int ws, JsonObject rule, String at) {
        var parsed = RuleParser.parse(rule, at);
        return snapshot(tx -> pointing(at, people.resolve(tx, ws, parsed, null))
                .compose(resolved -> people.ask(tx, ws, resolved))
                .compose(question -> people.count(tx, ws, question))
                .map(count -> new Count(count.people(), count.reachable())));
    }

    /** Whom the rule means from now on; none of the segments is deleted before the transaction has ended. Fails as {@link #require}. */
    public Future<Frozen> freeze(SqlConnection tx, int ws, JsonObject rule) {
        var parsed = RuleParser.parse(rule, "/rule");
        return people.load(tx, ws, parsed, new HashMap<>()).compose(found -> keep(tx, ws, found.keySet(), "/rule")
                .compose(names -> peopleStore.now(tx))
                .map(now -> {
                    People.inline(parsed, found, List.of());
                    var rules = new JsonObject();
                    found.values().stream()
                            .filter(segment -> !segment.isStatic())
                            .forEach(segment -> rules.put(segment.id().toString(), segment.rule()));
                    var definition = new JsonObject().put("rule", rule).put("segments", rules);
                    return new Frozen(definition, found.keySet(), now);
                }));
    }

    /**
     * The next people, the newest first, so that nobody who comes later is among them.
     *
     * @param definition of a {@link Frozen} one
     * @param before of the page before; the largest int for the first
     * @param limit at most so many people are found, and asked one by one where that must be
     */
    public Future<Page> page(int ws, JsonObject definition, Instant asOf, int before, int limit) {
        var rule = thaw(definition);
        var mentions = Mentions.of(rule);
        return snapshot(
                tx -> peopleStore.traitNumbers(tx, ws, mentions.traits()).compose(numbers -> {
                    var condition = RuleSql.compile(rule, numbers, asOf, 3);
                    return condition.exact()
                            ? store.numbers(tx, ws, condition, before, limit).map(found -> exact(found, limit))
                            : asked(
                                    tx,
                                    ws,
                                    new Question(rule, mentions, condition, condition, asOf),
                                    before,
                                    limit,
                                    new ArrayList<>());
                }));
    }

    /**
     * Those of these people who are meant now.
     *
     * @param definition of a {@link Frozen} one
     */
    public Future<Set<Integer>> among(int ws, JsonObject definition, List<Integer> profileNos) {
        var rule = thaw(definition);
        return snapshot(tx ->
                people.ask(tx, ws, rule).compose(question -> among(tx, ws, question, profileNos, 0, new HashSet<>())));
    }

    /**
     * Those of these people whom the rule means now, with the segments that it names as they are now. Asked person by person: for
     * some thousands at most.
     */
    public Future<Set<Integer>> among(SqlClient client, int ws, JsonObject rule, List<Integer> profileNos) {
        return people.resolve(client, ws, RuleParser.parse(rule, "/rule"), null)
                .compose(resolved -> people.ask(client, ws, resolved))
                .compose(question -> among(client, ws, question, profileNos, 0, new HashSet<>()));
    }

    private Future<Set<Integer>> among(
            SqlClient tx, int ws, Question question, List<Integer> profileNos, int from, Set<Integer> found) {
        int to = Math.min(from + CANDIDATES, profileNos.size());
        var some = profileNos.subList(from, to);
        return people.among(tx, ws, question, some)
                .map(found::addAll)
                .compose(done -> to == profileNos.size()
                        ? Future.succeededFuture(found)
                        : among(tx, ws, question, profileNos, to, found));
    }

    private static Rule thaw(JsonObject definition) {
        var segments = definition.getJsonObject("segments");
        Map<UUID, Rule> rules = segments.fieldNames().stream()
                .collect(Collectors.toMap(
                        UUID::fromString, id -> RuleParser.parse(segments.getJsonObject(id), "/rule")));
        return thaw(RuleParser.parse(definition.getJsonObject("rule"), "/rule"), rules);
    }

    private static Rule thaw(Rule rule, Map<UUID, Rule> rules) {
        return Mentions.replace(
                rule,
                member -> rules.containsKey(member.segment()) ? thaw(rules.get(member.segment()), rules) : member);
    }

    private static Page exact(List<Integer> newestFirst, int limit) {
        boolean last = newestFirst.size() < limit;
        return new Page(newestFirst.reversed(), last ? 0 : newestFirst.getLast(), last);
    }

    /** @param found the newest first, gathered so far */
    private Future<Page> asked(
            SqlClient tx, int ws, Question question, int before, int candidatesLeft, List<Integer> found) {
        int size = Math.min(CANDIDATES, candidatesLeft);
        return peopleStore.page(tx, ws, question.paged(), before, size).compose(candidates -> people.meant(
                        tx, ws, question, candidates)
                .compose(meant -> {
                    meant.forEach(known -> found.add(known.no()));
                    boolean last = candidates.size() < size;
                    int next = last ? 0 : candidates.getLast().no();
                    return last || candidatesLeft == size
                            ? Future.succeededFuture(new Page(found.reversed(), next, last))
                            : asked(tx, ws, question, next, candidatesLeft - size, found);
                }));
    }

    /** All that is read is of one moment. */
    private <T> Future<T> snapshot(Function<SqlConnection, Future<T>> question) {
        return analytics.run(tx -> store.snapshot(tx).compose(done -> question.apply(tx)));
    }

    /** What is wrong with the rule is told where the rule stands in the request. */
    private static <T> Future<T> pointing(String at, Future<T> resolved) {
        return resolved.recover(failure -> {
            if (failure instanceof ProblemException told && told.problem().kind() == Kind.UNPROCESSABLE) {
                var faults = told.problem().faults().stream()
                        .map(fault -> new Fault(at, fault.detail()))
                        .toList();
                return Future.failedFuture(new ProblemException(
                        Problem.of(Kind.UNPROCESSABLE, told.problem().detail(), faults)));
            }
            return Future.failedFuture(failure);
        });
    }
}
