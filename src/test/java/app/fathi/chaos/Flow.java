package app.fathi.chaos;

import app.fathi.testing.FakePushService;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** How many requests a second reach a push service. */
final class Flow {
    /** Long enough that the end of one chunk and the start of the next do not show. */
    static final Duration LONG = Duration.ofSeconds(3);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private Flow() {}

    private record Look(long nanos, long requests) {
        static Look at(FakePushService push) {
            return new Look(System.nanoTime(), push.requests());
        }

        double rateTo(Look later) {
            return (later.requests - requests) * 1e9 / (later.nanos - nanos);
        }
    }

    /** From now on, for so long. */
    static double over(FakePushService push, Duration length) {
        var start = Look.at(push);
        LockSupport.parkNanos(length.toNanos());
        return start.rateTo(Look.at(push));
    }

    /** Seconds from now until the flow is this for {@link #LONG}, counted to where that begins. */
    static double secondsUntil(FakePushService push, double rate, Duration patience) {
        var looks = new ArrayDeque<Look>();
        var start = Look.at(push);
        double best = 0;
        while (System.nanoTime() - start.nanos < patience.plus(LONG).toNanos()) {
            var now = Look.at(push);
            looks.add(now);
            if (now.nanos - looks.peek().nanos >= LONG.toNanos()) {
                var then = looks.poll();
                best = Math.max(best, then.rateTo(now));
                if (best >= rate) {
                    return (then.nanos - start.nanos) * 1e-9;
                }
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        throw new AssertionError(
                "%.0f requests a second are not reached within %s, %.0f at best".formatted(rate, patience, best));
    }
}
