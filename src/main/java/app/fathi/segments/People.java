package app.fathi.segments;

import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.PeopleStore.Count;
import app.fathi.segments.rules.Mentions;
import app.fathi.segments.rules.Rule;
import app.fathi.segments.rules.RuleEngine;
import app.fathi.segments.rules.RuleSql;
import app.fathi.segments.rules.RuleSql.Condition;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** Finds people by rules: in SQL as far as that gives the right answer, and where it does not, person by person. */
final class People {
    /** Rules that name segments that name segments: so many in all. */
    private static final int SEGMENTS_LIMIT = 50;

    private static final int PAGE = 500;

    private final SegmentsStore segments;
    private final PeopleStore store = new PeopleStore();

    People(SegmentsStore segments) {
        this.segments = segments;
    }

    /** A rule ready to be asked, for one moment. */
    record Question(Rule rule, Mentions mentions, Condition condition, Condition paged, Instant now) {}

    /**
     * Puts the rules of dynamic segments in place of their names.
     *
     * @param self the segment whose rule it is, which it must not come back to; null for none
     */
    Future<Rule> resolve(SqlClient client, int ws, Rule rule, UUID self) {
        return load(client, ws, rule, new HashMap<>())
                .map(found -> inline(rule, found, self == null ? List.of() : List.of(self)));
    }

    /** All segments that it names, with those that these name. */
    Future<Map<UUID, Segment>> load(SqlClient client, int ws, Rule rule, Map<UUID, Segment> found) {
        var wanted = Mentions.of(rule).segments();
        wanted.removeAll(found.keySet());
        if (wanted.isEmpty()) {
            return Future.succeededFuture(found);
        }
        return segments.findAll(client, ws, wanted).compose(list -> {
            list.forEach(segment -> found.put(segment.id(), segment));
            wanted.removeAll(found.keySet());
            if (!wanted.isEmpty()) {
                throw ProblemException.unprocessable(
                        "/rule", "There is no segment " + wanted.iterator().next() + ".");
            }
            if (found.size() > SEGMENTS_LIMIT) {
                throw ProblemException.unprocessable(
                        "/rule", "A rule names at most " + SEGMENTS_LIMIT + " segments, with those that these name.");
            }
            var all = new Rule.And(list.stream().map(Segment::asRule).toList());
            return load(client, ws, all, found);
        });
    }

    /**
     * @param found all segments that it names, and that these name
     * @param way through which segments it came here: none of them may be named again
     */
    static Rule inline(Rule rule, Map<UUID, Segment> found, List<UUID> way) {
        return Mentions.replace(rule, member -> {
            var segment = found.get(member.segment());
            if (way.contains(member.segment())) {
                throw ProblemException.unprocessable(
                        "/rule", "The segment " + segment.name() + " would be described by itself.");
            }
            if (segment.isStatic()) {
                return member;
            }
            var further = new ArrayList<>(way);
            further.add(member.segment());
            return inline(segment.asRule(), found, further);
        });
    }

    /** @param rule resolved */
    Future<Question> ask(SqlClient client, int ws, Rule rule) {
        return store.now(client).compose(now -> ask(client, ws, rule, now));
    }

    Future<Question> ask(SqlClient client, int ws, Rule rule, Instant now) {
        var mentions = Mentions.of(rule);
        return store.traitNumbers(client, ws, mentions.traits())
                .map(numbers -> new Question(
                        rule,
                        mentions,
                        RuleSql.compile(rule, numbers, now, 1),
                        RuleSql.compile(rule, numbers, now, 3),
                        now));
    }

    Future<Count> count(SqlClient client, int ws, Question question) {
        return question.condition().exact()
                ? store.count(client, ws, question.condition())
                : count(client, ws, question, Integer.MAX_VALUE, new Count(0, 0));
    }

    private Future<Count> count(SqlClient client, int ws, Question question, int before, Count sofar) {
        return store.page(client, ws, question.paged(), before, PAGE)
                .compose(candidates -> meant(client, ws, question, candidates).compose(meant -> {
                    var sum = new Count(
                            sofar.people() + meant.size(),
                            sofar.reachable()
                                    + meant.stream()
                                            .filter(known -> known.subscribed("webpush"))
                                            .count());
                    return candidates.size() < PAGE
                            ? Future.succeededFuture(sum)
                            : count(client, ws, question, candidates.getLast().no(), sum);
                }));
    }

    /**
     * How many a rule means.
     *
     * @param people the newest of them
     */
    record Sample(Count count, List<Known> people) {}

    Future<Sample> sample(SqlClient client, int ws, Question question, int limit) {
        return question.condition().exact()
                ? store.countAndNewest(client, ws, question.condition(), limit)
                        .compose(found ->
                                known(client, ws, found.newest()).map(people -> new Sample(found.count(), people)))
                : count(client, ws, question).compose(count -> page(client, ws, question, Integer.MAX_VALUE, limit)
                        .map(people -> new Sample(count, people)));
    }

    /** The newest first. */
    Future<List<Known>> page(SqlClient client, int ws, Question question, int before, int limit) {
        return page(client, ws, question, before, limit, new ArrayList<>());
    }

    private Future<List<Known>> page(
            SqlClient client, int ws, Question question, int before, int limit, List<Known> found) {
        int size = question.condition().exact() ? limit : PAGE;
        return store.page(client, ws, question.paged(), before, size)
                .compose(candidates -> meant(client, ws, question, candidates).compose(meant -> {
                    found.addAll(meant.stream().limit(limit - found.size()).toList());
                    return found.size() == limit || candidates.size() < size
                            ? Future.succeededFuture(found)
                            : page(client, ws, question, candidates.getLast().no(), limit, found);
                }));
    }

    /** These people, in this order; without those who became part of somebody else. */
    Future<List<Known>> known(SqlClient client, int ws, List<Integer> numbers) {
        return store.known(client, ws, numbers, Set.copyOf(numbers), Mentions.NOTHING)
                .map(known -> numbers.stream()
                        .map(known::get)
                        .filter(Objects::nonNull)
                        .toList());
    }

    /** Those of these people whom the rule means. */
    Future<Set<Integer>> among(SqlClient client, int ws, Question question, List<Integer> numbers) {
        return store.known(client, ws, numbers, Set.copyOf(numbers), question.mentions())
                .map(known -> known.values().stream()
                        .filter(one -> RuleEngine.evaluate(question.rule(), one, question.now())
                                .holds())
                        .map(Known::no)
                        .collect(Collectors.toSet()));
    }

    /** Those of the candidates whom the rule means. */
    Future<List<Known>> meant(SqlClient client, int ws, Question question, List<Known> candidates) {
        if (question.condition().exact() || candidates.isEmpty()) {
            return Future.succeededFuture(candidates);
        }
        return store.complete(client, ws, candidates, question.mentions()).map(people -> people.stream()
                .filter(known -> RuleEngine.evaluate(question.rule(), known, question.now())
                        .holds())
                .collect(Collectors.toList()));
    }
}
