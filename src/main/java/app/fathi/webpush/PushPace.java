package app.fathi.webpush;

import app.fathi.platform.outbound.Pause;
import app.fathi.webpush.PushAnswer.Outcome;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * How fast one push service is sent to: a window that grows while it answers and halves when it is overloaded, a pause when
 * it fails again and again, pauses of single keys that it slows down or refuses, and a budget of retries. Pure: it is told
 * the time, in {@link System#nanoTime()}. For one thread.
 */
final class PushPace {
    private static final int START_WINDOW = 64;
    private static final int RESTART_WINDOW = 8;

    /** One after the other, with nothing between that went well. */
    private static final int FAILURES = 16;

    private static final int REFUSALS = 3;

    /** Of the window, for what is not urgent: a fifth is kept for what is. */
    private static final double SHARE = 0.8;

    private static final Duration LONGEST_REFUSAL = Duration.ofHours(1);

    /** Retries are at most so many of first attempts, and always so many a second: else nothing would heal. */
    private static final double RETRY_SHARE = 0.2;

    private static final int RETRIES_PER_SECOND = 50;
    private static final int RETRIES_SAVED = 1_000;
    private static final long RETRY_LATER_NANOS = Duration.ofSeconds(1).toNanos();

    /** With the window full and without any answer for so long, nobody should wait in a queue for it. */
    private static final long STALL_NANOS = Duration.ofSeconds(2).toNanos();

    /**
     * Where a crowd waits, sooner: those who wait for one that hangs take the places of those whose service is well. Longer
     * than the way to the other end of the world and back.
     */
    private static final long CROWDED_STALL_NANOS = Duration.ofMillis(500).toNanos();

    private static final int CROWD_WINDOWS = 4;

    private final Duration firstRefusal;
    private int limit;
    private double window;
    private boolean slowStart = true;
    private long shrunkNanos;

    private int out;
    private long heardNanos;
    private boolean stalled;

    private final Pause service = new Pause(Duration.ofSeconds(1), Duration.ofMinutes(1));
    private int failures;
    /** Only those that there is something to know about. */
    private final Map<UUID, Key> keys = new HashMap<>();

    private double retries = RETRIES_SAVED;
    private long refilledNanos;

    /** What the answer of a request changed for those who come next, if anything. */
    enum Change {
        NOTHING,
        SERVICE_PAUSED,
        SERVICE_BACK,
        KEY_REFUSED,
        KEY_BACK
    }

    private static final class Key {
        final Pause slowed = new Pause(Duration.ofSeconds(1), Duration.ofMinutes(1));
        final Pause refused;
        int refusals;

        Key(Duration firstRefusal) {
            refused = new Pause(firstRefusal, LONGEST_REFUSAL);
        }

        boolean isClean() {
            return !slowed.engaged() && !refused.engaged() && refusals == 0;
        }
    }

    /**
     * @param limit of requests out at once
     * @param firstRefusal how long a refused key is not tried; each further time twice as long
     */
    PushPace(int limit, Duration firstRefusal, long now) {
        this.limit = limit;
        this.firstRefusal = firstRefusal;
        this.window = Math.min(START_WINDOW, limit);
        this.shrunkNanos = now;
        this.heardNanos = now;
        this.refilledNanos = now;
    }

    void limit(int requests) {
        limit = requests;
        window = Math.min(window, limit);
    }

    boolean hasRoom(boolean urgent) {
        return out < (urgent ? (int) window : Math.max(1, (int) (window * SHARE)));
    }

    /** The service was heard of, though no request was answered. */
    void heard(long now) {
        heardNanos = now;
        stalled = false;
    }

    /**
     * It answers nothing, and its window is full. Once that was found it stays so until something is heard.
     *
     * @param waiting so many find no room
     */
    boolean isStalled(long now, int waiting) {
        if (hasRoom(false)) {
            return false;
        }
        boolean crowded = waiting > CROWD_WINDOWS * window;
        stalled |= now - heardNanos > (crowded ? CROWDED_STALL_NANOS : STALL_NANOS);
        return stalled;
    }

    /** For how long the whole service takes nothing. */
    long pausedNanos(long now) {
        return service.waitNanos(now);
    }

    boolean isPaused() {
        return service.engaged();
    }

    /** Keys that the service refuses. */
    int refusedKeys() {
        return (int) keys.values().stream().filter(key -> key.refused.engaged()).count();
    }

    /** How long a message of this key should wait before it asks again; 0 when nothing stands against it. */
    long heldNanos(UUID keyId, long now) {
        var key = keys.get(keyId);
        long byKey = key == null ? 0 : Math.max(key.slowed.waitNanos(now), key.refused.waitNanos(now));
        return Math.max(service.waitNanos(now), byKey);
    }

    /** Takes a retry from the budget; how long to wait when it is used up. */
    long retryNanos(long now, RandomGenerator random) {
        retries = Math.min(RETRIES_SAVED, retries + (now - refilledNanos) * 1e-9 * RETRIES_PER_SECOND);
        refilledNanos = now;
        if (retries < 1) {
            return RETRY_LATER_NANOS + random.nextLong(RETRY_LATER_NANOS);
        }
        retries--;
        return 0;
    }

    /** @param retry not the message's first attempt */
    void began(UUID keyId, boolean retry, long now) {
        if (out++ == 0) {
            // Silence before was nobody asking.
            heard(now);
        }
        if (!retry) {
            retries = Math.min(RETRIES_SAVED, retries + RETRY_SHARE);
        }
        service.began();
        var key = keys.get(keyId);
        if (key != null) {
            key.slowed.began();
            key.refused.began();
        }
    }

    /**
     * @param askedNanos when the service wants to be asked again; null when it did not say
     * @param began when the request did
     */
    Change ended(UUID keyId, Outcome outcome, Long askedNanos, long began, long now, RandomGenerator random) {
        out--;
        boolean healthy =
                switch (outcome) {
                    case ACCEPTED, GONE, TOO_LARGE, BAD_REQUEST, KEY_MISMATCH, RATE_LIMITED -> true;
                    default -> false;
                };
        if (healthy || outcome == Outcome.NOT_PROCESSED) {
            heard(now);
        }
        var changed = key(keyId, outcome, askedNanos, began, now, random);
        if (healthy) {
            failures = 0;
            if (outcome == Outcome.RATE_LIMITED) {
                shrink(began, now);
            } else {
                grow();
            }
            return service.succeeded(began) ? Change.SERVICE_BACK : changed;
        }
        if (outcome == Outcome.TRANSIENT || outcome == Outcome.NOT_PROCESSED) {
            shrink(began, now);
            if (outcome == Outcome.TRANSIENT && (++failures >= FAILURES || service.engaged())) {
                return service.failed(began, now, random) ? paused() : changed;
            }
        }
        service.cameToNothing(began);
        return changed;
    }

    private Change paused() {
        restart();
        return Change.SERVICE_PAUSED;
    }

    private Change key(UUID keyId, Outcome outcome, Long askedNanos, long began, long now, RandomGenerator random) {
        boolean trouble = askedNanos != null || outcome == Outcome.RATE_LIMITED || outcome == Outcome.KEY_MISMATCH;
        var key = trouble ? keys.computeIfAbsent(keyId, unknown -> new Key(firstRefusal)) : keys.get(keyId);
        if (key == null) {
            return Change.NOTHING;
        }
        var change = Change.NOTHING;
        if (askedNanos != null) {
            if (key.slowed.until(askedNanos)) {
                restart();
            }
        } else if (outcome == Outcome.RATE_LIMITED) {
            key.slowed.failed(began, now, random);
        } else if (outcome == Outcome.ACCEPTED) {
            key.slowed.succeeded(began);
        } else {
            key.slowed.cameToNothing(began);
        }
        if (outcome == Outcome.KEY_MISMATCH) {
            if (++key.refusals >= REFUSALS && key.refused.failed(began, now, random)) {
                change = Change.KEY_REFUSED;
            }
        } else if (outcome == Outcome.ACCEPTED) {
            key.refusals = 0;
            change = key.refused.succeeded(began) ? Change.KEY_BACK : change;
        } else {
            key.refused.cameToNothing(began);
        }
        if (key.isClean()) {
            keys.remove(keyId);
        }
        return change;
    }

    private void grow() {
        window = Math.min(limit, window + (slowStart ? 1 : 1 / window));
    }

    /** Once for what was out together: a request that began before tells of the same overload. */
    private void shrink(long began, long now) {
        if (began - shrunkNanos >= 0) {
            window = Math.max(1, window / 2);
            slowStart = false;
            shrunkNanos = now;
        }
    }

    private void restart() {
        window = Math.min(window, RESTART_WINDOW);
        slowStart = true;
    }
}
