package app.fathi.cep.policies;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.TemporalAdjusters;

/** For how long a message counts against a cap. Pure. */
sealed interface Window {

    /** When a message of that instant counts no longer: the first instant at which it does not. Later messages never end earlier. */
    Instant ends(Instant sent, ZoneId zone);

    /** Whether its days are those of the person; else they are the workspace's. */
    boolean ofProfile();

    /** The last so many hours, whatever the clock says. */
    record Rolling(Duration length) implements Window {
        @Override
        public Instant ends(Instant sent, ZoneId zone) {
            return sent.plus(length);
        }

        @Override
        public boolean ofProfile() {
            return false;
        }
    }

    enum Unit {
        DAY,
        /** From Monday on, as ISO 8601 has it. */
        WEEK,
        MONTH;

        LocalDate next(LocalDate day) {
            return switch (this) {
                case DAY -> day.plusDays(1);
                case WEEK -> day.with(TemporalAdjusters.next(DayOfWeek.MONDAY));
                case MONTH -> day.with(TemporalAdjusters.firstDayOfNextMonth());
            };
        }
    }

    /** The day, week or month of the calendar. */
    record Calendar(Unit unit, boolean ofProfile) implements Window {
        @Override
        public Instant ends(Instant sent, ZoneId zone) {
            var midnight = unit.next(sent.atZone(zone).toLocalDate()).atStartOfDay(zone);
            // Clocks that are put back over midnight have the day before once more.
            return midnight.toInstant().isAfter(sent)
                    ? midnight.toInstant()
                    : midnight.withLaterOffsetAtOverlap().toInstant();
        }
    }
}
