package app.fathi.webpush;

import io.vertx.core.http.HttpConnection;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The push services that we are connected to. Anybody's subscription may name one of their own, so they are bounded, and so
 * are their connections in all: the least recently used service's are closed, as soon as what is out on them is answered.
 */
final class PushOrigins {
    private final Supplier<ContextInternal> loops;
    private final InstantSource clock;
    private final int originsLimit;
    private final int connectionsLimit;
    private final int connections;
    private final int streams;
    private final Duration firstRefusal;
    private final Duration patience;
    private volatile Refusals refusals = (url, keyId, answer) -> {};

    /** The least recently used first. */
    private final Map<String, PushOrigin> origins = new LinkedHashMap<>(16, 0.75f, true);

    private final Map<HttpConnection, PushOrigin> open = new HashMap<>();

    /**
     * @param loops gives each origin an event loop
     * @param connections of one origin; all together have so many times the number of origins
     * @param streams of one connection
     * @param firstRefusal how long a key that an origin refuses is not tried there
     * @param patience how long a request may take whose connection is to close
     */
    PushOrigins(
            Supplier<ContextInternal> loops,
            InstantSource clock,
            int origins,
            int connections,
            int streams,
            Duration firstRefusal,
            Duration patience) {
        this.loops = loops;
        this.clock = clock;
        this.originsLimit = origins;
        this.connectionsLimit = Math.multiplyExact(origins, connections);
        this.connections = connections;
        this.streams = streams;
        this.firstRefusal = firstRefusal;
        this.patience = patience;
    }

    /** Hears that a push service does not take one of our keys: once, until it has taken it again. */
    interface Refusals {
        void refused(String url, UUID keyId, PushAnswer answer);
    }

    void onRefusal(Refusals listener) {
        refusals = listener;
    }

    private void refused(String url, UUID keyId, PushAnswer answer) {
        refusals.refused(url, keyId, answer);
    }

    /** @param url scheme, host and port, as {@link app.fathi.platform.outbound.Origin} writes them */
    PushOrigin of(String url) {
        List<HttpConnection> closing;
        PushOrigin origin;
        synchronized (this) {
            origin = origins.computeIfAbsent(
                    url,
                    unknown ->
                            new PushOrigin(url, loops.get(), clock, connections, streams, firstRefusal, this::refused));
            closing = surplus(origin);
        }
        closing.forEach(this::shut);
        return origin;
    }

    /** Until when a push service takes nothing; null when it may be asked, or was not yet. */
    synchronized Instant heldUntil(String url) {
        var origin = origins.get(url);
        return origin == null ? null : origin.heldUntil();
    }

    /** Push services to which nothing is sent for a while, because they failed again and again. */
    synchronized long paused() {
        return origins.values().stream().filter(PushOrigin::isPaused).count();
    }

    /** Keys of ours that some push service does not take. */
    synchronized long refusedKeys() {
        return origins.values().stream().mapToLong(PushOrigin::refusedKeys).sum();
    }

    /** A request to the origin goes out on this connection; true if it is the first one. */
    boolean use(PushOrigin origin, HttpConnection connection) {
        List<HttpConnection> closing;
        synchronized (this) {
            if (open.putIfAbsent(connection, origin) != null) {
                return false;
            }
            origin.connections.add(connection);
            closing = surplus(origin);
        }
        closing.forEach(this::shut);
        return true;
    }

    synchronized void closed(HttpConnection connection) {
        var origin = open.remove(connection);
        if (origin != null) {
            origin.connections.remove(connection);
            if (origin.connections.isEmpty()) {
                origin.isOld(false);
            }
        }
    }

    /** Nothing new goes out on it; what is out may end. */
    void shut(HttpConnection connection) {
        connection.shutdown(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    private List<HttpConnection> surplus(PushOrigin kept) {
        if (origins.size() <= originsLimit && open.size() <= connectionsLimit) {
            return List.of();
        }
        var closing = new ArrayList<HttpConnection>();
        var eldest = origins.values().iterator();
        while ((origins.size() > originsLimit || open.size() > connectionsLimit) && eldest.hasNext()) {
            var origin = eldest.next();
            if (origin != kept) {
                eldest.remove();
                closing.addAll(origin.connections);
                origin.connections.forEach(open::remove);
                origin.connections.clear();
            }
        }
        return closing;
    }
}
