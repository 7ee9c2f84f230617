package app.fathi.platform.jobs;

import app.fathi.platform.jobs.Schedule.Missed;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/**
 * What is to be done about a schedule at a moment: a pure function.
 *
 * @param run the slots whose jobs are asked for now, ascending
 * @param next the first slot that is not decided; in the past only when there were more than can be run at once
 */
record Slots(List<Instant> run, Instant next) {
    /** So many are asked for at once, at most; the others at the next look. */
    static final int LIMIT = 100;

    /** Slots are whole minutes. */
    private static final Duration STEP = Duration.ofMinutes(1);

    /**
     * @param first the first slot that is not decided, not after {@code now}
     * @param late a slot that is later than this was missed
     */
    static Slots due(Cron cron, ZoneId zone, Missed missed, Instant first, Instant now, Duration late) {
        return switch (missed) {
            case ALL -> from(cron, zone, first, now);
            case ONE -> new Slots(List.of(last(cron, zone, first, now)), cron.next(zone, now));
            case SKIP -> {
                var limit = now.minus(late);
                var start = first.isBefore(limit) ? cron.next(zone, limit.minusNanos(1)) : first;
                yield start.isAfter(now) ? new Slots(List.of(), start) : from(cron, zone, start, now);
            }
        };
    }

    private static Slots from(Cron cron, ZoneId zone, Instant first, Instant now) {
        var run = new ArrayList<Instant>();
        var slot = first;
        while (!slot.isAfter(now) && run.size() < LIMIT) {
            run.add(slot);
            slot = cron.next(zone, slot);
        }
        return new Slots(List.copyOf(run), slot);
    }

    /** By halving, so that years without a node are no matter. */
    private static Instant last(Cron cron, ZoneId zone, Instant first, Instant now) {
        var last = first;
        var end = now;
        while (Duration.between(last, end).compareTo(STEP) > 0) {
            var middle = last.plus(Duration.between(last, end).dividedBy(2));
            var slot = cron.next(zone, middle);
            if (slot.isAfter(now)) {
                end = middle;
            } else {
                last = slot;
            }
        }
        for (var slot = cron.next(zone, last); !slot.isAfter(now); slot = cron.next(zone, last)) {
            last = slot;
        }
        return last;
    }
}
