package app.fathi.platform.bus;

import app.fathi.platform.errors.ProblemException;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;

/**
 * Times as callers write them. The contract's {@code date-time} is RFC 3339, of which its validator takes more and Java
 * takes both more (years of nine digits, no seconds) and less. Read by hand: an event has several, and a formatter and a
 * pattern take as long for one as all the rest of the event does.
 */
public final class Rfc3339 {
    private static final int LAST_YEAR = 9999;
    /** {@code yyyy-mm-ddThh:mm:ss} */
    private static final int SECONDS_END = 19;

    private static final int MAX_FRACTION = 9;
    /** {@code +hh:mm} */
    private static final int OFFSET_LENGTH = 6;

    private Rfc3339() {}

    /** Empty for what is none, and for what would be none any more in UTC, which is how we tell it again. */
    public static Optional<OffsetDateTime> parse(String text) {
        if (!hasForm(text)) {
            return Optional.empty();
        }
        int end = SECONDS_END;
        int nanos = 0;
        if (text.charAt(end) == '.') {
            end++;
            for (int digit = 0; digit < MAX_FRACTION; digit++) {
                nanos = 10 * nanos + (isDigit(text, end) ? text.charAt(end++) - '0' : 0);
            }
        }
        try {
            var time = OffsetDateTime.of(
                    number(text, 0, 4),
                    number(text, 5, 7),
                    number(text, 8, 10),
                    number(text, 11, 13),
                    number(text, 14, 16),
                    number(text, 17, SECONDS_END),
                    nanos,
                    offset(text, end));
            var year = time.getOffset() == ZoneOffset.UTC
                    ? time.getYear()
                    : time.withOffsetSameInstant(ZoneOffset.UTC).getYear();
            return year < 0 || year > LAST_YEAR ? Optional.empty() : Optional.of(time);
        } catch (DateTimeException e) {
            // Of the right form, but there is no such day or hour.
            return Optional.empty();
        }
    }

    private static boolean hasForm(String text) {
        if (text.length() <= SECONDS_END || !isForm(text, 0, "0000-00-00T00:00:00")) {
            return false;
        }
        int end = SECONDS_END;
        if (text.charAt(end) == '.') {
            int from = ++end;
            while (isDigit(text, end)) {
                end++;
            }
            if (end == from || end - from > MAX_FRACTION) {
                return false;
            }
        }
        return switch (text.length() - end) {
            case 1 -> isForm(text, end, "Z");
            case OFFSET_LENGTH -> isForm(text, end, "+00:00") || isForm(text, end, "-00:00");
            default -> false;
        };
    }

    /** @param form where a 0 stands for any digit, and letters for themselves, large or small */
    private static boolean isForm(String text, int from, String form) {
        for (int i = 0; i < form.length(); i++) {
            char wanted = form.charAt(i);
            char given = text.charAt(from + i);
            boolean fits = wanted == '0'
                    ? isDigit(text, from + i)
                    : given == wanted || Character.isLetter(wanted) && given == Character.toLowerCase(wanted);
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    private static ZoneOffset offset(String text, int from) {
        if (text.length() - from < OFFSET_LENGTH) {
            return ZoneOffset.UTC;
        }
        int sign = text.charAt(from) == '-' ? -1 : 1;
        return ZoneOffset.ofHoursMinutes(
                sign * number(text, from + 1, from + 3), sign * number(text, from + 4, from + OFFSET_LENGTH));
    }

    private static boolean isDigit(String text, int at) {
        return at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }

    private static int number(String text, int from, int to) {
        int number = 0;
        for (int i = from; i < to; i++) {
            number = 10 * number + text.charAt(i) - '0';
        }
        return number;
    }

    /** @param pointer where the text stands; null for no text */
    public static OffsetDateTime at(String pointer, String text) {
        return text == null
                ? null
                : parse(text)
                        .orElseThrow(() -> ProblemException.invalid(
                                pointer, "A time is written as in RFC 3339, such as 2026-11-02T10:00:00Z."));
    }
}
