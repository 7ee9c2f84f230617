package app.fathi.webpush;

import app.fathi.cep.Channel.Gate;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/**
 * One push service as we use it: a window of requests that are out at once, and its connections. Who finds the window full
 * waits here and not in the HTTP client's queue, because here waiting can end without a request.
 *
 * <p>It lives on one event loop, and so do its connections: from the last look at the gate to the socket a request
 * changes threads no more.
 */
final class PushOrigin {
    private final ContextInternal loop;
    private final int window;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int out;
    private volatile boolean old;

    /** Guarded by {@link PushOrigins}. */
    final Set<HttpConnection> connections = new HashSet<>();

    private record Waiting(Gate gate, Promise<Boolean> entered) {}

    /** @param window requests out at once */
    PushOrigin(ContextInternal loop, int window) {
        this.loop = loop;
        this.window = window;
    }

    /** Begins something on this origin's event loop; the future ends there. */
    <T> Future<T> run(Supplier<Future<T>> work) {
        var done = loop.<T>promise();
        loop.runOnContext(turn -> work.get().onComplete(done));
        return done.future();
    }

    /** The same result, told on this origin's event loop. */
    <T> Future<T> here(Future<T> elsewhere) {
        if (elsewhere.isComplete()) {
            return elsewhere;
        }
        var told = loop.<T>promise();
        elsewhere.onComplete(told);
        return told.future();
    }

    /**
     * In the order of asking: true when there is room, which {@link #leave} gives back; false when the gate was shut
     * meanwhile. On the event loop, as {@link #leave} is.
     */
    Future<Boolean> enter(Gate gate) {
        if (out < window) {
            out++;
            return Future.succeededFuture(true);
        }
        var mine = new Waiting(gate, Promise.promise());
        waiting.add(mine);
        return mine.entered.future();
    }

    /** Whether it was found to speak HTTP/1.1 only; it may learn, so this is forgotten with its last connection. */
    boolean isOld() {
        return old;
    }

    void isOld(boolean found) {
        old = found;
    }

    /** Gives the room to the first who still wants it. */
    void leave() {
        for (var next = waiting.poll(); next != null; next = waiting.poll()) {
            boolean wanted = next.gate.open();
            next.entered.complete(wanted);
            if (wanted) {
                return;
            }
        }
        out--;
    }
}
