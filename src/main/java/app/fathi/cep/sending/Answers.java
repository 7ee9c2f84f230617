package app.fathi.cep.sending;

import app.fathi.cep.ledger.LedgerRow;
import app.fathi.cep.message.Channel.Attempt;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * What came of attempts, on its way from the event loops to the virtual thread that writes it down. Only {@link #arrive}
 * may be called from elsewhere.
 */
final class Answers {
    private final Vertx vertx;
    private final Queue<Answer> arrived = new ConcurrentLinkedQueue<>();
    private volatile Promise<Void> bell = Promise.promise();

    private final List<Answer> waiting = new ArrayList<>();
    private long sinceNanos;
    private int inFlight;

    Answers(Vertx vertx) {
        this.vertx = vertx;
    }

    record Answer(LedgerRow row, Attempt attempt) {}

    /** One more attempt whose answer will arrive. */
    void expect() {
        inFlight++;
    }

    /** Called on any thread. */
    void arrive(LedgerRow row, Attempt attempt) {
        arrived.add(new Answer(row, attempt));
        bell.tryComplete();
    }

    /** Takes in what has arrived. */
    void collect() {
        for (var answer = arrived.poll(); answer != null; answer = arrived.poll()) {
            inFlight--;
            if (waiting.isEmpty()) {
                sinceNanos = System.nanoTime();
            }
            waiting.add(answer);
        }
    }

    /** Sleeps until one more has arrived, at most so long. */
    void await(long nanos) {
        bell = Promise.promise();
        if (!arrived.isEmpty()) {
            return;
        }
        var timer = vertx.timer(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
        Future.any(bell.future(), timer).await();
        timer.cancel();
    }

    /** Taken in and not yet written down, the longest waiting first; at most so many. */
    List<Answer> first(int limit) {
        return List.copyOf(waiting.subList(0, Math.min(waiting.size(), limit)));
    }

    /** So many of the first are dealt with. */
    void drop(int count) {
        waiting.subList(0, count).clear();
        sinceNanos = System.nanoTime();
    }

    int inFlight() {
        return inFlight;
    }

    /** Taken in and not yet written down. */
    int size() {
        return waiting.size();
    }

    /** How long the first of them has been waiting. */
    long ageNanos() {
        return System.nanoTime() - sinceNanos;
    }
}
