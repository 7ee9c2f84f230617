package app.fathi.platform.outbound;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Time in which nothing is tried, then one try at a time until one succeeds: a circuit breaker. Pure: it is told the time,
 * in {@link System#nanoTime()}.
 */
public final class Pause {
    /** Others ask again so soon while one is being tried. */
    public static final long PROBE_NANOS = Duration.ofMillis(500).toNanos();

    private final long firstNanos;
    private final long longestNanos;

    private boolean engaged;
    private boolean probing;
    private long untilNanos;
    private int times;

    /** @param first pause without being told for how long; each further one is twice as long, up to the longest */
    public Pause(Duration first, Duration longest) {
        this.firstNanos = first.toNanos();
        this.longestNanos = longest.toNanos();
    }

    public boolean engaged() {
        return engaged;
    }

    /** How long to wait before asking again; 0 when something may be tried now. */
    public long waitNanos(long now) {
        if (!engaged) {
            return 0;
        }
        return now - untilNanos < 0 ? untilNanos - now : probing ? PROBE_NANOS : 0;
    }

    /** Whether it is engaged, and its time is over: one try at a time may be made. */
    public boolean isOver(long now) {
        return engaged && now - untilNanos >= 0;
    }

    /** Something is tried now. */
    public void began() {
        probing = engaged;
    }

    /** A try went wrong. One that began before the pause tells nothing new. True when the pause is the first one. */
    public boolean failed(long began, long now, RandomGenerator random) {
        if (!isNews(began)) {
            return false;
        }
        long length = Math.min(longestNanos, firstNanos << Math.min(times, 30));
        return until(now + length + random.nextLong(length / 4 + 1));
    }

    /** The other side said until when. True when the pause is the first one. */
    public boolean until(long nanos) {
        boolean first = !engaged;
        untilNanos = first || nanos - untilNanos > 0 ? nanos : untilNanos;
        engaged = true;
        probing = false;
        times++;
        return first;
    }

    /** A try went well. One that began before the pause tells nothing. True when this ends a pause. */
    public boolean succeeded(long began) {
        if (!engaged || !isNews(began)) {
            return false;
        }
        engaged = false;
        probing = false;
        times = 0;
        return true;
    }

    /** A try came to nothing that tells anything. */
    public void cameToNothing(long began) {
        if (isNews(began)) {
            probing = false;
        }
    }

    private boolean isNews(long began) {
        return !engaged || began - untilNanos >= 0;
    }
}
