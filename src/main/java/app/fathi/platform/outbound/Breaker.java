package app.fathi.platform.outbound;

import java.time.Duration;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * Whether somebody is asked at all. Of the last so many questions it counts which failed and which took long; when either are too
 * many, nobody asks for a while, then one at a time until one goes well. What began before a pause says nothing of what comes after.
 * Pure: it is told the time, in {@link System#nanoTime()}. Thread-safe.
 */
public final class Breaker {
    private static final int FAILED = 1;
    private static final int SLOW = 2;
    private static final int ALL_PERCENT = 100;

    /**
     * When it opens, and for how long.
     *
     * @param window questions that count
     * @param least before so many have been asked it does not open
     * @param failedPercent of the window, from which on it opens
     * @param slowPercent of the window, from which on it opens
     * @param slow a question of this length is slow
     * @param pause for which nobody asks first; each further one is twice as long
     * @param longestPause the longest of them
     */
    public record Rules(
            int window,
            int least,
            int failedPercent,
            int slowPercent,
            Duration slow,
            Duration pause,
            Duration longestPause) {}

    /** What is asked of it: everything, nothing, or one question at a time. */
    public enum State {
        CLOSED,
        OPEN,
        HALF_OPEN;

        /** As the contract writes it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Rules rules;
    private final Pause pause;
    private final byte[] last;
    private int count;
    private int next;
    private int failed;
    private int slow;

    public Breaker(Rules rules) {
        this.rules = rules;
        this.pause = new Pause(rules.pause, rules.longestPause);
        this.last = new byte[rules.window];
    }

    /** Whether a question may be asked now. Whoever may also says how it {@link #ended}. */
    public synchronized boolean mayBegin(long now) {
        if (pause.waitNanos(now) > 0) {
            return false;
        }
        pause.began();
        return true;
    }

    /** How a question ended that was allowed at {@code began}. True when the breaker has opened or closed by it. */
    public synchronized boolean ended(long began, long now, boolean hasFailed, RandomGenerator random) {
        boolean isSlow = now - began >= rules.slow.toNanos();
        if (pause.engaged()) {
            boolean well = !hasFailed && !isSlow;
            if (!well) {
                pause.failed(began, now, random);
            }
            return well && pause.succeeded(began);
        }
        count((hasFailed ? FAILED : 0) | (isSlow ? SLOW : 0));
        if (count < rules.least || !isTooMuch(failed, rules.failedPercent) && !isTooMuch(slow, rules.slowPercent)) {
            return false;
        }
        forget();
        return pause.failed(began, now, random);
    }

    /**
     * Who was asked has said for how long they want to be left alone; the longest pause is the most they get. True when the breaker
     * has opened by it.
     */
    public synchronized boolean rest(long now, Duration wait) {
        forget();
        return pause.until(now + Math.min(wait.toNanos(), rules.longestPause.toNanos()));
    }

    /** What it is now. */
    public synchronized State state(long now) {
        if (!pause.engaged()) {
            return State.CLOSED;
        }
        return pause.isOver(now) ? State.HALF_OPEN : State.OPEN;
    }

    /** How long nobody asks, from now on; 0 where somebody may. */
    public synchronized long waitNanos(long now) {
        return pause.waitNanos(now);
    }

    private boolean isTooMuch(int part, int percent) {
        return part * ALL_PERCENT >= percent * count;
    }

    private void count(int kind) {
        if (count == last.length) {
            failed -= last[next] & FAILED;
            slow -= (last[next] & SLOW) / SLOW;
        } else {
            count++;
        }
        last[next] = (byte) kind;
        failed += kind & FAILED;
        slow += (kind & SLOW) / SLOW;
        next = (next + 1) % last.length;
    }

    private void forget() {
        count = 0;
        next = 0;
        failed = 0;
        slow = 0;
    }
}
