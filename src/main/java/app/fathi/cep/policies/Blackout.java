package app.fathi.cep.policies;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;

/**
 * A time in which nothing is sent.
 *
 * @param end the first minute that is not in it
 * @param ofProfile by the clock of each person; else by the workspace's
 * @param hold what comes in it waits for its end; else it is dropped
 */
public record Blackout(String name, LocalDateTime start, LocalDateTime end, boolean ofProfile, boolean hold) {

    /** When it ends; null where it is not now. */
    public Instant until(Instant now, ZoneId zone) {
        var ends = end.atZone(zone).toInstant();
        return now.isBefore(start.atZone(zone).toInstant()) || !now.isBefore(ends) ? null : ends;
    }
}
