package app.fathi.cep.audiences;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.message.Timing.Local;
import app.fathi.cep.message.Timing.Passed;
import app.fathi.cep.policies.Lot;
import app.fathi.testing.ChangingClocks;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpreadTest {
    private static final Random RANDOM = new Random(Long.getLong("fathi.seed", 7));
    private static final Instant LONG_BEFORE = Instant.parse("2026-01-01T00:00:00Z");

    @ParameterizedTest
    @CsvSource({
        "2026-12-24T09:00, Europe/Vienna, 2026-12-24T08:00:00Z",
        "2026-12-24T09:00, America/New_York, 2026-12-24T14:00:00Z",
        "2026-12-24T09:00, Asia/Kathmandu, 2026-12-24T03:15:00Z",
        "2026-12-24T09:00, Pacific/Kiritimati, 2026-12-23T19:00:00Z",
        // The night in which clocks go forward: there is no half past two.
        "2026-03-29T02:30, Europe/Vienna, 2026-03-29T01:30:00Z",
        "2026-03-29T03:30, Europe/Vienna, 2026-03-29T01:30:00Z",
        // The night in which they go back: there are two of them, and it is the first.
        "2026-10-25T02:30, Europe/Vienna, 2026-10-25T00:30:00Z",
        // Lord Howe changes its clocks by half an hour.
        "2026-10-04T02:15, Australia/Lord_Howe, 2026-10-03T15:45:00Z"
    })
    void an_hour_of_somebodys_own_day_is_one_instant_on_days_without_it_and_with_two_of_it(
            String at, String zone, Instant expected) {
        var local = new Local(LocalDateTime.parse(at), null, Passed.SKIP);
        assertThat(Spread.at(local, ZoneId.of(zone), LONG_BEFORE)).isEqualTo(expected);
    }

    @Test
    void nobody_on_earth_has_the_hour_before_people_are_looked_for_or_after_the_last() {
        var zones = ChangingClocks.onEarth().stream()
                .filter(zone -> zone.getId().contains("/")
                        && !zone.getId().startsWith("Etc/")
                        && !zone.getId().startsWith("SystemV/"))
                .toList();
        for (int i = 0; i < 20_000; i++) {
            var at = LocalDateTime.of(2026, 1, 1, 0, 0).plusMinutes(RANDOM.nextInt(3 * 365 * 24 * 60));
            var passed = Passed.values()[RANDOM.nextInt(3)];
            var local = new Local(at, null, passed);
            var zone = zones.get(RANDOM.nextInt(zones.size()));
            var begun = local.earliest(LONG_BEFORE);
            assertThat(Spread.at(local, zone, begun))
                    .as("%s in %s", at, zone)
                    .isBetween(local.earliest(LONG_BEFORE), local.latest(LONG_BEFORE));
        }
    }

    @Test
    void an_hour_that_is_over_is_now_or_tomorrow_or_never_and_one_that_began_lately_is_not_over() {
        var vienna = ZoneId.of("Europe/Vienna");
        var hour = Instant.parse("2026-03-28T08:00:00Z");
        var lately = hour.plus(Duration.ofMinutes(15));
        var over = hour.plus(Duration.ofMinutes(16));
        for (var passed : Passed.values()) {
            var local = new Local(LocalDateTime.parse("2026-03-28T09:00"), null, passed);
            assertThat(Spread.at(local, vienna, lately)).isEqualTo(hour);
            assertThat(Spread.at(local, vienna, over))
                    .isEqualTo(
                            switch (passed) {
                                case SEND -> over;
                                case SKIP -> hour;
                                // Clocks go forward in that night: nine of the next day is an hour sooner.
                                case NEXT_DAY -> Instant.parse("2026-03-29T07:00:00Z");
                            });
        }
    }

    @Test
    void a_lot_falls_on_its_share_is_always_the_same_and_has_nothing_to_do_with_another() {
        var one = UUID.fromString("01932f12-3300-7c00-a000-2a2b2c2d2e2f");
        var other = UUID.fromString("01932f12-3300-7c00-a000-2a2b2c2d2e30");
        int people = 100_000;
        assertThat(among(one, people, 10)).isBetween(9_600L, 10_400L);
        assertThat(among(one, people, 0.5)).isBetween(400L, 600L);
        assertThat(among(one, people, 0)).isZero();
        assertThat(IntStream.range(0, people)
                        .filter(no -> Lot.isAmong(one, no, 10) && Lot.isAmong(other, no, 10))
                        .count())
                .as("a tenth of a tenth")
                .isBetween(850L, 1_150L);
        assertThat(IntStream.range(0, people).filter(no -> Lot.isAmong(one, no, 10)))
                .allMatch(no -> Lot.isAmong(one, no, 20));
        assertThat(IntStream.range(0, people)
                        .filter(no -> Lot.isAmong(one, no, 10) && Lot.of(one, no, 24) == 3)
                        .count())
                .as("who is among them says nothing about the hour")
                .isBetween(330L, 500L);
    }

    private static long among(UUID thing, int people, double percent) {
        return IntStream.range(0, people)
                .filter(no -> Lot.isAmong(thing, no, percent))
                .count();
    }
}
