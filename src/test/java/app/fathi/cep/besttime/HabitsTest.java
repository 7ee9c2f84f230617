package app.fathi.cep.besttime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class HabitsTest {
    /** Monday, nine in the morning. */
    private static final Instant NINE = Instant.parse("2026-11-02T09:00:00Z");

    private static final Offset<Double> EXACT = within(1e-9);
    private final Random random = new Random(20261127);

    private static Habits of(Reaction... reactions) {
        return of(List.of(reactions), ZoneOffset.UTC);
    }

    private static Habits of(List<Reaction> reactions, ZoneId zone) {
        var sum = new Habits.Sum(Habits.NONE);
        reactions.forEach(one -> one.count(sum, zone));
        return sum.habits();
    }

    private static Reaction unclicked(Instant at) {
        return new Reaction(at, null, null);
    }

    private static Reaction clicked(Instant at, Duration later) {
        return new Reaction(at, null, at.plus(later));
    }

    @Test
    void what_is_never_clicked_counts_against_the_hour_it_came_in_and_less_against_those_in_which_it_lay_there() {
        var habits = of(unclicked(NINE));
        assertThat(habits.tried()[9]).isEqualTo(1);
        for (int hour = 10; hour < 33; hour++) {
            assertThat(habits.tried()[hour]).as("hour %d", hour).isEqualTo(Reaction.OLD);
        }
        assertThat(habits.tried()[8]).isZero();
        assertThat(habits.tried()[33]).isZero();
        assertThat(habits.liked()).containsOnly(0);
    }

    @Test
    void a_click_counts_for_its_hour_and_nothing_is_known_of_those_after_it() {
        var later = of(clicked(NINE.plusSeconds(1_800), Duration.ofMinutes(95)));
        assertThat(later.liked()[11]).as("clicked at five past eleven").isEqualTo(1);
        assertThat(later.tried()[11]).isEqualTo(Reaction.OLD);
        assertThat(later.tried()[12]).isZero();
        var struck = of(clicked(NINE.plusSeconds(3_500), Duration.ofMinutes(5)));
        assertThat(struck.liked()[9])
                .as("five minutes later, when the clock has struck")
                .isEqualTo(1);
        var tooLate = of(clicked(NINE, Duration.ofHours(30)));
        assertThat(tooLate.liked()).containsOnly(0);
        var early = of(clicked(NINE, Duration.ofHours(-30)));
        assertThat(early.liked()[9])
                .as("by the clock of a device that is wrong")
                .isEqualTo(1);
    }

    @Test
    void that_it_appears_says_something_only_where_it_did_not_at_once() {
        assertThat(of(new Reaction(NINE, NINE.plusSeconds(2), null)).liked()).containsOnly(0);
        assertThat(of(new Reaction(NINE, NINE.plusSeconds(7_200), null)).liked()[11])
                .isEqualTo(Reaction.SEEN);
        var both = of(new Reaction(NINE, NINE.plusSeconds(7_200), NINE.plusSeconds(7_300)));
        assertThat(both.liked()[11]).as("clicks weigh more, and count once").isEqualTo(1);
    }

    @Test
    void the_week_is_a_ring_and_the_clock_is_that_on_the_wall() {
        var sunday = Instant.parse("2026-11-01T17:45:00Z");
        var habits = of(List.of(clicked(sunday, Duration.ofHours(3))), ZoneId.of("Asia/Kathmandu"));
        assertThat(habits.tried()[167]).as("half past eleven on Sunday").isEqualTo(1);
        assertThat(habits.liked()[2]).as("half past two on Monday").isEqualTo(1);
    }

    @Test
    void what_is_old_counts_half_after_two_months_in_whatever_order_it_is_told() {
        for (int i = 0; i < 500; i++) {
            var reactions = new ArrayList<Reaction>();
            for (int k = 0; k < 30; k++) {
                var at = NINE.plusSeconds(random.nextInt(200 * 86_400));
                reactions.add(
                        random.nextBoolean() ? unclicked(at) : clicked(at, Duration.ofMinutes(random.nextInt(2_000))));
            }
            var told = of(reactions, ZoneOffset.UTC);
            Collections.shuffle(reactions, random);
            int cut = random.nextInt(30);
            var apart =
                    of(reactions.subList(0, cut), ZoneOffset.UTC).and(of(reactions.subList(cut, 30), ZoneOffset.UTC));
            same(told, apart, 1e-9);
        }
        var old = of(unclicked(NINE), unclicked(NINE.plus(Duration.ofDays(Habits.HALF_LIFE_DAYS))));
        assertThat(old.tried()[9]).isCloseTo(0.5, EXACT);
    }

    @Test
    void a_row_keeps_them_short_and_changes_them_by_a_hundredth_at_most() {
        for (int i = 0; i < 500; i++) {
            var reactions = IntStream.range(0, random.nextInt(200))
                    .mapToObj(k -> clicked(
                            NINE.plusSeconds(random.nextInt(200 * 86_400)), Duration.ofMinutes(random.nextInt(2_000))))
                    .toList();
            var habits = of(reactions, ZoneOffset.UTC);
            var octets = habits.octets();
            assertThat(octets.length).isLessThanOrEqualTo(697);
            same(habits, Habits.of(octets), 0.01);
        }
        assertThat(Habits.of(new byte[0]).isEmpty()).isTrue();
        assertThat(of(unclicked(NINE)).octets().length).isEqualTo(4 + 21 + 24 * 4);
    }

    /** Rounding a little each day must not keep what is to be forgotten. */
    @Test
    void what_is_kept_each_day_anew_is_forgotten_all_the_same() {
        var kept = of(clicked(NINE, Duration.ZERO));
        for (int day = 1; day <= 120; day++) {
            var sum = new Habits.Sum(Habits.of(kept.octets()));
            sum.tried(100, kept.day() + 1, 0.02);
            kept = sum.habits();
        }
        assertThat(kept.liked()[9]).isCloseTo(0.25, within(0.01));
    }

    private static void same(Habits one, Habits other, double most) {
        assertThat(other.day()).isEqualTo(one.day());
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            assertThat(other.tried()[hour])
                    .as("hour %d", hour)
                    .isCloseTo(one.tried()[hour], within(most * (1 + one.tried()[hour])));
            assertThat(other.liked()[hour])
                    .as("hour %d", hour)
                    .isCloseTo(one.liked()[hour], within(most * (1 + one.liked()[hour])));
        }
    }
}
