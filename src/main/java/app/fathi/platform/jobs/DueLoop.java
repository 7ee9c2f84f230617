package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Rounds for rows that are due at a moment of their own: one after the other while there is more, then asleep until the next row is
 * due, at most a second, so that what other nodes write is found as well. Decides nothing: the rows do.
 */
public final class DueLoop {
    private static final long LONGEST_SLEEP_MILLIS = 1_000;
    private static final long SHORTEST_SLEEP_MILLIS = 5;

    private final Vertx vertx;
    private final Supplier<Future<Boolean>> round;
    private final Supplier<Future<Optional<Long>>> millisToNext;
    private final Consumer<Throwable> failed;
    private long timer;
    private boolean running;
    private boolean again;
    private boolean stopping;
    private Future<?> last = Future.succeededFuture();

    /**
     * @param round whether there may be more at once
     * @param millisToNext until the next row is due; empty for never
     * @param failed told of a round that failed; the next one is a second later
     */
    public DueLoop(
            Vertx vertx,
            Supplier<Future<Boolean>> round,
            Supplier<Future<Optional<Long>>> millisToNext,
            Consumer<Throwable> failed) {
        this.vertx = vertx;
        this.round = round;
        this.millisToNext = millisToNext;
        this.failed = failed;
    }

    /** Begins, or looks at once: also during a round there is one more after it. On the event loop of its verticle. */
    public void run() {
        if (running || stopping) {
            again = true;
            return;
        }
        running = true;
        again = false;
        vertx.cancelTimer(timer);
        last = round.get()
                .compose(more -> more ? Future.succeededFuture(0L) : sleep())
                .otherwise(failure -> {
                    failed.accept(failure);
                    return LONGEST_SLEEP_MILLIS;
                })
                .onSuccess(millis -> {
                    running = false;
                    if (!stopping) {
                        timer = vertx.setTimer(again ? 1 : Math.max(1, millis), tick -> run());
                    }
                });
    }

    private Future<Long> sleep() {
        return millisToNext
                .get()
                .map(millis ->
                        Math.clamp(millis.orElse(LONGEST_SLEEP_MILLIS), SHORTEST_SLEEP_MILLIS, LONGEST_SLEEP_MILLIS));
    }

    /** No further round; succeeds when the present one is over. */
    public Future<?> stop() {
        stopping = true;
        vertx.cancelTimer(timer);
        return last.otherwiseEmpty();
    }
}
