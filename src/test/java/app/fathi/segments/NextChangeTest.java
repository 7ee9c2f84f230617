package app.fathi.segments;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.values.Step;
import app.fathi.segments.Known.Event;
import app.fathi.segments.rules.NextChange;
import app.fathi.segments.rules.Person.Message;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.RuleEngine;
import app.fathi.segments.rules.RuleParser;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Between two moments that were foretold no answer changes, and at last none is foretold that would not come. */
class NextChangeTest {
    private static final Instant NOW = Instant.parse("2026-03-27T22:30:00.000001Z");
    private static final int PEOPLE = Integer.getInteger("fathi.rounds", 400);
    private static final List<String> SPANS = List.of("PT1H", "P1D", "P3D", "P30D", "P400D");

    private final Random random = new Random(Long.getLong("fathi.seed", 20_261_126L));

    @Test
    void no_answer_changes_before_the_moment_that_was_foretold() {
        int foretold = 0;
        int changes = 0;
        for (int i = 0; i < PEOPLE; i++) {
            var json = rule(3);
            var rule = RuleParser.parse(json, "/rule");
            var person = person();
            var now = NOW;
            var end = NOW.plus(Duration.ofDays(800));
            for (int step = 0; step < 40 && now.isBefore(end); step++) {
                var answer = RuleEngine.evaluate(rule, person, now);
                var next = NextChange.after(rule, person, now);
                assertThat(next.isEmpty() || next.get().isAfter(now)).isTrue();
                var until = next.orElse(end);
                for (var between : between(person, now, until)) {
                    assertThat(RuleEngine.evaluate(rule, person, between))
                            .as("%s of %s at %s, foretold for %s", json, person, between, next)
                            .isEqualTo(answer);
                }
                if (next.isEmpty()) {
                    break;
                }
                foretold++;
                changes += RuleEngine.evaluate(rule, person, until) != answer ? 1 : 0;
                now = until;
            }
        }
        assertThat(foretold).isGreaterThan(PEOPLE);
        assertThat(changes).as("of what was foretold much comes true").isGreaterThan(foretold / 4);
    }

    @Test
    void a_count_that_says_enough_is_foretold_for_when_it_no_longer_does() {
        var rule = RuleParser.parse(
                new JsonObject()
                        .put("type", "did")
                        .put("event", "Order")
                        .put("atLeast", 2)
                        .put("within", "P1D"),
                "/rule");
        var moments = List.of(NOW.minusSeconds(300), NOW.minusSeconds(200), NOW.minusSeconds(100));
        var person = person(
                moments.stream()
                        .map(at -> new Event(Call.track("Order"), at, new JsonObject()))
                        .toList(),
                List.of(),
                new JsonObject());
        assertThat(NextChange.after(rule, person, NOW))
                .as("when the second of three leaves, not the first")
                .contains(moments.get(1).plus(Duration.ofDays(1)).plus(1, ChronoUnit.MICROS));
    }

    /** Where something could happen if anything did: edges of all that is known, a microsecond before and after, midnights. */
    private List<Instant> between(Known person, Instant from, Instant until) {
        var moments = new TreeSet<Instant>();
        var edges = new ArrayList<Instant>();
        person.events().forEach(event -> edges.add(event.at()));
        person.messages().forEach(one -> Stream.of(one.sent(), one.shown(), one.clicked())
                .filter(Objects::nonNull)
                .forEach(edges::add));
        edges.add(Instant.parse(person.traits().getString("since")));
        for (var edge : edges) {
            moments.add(edge);
            SPANS.forEach(span -> moments.add(edge.plus(Duration.parse(span))));
        }
        for (var event : person.events()) {
            for (var span : SPANS) {
                var within = Duration.parse(span);
                moments.add(Instant.ofEpochSecond(Step.of(within).begin(event.at())));
                moments.add(Step.of(within).leaves(Step.of(within).begin(event.at()), within));
            }
        }
        for (var day = from.atZone(person.zone()).toLocalDate(); moments.size() < 1_100; day = day.plusDays(1)) {
            moments.add(day.atStartOfDay(person.zone()).toInstant());
        }
        var found = new ArrayList<Instant>();
        for (var moment : moments) {
            for (int micros = -1; micros <= 1; micros++) {
                var near = moment.plus(micros, ChronoUnit.MICROS);
                if (near.isAfter(from) && near.isBefore(until)) {
                    found.add(near);
                }
            }
        }
        return found;
    }

    private Known person() {
        var events = new ArrayList<Event>();
        for (int i = random.nextInt(8); i > 0; i--) {
            events.add(new Event(
                    new Call(
                            random.nextInt(4) == 0 ? Call.Kind.PAGE : Call.Kind.TRACK,
                            random.nextBoolean() ? "Order" : "Visit"),
                    moment(),
                    new JsonObject().put("total", random.nextInt(100))));
        }
        events.sort(Comparator.comparing(Event::at));
        return person(
                events,
                messages(),
                new JsonObject()
                        .put("since", moment().toString())
                        .put(
                                "born",
                                List.of("1990-02-28", "1992-02-29", "2026-03-30", "1980-12-31", "1999-01-01")
                                        .get(random.nextInt(5)))
                        .put(
                                "$timezone",
                                List.of("Europe/Berlin", "Asia/Tokyo", "Pacific/Apia", "nowhere")
                                        .get(random.nextInt(4))));
    }

    private List<Message> messages() {
        var messages = new ArrayList<Message>();
        for (int i = random.nextInt(4); i > 0; i--) {
            var sent = random.nextInt(6) == 0 ? null : moment();
            messages.add(new Message(
                    i,
                    UUID.randomUUID(),
                    "marketing",
                    "webpush",
                    sent,
                    random.nextBoolean() ? moment() : null,
                    random.nextInt(3) == 0 ? moment() : null,
                    null));
        }
        messages.sort(Comparator.comparing(Message::sent, Comparator.nullsLast(Comparator.naturalOrder())));
        return messages;
    }

    private static Known person(List<Event> events, List<Message> messages, JsonObject traits) {
        return new Known(
                1,
                UUID.randomUUID(),
                "ada",
                traits,
                new JsonObject(),
                Set.of(),
                Map.of("acme", new JsonObject().put("since", traits.getString("since"))),
                Set.of(),
                Set.of(),
                events,
                messages);
    }

    /** Mostly gone by, sometimes to come. */
    private Instant moment() {
        return NOW.minus(random.nextInt(90 * 86_400) - 10 * 86_400, ChronoUnit.SECONDS);
    }

    private JsonObject rule(int depth) {
        var kind = random.nextInt(depth > 0 ? 12 : 9);
        return switch (kind) {
            case 0 ->
                trait("since", List.of("withinLast", "notWithinLast").get(random.nextInt(2)))
                        .put("duration", span());
            case 1 -> trait("born", "anniversary").put("inDays", random.nextInt(5));
            case 2 -> did().put("atLeast", 1 + random.nextInt(3));
            case 3 -> did().put("exactly", random.nextInt(3));
            case 4 ->
                behaviour(List.of("firstTime", "lastTime").get(random.nextInt(2)))
                        .put("operator", List.of("withinLast", "notWithinLast").get(random.nextInt(2)))
                        .put("duration", span());
            case 5 ->
                behaviour("total")
                        .put("function", List.of("sum", "avg", "min", "max").get(random.nextInt(4)))
                        .put("property", "total")
                        .put("operator", "gt")
                        .put("value", 60);
            case 6 -> {
                var was = List.of("sent", "shown", "clicked", "ignored").get(random.nextInt(4));
                var message = new JsonObject().put("type", "message").put("was", was);
                if (random.nextBoolean()) {
                    message.put("within", span());
                }
                if (was.equals("ignored") && random.nextBoolean()) {
                    message.put("olderThan", "PT1M");
                }
                yield random.nextBoolean()
                        ? message.put("atLeast", 1 + random.nextInt(3))
                        : message.put("exactly", random.nextInt(3));
            }
            case 7 -> {
                var ignored = new JsonObject().put("type", "ignoredLast").put("last", 1 + random.nextInt(3));
                yield random.nextBoolean() ? ignored : ignored.put("olderThan", span());
            }
            case 8 ->
                new JsonObject()
                        .put("type", "group")
                        .put("trait", random.nextInt(4) == 0 ? "none" : "since")
                        .put("operator", List.of("withinLast", "notWithinLast").get(random.nextInt(2)))
                        .put("duration", span());
            case 9 -> new JsonObject().put("type", "not").put("rule", rule(depth - 1));
            default ->
                new JsonObject()
                        .put("type", kind == 10 ? "and" : "or")
                        .put("rules", JsonArray.of(rule(depth - 1), rule(depth - 1)));
        };
    }

    private JsonObject did() {
        return behaviour("did");
    }

    private JsonObject behaviour(String type) {
        var behaviour = new JsonObject().put("type", type).put("event", random.nextBoolean() ? "Order" : "Visit");
        if (random.nextInt(4) == 0) {
            behaviour.put("call", "page");
            if (random.nextBoolean()) {
                behaviour.remove("event");
            }
        }
        return random.nextInt(4) == 0 ? behaviour : behaviour.put("within", span());
    }

    private static JsonObject trait(String name, String operator) {
        return new JsonObject().put("type", "trait").put("trait", name).put("operator", operator);
    }

    private String span() {
        return SPANS.get(random.nextInt(SPANS.size()));
    }
}
