package app.fathi.cdp.traits;

import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Step;
import app.fathi.cdp.values.Value;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;

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
    private static final int VALUES_OF_A_STEP = 100;
    private static final int VALUES_OF_ALL_TIME = 1_000;
    /** From here on two whole numbers are one double, and no trait holds them. */
    private static final double NUMBER_LIMIT = 0x1p53;

    /**
     * What events come to.
     *
     * @param value a text, a number or a boolean; null where there is nothing
     * @param due when time alone may make it another one; null for never
     */
    record Outcome(Object value, Instant due) {
        static final Outcome NOTHING = new Outcome(null, null);
    }

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

    /** How finely time is cut of which it is kept what events come to. */
    Step step() {
        return function == Function.MOST_FREQUENT ? Step.of(within).coarser() : Step.of(within);
    }

    /** When the window begins that ends now, in seconds since 1970. */
    long first(Instant now) {
        return step().first(within, now);
    }

    /** Whether of events at different times the last one tells, or else the first. */
    boolean newest() {
        return function != Function.FIRST;
    }

    /** So many different values are counted in one step; {@link Integer#MAX_VALUE} where none are counted apart. */
    int valuesLimit() {
        return function != Function.MOST_FREQUENT
                ? Integer.MAX_VALUE
                : within == null ? VALUES_OF_ALL_TIME : VALUES_OF_A_STEP;
    }

    /** What an event of this name adds; empty where it does not count. */
    Optional<Part> part(Happening event) {
        if (!where.test(event.properties())) {
            return Optional.empty();
        }
        if (function == Function.COUNT) {
            return Optional.of(Part.of(event, null, Part.NO_KEY));
        }
        var value = value(property.in(event.properties()));
        return switch (function) {
            case SUM, AVG, MIN, MAX -> value instanceof Number ? part(event, value, Part.NO_KEY) : Optional.empty();
            case MOST_FREQUENT -> value == null ? Optional.empty() : part(event, value, Part.key(value));
            default -> value == null ? Optional.empty() : part(event, value, Part.NO_KEY);
        };
    }

    private static Optional<Part> part(Happening event, Object value, UUID key) {
        return Optional.of(Part.of(event, value, key));
    }

    /**
     * What it comes to.
     *
     * @param part of the whole window, of the value that was the most frequent; null where there is none
     * @param earliest when the first step of the window begins in which there is any, in seconds since 1970; null where there is none
     * @param coming the same of what is to come
     */
    Outcome outcome(Part part, Long earliest, Long coming) {
        var due = step() == Step.ALL
                ? null
                : Stream.of(
                                earliest == null ? null : step().leaves(earliest, within),
                                coming == null ? null : Instant.ofEpochSecond(coming))
                        .filter(Objects::nonNull)
                        .min(Instant::compareTo)
                        .orElse(null);
        return new Outcome(part == null ? null : value(part), due);
    }

    /** Sums are decimals, so that the order of arrival makes no difference. */
    private Object value(Part part) {
        return switch (function) {
            case COUNT -> part.events();
            case SUM -> plain(part.total().doubleValue());
            case AVG -> plain(part.total().doubleValue() / part.events());
            case MIN -> plain(part.low());
            case MAX -> plain(part.high());
            case FIRST, LAST, MOST_FREQUENT -> part.value();
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
    private static Object value(Value property) {
        return switch (property) {
            case Value.Text(var text) when text.length() <= MAX_TEXT_LENGTH -> text;
            case Value.Numeric(double number) when Math.abs(number) < NUMBER_LIMIT -> plain(number);
            case Value.Flag(boolean flag) -> flag;
            default -> null;
        };
    }
}
