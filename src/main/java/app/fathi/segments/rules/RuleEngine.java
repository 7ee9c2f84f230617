package app.fathi.segments.rules;

import app.fathi.cdp.values.Fold;
import app.fathi.cdp.values.Instants;
import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Rule.Behaviour;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;

/** Answers rules for one person, in memory. {@link RuleSql} says the same of many. */
public final class RuleEngine {
    private RuleEngine() {}

    /** @param now the moment for which it is asked, to the microsecond */
    public static Truth evaluate(Rule rule, Person person, Instant now) {
        return switch (rule) {
            case Rule.And and -> all(and.rules(), person, now);
            case Rule.Or or -> any(or.rules(), person, now);
            case Rule.Not not -> evaluate(not.rule(), person, now).not();
            case Rule.Trait trait -> test(trait.test(), person.trait(trait.path()), person.zone(), now);
            case Rule.Did did ->
                Truth.of(did.count().holds(moments(did.behaviour(), person, now).size()));
            case Rule.Total total -> {
                var sum = person.summed(new Summed.Asked(total.behaviour(), total.property()), now)
                        .sum()
                        .comesTo(total.aggregate());
                yield test(total.test(), sum == null ? Value.MISSING : new Value.Numeric(sum), person.zone(), now);
            }
            case Rule.Moment moment -> {
                var at = moment.first() ? first(moment, person, now) : last(moment, person, now);
                yield at == null ? absent(moment.test()) : at(moment.test(), at, now);
            }
            case Rule.Messages messages ->
                Truth.of(messages.count()
                        .holds(MessageSpan.of(messages, person).stream()
                                .filter(span -> span.contains(now))
                                .count()));
            case Rule.IgnoredLast ignored -> Truth.of(ignored(ignored, person, now));
            case Rule.Subscribed subscribed -> Truth.of(person.subscribed(subscribed.channel()));
            case Rule.Consented consented ->
                Truth.of(person.consent(consented.purpose(), consented.channel()) == consented.choice());
            case Rule.Tagged tagged -> Truth.of(person.tagged(tagged.tag()));
            case Rule.InGroup group -> Truth.of(inGroup(group, person, now));
            case Rule.Member member -> Truth.of(person.member(member.segment()));
        };
    }

    private static boolean inGroup(Rule.InGroup rule, Person person, Instant now) {
        return person.groups().entrySet().stream()
                .filter(one -> rule.means(one.getKey()))
                .anyMatch(one -> rule.test() == null
                        || test(rule.test(), rule.trait().in(one.getValue()), person.zone(), now)
                                .holds());
    }

    private static Instant first(Rule.Moment moment, Person person, Instant now) {
        var first = person.summed(new Summed.Asked(moment.behaviour(), null), now)
                .sum()
                .first();
        return first == null || first.isAfter(now) ? null : first;
    }

    private static Instant last(Rule.Moment moment, Person person, Instant now) {
        var moments = moments(moment.behaviour(), person, now);
        return moments.isEmpty() ? null : moments.getLast();
    }

    private static boolean ignored(Rule.IgnoredLast ignored, Person person, Instant now) {
        var until = now.minus(ignored.olderThan());
        var sent = person.messages().stream()
                .filter(one -> one.sent() != null && !one.sent().isAfter(until))
                .filter(ignored.which()::means)
                .toList();
        return sent.size() >= ignored.last()
                && sent.subList(sent.size() - ignored.last(), sent.size()).stream()
                        .noneMatch(one -> one.isClickedBy(now));
    }

    private static Truth all(List<Rule> rules, Person person, Instant now) {
        var truth = Truth.TRUE;
        for (var rule : rules) {
            switch (evaluate(rule, person, now)) {
                case FALSE -> {
                    return Truth.FALSE;
                }
                case UNKNOWN -> truth = Truth.UNKNOWN;
                case TRUE -> {}
            }
        }
        return truth;
    }

    private static Truth any(List<Rule> rules, Person person, Instant now) {
        var truth = Truth.FALSE;
        for (var rule : rules) {
            switch (evaluate(rule, person, now)) {
                case TRUE -> {
                    return Truth.TRUE;
                }
                case UNKNOWN -> truth = Truth.UNKNOWN;
                case FALSE -> {}
            }
        }
        return truth;
    }

    private static Instant since(Behaviour behaviour, Instant now) {
        return behaviour.within() == null ? null : now.minus(behaviour.within());
    }

    private static List<Instant> moments(Behaviour behaviour, Person person, Instant now) {
        return person.moments(behaviour, since(behaviour, now), now);
    }

    /** Whether events of the kind have a property that the rule asks for. */
    public static boolean fits(Behaviour behaviour, JsonObject properties) {
        return behaviour.where().stream().allMatch(property -> test(
                        property.test(), property.path().in(properties), ZoneOffset.UTC, Instant.EPOCH)
                .holds());
    }

    static Truth test(Test test, Value value, ZoneId zone, Instant now) {
        if (test instanceof Test.Exists(boolean wanted)) {
            return Truth.of(wanted != (value instanceof Value.Missing));
        }
        if (value instanceof Value.Missing) {
            return absent(test);
        }
        return switch (test) {
            case Test.Exists exists -> throw new IllegalStateException("answered above");
            case Test.Equal equal -> {
                boolean one = equal.values().stream().anyMatch(other -> value.equalTo(other, equal.ignoreCase()));
                yield Truth.of(one != equal.negated());
            }
            case Test.Part part -> {
                var truth = value instanceof Value.Text(var text) ? Truth.of(part(part, text)) : Truth.UNKNOWN;
                yield part.negated() ? truth.otherwise() : truth;
            }
            case Test.Matches matches ->
                value instanceof Value.Text(var text)
                        ? Truth.of(matches.pattern().matcher(text).find())
                        : Truth.UNKNOWN;
            case Test.Order order -> order(order.sense(), value, order.bound());
            case Test.Between between -> {
                var low = order(Test.Sense.AT_LEAST, value, between.low());
                yield low == Truth.TRUE ? order(Test.Sense.AT_MOST, value, between.high()) : low;
            }
            case Test.Beside beside ->
                moment(value).map(instant -> at(test, instant, now)).orElse(Truth.UNKNOWN);
            case Test.Within within ->
                moment(value).map(instant -> at(test, instant, now)).orElse(absent(test));
            case Test.Anniversary anniversary -> anniversary(anniversary.inDays(), value, zone, now);
            case Test.Has has -> has(has, value);
        };
    }

    /** Of what is missing. */
    static Truth absent(Test test) {
        return switch (test) {
            case Test.Equal(var values, var ignoreCase, boolean negated) when negated -> Truth.TRUE;
            case Test.Part(var place, var text, var ignoreCase, boolean negated) when negated -> Truth.TRUE;
            case Test.Within(var duration, boolean negated) when negated -> Truth.TRUE;
            case Test.Has(var share, var values, var ignoreCase) when share == Test.Share.NONE -> Truth.TRUE;
            default -> Truth.UNKNOWN;
        };
    }

    private static boolean part(Test.Part part, String text) {
        var searched = part.ignoreCase() ? Fold.of(text) : text;
        return switch (part.place()) {
            case ANYWHERE -> searched.contains(part.text());
            case START -> searched.startsWith(part.text());
            case END -> searched.endsWith(part.text());
        };
    }

    private static Truth order(Test.Sense sense, Value value, Value bound) {
        if (value instanceof Value.Numeric(double number) && bound instanceof Value.Numeric(double limit)) {
            return Truth.of(sense.holds(number < limit ? -1 : number > limit ? 1 : 0));
        }
        if (value instanceof Value.Text(var text) && bound instanceof Value.Text(var limit)) {
            return Truth.of(sense.holds(Value.compare(text, limit)));
        }
        return Truth.UNKNOWN;
    }

    private static Optional<Instant> moment(Value value) {
        return value instanceof Value.Text(var text) ? Instants.parse(text) : Optional.empty();
    }

    private static Truth at(Test test, Instant instant, Instant now) {
        return switch (test) {
            case Test.Beside(boolean after, Instant bound) ->
                Truth.of(after ? instant.isAfter(bound) : instant.isBefore(bound));
            case Test.Within(var duration, boolean negated) ->
                Truth.of((!instant.isBefore(now.minus(duration)) && !instant.isAfter(now)) != negated);
            default -> throw new IllegalStateException("no test of moments: " + test);
        };
    }

    private static Truth anniversary(int inDays, Value value, ZoneId zone, Instant now) {
        var day = value instanceof Value.Text(var text) ? Instants.day(text) : Optional.<LocalDate>empty();
        var today = now.atZone(zone).toLocalDate().plusDays(inDays);
        return day.map(first ->
                        Truth.of(today.getYear() > first.getYear() && today.equals(first.withYear(today.getYear()))))
                .orElse(Truth.UNKNOWN);
    }

    private static Truth has(Test.Has has, Value value) {
        if (!(value instanceof Value.Many(var items))) {
            return has.share() == Test.Share.NONE ? Truth.TRUE : Truth.UNKNOWN;
        }
        var wanted = has.values().stream();
        return Truth.of(
                switch (has.share()) {
                    case ANY -> wanted.anyMatch(one -> in(items, one, has.ignoreCase()));
                    case ALL -> wanted.allMatch(one -> in(items, one, has.ignoreCase()));
                    case NONE -> wanted.noneMatch(one -> in(items, one, has.ignoreCase()));
                });
    }

    private static boolean in(List<Value> items, Value wanted, boolean ignoreCase) {
        return items.stream().anyMatch(item -> item.equalTo(wanted, ignoreCase));
    }
}
