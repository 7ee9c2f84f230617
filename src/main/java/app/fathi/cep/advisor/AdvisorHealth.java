package app.fathi.cep.advisor;

import app.fathi.cep.advisor.Advice.Kind;
import app.fathi.platform.outbound.Breaker;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;

/** How a service did with the last questions of a node, for people to look at. Thread-safe. */
final class AdvisorHealth {
    /** Questions that are looked at. */
    static final int LAST = 256;

    private static final double MILLIS = 1e6;

    /** @param nanos that it took; negative where it was not asked */
    private record Asked(Kind failure, long nanos, int people, int local) {}

    private final Deque<Asked> last = new ArrayDeque<>();
    private Instant failedAt;
    private Kind why;
    private Integer status;

    /**
     * A question that was asked.
     *
     * @param failure why nothing of its answer counts; null where something does
     * @param httpStatus null where there was no answer
     * @param local people of whom was decided without it
     */
    synchronized void asked(Kind failure, Integer httpStatus, long nanos, int people, int local, Instant at) {
        put(new Asked(failure, nanos, people, local));
        if (failure != null) {
            failedAt = at;
            why = failure;
            status = httpStatus;
        }
    }

    /** A question that was not asked, as nothing is for a while. */
    synchronized void passed(int people) {
        put(new Asked(null, -1, people, people));
    }

    private void put(Asked asked) {
        if (last.size() == LAST) {
            last.removeFirst();
        }
        last.addLast(asked);
    }

    /** A part of the contract's {@code DecisionServiceNode}. */
    synchronized JsonObject toJson(Breaker.State state, Duration wait, Instant now) {
        var times = last.stream()
                .mapToLong(Asked::nanos)
                .filter(nanos -> nanos >= 0)
                .sorted()
                .toArray();
        long people = last.stream().mapToLong(Asked::people).sum();
        long local = last.stream().mapToLong(Asked::local).sum();
        return new JsonObject()
                .put("state", state.word())
                .put("retryAt", state == Breaker.State.CLOSED ? null : text(now.plus(wait)))
                .put("questions", times.length)
                .put("failed", last.stream().filter(one -> one.failure != null).count())
                .put("p50Millis", millis(times, 50))
                .put("p99Millis", millis(times, 99))
                .put("people", people)
                .put("localShare", people == 0 ? null : Math.round(1_000.0 * local / people) / 1_000.0)
                .put(
                        "lastFailure",
                        failedAt == null
                                ? null
                                : new JsonObject()
                                        .put("at", text(failedAt))
                                        .put("why", why.word())
                                        .put("status", status));
    }

    /** To the tenth; null where nothing was asked. */
    private static Double millis(long[] sorted, int percent) {
        if (sorted.length == 0) {
            return null;
        }
        int place = Math.min(sorted.length - 1, sorted.length * percent / 100);
        return Math.round(10 * sorted[place] / MILLIS) / 10.0;
    }

    private static String text(Instant at) {
        return at.truncatedTo(ChronoUnit.MILLIS).toString();
    }
}
