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
    private final int connectionsLimit;
    private final int streamsLimit;
    private int window;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int out;
    private boolean admitting;
    private volatile boolean old;

    /** Guarded by {@link PushOrigins}. */
    final Set<HttpConnection> connections = new HashSet<>();

    private record Waiting(Gate gate, Promise<Boolean> entered) {}

    /** @param streams requests out at once on each connection */
    PushOrigin(ContextInternal loop, int connections, int streams) {
        this.loop = loop;
        this.connectionsLimit = connections;
        this.streamsLimit = streams;
        this.window = Math.multiplyExact(connections, streams);
    }

    /** The service takes so many requests at once on a connection (RFC 9113 section 5.1.2). */
    void allows(long streams) {
        window = connectionsLimit * (int) Math.clamp(streams, 1, streamsLimit);
        admit();
    }

    /** Begins something on this origin's event loop; the future ends there. */
    <T> Future<T> run(Supplier<Future<T>> work) {
        var done = loop.<T>promise();
        loop.runOnContext(turn -> work.get().onComplete(done));
        return done.future();
    }

    /** The same result, told on this origin's event loop. */
    <T> Future<T> here(Future<T> elsewhere) {
        var told = loop.<T>promise();
        elsewhere.onComplete(told);
        return told.future();
    }

    /**
     * In the order of asking: true when there is room, which {@link #leave} gives back; false when the gate was shut
     * meanwhile. On the event loop, as {@link #leave} is.
     */
    Future<Boolean> enter(Gate gate) {
        if (out < window && waiting.isEmpty()) {
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

    /** Gives the room back, to the first who still wants it. */
    void leave() {
        out--;
        admit();
    }

    private void admit() {
        if (admitting) {
            // Who was let in has left already: the loop below goes on, however many do so.
            return;
        }
        admitting = true;
        while (out < window && !waiting.isEmpty()) {
            var next = waiting.poll();
            boolean wanted = next.gate.open();
            if (wanted) {
                out++;
            }
            next.entered.complete(wanted);
        }
        admitting = false;
    }
}
