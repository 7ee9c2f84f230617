package app.fathi.cdp.values;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** Moments written in texts. */
public final class Instants {
    private static final int DATE_LENGTH = 10;
    private static final int LONGEST = 40;

    private Instants() {}

    /**
     * The moment that a text names: an RFC 3339 date-time, cut to microseconds, or a full-date, which is its first moment in
     * UTC. Empty for any other text and for years outside 1 to 9999.
     */
    public static Optional<Instant> parse(String text) {
        if (text.length() < DATE_LENGTH || text.length() > LONGEST || text.charAt(4) != '-' || text.charAt(7) != '-') {
            return Optional.empty();
        }
        try {
            if (text.length() == DATE_LENGTH) {
                return known(LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC));
            }
            // RFC 3339 lets a space stand for the T.
            var strict = text.charAt(DATE_LENGTH) == ' '
                    ? text.substring(0, DATE_LENGTH) + 'T' + text.substring(DATE_LENGTH + 1)
                    : text;
            return known(DateTimeFormatter.ISO_OFFSET_DATE_TIME
                    .parse(strict, Instant::from)
                    .truncatedTo(ChronoUnit.MICROS));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private static Optional<Instant> known(Instant instant) {
        int year = instant.atOffset(ZoneOffset.UTC).getYear();
        return year >= 1 && year <= 9999 ? Optional.of(instant) : Optional.empty();
    }

    /** The calendar day that a text begins with, wherever that was: of a birthday only this matters. */
    public static Optional<LocalDate> day(String text) {
        return parse(text).map(instant -> LocalDate.parse(text.substring(0, DATE_LENGTH)));
    }

    /** Microseconds since 1970, as PostgreSQL counts them. */
    public static long micros(Instant instant) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
    }
}
