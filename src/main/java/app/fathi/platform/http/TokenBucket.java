package app.fathi.platform.http;

import java.util.concurrent.TimeUnit;

/**
 * How much one caller may still ask: as many tokens as it may ask in a minute, refilled evenly. Full at first, and a full
 * one is the same as none, so it may be forgotten. It reads no clock and asks nobody: what it does follows from the times and
 * leases that it is given. Thread-safe.
 *
 * <p>Where several nodes serve, {@link #OWN a tenth} of the quota is divided among them and the rest is one budget that they
 * share. A node whose part runs low takes a lease of the budget ({@link #ask}, then {@link #granted} or {@link #failed}), small
 * enough that little is lost with a node that dies holding one. What it gave before the budget could know is owed and paid
 * with the next lease. Without the budget each node has its n-th of the whole.
 */
final class TokenBucket {
    /** Of the quota: the part that needs no lease. */
    static final double OWN = 0.1;
    /** Of the quota: the most that one lease brings. */
    static final double LEASE = 0.05;

    private static final double WINDOW_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** So many requests at once need no lease however small the quota is. */
    private static final int LEAST = 3;

    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long AGAIN_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long CUT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final int quota;
    private int nodes;
    private double tokens;
    private long filledNanos;

    /** Requests since the last lease was asked for, refused ones among them. */
    private int wanted;

    private double owed;
    /** Of the budget, as it was last heard of. */
    private double left;

    private long leftNanos;
    private boolean asking;
    private long askNanos;
    /** The budget could not be reached. */
    private boolean cut;

    /** @param nodes that serve, this one included */
    TokenBucket(int quota, int nodes, long nowNanos) {
        this.quota = quota;
        this.nodes = nodes;
        this.tokens = capacity();
        this.owed = nodes == 1 ? 0 : tokens - own();
        this.filledNanos = nowNanos;
        this.left = shared();
        this.leftNanos = nowNanos;
        this.askNanos = nowNanos;
    }

    /**
     * What the caller learns.
     *
     * @param taken whether there was a token
     * @param left whole tokens left, as far as this node knows
     * @param fullNanos until all tokens are there again
     * @param nextNanos until there is a token; 0 when there is one
     * @param hungry whether a lease should be asked for
     */
    record Level(boolean taken, long left, long fullNanos, long nextNanos, boolean hungry) {}

    /**
     * What the budget is asked for.
     *
     * @param want at most so much more
     * @param owed to be taken from it first, whatever is in it
     */
    record Ask(int quota, double want, double owed) {}

    /** Takes a token if there is one. */
    synchronized Level take(long nowNanos, int nodes) {
        refill(nowNanos, nodes);
        wanted++;
        var taken = tokens >= 1;
        if (taken) {
            tokens -= 1;
        }
        var present = Math.min(quota, tokens + budget(nowNanos));
        return new Level(
                taken,
                taken ? (long) Math.max(0, present) : 0,
                (long) Math.ceil((quota - present) * WINDOW_NANOS / quota),
                tokens >= 1 ? 0 : (long) Math.ceil(Math.max(0, 1 - present) * WINDOW_NANOS / perMinute()),
                nodes > 1 && !asking && tokens < capacity() / 2 && nowNanos - askNanos >= 0);
    }

    synchronized boolean isEmpty(long nowNanos, int nodes) {
        refill(nowNanos, nodes);
        return tokens < 1;
    }

    /** Begins to ask; {@link #granted} or {@link #failed} ends it. */
    synchronized Ask ask() {
        asking = true;
        var want = Math.min(Math.max(1, quota * LEASE), Math.max(capacity() - tokens, 2.0 * wanted));
        wanted = 0;
        return new Ask(quota, want, owed);
    }

    /** @param budget what is left in it */
    synchronized void granted(Ask ask, double granted, double budget, long nowNanos) {
        tokens += granted;
        owed = Math.max(0, owed - ask.owed);
        left = budget;
        leftNanos = nowNanos;
        asking = false;
        cut = false;
        if (granted < ask.want) {
            var untilToken = (long) Math.max(0, Math.min(AGAIN_LIMIT_NANOS, (1 - budget) * WINDOW_NANOS / shared()));
            askNanos = nowNanos + Math.max(AGAIN_NANOS, untilToken);
        }
    }

    synchronized void failed(long nowNanos) {
        asking = false;
        cut = true;
        askNanos = nowNanos + CUT_NANOS;
    }

    private void refill(long nowNanos, int now) {
        // Threads read the clock before they come here, so it may seem to run backwards by a little.
        var passed = Math.max(0, nowNanos - filledNanos);
        if (passed > 0) {
            filledNanos = nowNanos;
        }
        var room = Math.max(0, capacity() - tokens);
        var own = Math.min(room, passed * own() / WINDOW_NANOS);
        tokens += own;
        if (cut && nodes > 1) {
            var advance = Math.min(room - own, passed * shared() / nodes / WINDOW_NANOS);
            tokens += advance;
            owed += advance;
        }
        if (now != nodes) {
            share(now, nowNanos);
        }
    }

    /** Nodes came or went. */
    private void share(int now, long nowNanos) {
        if (nodes == 1) {
            var all = tokens;
            nodes = now;
            tokens = Math.min(all, capacity());
            // The budget does not know what was asked until now.
            owed = Math.max(0, inBudget(nowNanos) - (all - tokens));
        } else if (now == 1) {
            tokens = Math.min(quota, Math.max(0, tokens + inBudget(nowNanos) - owed));
            nodes = 1;
            owed = 0;
            cut = false;
        } else {
            nodes = now;
        }
    }

    /** What this node keeps at most of what comes by itself. */
    private double capacity() {
        if (nodes == 1) {
            return quota;
        }
        return Math.max(cut ? (double) quota / nodes : own(), Math.min(quota, LEAST));
    }

    /** What comes by itself, in a minute. */
    private double own() {
        return nodes == 1 ? quota : quota * OWN / nodes;
    }

    /** The size of the budget, which is also what flows into it in a minute. */
    private double shared() {
        return quota * (1 - OWN);
    }

    private double perMinute() {
        return cut && nodes > 1 ? (double) quota / nodes : quota;
    }

    /** What this node may hope for. */
    private double budget(long nowNanos) {
        return nodes == 1 || cut ? 0 : inBudget(nowNanos) - owed;
    }

    /** As it was last heard of, and what has flowed in since. */
    private double inBudget(long nowNanos) {
        return Math.min(shared(), left + Math.max(0, nowNanos - leftNanos) * shared() / WINDOW_NANOS);
    }
}
