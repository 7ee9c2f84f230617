package app.fathi.cep.sending;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.message.Channel.Attempt;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.platform.config.Config;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class RetryScheduleTest {
    private static final Instant NOW = Instant.parse("2026-11-02T10:00:00Z");
    private static final Instant NEVER = NOW.plus(Duration.ofDays(1_000));
    private final Config.Send settings = Config.of(Map.of()).send();
    private final RetrySchedule schedule = new RetrySchedule(settings);

    private static Attempt failed(Reason reason, Instant notBefore) {
        return new Attempt(reason, true, notBefore, 503, true);
    }

    @Property
    void a_back_off_lies_between_now_and_a_bound_that_doubles(
            @ForAll @IntRange(min = 1, max = 7) int attempts, @ForAll long seed) {
        var next = schedule.after(failed(Reason.PUSH_SERVICE_ERROR, null), attempts, NOW, NEVER, new Random(seed));
        assertThat(next.state()).isEqualTo(State.WAITING);
        assertThat(next.reason()).isEqualTo(Reason.PUSH_SERVICE_ERROR);
        assertThat(next.nextAt()).isBetween(NOW, NOW.plusMillis(settings.backoffMillis() * (1L << attempts - 1)));
    }

    @Property
    void nothing_is_tried_before_the_other_side_asked_nor_much_later(
            @ForAll @LongRange(min = -100_000, max = 200_000) long seconds, @ForAll long seed) {
        var next =
                schedule.after(failed(Reason.RATE_LIMITED, NOW.plusSeconds(seconds)), 1, NOW, NEVER, new Random(seed));
        long asked = Math.clamp(seconds, 0, settings.retryAfterLimitHours() * 3_600L);
        assertThat(next.nextAt()).isBetween(NOW.plusSeconds(asked), NOW.plusMillis(asked * 1_100));
    }

    @Property
    void a_next_attempt_is_always_before_the_end(
            @ForAll @IntRange(min = 1, max = 20) int attempts,
            @ForAll @IntRange(max = 10_000) int left,
            @ForAll @IntRange(max = 10_000) int asked,
            @ForAll long seed) {
        var end = NOW.plusMillis(left);
        var next = schedule.after(
                failed(Reason.RATE_LIMITED, NOW.plusMillis(asked)), attempts, NOW, end, new Random(seed));
        if (next.state() == State.WAITING) {
            assertThat(next.nextAt()).isBefore(end);
            assertThat(attempts).isLessThan(settings.attempts());
        } else {
            assertThat(next.state()).isEqualTo(State.FAILED);
            assertThat(next.reason())
                    .isEqualTo(attempts < settings.attempts() ? Reason.TTL_EXPIRED : Reason.RATE_LIMITED);
            assertThat(next.nextAt()).isNull();
        }
    }

    @Test
    void what_cannot_be_retried_is_final_with_its_own_state() {
        var random = new Random(1);
        for (var reason : new Reason[] {Reason.ACCEPTED, Reason.GONE, Reason.BAD_REQUEST, Reason.PAYLOAD_TOO_LARGE}) {
            var next = schedule.after(new Attempt(reason, false, null, 0, true), 1, NOW, NEVER, random);
            assertThat(next.state()).isEqualTo(reason.finalState());
            assertThat(next.reason()).isEqualTo(reason);
        }
    }

    @Test
    void a_refused_key_is_given_much_more_time() {
        var longest = Duration.ZERO;
        for (int seed = 0; seed < 200; seed++) {
            var next = schedule.after(failed(Reason.KEY_MISMATCH, null), 1, NOW, NEVER, new Random(seed));
            var wait = Duration.between(NOW, next.nextAt());
            longest = wait.compareTo(longest) > 0 ? wait : longest;
        }
        assertThat(longest).isBetween(Duration.ofMinutes(4), Duration.ofMinutes(5));
    }
}
