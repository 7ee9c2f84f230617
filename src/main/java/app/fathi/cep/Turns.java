package app.fathi.cep;

import io.vertx.core.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps what is large from taking the machine from what is small. A large send's work on processors and database is done in
 * turns, one more than there are cores: more at once would only make everybody wait. And each turn begins with a pause, not
 * long, while something small is under way. How many requests are out is not limited here.
 */
final class Turns {
    /** Chunks of at most so many people are small: a message to one person, or to a few. */
    private static final int SMALL = 16;

    /** However much is small, what is large goes on after it. */
    private static final long COURTESY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Semaphore turns = new Semaphore(Runtime.getRuntime().availableProcessors() + 1, true);
    private final AtomicInteger small = new AtomicInteger();

    /** Whether a run or one of its chunks, of so many people, goes ahead of others. */
    static boolean isSmall(boolean transactional, int people) {
        return transactional || people <= SMALL;
    }

    /** Something small is under way until then: what is large is polite. */
    void smallUntil(Future<?> end) {
        small.incrementAndGet();
        end.onComplete(done -> small.decrementAndGet());
    }

    /** On a virtual thread, which waits. Small work is done at once. */
    void take(boolean isSmall, Runnable work) {
        if (isSmall) {
            small.incrementAndGet();
            try {
                work.run();
            } finally {
                small.decrementAndGet();
            }
            return;
        }
        turns.acquireUninterruptibly();
        try {
            long began = System.nanoTime();
            while (small.get() > 0 && System.nanoTime() - began < COURTESY_NANOS) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
            work.run();
        } finally {
            turns.release();
        }
    }
}
