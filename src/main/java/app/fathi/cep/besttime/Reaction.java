package app.fathi.cep.besttime;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;

/**
 * What somebody did with a message, or did not. Pure.
 *
 * @param accepted when the first of their devices could have it
 * @param shown when it first appeared; null where nobody told
 * @param clicked when it was first clicked; null for never
 */
public record Reaction(Instant accepted, Instant shown, Instant clicked) {
    /** For so long a message says something: when it is over nobody waits for a click any more. */
    static final int HOURS = 24;

    /** What one hour of a message counts that lies there already, against that of one that has just come. */
    static final double OLD = 0.3;

    /** What a device that comes on later counts, against a click. */
    static final double SEEN = 0.2;

    private static final int SECONDS = 3_600;

    /**
     * Counts it: each hour in which they could have clicked and did not counts against that hour, the click for its own. So hours are learned of
     * at which nothing was ever sent, and an hour does not seem good because more is sent in it. That a device shows at once what comes says that it is
     * on, which phones always are; one that shows it later has been switched on by somebody.
     */
    void count(Habits.Sum sum, ZoneId zone) {
        var there = accepted.atZone(zone);
        long day = there.toLocalDate().toEpochDay();
        int first = HourOfWeek.of(accepted, zone);
        int intoHour = there.toLocalTime().toSecondOfDay() % SECONDS;
        int click = age(clicked, intoHour);
        int show = age(shown, intoHour);
        sum.tried(first, day, 1);
        for (int age = 1; age <= Math.min(click, HOURS - 1); age++) {
            sum.tried((first + age) % HourOfWeek.COUNT, day, OLD);
        }
        if (click < HOURS) {
            sum.liked((first + click) % HourOfWeek.COUNT, day, 1);
        } else if (show > 0 && show < HOURS) {
            sum.liked((first + show) % HourOfWeek.COUNT, day, SEEN);
        }
    }

    /**
     * How often the clock has struck since it came; {@link #HOURS} for never and for too late. Who clicks within an hour reacts to its coming,
     * also when the clock strikes meanwhile. What a device's clock says is never before.
     */
    private int age(Instant at, int intoHour) {
        if (at == null) {
            return HOURS;
        }
        long waited = Duration.between(accepted, at).toSeconds();
        return waited < SECONDS ? 0 : (int) Math.min(HOURS, (intoHour + waited) / SECONDS);
    }
}
