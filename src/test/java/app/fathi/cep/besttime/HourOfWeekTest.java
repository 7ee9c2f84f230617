package app.fathi.cep.besttime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HourOfWeekTest {
    private static final List<ZoneId> ZONES = List.of(
                    "Europe/Berlin",
                    "America/New_York",
                    "Australia/Lord_Howe",
                    "America/Havana",
                    "Asia/Kathmandu",
                    "Pacific/Chatham",
                    "Africa/Cairo",
                    "UTC")
            .stream()
            .map(ZoneId::of)
            .toList();

    private static List<HourOfWeek.Ahead> ahead(String from, String until, String zone) {
        return HourOfWeek.from(Instant.parse(from), Instant.parse(until), ZoneId.of(zone));
    }

    @Test
    void hours_are_those_of_the_clock_on_the_wall_and_the_week_begins_on_monday() {
        assertThat(HourOfWeek.of(Instant.parse("2026-11-02T00:00:00Z"), ZoneOffset.UTC))
                .isZero();
        assertThat(HourOfWeek.of(Instant.parse("2026-11-01T23:59:59Z"), ZoneOffset.UTC))
                .isEqualTo(167);
        assertThat(HourOfWeek.of(Instant.parse("2026-11-01T18:15:00Z"), ZoneId.of("Asia/Kathmandu")))
                .isZero();
    }

    @Test
    void in_kathmandu_an_hour_begins_a_quarter_past_the_hours_of_greenwich() {
        assertThat(ahead("2026-11-02T10:20:30.5Z", "2026-11-02T13:00:00Z", "Asia/Kathmandu"))
                .containsExactly(
                        new HourOfWeek.Ahead(Instant.parse("2026-11-02T10:20:30.5Z"), 16),
                        new HourOfWeek.Ahead(Instant.parse("2026-11-02T11:15:00Z"), 17),
                        new HourOfWeek.Ahead(Instant.parse("2026-11-02T12:15:00Z"), 18));
    }

    @Test
    void the_hour_that_clocks_leap_over_is_none_and_the_one_that_comes_twice_is_two() {
        assertThat(ahead("2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z", "Europe/Berlin"))
                .extracting(one -> one.hour() % 24)
                .containsExactly(1, 3, 4);
        assertThat(ahead("2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z", "Europe/Berlin"))
                .extracting(one -> one.hour() % 24)
                .containsExactly(2, 2, 3);
    }

    @Test
    void whatever_the_zone_hours_follow_each_other_and_none_is_left_out() {
        var random = new Random(20261127);
        for (int i = 0; i < 5_000; i++) {
            var zone = ZONES.get(random.nextInt(ZONES.size()));
            var from = Instant.ofEpochSecond(
                    1_760_000_000L + random.nextInt(3 * 366 * 86_400), random.nextInt(1_000_000_000));
            var until = from.plusSeconds(1 + random.nextInt(7 * 86_400));
            var hours = HourOfWeek.from(from, until, zone);
            assertThat(hours.getFirst().at()).isEqualTo(from);
            for (int k = 0; k < hours.size(); k++) {
                var at = hours.get(k).at();
                var ends = k + 1 < hours.size() ? hours.get(k + 1).at() : until;
                assertThat(hours.get(k).hour()).isEqualTo(HourOfWeek.of(at, zone));
                assertThat(ends).isAfter(at).isBeforeOrEqualTo(at.plusSeconds(3_600));
                boolean halfAnHour =
                        !zone.getRules().getOffset(at).equals(zone.getRules().getOffset(ends.minusNanos(1)));
                assertThat(halfAnHour
                                || HourOfWeek.of(ends.minusNanos(1), zone)
                                        == hours.get(k).hour())
                        .as("%s in %s", at, zone)
                        .isTrue();
                assertThat(k == 0
                                || at.atZone(zone).getMinute() == 0
                                || zone.getId().equals("Australia/Lord_Howe"))
                        .as("%s in %s", at, zone)
                        .isTrue();
            }
        }
    }
}
