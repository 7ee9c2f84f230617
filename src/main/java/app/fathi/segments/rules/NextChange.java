package app.fathi.segments.rules;

import app.fathi.cdp.values.Instants;
import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Rule.Behaviour;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * When a rule's answer for a person could become another one although nothing happens, only because time passes. Never later
 * than it really does; sometimes earlier, and then asking again does no harm.
 */
public final class NextChange {
    /** Later than all that is asked about. */
    private static final Instant FAR = Instant.parse("9999-12-31T00:00:00Z");

    private NextChange() {}

    /** The first moment after {@code now}, which are both counted in microseconds; empty when time changes nothing. */
    public static Optional<Instant> after(Rule rule, Person person, Instant now) {
        return Optional.ofNullable(next(rule, person, now)).filter(moment -> moment.isBefore(FAR));
    }

    private static Instant next(Rule rule, Person person, Instant now) {
        return switch (rule) {
            case Rule.And(var rules) -> earliest(rules, person, now);
            case Rule.Or(var rules) -> earliest(rules, person, now);
            case Rule.Not(var negated) -> next(negated, person, now);
            case Rule.Trait(var path, var test) -> value(person.trait(path), test, person, now);
            case Rule.Did did -> did(did, person, now);
            case Rule.Total total ->
                person.summed(new Summed.Asked(total.behaviour(), total.property()), now)
                        .next();
            case Rule.Moment moment -> moment(moment, person, now);
            case Rule.Messages messages -> messages(messages, person, now);
            case Rule.IgnoredLast ignored -> ignored(ignored, person, now);
            case Rule.Subscribed subscribed -> null;
            case Rule.Consented consented -> null;
            case Rule.Tagged tagged -> null;
            case Rule.InGroup group -> group(group, person, now);
            case Rule.Member member -> null;
        };
    }

    private static Instant earliest(List<Rule> rules, Person person, Instant now) {
        return rules.stream()
                .map(rule -> next(rule, person, now))
                .filter(Objects::nonNull)
                .min(Instant::compareTo)
                .orElse(null);
    }

    private static Instant first(Stream<Instant> moments, Instant now) {
        return moments.filter(moment -> moment.isAfter(now))
                .min(Instant::compareTo)
                .orElse(null);
    }

    private static Instant value(Value value, Test test, Person person, Instant now) {
        return switch (test) {
            case Test.Within within -> within(value, within, now);
            case Test.Anniversary(int inDays) -> anniversary(value, inDays, person.zone(), now);
            case null, default -> null;
        };
    }

    private static Instant group(Rule.InGroup rule, Person person, Instant now) {
        return person.groups().entrySet().stream()
                .filter(one -> rule.test() != null && rule.means(one.getKey()))
                .map(one -> value(rule.trait().in(one.getValue()), rule.test(), person, now))
                .filter(Objects::nonNull)
                .min(Instant::compareTo)
                .orElse(null);
    }

    private static Instant within(Value value, Test.Within within, Instant now) {
        return value instanceof Value.Text(var text)
                ? Instants.parse(text)
                        .map(moment -> first(edges(moment, within), now))
                        .orElse(null)
                : null;
    }

    /** When a moment comes into the time that lies behind us, and when it has gone out of it. */
    private static Stream<Instant> edges(Instant moment, Test.Within within) {
        return Stream.of(moment, moment.plus(within.duration()).plus(1, ChronoUnit.MICROS));
    }

    /** The day begins and ends when it does where the person is. */
    private static Instant anniversary(Value value, int inDays, ZoneId zone, Instant now) {
        var born = value instanceof Value.Text(var text) ? Instants.day(text) : Optional.<LocalDate>empty();
        if (born.isEmpty()) {
            return null;
        }
        int year = Math.max(
                now.atZone(zone).toLocalDate().plusDays(inDays).getYear(),
                born.get().getYear() + 1);
        return first(
                Stream.of(year, year + 1)
                        .map(born.get()::withYear)
                        .map(day -> day.minusDays(inDays))
                        .flatMap(day -> Stream.of(day, day.plusDays(1)))
                        .map(day -> day.atStartOfDay(zone).toInstant()),
                now);
    }

    /** When as many events have come or gone as it takes for the other answer. */
    private static Instant did(Rule.Did did, Person person, Instant now) {
        var behaviour = did.behaviour();
        var steps = new TreeMap<Instant, Integer>();
        int count = 0;
        for (var moment : person.moments(behaviour, since(behaviour, now), FAR)) {
            if (moment.isAfter(now)) {
                steps.merge(moment, 1, Integer::sum);
            } else {
                count++;
            }
            if (behaviour.within() != null) {
                steps.merge(leaves(moment, behaviour), -1, Integer::sum);
            }
        }
        return other(did.count(), count, steps);
    }

    /** The first step that makes it the other answer. */
    private static Instant other(Rule.Count wanted, int count, TreeMap<Instant, Integer> steps) {
        boolean holds = wanted.holds(count);
        for (var step : steps.entrySet()) {
            count += step.getValue();
            if (wanted.holds(count) != holds) {
                return step.getKey();
            }
        }
        return null;
    }

    private static Instant messages(Rule.Messages messages, Person person, Instant now) {
        var steps = new TreeMap<Instant, Integer>();
        int count = 0;
        for (var span : MessageSpan.of(messages, person)) {
            if (span.from().isAfter(now)) {
                steps.merge(span.from(), 1, Integer::sum);
            } else if (span.contains(now)) {
                count++;
            }
            if (span.until() != null && span.until().isAfter(now)) {
                steps.merge(span.until(), -1, Integer::sum);
            }
        }
        return other(messages.count(), count, steps);
    }

    /** When one more is old enough; a click tells itself, unless a clock says that it is to come. */
    private static Instant ignored(Rule.IgnoredLast ignored, Person person, Instant now) {
        return first(
                person.messages().stream()
                        .filter(one -> one.sent() != null && ignored.which().means(one))
                        .flatMap(one -> Stream.of(one.sent().plus(ignored.olderThan()), one.clicked()))
                        .filter(Objects::nonNull),
                now);
    }

    private static Instant moment(Rule.Moment moment, Person person, Instant now) {
        if (moment.first()) {
            return firstMoment(moment, person.summed(new Summed.Asked(moment.behaviour(), null), now), now);
        }
        var edges = edges(moment.behaviour(), person, now);
        return first(
                moment.test() instanceof Test.Within within
                        ? Stream.concat(
                                edges,
                                person.moments(moment.behaviour(), since(moment.behaviour(), now), FAR).stream()
                                        .flatMap(one -> edges(one, within)))
                        : edges,
                now);
    }

    /** Until it has left, or comes, the first stays the first. */
    private static Instant firstMoment(Rule.Moment moment, Summed summed, Instant now) {
        var first = summed.sum().first();
        if (first == null) {
            return summed.next();
        }
        var own = moment.test() instanceof Test.Within within ? edges(first, within) : Stream.of(first);
        return first(Stream.concat(own, Stream.ofNullable(summed.next())), now);
    }

    /** When events come to be counted, and when they are counted no more. */
    private static Stream<Instant> edges(Behaviour behaviour, Person person, Instant now) {
        return person.moments(behaviour, since(behaviour, now), FAR).stream()
                .flatMap(moment ->
                        behaviour.within() == null ? Stream.of(moment) : Stream.of(moment, leaves(moment, behaviour)));
    }

    private static Instant leaves(Instant moment, Behaviour behaviour) {
        return moment.plus(behaviour.within()).plus(1, ChronoUnit.MICROS);
    }

    private static Instant since(Behaviour behaviour, Instant now) {
        return behaviour.within() == null ? null : now.minus(behaviour.within());
    }
}
