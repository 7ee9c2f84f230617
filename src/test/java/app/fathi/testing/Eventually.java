package app.fathi.testing;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Waits for what happens elsewhere: it looks again and again, and gives up late. */
public final class Eventually {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private Eventually() {}

    /** The first value that is as expected; fails with the last one that is not. */
    public static <T> T eventually(String what, Supplier<T> look, Predicate<T> expected) {
        return eventually(what, PATIENCE, look, expected);
    }

    /** The same for what takes its time, such as the start of a whole process. */
    public static <T> T eventually(String what, Duration patience, Supplier<T> look, Predicate<T> expected) {
        var end = System.nanoTime() + patience.toNanos();
        while (true) {
            var value = look.get();
            if (expected.test(value)) {
                return value;
            }
            if (System.nanoTime() > end) {
                throw new AssertionError("Waited in vain for " + what + "; it is " + value);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
