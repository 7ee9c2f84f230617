package app.fathi.platform.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.outbound.Breaker.Rules;
import app.fathi.platform.outbound.Breaker.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BreakerTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long MILLI = Duration.ofMillis(1).toNanos();
    private static final Rules RULES =
            new Rules(10, 4, 50, 80, Duration.ofMillis(400), Duration.ofSeconds(5), Duration.ofSeconds(60));

    private final Random random = new Random(29);
    private final Breaker breaker = new Breaker(RULES);
    private long now = -3 * SECOND;

    private boolean ask(boolean fails, long millis) {
        assertThat(breaker.mayBegin(now)).isTrue();
        long began = now;
        now += millis * MILLI;
        return breaker.ended(began, now, fails, random);
    }

    @Test
    void it_opens_when_half_of_the_last_questions_failed_and_not_before_enough_were_asked() {
        ask(true, 1);
        ask(true, 1);
        ask(true, 1);
        assertThat(breaker.state(now)).isEqualTo(State.CLOSED);
        assertThat(ask(false, 1)).as("three of four").isTrue();
        assertThat(breaker.state(now)).isEqualTo(State.OPEN);
        assertThat(breaker.mayBegin(now)).isFalse();
        assertThat(breaker.waitNanos(now)).isBetween(5 * SECOND, 7 * SECOND);
    }

    @Test
    void what_is_long_ago_counts_no_more() {
        for (int i = 0; i < 3; i++) {
            ask(true, 1);
            ask(false, 1);
            ask(false, 1);
            ask(false, 1);
            ask(false, 1);
        }
        for (int i = 0; i < 10; i++) {
            ask(false, 1);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(ask(true, 1)).isFalse();
        }
        assertThat(ask(true, 1)).as("five of ten").isTrue();
    }

    @Test
    void it_opens_when_nearly_all_are_slow() {
        ask(false, 10);
        for (int i = 0; i < 3; i++) {
            assertThat(ask(false, 400)).isFalse();
        }
        assertThat(ask(false, 400)).as("four of five").isTrue();
    }

    @Test
    void after_the_pause_one_question_at_a_time_is_tried() {
        for (int i = 0; i < 4; i++) {
            ask(true, 1);
        }
        now += 7 * SECOND;
        assertThat(breaker.state(now)).isEqualTo(State.HALF_OPEN);
        assertThat(breaker.mayBegin(now)).isTrue();
        assertThat(breaker.mayBegin(now)).as("while one is tried").isFalse();
        long first = now;
        now += MILLI;
        assertThat(breaker.ended(first, now, true, random)).isFalse();
        assertThat(breaker.waitNanos(now)).as("twice as long").isBetween(10 * SECOND, 13 * SECOND);
        now += 13 * SECOND;
        assertThat(ask(false, 500)).as("slow is not well").isFalse();
        assertThat(breaker.state(now)).isEqualTo(State.OPEN);
        now += 26 * SECOND;
        assertThat(ask(false, 10)).as("it closes").isTrue();
        assertThat(breaker.state(now)).isEqualTo(State.CLOSED);
        for (int i = 0; i < 3; i++) {
            assertThat(ask(true, 1)).as("with nothing of before").isFalse();
        }
    }

    @Test
    void what_began_before_the_pause_says_nothing_of_what_comes_after() {
        var patient = new Breaker(
                new Rules(10, 4, 50, 80, Duration.ofMinutes(1), Duration.ofSeconds(5), Duration.ofSeconds(60)));
        assertThat(patient.mayBegin(now)).isTrue();
        long old = now;
        for (int i = 0; i < 4; i++) {
            assertThat(patient.mayBegin(now)).isTrue();
            patient.ended(now, now + MILLI, true, random);
        }
        now += 7 * SECOND;
        assertThat(patient.ended(old, now, false, random)).isFalse();
        assertThat(patient.state(now)).isEqualTo(State.HALF_OPEN);
        assertThat(patient.ended(old, now, true, random)).isFalse();
        assertThat(patient.mayBegin(now)).as("nor does it begin another pause").isTrue();
    }

    @Test
    void who_says_for_how_long_is_left_alone_for_that_long_and_no_longer_than_the_longest_pause() {
        assertThat(breaker.rest(now, Duration.ofSeconds(20))).as("it opens").isTrue();
        assertThat(breaker.waitNanos(now)).isEqualTo(20 * SECOND);
        assertThat(breaker.rest(now, Duration.ofSeconds(10)))
                .as("another answer of before")
                .isFalse();
        assertThat(breaker.ended(now - SECOND, now, false, random))
                .as("one that went well before")
                .isFalse();
        assertThat(breaker.waitNanos(now)).as("the later of both").isEqualTo(20 * SECOND);
        now += 20 * SECOND;
        assertThat(breaker.mayBegin(now)).isTrue();
        assertThat(breaker.rest(now, Duration.ofHours(1))).isFalse();
        assertThat(breaker.waitNanos(now)).isEqualTo(60 * SECOND);
        now += 60 * SECOND;
        assertThat(ask(false, 1)).as("it closes").isTrue();
    }

    /** Whatever happens: held to a list of all that was asked, and to the shortest and the longest that a pause may be. */
    @Test
    void it_is_what_a_plain_list_of_questions_says() {
        for (int round = 0; round < 200; round++) {
            var tried = new Breaker(RULES);
            var last = new ArrayList<int[]>();
            double failing = random.nextDouble();
            double slow = random.nextDouble();
            long at = random.nextLong();
            long openedAt = 0;
            int pauses = 0;
            for (int step = 0; step < 300; step++) {
                at += random.nextLong(SECOND);
                boolean allowed = tried.mayBegin(at);
                if (pauses > 0) {
                    long shortest = Math.min(60, 5L << Math.min(pauses - 1, 10)) * SECOND;
                    assertThat(!allowed || at - openedAt >= shortest).isTrue();
                    assertThat(allowed || at - openedAt <= shortest * 5 / 4 + 1).isTrue();
                } else {
                    assertThat(allowed).as("nothing has happened").isTrue();
                }
                if (!allowed) {
                    continue;
                }
                boolean fails = random.nextDouble() < failing;
                boolean isSlow = random.nextDouble() < slow;
                long began = at;
                at += isSlow ? 450 * MILLI : 20 * MILLI;
                tried.ended(began, at, fails, random);
                boolean opens;
                if (pauses > 0) {
                    opens = fails || isSlow;
                    pauses = opens ? pauses + 1 : 0;
                } else {
                    last.add(new int[] {fails ? 1 : 0, isSlow ? 1 : 0});
                    opens = opens(last);
                    pauses = opens ? 1 : 0;
                }
                if (opens) {
                    openedAt = at;
                    last.clear();
                }
                assertThat(tried.state(at)).isEqualTo(opens ? State.OPEN : State.CLOSED);
            }
        }
    }

    private static boolean opens(List<int[]> all) {
        var last = all.subList(Math.max(0, all.size() - 10), all.size());
        double failed = last.stream().mapToInt(one -> one[0]).average().orElse(0);
        double slow = last.stream().mapToInt(one -> one[1]).average().orElse(0);
        return last.size() >= 4 && (failed >= 0.5 || slow >= 0.8 - 1e-9);
    }
}
