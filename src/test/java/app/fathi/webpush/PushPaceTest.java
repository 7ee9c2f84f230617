package app.fathi.webpush;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.outbound.Pause;
import app.fathi.webpush.PushAnswer.Outcome;
import app.fathi.webpush.PushPace.Change;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Windows, pauses and budgets of one push service, under a clock that the test sets. */
class PushPaceTest {
    private static final UUID KEY = UUID.randomUUID();
    private static final UUID OTHER_KEY = UUID.randomUUID();

    private final Random random = new Random(1);
    /** Anything: only differences count, even where the clock overflows. */
    private long now = Long.MAX_VALUE - Duration.ofSeconds(30).toNanos();

    private final PushPace pace = new PushPace(200, Duration.ofMinutes(5), now);

    private void pass(Duration time) {
        now += time.toNanos();
    }

    private Change exchange(UUID key, Outcome outcome, Duration asked) {
        long began = now;
        pace.began(key, false, now);
        pass(Duration.ofMillis(20));
        return pace.ended(key, outcome, asked == null ? null : now + asked.toNanos(), began, now, random);
    }

    private Change exchange(Outcome outcome) {
        return exchange(KEY, outcome, null);
    }

    private int room() {
        int room = 0;
        while (pace.hasRoom(true)) {
            pace.began(KEY, false, now);
            room++;
        }
        long began = now;
        for (int i = 0; i < room; i++) {
            pace.ended(KEY, Outcome.SHUT, null, began, now, random);
        }
        return room;
    }

    @Test
    void the_window_grows_with_what_is_answered_up_to_the_limit_and_no_further() {
        assertThat(room()).isEqualTo(64);
        for (int i = 0; i < 500; i++) {
            exchange(Outcome.ACCEPTED);
        }
        assertThat(room()).isEqualTo(200);
        pace.limit(10);
        assertThat(room()).isEqualTo(10);
    }

    @Test
    void a_fifth_of_the_window_is_kept_for_what_is_urgent() {
        int out = 0;
        while (pace.hasRoom(false)) {
            pace.began(KEY, false, now);
            out++;
        }
        assertThat(out).isEqualTo(51);
        assertThat(room()).isEqualTo(13);
    }

    @Test
    void an_overload_halves_the_window_once_for_all_that_was_out_together_and_it_grows_slowly_then() {
        long began = now;
        for (int i = 0; i < 64; i++) {
            pace.began(KEY, false, now);
        }
        pass(Duration.ofMillis(20));
        for (int i = 0; i < 10; i++) {
            pace.ended(KEY, Outcome.TRANSIENT, null, began, now, random);
        }
        for (int i = 0; i < 54; i++) {
            pace.ended(KEY, Outcome.SHUT, null, began, now, random);
        }
        assertThat(room()).isEqualTo(32);
        for (int i = 0; i < 33; i++) {
            exchange(Outcome.ACCEPTED);
        }
        assertThat(room()).isEqualTo(33);
    }

    @Test
    void after_many_failures_in_a_row_nothing_is_tried_then_one_and_then_all() {
        for (int i = 0; i < 15; i++) {
            assertThat(exchange(Outcome.TRANSIENT)).isEqualTo(Change.NOTHING);
        }
        assertThat(pace.heldNanos(KEY, now)).isZero();
        assertThat(exchange(Outcome.TRANSIENT)).isEqualTo(Change.SERVICE_PAUSED);
        assertThat(pace.heldNanos(KEY, now)).isPositive();

        pass(Duration.ofNanos(pace.heldNanos(OTHER_KEY, now)));
        assertThat(pace.heldNanos(KEY, now)).isZero();
        long began = now;
        pace.began(KEY, false, now);
        assertThat(pace.heldNanos(OTHER_KEY, now)).as("while one is tried").isEqualTo(Pause.PROBE_NANOS);
        assertThat(pace.ended(KEY, Outcome.ACCEPTED, null, began, now, random)).isEqualTo(Change.SERVICE_BACK);
        assertThat(pace.heldNanos(OTHER_KEY, now)).isZero();
        assertThat(room()).as("carefully").isBetween(1, 10);
    }

    @Test
    void each_try_that_fails_makes_the_pause_longer_up_to_a_minute() {
        for (int i = 0; i < 16; i++) {
            exchange(Outcome.TRANSIENT);
        }
        long before = 0;
        for (int i = 0; i < 12; i++) {
            long wait = pace.heldNanos(KEY, now);
            assertThat(wait).isLessThanOrEqualTo(Duration.ofSeconds(75).toNanos());
            assertThat(wait >= before || wait >= Duration.ofSeconds(60).toNanos())
                    .isTrue();
            before = wait;
            pass(Duration.ofNanos(wait));
            assertThat(exchange(Outcome.TRANSIENT)).isEqualTo(Change.NOTHING);
        }
    }

    @Test
    void a_third_that_fails_here_and_there_pauses_nothing() {
        for (int i = 0; i < 30_000; i++) {
            assertThat(exchange(random.nextInt(10) < 3 ? Outcome.TRANSIENT : Outcome.ACCEPTED))
                    .isEqualTo(Change.NOTHING);
        }
    }

    @Test
    void what_a_service_asked_to_wait_is_waited_by_that_key_alone_whatever_was_still_under_way() {
        long early = now;
        pace.began(KEY, false, now);
        exchange(KEY, Outcome.RATE_LIMITED, Duration.ofMinutes(10));
        assertThat(pace.heldNanos(KEY, now)).isEqualTo(Duration.ofMinutes(10).toNanos());
        assertThat(pace.heldNanos(OTHER_KEY, now)).isZero();

        pace.ended(KEY, Outcome.ACCEPTED, null, early, now, random);
        assertThat(pace.heldNanos(KEY, now)).as("a late 201 of before").isPositive();

        pass(Duration.ofMinutes(10));
        assertThat(pace.heldNanos(KEY, now)).isZero();
        pace.began(KEY, false, now);
        assertThat(pace.heldNanos(KEY, now)).as("one at a time").isPositive();
        pace.ended(KEY, Outcome.ACCEPTED, null, now, now, random);
        assertThat(pace.heldNanos(KEY, now)).isZero();
    }

    @Test
    void a_key_that_is_refused_three_times_waits_and_comes_back_when_it_is_taken() {
        assertThat(exchange(Outcome.KEY_MISMATCH)).isEqualTo(Change.NOTHING);
        assertThat(exchange(Outcome.KEY_MISMATCH)).isEqualTo(Change.NOTHING);
        exchange(Outcome.ACCEPTED);
        exchange(Outcome.KEY_MISMATCH);
        exchange(Outcome.KEY_MISMATCH);
        assertThat(pace.heldNanos(KEY, now)).as("not in a row").isZero();
        assertThat(exchange(Outcome.KEY_MISMATCH)).isEqualTo(Change.KEY_REFUSED);
        assertThat(pace.refusedKeys()).isEqualTo(1);
        assertThat(pace.heldNanos(KEY, now))
                .isBetween(
                        Duration.ofSeconds(299).toNanos(),
                        Duration.ofSeconds(376).toNanos());
        assertThat(pace.heldNanos(OTHER_KEY, now)).isZero();

        pass(Duration.ofSeconds(376));
        assertThat(exchange(Outcome.KEY_MISMATCH)).as("told once").isEqualTo(Change.NOTHING);
        assertThat(pace.heldNanos(KEY, now))
                .isGreaterThan(Duration.ofSeconds(590).toNanos());
        pass(Duration.ofHours(1));
        long probe = now;
        pace.began(KEY, false, probe);
        assertThat(pace.heldNanos(KEY, now)).as("one at a time").isPositive();
        assertThat(pace.ended(KEY, Outcome.ACCEPTED, null, probe, now, random)).isEqualTo(Change.KEY_BACK);
        assertThat(pace.refusedKeys()).isZero();
        assertThat(pace.heldNanos(KEY, now)).isZero();
    }

    @ParameterizedTest
    @EnumSource(
            value = Outcome.class,
            names = {"SHUT", "REFUSED_ADDRESS", "NOT_PROCESSED"})
    void a_try_that_came_to_nothing_lets_another_try(Outcome outcome) {
        for (int i = 0; i < 16; i++) {
            exchange(Outcome.TRANSIENT);
        }
        pass(Duration.ofMinutes(2));
        exchange(outcome);
        assertThat(pace.heldNanos(KEY, now)).isZero();
    }

    @Test
    void retries_are_a_fifth_of_first_attempts_and_a_few_a_second() {
        int taken = 0;
        while (pace.retryNanos(now, random) == 0) {
            taken++;
        }
        assertThat(taken).as("saved").isEqualTo(1_000);
        for (int i = 0; i < 100; i++) {
            pace.began(KEY, false, now);
            pace.ended(KEY, Outcome.ACCEPTED, null, now, now, random);
        }
        taken = 0;
        while (pace.retryNanos(now, random) == 0) {
            taken++;
        }
        assertThat(taken).isBetween(19, 20);
        pass(Duration.ofSeconds(2));
        taken = 0;
        while (pace.retryNanos(now, random) == 0) {
            taken++;
        }
        assertThat(taken).isBetween(99, 100);
    }

    @Test
    void a_service_that_answers_nothing_while_its_window_is_full_is_stalled() {
        assertThat(pace.isStalled(now, 1)).isFalse();
        for (int i = 0; i < 64; i++) {
            pace.began(KEY, false, now);
        }
        assertThat(pace.isStalled(now, 1)).isFalse();
        pass(Duration.ofSeconds(3));
        assertThat(pace.isStalled(now, 1)).isTrue();
        pace.ended(KEY, Outcome.ACCEPTED, null, now, now, random);
        assertThat(pace.isStalled(now, 1)).isFalse();
    }

    @Test
    void a_crowd_waits_for_a_silent_service_no_longer_than_a_way_round_the_world() {
        while (pace.hasRoom(true)) {
            pace.began(KEY, false, now);
        }
        pass(Duration.ofMillis(501));
        assertThat(pace.isStalled(now, 4 * 64)).isFalse();
        assertThat(pace.isStalled(now, 4 * 64 + 1)).isTrue();
        assertThat(pace.isStalled(now, 0)).as("when the crowd was sent away").isTrue();
        pace.heard(now);
        assertThat(pace.isStalled(now, 4 * 64 + 1))
                .as("a new connection is news")
                .isFalse();
    }

    @Test
    void silence_before_anything_was_asked_is_no_stall() {
        exchange(Outcome.ACCEPTED);
        pass(Duration.ofMinutes(10));
        while (pace.hasRoom(true)) {
            pace.began(KEY, false, now);
        }
        assertThat(pace.isStalled(now, 1)).isFalse();
        pass(Duration.ofSeconds(3));
        assertThat(pace.isStalled(now, 1)).isTrue();
    }

    /** Whatever happens: never more out than the limit, and once the service is well, everything goes again. */
    @Test
    void a_million_steps_of_any_history_end_well() {
        for (int seed = 0; seed < 200; seed++) {
            var any = new Random(seed);
            var tried = new PushPace(50, Duration.ofMinutes(5), now);
            var out = new ArrayDeque<long[]>();
            var keys = new UUID[] {KEY, OTHER_KEY};
            for (int step = 0; step < 5_000; step++) {
                now += any.nextLong(Duration.ofMillis(50).toNanos());
                int key = any.nextInt(2);
                if (any.nextBoolean() && tried.hasRoom(true) && tried.heldNanos(keys[key], now) == 0) {
                    tried.began(keys[key], any.nextBoolean(), now);
                    out.add(new long[] {now, key});
                } else if (!out.isEmpty()) {
                    var one = any.nextBoolean() ? out.pollFirst() : out.pollLast();
                    var outcomes = Outcome.values();
                    var asked = any.nextInt(20) == 0 ? (Long) (now + any.nextLong(1_000_000_000L)) : null;
                    tried.ended(keys[(int) one[1]], outcomes[any.nextInt(outcomes.length)], asked, one[0], now, any);
                }
                assertThat(out.size()).isLessThanOrEqualTo(50);
            }
            for (var one : new ArrayList<>(out)) {
                tried.ended(keys[(int) one[1]], Outcome.SHUT, null, one[0], now, any);
            }
            int accepted = 0;
            for (int hour = 0; hour < 4 && accepted < 2_000; hour++) {
                now += Duration.ofHours(2).toNanos();
                for (int i = 0; i < 1_000; i++) {
                    var key = keys[i % 2];
                    if (tried.hasRoom(true) && tried.heldNanos(key, now) == 0) {
                        tried.began(key, false, now);
                        tried.ended(key, Outcome.ACCEPTED, null, now, now, any);
                        accepted++;
                    }
                }
            }
            assertThat(accepted).as("seed %d", seed).isGreaterThanOrEqualTo(2_000);
            assertThat(tried.isPaused()).isFalse();
            assertThat(tried.refusedKeys()).isZero();
        }
    }
}
