package app.fathi.cep.besttime;

import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/** The hours of a week by the clock on somebody's wall: 0 is Monday from midnight on, 167 the last one of Sunday. Pure. */
public final class HourOfWeek {
    public static final int COUNT = 168;
    static final int HOURS = 24;
    private static final int SECONDS = 3_600;

    private HourOfWeek() {}

    public static int of(Instant at, ZoneId zone) {
        var there = at.atZone(zone);
        return (there.getDayOfWeek().getValue() - 1) * HOURS + there.getHour();
    }

    /** An hour of theirs that lies ahead: when it begins, and which one it is. */
    public record Ahead(Instant at, int hour) {}

    /**
     * The hours from then on, in order; the first is the one that has begun, with {@code from} itself. Where clocks are put back an hour comes
     * twice, where they are put on none that is not there.
     *
     * @param until what begins then is not one of them
     */
    public static List<Ahead> from(Instant from, Instant until, ZoneId zone) {
        var ahead = new ArrayList<Ahead>();
        for (var at = from; at.isBefore(until); at = next(at, zone)) {
            ahead.add(new Ahead(at, of(at, zone)));
        }
        return ahead;
    }

    /** A clock that is changed by half an hour has begun an hour in its middle: then that is where the hour begins. */
    private static Instant next(Instant at, ZoneId zone) {
        var time = at.atZone(zone).toLocalTime();
        var whole = at.minusNanos(at.getNano());
        return whole.plusSeconds(SECONDS - time.toSecondOfDay() % SECONDS);
    }
}
