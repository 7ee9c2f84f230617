package app.fathi.cep.performance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import app.fathi.cep.performance.Uplift.Verdict;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpliftTest {
    private static final Offset<Double> PRINTED = within(0.00006);
    private final Random random = new Random(20261127);

    private static Uplift of(long people, long did, long others, long othersDid) {
        return new Uplift(new Share(people, did), new Share(others, othersDid));
    }

    /** Newcombe 1998, table II, method 10. */
    @ParameterizedTest
    @CsvSource({
        "70, 56, 80, 48, 0.2000, 0.0524, 0.3339",
        "10, 9, 10, 3, 0.6000, 0.1705, 0.8090",
        "7, 6, 7, 2, 0.5714, 0.0582, 0.8062",
        "10, 10, 20, 0, 1.0000, 0.6791, 1.0000",
        "10, 0, 20, 0, 0.0000, -0.1611, 0.2775",
        "56, 5, 29, 0, 0.0893, -0.0381, 0.1926"
    })
    void the_interval_of_the_difference_is_that_of_the_paper(
            int people, int did, int others, int othersDid, double value, double low, double high) {
        var difference = of(people, did, others, othersDid).difference();
        assertThat(difference.value()).isCloseTo(value, PRINTED);
        assertThat(difference.low()).isCloseTo(low, within(0.0005));
        assertThat(difference.high()).isCloseTo(high, within(0.0005));
    }

    private long drawn(int people, double chance) {
        return IntStream.range(0, people)
                .filter(i -> random.nextDouble() < chance)
                .count();
    }

    @ParameterizedTest
    @CsvSource({
        "5000, 0.06, 1000, 0.05, 1000",
        "20000, 0.13, 2000, 0.10, 400",
        "2000, 0.03, 300, 0.03, 1000",
        "400, 0.02, 400, 0.05, 1000"
    })
    void of_a_hundred_intervals_about_ninety_five_hold_the_truth(
            int people, double chance, int others, double othersChance, int times) {
        int difference = 0;
        int relative = 0;
        int agree = 0;
        for (int i = 0; i < times; i++) {
            var uplift = of(people, drawn(people, chance), others, drawn(others, othersChance));
            var first = uplift.difference();
            difference += first.low() <= chance - othersChance && chance - othersChance <= first.high() ? 1 : 0;
            var second = uplift.relative();
            if (second == null) {
                relative++;
                agree++;
                continue;
            }
            double truth = chance / othersChance - 1;
            relative += second.low() <= truth && truth <= second.high() ? 1 : 0;
            agree += first.low() > 0 == second.low() > 0 && first.high() < 0 == second.high() < 0 ? 1 : 0;
        }
        assertThat(difference / (double) times).as("difference").isBetween(0.93, 0.985);
        assertThat(relative / (double) times).as("relative").isBetween(0.93, 0.985);
        assertThat(agree).as("both say whether there is one").isEqualTo(times);
    }

    @Test
    void a_planted_uplift_is_found_and_none_in_noise() {
        int found = 0;
        int wrong = 0;
        int noise = 0;
        for (int i = 0; i < 300; i++) {
            var planted =
                    of(9_000, drawn(9_000, 0.08), 1_000, drawn(1_000, 0.05)).verdict();
            found += planted == Verdict.BETTER ? 1 : 0;
            wrong += planted == Verdict.WORSE ? 1 : 0;
            noise += of(9_000, drawn(9_000, 0.05), 1_000, drawn(1_000, 0.05)).verdict() != Verdict.INCONCLUSIVE ? 1 : 0;
        }
        assertThat(found).isGreaterThan(270);
        assertThat(wrong).isZero();
        assertThat(noise).as("one in twenty by chance").isLessThan(30);
    }

    @Test
    void too_few_people_tell_nothing() {
        assertThat(of(1_000, 500, 99, 0).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(of(100_000, 0, 100_000, 9).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(of(1_000, 500, 100, 0).verdict()).isEqualTo(Verdict.BETTER);
        assertThat(of(1_000, 0, 1_000, 500).verdict()).isEqualTo(Verdict.WORSE);
    }

    @Test
    void nobody_and_everybody_are_numbers_too() {
        var nobody = of(0, 0, 0, 0);
        assertThat(nobody.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(nobody.relative()).isNull();
        assertThat(nobody.difference().low()).isEqualTo(-1);
        assertThat(nobody.difference().high()).isEqualTo(1);
        var rare = of(1_000, 0, 1_000, 1).relative();
        assertThat(rare.value()).isEqualTo(-1);
        assertThat(rare.low()).isEqualTo(-1);
        assertThat(rare.high()).isGreaterThan(0).isFinite();
        var all = of(1_000, 1_000, 1_000, 1_000);
        assertThat(all.relative().low()).isLessThan(0);
        assertThat(all.relative().high()).isGreaterThan(0);
        for (int i = 0; i < 20_000; i++) {
            int people = random.nextInt(60);
            int others = random.nextInt(60);
            var any = of(people, random.nextInt(people + 1), others, random.nextInt(others + 1));
            var difference = any.difference();
            assertThat(difference.value()).isBetween(difference.low(), difference.high());
            var relative = any.relative();
            if (relative != null) {
                assertThat(relative.low()).as("%s", any).isBetween(-1.0, relative.value() + 1e-9);
                assertThat(relative.high()).as("%s", any).isGreaterThan(relative.value() - 1e-9);
            }
        }
    }
}
