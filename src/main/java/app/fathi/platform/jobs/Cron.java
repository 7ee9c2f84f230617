package app.fathi.platform.jobs;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;

/**
 * A cron expression of five fields (minute, hour, day of month, month, day of week 0–7, where 0 and 7 are Sunday), read as
 * local times of a zone. With both days restricted, either is enough.
 *
 * <p>Each local time is one slot, whatever the clocks do: one that a zone skips is at the first instant after the gap
 * (several such are one slot), one that comes twice is at the first of the two. Steady intervals are therefore for UTC.
 */
public final class Cron {
    private static final CronParser PARSER = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
    private static final LocalDateTime ANY_DAY = LocalDateTime.of(2024, 1, 1, 0, 0);

    private final String text;
    private final ExecutionTime times;

    private Cron(String text, ExecutionTime times) {
        this.text = text;
        this.times = times;
    }

    /** Fails with {@link IllegalArgumentException} for what is no expression, and for days that no calendar has. */
    public static Cron parse(String text) {
        var cron = new Cron(text, ExecutionTime.forCron(PARSER.parse(text).validate()));
        cron.next(ANY_DAY);
        return cron;
    }

    /** The first slot after an instant. */
    public Instant next(ZoneId zone, Instant after) {
        // Instants of later local times are never earlier, so the first that is late enough is the one.
        var local = LocalDateTime.ofInstant(after, zone);
        while (true) {
            local = next(local);
            var instant = instant(local, zone);
            if (instant.isAfter(after)) {
                return instant;
            }
        }
    }

    /** The library's own view of zones is left out: it knows no skipped and no repeated hours. */
    private LocalDateTime next(LocalDateTime after) {
        return times.nextExecution(after.atZone(ZoneOffset.UTC))
                .orElseThrow(() -> new IllegalArgumentException("No day fits the expression " + text))
                .toLocalDateTime();
    }

    private static Instant instant(LocalDateTime local, ZoneId zone) {
        var offsets = zone.getRules().getValidOffsets(local);
        return offsets.isEmpty()
                ? zone.getRules().getTransition(local).getInstant()
                : local.toInstant(offsets.getFirst());
    }

    @Override
    public String toString() {
        return text;
    }
}
