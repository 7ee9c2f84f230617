package app.fathi.cep.policies;

import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;

/**
 * Hours of every day by the clock on the wall; over midnight when the end is before the start. Pure.
 *
 * @param start the first minute
 * @param end the minute after the last; never the start
 */
public record DailyHours(LocalTime start, LocalTime end) {
    private static final long DAY_NANOS = ChronoUnit.DAYS.getDuration().toNanos();

    static DailyHours of(String start, String end) {
        return new DailyHours(LocalTime.parse(start), LocalTime.parse(end));
    }

    private boolean hold(LocalTime time) {
        boolean begun = !time.isBefore(start);
        boolean open = time.isBefore(end);
        return start.isBefore(end) ? begun && open : begun || open;
    }

    /**
     * The first instant from then on at which the clock there shows another time; null where it does already. Where the clock is
     * changed meanwhile, what it shows counts: an end that it leaps over is when it leaps, one that it shows twice counts twice.
     */
    public Instant until(Instant now, ZoneId zone) {
        var at = now;
        // Between two changes the clock runs evenly: each turn is up to one of them, or to the end.
        while (hold(at.atZone(zone).toLocalTime())) {
            var time = at.atZone(zone).toLocalTime();
            var ends = at.plusNanos(Math.floorMod(end.toNanoOfDay() - time.toNanoOfDay(), DAY_NANOS));
            var change = zone.getRules().nextTransition(at);
            at = change != null && change.getInstant().isBefore(ends) ? change.getInstant() : ends;
        }
        return at.equals(now) ? null : at;
    }
}
