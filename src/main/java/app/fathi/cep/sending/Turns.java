package app.fathi.cep.sending;

import io.vertx.core.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps what is large from taking the machine from what is small. A large send's work on processors and database is done in
 * turns, one more than there are cores: more at once would only make everybody wait. For as long as small messages come,
 * the turns are fewer and shorter, and each begins with a pause, not long, while a small one is under way. How many requests
 * are out is not limited here.
 */
public final class Turns {
    /** Chunks of at most so many people are small: a message to one person, or to a few. */
    private static final int SMALL = 16;

    /** However much is small, what is large goes on after it. */
    private static final long COURTESY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /** Where something small was, more is expected for so long. */
    private static final long EXPECTED_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Messages that a large send begins in one turn where small ones are expected. */
    private static final int SHORT_TURN = 32;

    private final Semaphore turns = new Semaphore(Runtime.getRuntime().availableProcessors() + 1, true);
    private final Semaphore besideSmall =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2), true);
    private final AtomicInteger small = new AtomicInteger();
    private volatile long lastSmall = System.nanoTime() - EXPECTED_NANOS;

    /** Whether a run or one of its chunks, of so many people, goes ahead of others. */
    public static boolean isSmall(boolean transactional, int people) {
        return transactional || people <= SMALL;
    }

    /** Something small is under way until then: what is large is polite. */
    public void smallUntil(Future<?> end) {
        begin();
        end.onComplete(done -> end());
    }

    /** How many messages may begin in one turn, of those for which there is room. */
    int share(boolean isSmall, int room) {
        return isSmall || !isSmallExpected() ? room : Math.min(room, SHORT_TURN);
    }

    /** On a virtual thread, which waits. Small work is done at once. */
    void take(boolean isSmall, Runnable work) {
        if (isSmall) {
            begin();
            try {
                work.run();
            } finally {
                end();
            }
        } else if (isSmallExpected()) {
            inTurn(besideSmall, () -> {
                letPass();
                inTurn(turns, work);
            });
        } else {
            inTurn(turns, work);
        }
    }

    private static void inTurn(Semaphore turns, Runnable work) {
        turns.acquireUninterruptibly();
        try {
            work.run();
        } finally {
            turns.release();
        }
    }

    private void letPass() {
        long began = System.nanoTime();
        while (small.get() > 0 && System.nanoTime() - began < COURTESY_NANOS) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private void begin() {
        small.incrementAndGet();
        lastSmall = System.nanoTime();
    }

    private void end() {
        lastSmall = System.nanoTime();
        small.decrementAndGet();
    }

    private boolean isSmallExpected() {
        return small.get() > 0 || System.nanoTime() - lastSmall < EXPECTED_NANOS;
    }
}
