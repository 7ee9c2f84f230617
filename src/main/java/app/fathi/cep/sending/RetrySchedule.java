package app.fathi.cep.sending;

import app.fathi.cep.ledger.NextStep;
import app.fathi.cep.message.Channel.Attempt;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.platform.config.Config;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** What follows an attempt: a final state, or another attempt at some time inside the message's life. Pure. */
final class RetrySchedule {
    /** A refused key does not heal within seconds: its back-off starts at five minutes where others start at one second. */
    private static final int KEY_MISMATCH_FACTOR = 300;

    private final Config.Send settings;

    RetrySchedule(Config.Send settings) {
        this.settings = settings;
    }

    /**
     * @param attempts attempts made, this one included: at least 1
     * @param expiresAt nothing is sent at or after it
     */
    NextStep after(Attempt attempt, int attempts, Instant now, Instant expiresAt, RandomGenerator random) {
        if (!attempt.retry() || attempt.reason() == Reason.ACCEPTED || attempts >= settings.attempts()) {
            return new NextStep(attempt.reason().finalState(), attempt.reason(), null);
        }
        var nextAt = now.plus(
                attempt.notBefore() == null
                        ? backoff(attempt.reason(), attempts, random)
                        : asked(Duration.between(now, attempt.notBefore()), random));
        return nextAt.isBefore(expiresAt)
                ? new NextStep(State.WAITING, attempt.reason(), nextAt)
                : new NextStep(State.FAILED, Reason.TTL_EXPIRED, null);
    }

    /** After what was no attempt, because it must not be made before that instant; null for now. */
    NextStep later(Instant notBefore, Instant now, Instant expiresAt, RandomGenerator random) {
        var nextAt = notBefore == null ? now : now.plus(asked(Duration.between(now, notBefore), random));
        return nextAt.isBefore(expiresAt)
                ? new NextStep(State.WAITING, null, nextAt)
                : new NextStep(State.FAILED, Reason.TTL_EXPIRED, null);
    }

    /** Exponential with full jitter: anything between now and a bound that doubles. */
    private Duration backoff(Reason reason, int attempts, RandomGenerator random) {
        long base = settings.backoffMillis() * (reason == Reason.KEY_MISMATCH ? (long) KEY_MISMATCH_FACTOR : 1);
        long bound = Math.min(settings.backoffLimitSeconds() * 1_000L, base << Math.min(attempts - 1, 20));
        return Duration.ofMillis(random.nextLong(bound + 1));
    }

    /** What the other side asked for, up to a tenth later, so that not all come back at the same instant. */
    private Duration asked(Duration wait, RandomGenerator random) {
        long limit = Duration.ofHours(settings.retryAfterLimitHours()).toMillis();
        long millis = Math.clamp(wait.toMillis(), 0, limit);
        return Duration.ofMillis(millis + random.nextLong(millis / 10 + 1));
    }
}
