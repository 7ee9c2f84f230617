package app.fathi.platform.http;

import java.util.concurrent.TimeUnit;

/**
 * How much one caller may still ask: as many tokens as it may ask in a minute, refilled evenly. Full at first, and a full
 * one is the same as none, so it may be forgotten. Thread-safe.
 *
 * <p>{@link #refill} is the only place where tokens come from. Where nodes share a caller's quota, a lease of the common
 * budget is what fills the bucket instead of the clock; who takes from it does not notice.
 */
final class TokenBucket {
    private static final double WINDOW_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final int quota;
    private double tokens;
    private long filledNanos;

    TokenBucket(int quota, long nowNanos) {
        this.quota = quota;
        this.tokens = quota;
        this.filledNanos = nowNanos;
    }

    /**
     * What the caller learns.
     *
     * @param taken whether there was a token
     * @param left whole tokens left
     * @param fullNanos until the bucket is full
     * @param nextNanos until there is a token; 0 when there is one
     */
    record Level(boolean taken, long left, long fullNanos, long nextNanos) {}

    /** Takes a token if there is one. */
    synchronized Level take(long nowNanos) {
        refill(nowNanos);
        var taken = tokens >= 1;
        if (taken) {
            tokens -= 1;
        }
        return new Level(taken, (long) tokens, untilNanos(quota), untilNanos(1));
    }

    synchronized boolean isEmpty(long nowNanos) {
        refill(nowNanos);
        return tokens < 1;
    }

    private void refill(long nowNanos) {
        // Threads read the clock before they come here, so it may seem to run backwards by a little.
        var passed = nowNanos - filledNanos;
        if (passed > 0) {
            tokens = Math.min(quota, tokens + passed * quota / WINDOW_NANOS);
            filledNanos = nowNanos;
        }
    }

    private long untilNanos(int wanted) {
        return tokens >= wanted ? 0 : (long) Math.ceil((wanted - tokens) * WINDOW_NANOS / quota);
    }
}
