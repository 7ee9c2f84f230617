package app.fathi.cdp.traits;

import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Value;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What a trait is computed by: a function of a person's events of one kind. Pure.
 *
 * @param event of which events, see {@link Happening#key}
 * @param where what holds of the properties of the events that count
 * @param property whose values are looked at; null for {@code count}
 * @param within only events from so long ago until now; null for all that are kept
 */
record Computation(Function function, String event, Predicate<JsonObject> where, Path property, Duration within) {
    enum Function {
        COUNT("count"),
        SUM("sum"),
        AVG("avg"),
        MIN("min"),
        MAX("max"),
        FIRST("first"),
        LAST("last"),
        MOST_FREQUENT("mostFrequent");

        private final String word;

        Function(String word) {
            this.word = word;
        }

        private static Function of(String word) {
            return Arrays.stream(values())
                    .filter(one -> one.word.equals(word))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static final Duration LONGEST = Duration.ofDays(400);
    private static final int MAX_TEXT_LENGTH = 1_024;
    /** From here on two whole numbers are one double, and no trait holds them. */
    private static final double NUMBER_LIMIT = 0x1p53;

    /**
     * What events come to.
     *
     * @param value a text, a number or a boolean; null where there is nothing
     * @param due when time alone may make it another one; null for never
     */
    record Outcome(Object value, Instant due) {}

    /**
     * Reads the contract's schema {@code Computation}.
     *
     * @param at pointer to it in the request
     * @throws ProblemException 422 with what is wrong
     */
    static Computation of(JsonObject json, Rules rules, String at) {
        var function = Function.of(json.getString("aggregate"));
        var property = json.getString("property");
        if ((function == Function.COUNT) != (property == null)) {
            throw ProblemException.unprocessable(
                    at + "/property",
                    function == Function.COUNT
                            ? "Events are counted whatever their properties are: use where to choose among them."
                            : "Say of which property.");
        }
        return new Computation(
                function,
                event(json, at),
                rules.where(json.getJsonArray("where", new JsonArray()), at + "/where"),
                property == null ? null : path(property, at),
                json.getString("within") == null ? null : within(json.getString("within"), at));
    }

    /** Pages and screens need no name: without one all of them are meant. */
    private static String event(JsonObject json, String at) {
        var call = json.getString("call", "track");
        if (call.equals("track") && json.getString("event") == null) {
            throw ProblemException.unprocessable(at + "/event", "Say of which event.");
        }
        return Happening.key(call, json.getString("event"));
    }

    private static Path path(String property, String at) {
        try {
            return Path.parse(property);
        } catch (IllegalArgumentException e) {
            throw ProblemException.unprocessable(at + "/property", e.getMessage());
        }
    }

    private static Duration within(String text, String at) {
        try {
            var within = Duration.parse(text);
            if (within.compareTo(Duration.ofSeconds(1)) >= 0
                    && within.compareTo(LONGEST) <= 0
                    && within.getNano() == 0) {
                return within;
            }
        } catch (DateTimeException e) {
            // Told below, with what it should be.
        }
        throw ProblemException.unprocessable(
                at + "/within",
                "A duration in ISO 8601 such as P30D or PT90M, of 1 second to " + LONGEST.toDays() + " days.");
    }

    /** Which properties of events are read, without those that lie inside them. */
    Set<String> reads(JsonObject json) {
        var read = new HashSet<String>();
        json.getJsonArray("where", new JsonArray())
                .forEach(one -> read.add(
                        Path.parse(((JsonObject) one).getString("property")).root()));
        if (property != null) {
            read.add(property.root());
        }
        return read;
    }

    /**
     * @param events of any names, in {@link Happening#ORDER}
     * @param now to the microsecond
     */
    Outcome outcome(List<Happening> events, Instant now) {
        var from = within == null ? Instant.MIN : now.minus(within);
        var fitting = events.stream()
                .filter(one -> one.keys().contains(event) && !one.at().isBefore(from))
                .filter(one -> where.test(one.properties()))
                .toList();
        return new Outcome(
                value(fitting.stream().filter(one -> !one.at().isAfter(now)).toList()), due(fitting, now));
    }

    /** When the oldest is counted no more, or one that is to come begins to be. */
    private Instant due(List<Happening> fitting, Instant now) {
        return fitting.stream()
                .map(one -> one.at().isAfter(now)
                        ? one.at()
                        : within == null ? null : one.at().plus(within).plus(1, ChronoUnit.MICROS))
                .filter(Objects::nonNull)
                .min(Instant::compareTo)
                .orElse(null);
    }

    private Object value(List<Happening> events) {
        return switch (function) {
            case COUNT -> events.isEmpty() ? null : (long) events.size();
            case FIRST -> values(events).stream().findFirst().orElse(null);
            case LAST -> values(events).stream().reduce((one, later) -> later).orElse(null);
            case MOST_FREQUENT -> mostFrequent(values(events));
            case SUM, AVG, MIN, MAX -> {
                var numbers = values(events).stream()
                        .filter(Number.class::isInstance)
                        .map(number -> new BigDecimal(number.toString()))
                        .toList();
                yield numbers.isEmpty() ? null : plain(number(numbers));
            }
        };
    }

    /** Decimals, so that the order of arrival makes no difference. */
    private double number(List<BigDecimal> numbers) {
        var all = numbers.stream();
        return switch (function) {
            case MIN -> all.min(BigDecimal::compareTo).orElseThrow().doubleValue();
            case MAX -> all.max(BigDecimal::compareTo).orElseThrow().doubleValue();
            case AVG -> all.reduce(BigDecimal.ZERO, BigDecimal::add).doubleValue() / numbers.size();
            default -> all.reduce(BigDecimal.ZERO, BigDecimal::add).doubleValue();
        };
    }

    /** {@code 12} and not {@code 12.0}: what the database gives back of it is the same again. */
    static Number plain(double number) {
        if (number == Math.rint(number) && Math.abs(number) < NUMBER_LIMIT) {
            return (long) number;
        }
        return number;
    }

    /** What a trait may be: texts that are not too long, numbers that a double holds, booleans. All else is passed over. */
    private List<Object> values(List<Happening> events) {
        return events.stream()
                .map(one -> switch (property.in(one.properties())) {
                    case Value.Text(var text) when text.length() <= MAX_TEXT_LENGTH -> text;
                    case Value.Numeric(double number) when Math.abs(number) < NUMBER_LIMIT -> plain(number);
                    case Value.Flag(boolean flag) -> flag;
                    default -> null;
                })
                .filter(Objects::nonNull)
                .map(Object.class::cast)
                .toList();
    }

    /** Of several that came as often the one that came last. */
    private static Object mostFrequent(List<Object> values) {
        var counts = new HashMap<Object, Integer>();
        values.forEach(value -> counts.merge(value, 1, Integer::sum));
        int most = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        return values.stream()
                .filter(value -> counts.get(value) == most)
                .reduce((one, later) -> later)
                .orElse(null);
    }
}
