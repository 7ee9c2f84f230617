package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.jobs.Schedule.Missed;
import app.fathi.testing.ChangingClocks;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronTest {
    private static final long SEED = Long.getLong("test.seed", 20_260_101);
    /** The last zone with an offset of odd seconds, where whole minutes are elsewhere, gave it up in 1972. */
    private static final int FIRST_YEAR = 1973;

    private static final List<ZoneId> ZONES = ChangingClocks.onEarth();

    private static Instant next(String cron, String zone, String after) {
        return Cron.parse(cron).next(ZoneId.of(zone), Instant.parse(after));
    }

    @ParameterizedTest
    @CsvSource({
        // The gap of 29 March 2026: 02:30 does not exist, the next valid instant is 03:00.
        "30 2 * * *, Europe/Berlin, 2026-03-28T12:00:00Z, 2026-03-29T01:00:00Z",
        "30 2 * * *, Europe/Berlin, 2026-03-29T01:00:00Z, 2026-03-30T00:30:00Z",
        // Four skipped times and 03:00 are one slot.
        "*/15 * * * *, Europe/Berlin, 2026-03-29T00:45:00Z, 2026-03-29T01:00:00Z",
        "*/15 * * * *, Europe/Berlin, 2026-03-29T01:00:00Z, 2026-03-29T01:15:00Z",
        // The overlap of 25 October 2026: 02:30 comes twice, the first counts.
        "30 2 * * *, Europe/Berlin, 2026-10-24T12:00:00Z, 2026-10-25T00:30:00Z",
        "30 2 * * *, Europe/Berlin, 2026-10-25T00:30:00Z, 2026-10-26T01:30:00Z",
        "30 2 * * *, Europe/Berlin, 2026-10-25T01:10:00Z, 2026-10-26T01:30:00Z",
        // Half an hour of difference, and a day that a zone left out.
        "15 2 * * *, Australia/Lord_Howe, 2026-10-03T12:00:00Z, 2026-10-03T15:30:00Z",
        "0 12 * * *, Pacific/Apia, 2011-12-29T22:00:00Z, 2011-12-30T10:00:00Z",
        "0 12 * * *, Pacific/Apia, 2011-12-30T10:00:00Z, 2011-12-30T22:00:00Z",
        // Years, leap days, both days restricted.
        "0 0 29 2 *, UTC, 2097-01-01T00:00:00Z, 2104-02-29T00:00:00Z",
        "0 9 1 * 1, UTC, 2026-06-02T00:00:00Z, 2026-06-08T09:00:00Z",
        "0 9 * * 7, UTC, 2026-06-02T00:00:00Z, 2026-06-07T09:00:00Z",
    })
    void the_next_slot(String cron, String zone, String after, String expected) {
        assertThat(next(cron, zone, after)).isEqualTo(Instant.parse(expected));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "* * * *", "61 * * * *", "* 24 * * *", "0 0 0 * *", "0 0 30 2 *", "0 0 31 4,6 *", "hourly"})
    void what_is_no_expression_or_fits_no_day_is_refused(String cron) {
        assertThatThrownBy(() -> Cron.parse(cron)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void around_clock_changes_of_all_zones_slots_are_what_a_walk_over_every_minute_finds() {
        walks(SEED, 100);
    }

    @Test
    @Tag("slow")
    void around_many_more_clock_changes_too() {
        walks(SEED + 1_000_000, 2_000);
    }

    private static void walks(long firstSeed, int count) {
        System.err.printf("Cron: seeds %d to %d%n", firstSeed, firstSeed + count - 1);
        for (long seed = firstSeed; seed < firstSeed + count; seed++) {
            walk(seed);
        }
    }

    private static void walk(long seed) {
        var random = Seeds.random(seed);
        var minutes = field(random, 60);
        var hours = field(random, 24);
        var cron = Cron.parse(text(minutes, 60) + " " + text(hours, 24) + " * * *");
        var zone = ZONES.get(random.nextInt(ZONES.size()));
        var from = LocalDateTime.of(FIRST_YEAR + random.nextInt(80), 1, 1, 0, 0).toInstant(ZoneOffset.UTC);
        var change = zone.getRules().nextTransition(from);
        var start = (change == null ? from : change.getInstant())
                .minus(Duration.ofMinutes(random.nextInt(18 * 60)))
                .truncatedTo(ChronoUnit.MINUTES);
        var end = start.plus(Duration.ofHours(36));
        var expected = new ArrayList<Instant>();
        for (var minute = start.plusSeconds(60); !minute.isAfter(end); minute = minute.plusSeconds(60)) {
            if (isSlot(minutes, hours, zone, minute)) {
                expected.add(minute);
            }
        }
        var found = new ArrayList<Instant>();
        for (var slot = cron.next(zone, start); !slot.isAfter(end); slot = cron.next(zone, slot)) {
            found.add(slot);
        }
        assertThat(found)
                .as("test.seed %d: %s in %s from %s", seed, cron, zone, start)
                .isEqualTo(expected);
        // From any instant between two slots, the later of them is next.
        for (int i = 0; i < 5; i++) {
            var after = start.plusSeconds(random.nextInt(86_400));
            var next = expected.stream().filter(slot -> slot.isAfter(after)).findFirst();
            next.ifPresent(slot ->
                    assertThat(cron.next(zone, after)).as("test.seed %d", seed).isEqualTo(slot));
        }
    }

    /** By the definition: a fitting local time that comes for the first time, or the end of a gap with a fitting one. */
    private static boolean isSlot(BitSet minutes, BitSet hours, ZoneId zone, Instant minute) {
        var rules = zone.getRules();
        var local = LocalDateTime.ofInstant(minute, zone);
        if (fits(minutes, hours, local)) {
            var offsets = rules.getValidOffsets(local);
            if (offsets.getFirst().equals(rules.getOffset(minute))) {
                return true;
            }
        }
        var change = rules.previousTransition(minute.plusNanos(1));
        if (change == null || !change.getInstant().equals(minute) || !change.isGap()) {
            return false;
        }
        for (var skipped = change.getDateTimeBefore();
                skipped.isBefore(change.getDateTimeAfter());
                skipped = skipped.plusMinutes(1)) {
            if (fits(minutes, hours, skipped)) {
                return true;
            }
        }
        return false;
    }

    private static boolean fits(BitSet minutes, BitSet hours, LocalDateTime local) {
        return minutes.get(local.getMinute()) && hours.get(local.getHour());
    }

    private static BitSet field(Random random, int size) {
        var field = new BitSet();
        if (random.nextInt(3) == 0) {
            field.set(0, size);
        } else {
            int values = 1 + random.nextInt(4);
            for (int i = 0; i < values; i++) {
                field.set(random.nextInt(size));
            }
        }
        return field;
    }

    private static String text(BitSet field, int size) {
        return field.cardinality() == size
                ? "*"
                : String.join(",", field.stream().mapToObj(Integer::toString).toList());
    }

    /** A schedule looked at by nodes that are there, and then for a while none. */
    @Test
    void each_policy_decides_about_every_slot_once_however_the_looks_fall() {
        var late = Duration.ofSeconds(60);
        for (long seed = SEED; seed < SEED + 60; seed++) {
            var random = Seeds.random(seed);
            var cron =
                    Cron.parse(random.nextBoolean() ? "*/" + (10 + random.nextInt(20)) + " * * * *" : "17 3,15 * * *");
            var zone = ZONES.get(random.nextInt(ZONES.size()));
            var missed = Missed.values()[random.nextInt(3)];
            var start = Instant.parse("2026-01-01T00:00:00Z").plusSeconds(random.nextInt(31_536_000));
            var next = cron.next(zone, start);
            var now = start;
            var run = new ArrayList<Instant>();
            var expected = new ArrayList<Instant>();
            for (int look = 0; look < 15; look++) {
                now = now.plusSeconds(random.nextInt(6) == 0 ? random.nextInt(100_000) : random.nextInt(600));
                while (!next.isAfter(now)) {
                    var slots = Slots.due(cron, zone, missed, next, now, late);
                    expected.addAll(expected(cron, zone, missed, next, now, late));
                    run.addAll(slots.run());
                    assertThat(slots.next()).isAfter(next);
                    next = slots.next();
                }
                assertThat(next).isEqualTo(cron.next(zone, now));
            }
            assertThat(run)
                    .as("test.seed %d: %s", seed, missed)
                    .isEqualTo(expected)
                    .isSorted()
                    .doesNotHaveDuplicates();
        }
    }

    private static List<Instant> expected(
            Cron cron, ZoneId zone, Missed missed, Instant first, Instant now, Duration late) {
        var all = Stream.iterate(first, slot -> !slot.isAfter(now), slot -> cron.next(zone, slot))
                .toList();
        return switch (missed) {
            case ALL -> all.subList(0, Math.min(all.size(), Slots.LIMIT));
            case ONE -> List.of(all.getLast());
            case SKIP ->
                all.stream().filter(slot -> !slot.isBefore(now.minus(late))).toList();
        };
    }

    @Test
    void years_without_a_node_are_no_matter() {
        var cron = Cron.parse("* * * * *");
        var first = Instant.parse("1990-01-01T00:00:00Z");
        var now = Instant.parse("2026-01-01T00:00:30Z");
        assertThat(Slots.due(cron, ZoneOffset.UTC, Missed.ONE, first, now, Duration.ofSeconds(60)))
                .isEqualTo(new Slots(
                        List.of(Instant.parse("2026-01-01T00:00:00Z")), Instant.parse("2026-01-01T00:01:00Z")));
        assertThat(Slots.due(cron, ZoneOffset.UTC, Missed.ALL, first, now, Duration.ofSeconds(60))
                        .run())
                .hasSize(Slots.LIMIT);
    }
}
