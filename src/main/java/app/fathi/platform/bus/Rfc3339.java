package app.fathi.platform.bus;

import app.fathi.platform.errors.ProblemException;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Times as callers write them. The contract's {@code date-time} is RFC 3339, of which its validator takes more and Java
 * takes both more (years of nine digits, no seconds) and less.
 */
public final class Rfc3339 {
    private static final Pattern FORM = Pattern.compile(
            "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})", Pattern.CASE_INSENSITIVE);
    private static final int LAST_YEAR = 9999;

    private Rfc3339() {}

    /** Empty for what is none, and for what would be none any more in UTC, which is how we tell it again. */
    public static Optional<OffsetDateTime> parse(String text) {
        try {
            if (FORM.matcher(text).matches()) {
                var time = OffsetDateTime.parse(text);
                var year = time.withOffsetSameInstant(ZoneOffset.UTC).getYear();
                return year < 0 || year > LAST_YEAR ? Optional.empty() : Optional.of(time);
            }
        } catch (DateTimeException e) {
            // Of the right form, but there is no such day or hour.
        }
        return Optional.empty();
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
