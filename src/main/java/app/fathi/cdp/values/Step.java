package app.fathi.cdp.values;

import java.time.Duration;
import java.time.Instant;

/**
 * How finely time is cut where it is kept what events come to, and not each event: the longer a window, the larger its steps, so none
 * has more than some 3,600 of them. A window begins with the whole step in which it begins, in UTC; so what is kept of steps says all that
 * is asked, and no event has to be read again.
 */
public enum Step {
    SECOND(1),
    MINUTE(60),
    HOUR(3_600),
    DAY(86_400),
    /** Of what has no window: all that ever was is one step. */
    ALL(0);

    private static final Duration IN_SECONDS = Duration.ofHours(1);
    private static final Duration IN_MINUTES = Duration.ofDays(2);
    private static final Duration IN_HOURS = Duration.ofDays(90);

    private final int seconds;

    Step(int seconds) {
        this.seconds = seconds;
    }

    /** @param within how far a window looks back; null for all time */
    public static Step of(Duration within) {
        if (within == null) {
            return ALL;
        }
        return within.compareTo(IN_SECONDS) <= 0
                ? SECOND
                : within.compareTo(IN_MINUTES) <= 0 ? MINUTE : within.compareTo(IN_HOURS) <= 0 ? HOUR : DAY;
    }

    /** The next larger, for what is kept of many values in each step; a day at most. */
    public Step coarser() {
        return switch (this) {
            case SECOND -> MINUTE;
            case MINUTE -> HOUR;
            case HOUR, DAY -> DAY;
            case ALL -> ALL;
        };
    }

    /** When the step begins that the moment lies in, in seconds since 1970. */
    public long begin(Instant at) {
        return this == ALL ? 0 : Math.floorDiv(at.getEpochSecond(), seconds) * seconds;
    }

    /** When the first step of a window begins that ends now, in seconds since 1970. */
    public long first(Duration within, Instant now) {
        return this == ALL ? 0 : begin(now.minus(within));
    }

    /** When a window has left a step behind; null for never. */
    public Instant leaves(long begin, Duration within) {
        return this == ALL ? null : Instant.ofEpochSecond(begin + seconds).plus(within);
    }
}
