package app.fathi.platform.health;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Whether this node can serve. Not before it has started, not any more once it drains, and only while every check
 * passes. Balancers ask often, so an answer is good for half a second: asking costs the database next to nothing.
 */
public final class Health {
    /** A check that takes longer has failed. */
    private static final int CHECK_MILLIS = 1_000;

    private static final int FRESH_MILLIS = 500;

    private final Vertx vertx;
    private final Map<String, Supplier<Future<?>>> checks = new ConcurrentSkipListMap<>();
    private final Map<String, Supplier<Future<Boolean>>> notices = new ConcurrentSkipListMap<>();
    private volatile Phase phase = Phase.STARTING;
    private Future<Readiness> last;
    private long lastNanos;

    private enum Phase {
        STARTING,
        SERVING,
        DRAINING
    }

    /**
     * @param failing the names of the checks that do not pass; empty when the node can serve
     * @param notices what an operator should know although it keeps nobody from being served
     */
    public record Readiness(List<String> failing, List<String> notices) {
        public boolean ready() {
            return failing.isEmpty();
        }

        JsonObject toJson() {
            var json = ready()
                    ? JsonObject.of("status", "ready")
                    : JsonObject.of("status", "not ready", "failing", failing);
            return notices.isEmpty() ? json : json.put("notices", notices);
        }
    }

    public Health(Vertx vertx) {
        this.vertx = vertx;
    }

    /** A condition of serving. It passes when its future succeeds within a second; its name tells the operator what to look at. */
    public void check(String name, Supplier<Future<?>> check) {
        checks.put(name, check);
    }

    /** Something to be told with the readiness while it is so, such as that sending was stopped by hand. */
    public void notice(String name, Supplier<Future<Boolean>> is) {
        notices.put(name, is);
    }

    /** Everything is started. */
    public void serving() {
        phase = Phase.SERVING;
    }

    /** From now on not ready, so that balancers stop sending while open requests are finished. */
    public void draining() {
        phase = Phase.DRAINING;
    }

    /** Asks all checks at once, or answers what was found in the last half second. */
    public synchronized Future<Readiness> readiness() {
        switch (phase) {
            case STARTING -> {
                return Future.succeededFuture(new Readiness(List.of("start"), List.of()));
            }
            case DRAINING -> {
                return Future.succeededFuture(new Readiness(List.of("shutdown"), List.of()));
            }
            case SERVING -> {
                if (last == null || System.nanoTime() - lastNanos > TimeUnit.MILLISECONDS.toNanos(FRESH_MILLIS)) {
                    lastNanos = System.nanoTime();
                    last = ask();
                }
                return last;
            }
        }
        throw new IllegalStateException(phase.name());
    }

    private Future<Readiness> ask() {
        var failing = new ArrayList<Future<String>>();
        var noticed = new ArrayList<Future<String>>();
        checks.forEach((name, check) -> failing.add(passes(check).map(passed -> passed ? null : name)));
        notices.forEach((name, is) -> noticed.add(answer(is).map(so -> so.orElse(false) ? name : null)));
        return Future.all(Future.join(failing), Future.join(noticed))
                .map(all -> new Readiness(names(failing), names(noticed)));
    }

    private static List<String> names(List<Future<String>> answers) {
        return answers.stream().map(Future::result).filter(name -> name != null).toList();
    }

    private Future<Boolean> passes(Supplier<Future<?>> check) {
        return answer(() -> check.get().map(passed -> true)).map(Optional::isPresent);
    }

    /** Empty when it failed or took too long. */
    private <T> Future<Optional<T>> answer(Supplier<Future<T>> question) {
        return Future.<T>future(promise -> {
                    var timer = vertx.setTimer(
                            CHECK_MILLIS, fired -> promise.tryFail(new TimeoutException("no answer in time")));
                    question.get().onComplete(done -> {
                        vertx.cancelTimer(timer);
                        if (done.succeeded()) {
                            promise.tryComplete(done.result());
                        } else {
                            promise.tryFail(done.cause());
                        }
                    });
                })
                .map(Optional::of)
                .otherwise(Optional.empty());
    }
}
