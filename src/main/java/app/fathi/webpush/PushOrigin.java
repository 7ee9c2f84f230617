package app.fathi.webpush;

import app.fathi.cep.Channel.Gate;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpConnection;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * One push service as we use it: a window of requests that are out at once, and its connections. Who finds the window full
 * waits here and not in the HTTP client's queue, because here waiting can end without a request.
 */
final class PushOrigin {
    private final int window;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int out;
    private volatile boolean old;

    /** Guarded by {@link PushOrigins}. */
    final Set<HttpConnection> connections = new HashSet<>();

    private record Waiting(Gate gate, Promise<Boolean> entered) {}

    /** @param window requests out at once */
    PushOrigin(int window) {
        this.window = window;
    }

    /**
     * In the order of asking: true when there is room, which {@link #leave} gives back; false when the gate was shut
     * meanwhile.
     */
    synchronized Future<Boolean> enter(Gate gate) {
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
        boolean taken = false;
        while (!taken) {
            Waiting next;
            synchronized (this) {
                next = waiting.poll();
                if (next == null) {
                    out--;
                    return;
                }
            }
            taken = next.gate.open();
            next.entered.complete(taken);
        }
    }
}
