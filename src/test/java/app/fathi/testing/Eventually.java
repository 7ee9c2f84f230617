package app.fathi.testing;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Waits for what happens elsewhere: it looks again and again, and gives up late. */
public final class Eventually {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    /** Most looks are requests: whoever looks all the time takes the processor from what is waited for. */
    private static final int PART_OF_THE_WAIT = 8;

    private Eventually() {}

    /** The first value that is as expected; fails with the last one that is not. */
    public static <T> T eventually(String what, Supplier<T> look, Predicate<T> expected) {
        return eventually(what, PATIENCE, look, expected);
    }

    /** The same for what takes its time, such as the start of a whole process. */
    public static <T> T eventually(String what, Duration patience, Supplier<T> look, Predicate<T> expected) {
        var began = System.nanoTime();
        while (true) {
            var value = look.get();
            if (expected.test(value)) {
                return value;
            }
            var waited = System.nanoTime() - began;
            if (waited > patience.toNanos()) {
                throw new AssertionError("Waited in vain for " + what + "; it is " + value);
            }
            LockSupport.parkNanos(Math.clamp(waited / PART_OF_THE_WAIT, SHORTEST_PAUSE_NANOS, LONGEST_PAUSE_NANOS));
        }
    }
}
