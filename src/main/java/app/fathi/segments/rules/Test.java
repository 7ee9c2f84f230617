package app.fathi.segments.rules;

import app.fathi.cdp.values.Value;
import com.google.re2j.Pattern;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What is asked of one value. What is missing is unknown to all but {@link Exists}, and to those whose word begins with
 * "not" or "has none": these are true of everything of which their positive is not.
 */
public sealed interface Test {

    /** {@code exists}, {@code missing}: whether there is a value, which {@code null} is none of. Never unknown. */
    record Exists(boolean wanted) implements Test {}

    /**
     * {@code equals}, {@code in}, {@code notEquals}, {@code notIn}: the type counts, so the text {@code "1"} is not the
     * number 1.
     */
    record Equal(List<Value> values, boolean ignoreCase, boolean negated) implements Test {
        public Equal {
            values = List.copyOf(values);
        }
    }

    /** {@code contains}, {@code notContains}, {@code startsWith}, {@code endsWith}; unknown of what is no text. */
    record Part(Place place, String text, boolean ignoreCase, boolean negated) implements Test {}

    /** Where the part stands in the text. */
    enum Place {
        ANYWHERE,
        START,
        END
    }

    /** {@code matches}: whether the pattern (RE2 syntax) is found anywhere in a text; unknown of what is no text. */
    record Matches(Pattern pattern) implements Test {}

    /** {@code gt, gte, lt, lte}: numbers by size, texts by code point; unknown between two types. */
    record Order(Sense sense, Value bound) implements Test {}

    /** How a value lies to a bound. */
    enum Sense {
        GREATER(">"),
        AT_LEAST(">="),
        LESS("<"),
        AT_MOST("<=");

        final String sql;

        Sense(String sql) {
            this.sql = sql;
        }

        boolean holds(int compared) {
            return switch (this) {
                case GREATER -> compared > 0;
                case AT_LEAST -> compared >= 0;
                case LESS -> compared < 0;
                case AT_MOST -> compared <= 0;
            };
        }
    }

    /** {@code between}: both bounds belong to it. */
    record Between(Value low, Value high) implements Test {}

    /** {@code before}, {@code after}: unknown of what names no moment. */
    record Beside(boolean after, Instant instant) implements Test {}

    /** {@code withinLast}, {@code notWithinLast}: from so long ago until now; a moment to come is not in it. */
    record Within(Duration duration, boolean negated) implements Test {}

    /**
     * {@code anniversary}: whether the person's calendar, so many days from today, shows month and day of the value in a
     * later year than its own. Who was born on 29 February has the day on the 28th where there is no 29th.
     */
    record Anniversary(int inDays) implements Test {}

    /** {@code hasAny, hasAll, hasNone}: of a list; unknown of what is no list, but {@code hasNone}. */
    record Has(Share share, List<Value> values, boolean ignoreCase) implements Test {
        public Has {
            values = List.copyOf(values);
        }
    }

    /** How many of the values a list must have. */
    enum Share {
        ANY,
        ALL,
        NONE
    }
}
