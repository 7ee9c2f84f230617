package app.fathi.cep.message;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** When each person gets a message that not everybody is to get at once. What a sender has to know of it before people are found. */
public sealed interface Timing {
    /** No sooner than then anybody gets it. */
    Instant earliest(Instant start);

    /** Nobody is meant to get it later, but for what holds it up. */
    Instant latest(Instant start);

    /** What becomes of people whose hour is over when the message begins. */
    enum Passed {
        /** They get it at once. */
        SEND,
        /** They get none. */
        SKIP,
        /** They get it at that hour of the next day. */
        NEXT_DAY
    }

    /**
     * At this hour of everybody's own day. An hour that a change of clocks leaves out comes as much later, of one that comes
     * twice it is the first ({@link LocalDateTime#atZone}).
     *
     * @param otherwise of whom no zone is known; null for the workspace's zone
     */
    record Local(LocalDateTime at, ZoneId otherwise, Passed passed) implements Timing {
        @Override
        public Instant earliest(Instant start) {
            return at.toInstant(FIRST);
        }

        @Override
        public Instant latest(Instant start) {
            var last = at.toInstant(LAST);
            return passed == Passed.NEXT_DAY ? last.plus(Duration.ofDays(1)) : last;
        }
    }

    /**
     * At the hour at which each is likeliest to look, from when it is sent on.
     *
     * @param within how long after that at most; from an hour to a week
     * @param controlPercent so many of a hundred, drawn by chance, get it at any hour of those: what the choice brings is seen by them
     */
    record BestHour(Duration within, int controlPercent) implements Timing {
        @Override
        public Instant earliest(Instant start) {
            return start;
        }

        @Override
        public Instant latest(Instant start) {
            return start.plus(within);
        }
    }

    /** Where a day begins first, and last. */
    ZoneOffset FIRST = ZoneOffset.ofHours(14);

    ZoneOffset LAST = ZoneOffset.ofHours(-12);
}
