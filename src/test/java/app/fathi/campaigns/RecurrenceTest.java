package app.fathi.campaigns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.errors.ProblemException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecurrenceTest {
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

    private static Recurrence rule(String text, String start) {
        return Recurrence.of(text, LocalDateTime.parse(start), BERLIN, "/schedule/rule");
    }

    private static List<String> first(Recurrence rule, int n) {
        return rule.between(Instant.EPOCH, Instant.MAX, n).stream()
                .map(Instant::toString)
                .toList();
    }

    @Test
    void the_clock_on_the_wall_counts_when_clocks_are_changed() {
        assertThat(first(rule("FREQ=DAILY", "2026-10-24T09:00"), 3))
                .as("the hour moves by one in UTC")
                .containsExactly("2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z", "2026-10-26T08:00:00Z");
        assertThat(first(rule("FREQ=DAILY", "2026-03-28T02:30"), 3))
                .as("an hour that there is not is when the clock leaps")
                .containsExactly("2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
        assertThat(first(rule("FREQ=DAILY", "2026-10-24T02:30"), 3))
                .as("an hour that comes twice is once, the first time")
                .containsExactly("2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
        assertThat(first(rule("FREQ=HOURLY", "2026-03-29T01:00"), 3))
                .as("two hours that fall together are one")
                .containsExactly("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z");
    }

    @Test
    void rules_say_what_rfc_5545_says() {
        assertThat(first(rule("RRULE:FREQ=WEEKLY;BYDAY=MO,TH", "2026-12-01T09:00"), 3))
                .containsExactly("2026-12-03T08:00:00Z", "2026-12-07T08:00:00Z", "2026-12-10T08:00:00Z");
        assertThat(first(rule("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "2026-01-01T09:00"), 5))
                .as("the last Friday")
                .containsExactly("2026-01-30T08:00:00Z", "2026-02-27T08:00:00Z");
        assertThat(first(rule("FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20260601", "2026-01-01T09:00"), 5))
                .as("months without a 31st have none")
                .containsExactly("2026-01-31T08:00:00Z", "2026-03-31T07:00:00Z", "2026-05-31T07:00:00Z");
        assertThat(first(rule("FREQ=DAILY;UNTIL=20260102T080000Z", "2026-01-01T09:00"), 5))
                .as("the last moment belongs to it")
                .containsExactly("2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "FREQ=SECONDLY",
                "FREQ=MINUTELY;INTERVAL=90",
                "FREQ=DAILY;BYHOUR=9;BYMINUTE=0,30",
                "FREQ=DAILY;BYSECOND=1,2",
                "FREQ=NEVER",
                "weekly",
                "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
                "FREQ=DAILY;UNTIL=20200101",
                "FREQ=DAILY;UNTIL=20270101;COUNT=3",
                "FREQ=DAILY;UNTIL=20279999"
            })
    void what_is_no_rule_gives_nothing_or_too_much_is_refused(String text) {
        assertThatThrownBy(() -> rule(text, "2026-01-01T09:00"))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("unprocessable");
    }

    /** Every slot is found from wherever one looks, against days that are counted one by one. */
    @Test
    void looking_from_anywhere_finds_the_same_slots_as_counting_days() {
        var random = new Random(20261126);
        for (int round = 0; round < 200; round++) {
            var start = LocalDateTime.of(
                    2026, 1 + random.nextInt(12), 1 + random.nextInt(28), 3 + random.nextInt(21), random.nextInt(60));
            int weeks = 1 + random.nextInt(3);
            var day = DayOfWeek.of(1 + random.nextInt(7));
            var rule = rule(
                    "FREQ=WEEKLY;INTERVAL=" + weeks + ";BYDAY=" + day.name().substring(0, 2), start.toString());
            var counted = new ArrayList<Instant>();
            var monday = start.toLocalDate().with(DayOfWeek.MONDAY);
            for (var date = monday.with(day); counted.size() < 30; date = date.plusWeeks(weeks)) {
                var at = date.atTime(start.toLocalTime());
                if (!at.isBefore(start)) {
                    counted.add(at.atZone(BERLIN).toInstant());
                }
            }
            int from = random.nextInt(28);
            var found = rule.between(counted.get(from).minusNanos(1), Instant.MAX, 30 - from);
            assertThat(found).as(rule.text() + " from " + start).isEqualTo(counted.subList(from, 30));
            assertThat(rule.next(counted.get(from))).isEqualTo(counted.get(from + 1));
        }
    }
}
