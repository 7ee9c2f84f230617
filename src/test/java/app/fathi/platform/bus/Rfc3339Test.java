package app.fathi.platform.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Against Java's own formatter, which takes what it takes behind a pattern. */
class Rfc3339Test {
    private static final Pattern FORM = Pattern.compile(
            "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})", Pattern.CASE_INSENSITIVE);
    private static final List<String> TIMES = List.of(
            "2026-11-02T10:00:00Z",
            "2026-11-02t10:00:00.123456789z",
            "2024-02-29T23:59:59.9+14:00",
            "0000-01-01T00:00:00-18:00",
            "9999-12-31T23:59:59.999-00:00");
    private static final String LETTERS = "0123456789-+:.TtZz ٣İ\u0000";

    @Test
    void what_is_a_time_is_read_as_java_reads_it_whatever_is_changed_in_it() {
        var random = new Random(20_261_127);
        int read = 0;
        for (int i = 0; i < 200_000; i++) {
            var text = new StringBuilder(TIMES.get(random.nextInt(TIMES.size())));
            for (int change = random.nextInt(3); change > 0; change--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(4)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, LETTERS.charAt(random.nextInt(LETTERS.length())));
                    case 2 -> text.setCharAt(at, (char) ('0' + random.nextInt(10)));
                    default -> text.setCharAt(at, LETTERS.charAt(random.nextInt(LETTERS.length())));
                }
            }
            var expected = byJava(text.toString());
            read += expected.isPresent() ? 1 : 0;
            assertThat(Rfc3339.parse(text.toString())).as("%s", text).isEqualTo(expected);
        }
        assertThat(read).isBetween(40_000, 160_000);
    }

    private static Optional<OffsetDateTime> byJava(String text) {
        try {
            if (FORM.matcher(text).matches()) {
                var time = OffsetDateTime.parse(text);
                var year = time.withOffsetSameInstant(ZoneOffset.UTC).getYear();
                return year < 0 || year > 9999 ? Optional.empty() : Optional.of(time);
            }
        } catch (DateTimeException e) {
            // As the one that is tried says it.
        }
        return Optional.empty();
    }

    @Test
    void the_shortest_and_the_empty_are_no_times() {
        for (var text : List.of(
                "", "2026", "2026-11-02", "2026-11-02T10:00:00", "2026-11-02T10:00:00.", "2026-11-02T10:00:00.Z")) {
            assertThat(Rfc3339.parse(text)).as(text).isEmpty();
        }
    }
}
