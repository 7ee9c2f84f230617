package app.fathi.campaigns;

import app.fathi.platform.errors.ProblemException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.dmfs.rfc5545.DateTime;
import org.dmfs.rfc5545.recur.InvalidRecurrenceRuleException;
import org.dmfs.rfc5545.recur.RecurrenceRule;
import org.dmfs.rfc5545.recur.RecurrenceRuleIterator;

/**
 * Times that come again: an RRULE of RFC 5545 over local times of a zone. Pure.
 *
 * <p>As with {@code platform.jobs.Cron} each local time is one slot, whatever the clocks do: one that the zone skips is at the
 * first instant after the gap (several such are one slot), one that comes twice is at the first of the two.
 */
final class Recurrence {
    /** Slots are at least so far apart, by the clock on the wall. */
    private static final long CLOSEST_MINUTES = 60;
    /** So many are compared with each other to see that. */
    private static final int LOOKED_AT = 400;
    /** A rule with a count is followed from its start: as many as an hourly one has in ten years. */
    private static final int MOST = 100_000;

    private static final int LONGEST_TEXT = 500;
    private static final Pattern UNTIL = Pattern.compile("(?i)(^|;)UNTIL=([0-9TZ]+)(?=;|$)");
    private static final Pattern TOO_FINE = Pattern.compile("(?i)FREQ=(SECONDLY|MINUTELY)|BYSECOND=");

    private final String text;
    private final LocalDateTime start;
    private final ZoneId zone;
    private final RecurrenceRule rule;
    /** Nothing is due after it; null for never. */
    private final Instant end;

    private Recurrence(String text, LocalDateTime start, ZoneId zone, RecurrenceRule rule, Instant end) {
        this.text = text;
        this.start = start;
        this.zone = zone;
        this.rule = rule;
        this.end = end;
    }

    /** Fails with {@code unprocessable} for what is no rule, gives no time, or gives more than one an hour. */
    static Recurrence of(String text, LocalDateTime start, ZoneId zone, String pointer) {
        var bare = text.strip().replaceFirst("(?i)^RRULE:", "");
        if (bare.length() > LONGEST_TEXT || TOO_FINE.matcher(bare).find()) {
            throw ProblemException.unprocessable(pointer, "A campaign goes out at most once an hour.");
        }
        try {
            var until = UNTIL.matcher(bare);
            var end = until.find() ? end(until.group(2), zone) : null;
            if (end != null && bare.toUpperCase(Locale.ROOT).contains("COUNT=")) {
                throw ProblemException.unprocessable(pointer, "A rule ends by UNTIL or by COUNT, not by both.");
            }
            var endless =
                    UNTIL.matcher(bare).replaceAll("$1").replaceAll(";;+", ";").replaceAll("^;|;$", "");
            var rule = new RecurrenceRule(endless, RecurrenceRule.RfcMode.RFC5545_STRICT);
            var made = new Recurrence(bare, start, zone, rule, end);
            made.requireApart(pointer);
            return made;
        } catch (InvalidRecurrenceRuleException | DateTimeException | IllegalArgumentException e) {
            throw ProblemException.unprocessable(
                    pointer, "This is no RRULE of RFC 5545; a valid one is FREQ=WEEKLY;BYDAY=MO,TH.");
        }
    }

    private static Instant end(String until, ZoneId zone) {
        if (until.endsWith("Z")) {
            return LocalDateTime.parse(until, DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'"))
                    .toInstant(ZoneOffset.UTC);
        }
        return until.contains("T")
                ? instant(LocalDateTime.parse(until, DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss")), zone)
                : instant(
                                LocalDate.parse(until, DateTimeFormatter.BASIC_ISO_DATE)
                                        .plusDays(1)
                                        .atStartOfDay(),
                                zone)
                        .minusNanos(1);
    }

    private void requireApart(String pointer) {
        var times = locals(start, LOOKED_AT);
        if (times.isEmpty() || next(Instant.MIN) == null) {
            throw ProblemException.unprocessable(pointer, "By this rule nothing is ever due.");
        }
        for (int i = 1; i < times.size(); i++) {
            if (times.get(i).isBefore(times.get(i - 1).plusMinutes(CLOSEST_MINUTES))) {
                throw ProblemException.unprocessable(pointer, "A campaign goes out at most once an hour.");
            }
        }
    }

    /** The first slot after an instant; null for none. */
    Instant next(Instant after) {
        var found = between(after, Instant.MAX, 1);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** Slots after the one and not after the other instant, ascending, at most so many. */
    List<Instant> between(Instant after, Instant last, int limit) {
        var slots = new ArrayList<Instant>();
        var iterator = from(after);
        for (int i = 0; i < MOST && iterator.hasNext() && slots.size() < limit; i++) {
            var slot = instant(local(iterator.nextDateTime()), zone);
            if (slot.isAfter(last) || end != null && slot.isAfter(end)) {
                break;
            }
            if (slot.isAfter(after) && (slots.isEmpty() || slot.isAfter(slots.getLast()))) {
                slots.add(slot);
            }
        }
        return slots;
    }

    private List<LocalDateTime> locals(LocalDateTime from, int limit) {
        var iterator = rule.iterator(floating(from));
        var found = new ArrayList<LocalDateTime>();
        while (iterator.hasNext() && found.size() < limit) {
            found.add(local(iterator.nextDateTime()));
        }
        return found;
    }

    /** Instants of later local times are never earlier, so nothing that is due lies a day before the local time of the instant. */
    private RecurrenceRuleIterator from(Instant after) {
        var iterator = rule.iterator(floating(start));
        var early = start.toInstant(ZoneOffset.UTC).minusSeconds(86_400 * 3);
        if (after.isAfter(early)) {
            iterator.fastForward(
                    floating(LocalDateTime.ofInstant(after, ZoneOffset.UTC).minusDays(2)));
        }
        return iterator;
    }

    /** The library's own view of zones is left out: to it all is UTC. */
    private static DateTime floating(LocalDateTime time) {
        return new DateTime(
                DateTime.UTC,
                time.getYear(),
                time.getMonthValue() - 1,
                time.getDayOfMonth(),
                time.getHour(),
                time.getMinute(),
                time.getSecond());
    }

    private static LocalDateTime local(DateTime time) {
        return LocalDateTime.ofInstant(Instant.ofEpochMilli(time.getTimestamp()), ZoneOffset.UTC);
    }

    private static Instant instant(LocalDateTime local, ZoneId zone) {
        var offsets = zone.getRules().getValidOffsets(local);
        return offsets.isEmpty()
                ? zone.getRules().getTransition(local).getInstant()
                : local.toInstant(offsets.getFirst());
    }

    String text() {
        return text;
    }

    LocalDateTime start() {
        return start;
    }

    ZoneId zone() {
        return zone;
    }
}
