package app.fathi.cep.performance;

import app.fathi.cep.performance.Share.Interval;
import java.util.Locale;

/**
 * What a difference in treatment brings about, by people who were treated so and people whom chance treated otherwise. Pure.
 *
 * <p>The interval of the difference is Newcombe's hybrid score (1998, method 10), that of the ratio is made of the same two Wilson intervals by the method of
 * variance estimates recovery (Donner and Zou 2012): no sampling, sensible also where few did it, and both agree whether there is a difference.
 */
public record Uplift(Share treated, Share control) {
    /** Fewer people on a side say nothing. */
    public static final int LEAST_PEOPLE = 100;

    /** Nor do fewer who did it, both sides together. */
    public static final int LEAST_DID = 10;

    /** In a word. */
    public enum Verdict {
        BETTER,
        WORSE,
        /** There may be no difference, or there are too few people to tell. */
        INCONCLUSIVE;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** In parts of 1: by how much more of those who were treated did it. */
    public Interval difference() {
        var one = treated.interval();
        var other = control.interval();
        double difference = one.value() - other.value();
        return new Interval(
                difference,
                difference - Math.hypot(one.value() - one.low(), other.high() - other.value()),
                difference + Math.hypot(one.high() - one.value(), other.value() - other.low()));
    }

    /**
     * In parts of the control's share: 0.1 for a tenth more; null where nobody of the control did it. {@code high} is infinite where the control's share may be
     * none.
     */
    public Interval relative() {
        if (control.did() == 0) {
            return null;
        }
        var one = treated.interval();
        var other = control.interval();
        double product = one.value() * other.value();
        // The usual form of it, made free of a division of nought by nought.
        double least = one.low() * (2 * one.value() - one.low());
        double low =
                least == 0 ? 0 : least / (product + root(product, one.value(), one.low(), other.value(), other.high()));
        double high = (product + root(product, one.value(), one.high(), other.value(), other.low()))
                / (other.low() * (2 * other.value() - other.low()));
        return new Interval(one.value() / other.value() - 1, low - 1, high - 1);
    }

    private static double root(double product, double one, double oneLimit, double other, double otherLimit) {
        return Math.sqrt(Math.max(
                0, product * product - oneLimit * otherLimit * (2 * one - oneLimit) * (2 * other - otherLimit)));
    }

    /** Whether there are enough people to say anything. */
    public boolean isEnough() {
        return treated.people() >= LEAST_PEOPLE
                && control.people() >= LEAST_PEOPLE
                && treated.did() + control.did() >= LEAST_DID;
    }

    public Verdict verdict() {
        var difference = difference();
        if (!isEnough() || difference.low() <= 0 && difference.high() >= 0) {
            return Verdict.INCONCLUSIVE;
        }
        return difference.low() > 0 ? Verdict.BETTER : Verdict.WORSE;
    }
}
