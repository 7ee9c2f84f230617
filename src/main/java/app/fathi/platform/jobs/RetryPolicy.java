package app.fathi.platform.jobs;

import app.fathi.platform.config.Config;
import java.time.Duration;

/**
 * When a failed job runs again: exponential back-off with full jitter, bounded in delay and in number.
 *
 * @param attempts claims without success or progress; beyond them the job is dead
 * @param backoff the bound of the first retry's delay, doubled with each further one
 * @param backoffLimit what the bound never exceeds
 */
record RetryPolicy(int attempts, Duration backoff, Duration backoffLimit) {
    /** Doubling beyond it would overflow, and any limit is reached long before. */
    private static final int MAX_DOUBLINGS = 40;

    static RetryPolicy of(Config.Jobs config) {
        return new RetryPolicy(
                config.attempts(),
                Duration.ofMillis(config.backoffMillis()),
                Duration.ofSeconds(config.backoffLimitSeconds()));
    }

    /**
     * The delay after the given number of failed attempts.
     *
     * @param jitter from 0 inclusive to 1 exclusive
     */
    Duration delay(int failedAttempts, double jitter) {
        long bound = backoffLimit.toMillis();
        int doublings = failedAttempts - 1;
        if (doublings < MAX_DOUBLINGS && backoff.toMillis() <= bound >> doublings) {
            bound = backoff.toMillis() << doublings;
        }
        return Duration.ofMillis((long) (bound * jitter));
    }
}
