package app.fathi.platform.jobs;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Named places on the way of a message at which a test may let the process die, as abruptly as {@code kill -9} would.
 * Off unless the setting {@code crashPoint} is {@code <name>:<n>}; then the nth pass of that place is the last one.
 */
public enum CrashPoint {
    /** Decided, nothing written. */
    BEFORE_INTENT,
    /** The intent is committed, nothing sent. */
    AFTER_INTENT,
    /** A request has begun to leave. */
    AFTER_FIRST_BYTE,
    /** The push service has answered, the answer is not written. */
    AFTER_ANSWER,
    /** The results are written, their transaction is not committed. */
    INSIDE_RESULT,
    /** A page of an audience is written, its transaction not committed. */
    INSIDE_EXPANSION,
    /** The run of a campaign is written, with its message, its transaction not committed. */
    INSIDE_LAUNCH;

    private static final int KILLED = 128 + 9;

    private static volatile CrashPoint armed;
    private static final AtomicLong REMAINING = new AtomicLong();

    /** Passes the place; does not return when it is the one to die at. */
    public void hit() {
        if (armed == this && REMAINING.decrementAndGet() == 0) {
            // No shutdown hooks, no finalizers, no flushing: the kernel closes what was open.
            Runtime.getRuntime().halt(KILLED);
        }
    }

    /** {@code after-intent:17}, or the empty text for none. */
    public static void arm(String setting) {
        if (setting.isEmpty()) {
            armed = null;
            return;
        }
        int colon = setting.indexOf(':');
        REMAINING.set(Long.parseLong(setting.substring(colon + 1)));
        armed = named(setting.substring(0, colon));
    }

    private static CrashPoint named(String name) {
        return Arrays.stream(values())
                .filter(point ->
                        point.name().equals(name.toUpperCase(Locale.ROOT).replace('-', '_')))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No crash point is called " + name));
    }
}
