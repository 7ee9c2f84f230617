package app.fathi.segments.rules;

import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Rule.Aggregate;
import java.math.BigDecimal;
import java.time.Instant;

/**
 * What some events come to. Sums of parts make the sum of all, whatever the order and wherever it is cut: numbers are added as the
 * decimals that they are written as, and rounded once, when they are asked for.
 *
 * @param numbers how many of the events have the property as a number
 * @param low the least of them; infinite where there is none
 * @param first when the first of the events was; null where there is none
 */
public record Sum(long numbers, BigDecimal total, double low, double high, Instant first) {
    public static final Sum NOTHING =
            new Sum(0, BigDecimal.ZERO, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, null);

    /** Of one event. */
    public static Sum of(Instant at, Value property) {
        return property instanceof Value.Numeric(double number) && Double.isFinite(number)
                ? new Sum(1, BigDecimal.valueOf(number), number, number, at)
                : new Sum(0, BigDecimal.ZERO, NOTHING.low, NOTHING.high, at);
    }

    public Sum plus(Sum other) {
        return new Sum(
                numbers + other.numbers,
                total.add(other.total),
                Math.min(low, other.low),
                Math.max(high, other.high),
                first == null || other.first != null && other.first.isBefore(first) ? other.first : first);
    }

    /** Null where there is nothing to come to anything. */
    Double comesTo(Aggregate aggregate) {
        if (numbers == 0) {
            return aggregate == Aggregate.SUM ? (Double) 0.0 : null;
        }
        return switch (aggregate) {
            case SUM -> total.doubleValue();
            case AVG -> total.doubleValue() / numbers;
            case MIN -> low;
            case MAX -> high;
        };
    }
}
