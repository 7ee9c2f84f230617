package app.fathi.platform.http;

import app.fathi.platform.config.Config;
import app.fathi.platform.outbound.Network;
import io.vertx.core.http.HttpConnection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds the open connections of this node, and those of one peer, so that file handles stay bounded and no address can
 * take all of them. Trusted proxies have no bound of their own: everybody comes through them.
 */
final class Connections {
    private final int limit;
    private final int limitPerAddress;
    private final List<Network> trustedProxies;
    private final AtomicInteger open = new AtomicInteger();
    private final Map<String, Integer> openByAddress = new ConcurrentHashMap<>();

    Connections(Config.Http config, List<Network> trustedProxies) {
        this.limit = config.connections();
        this.limitPerAddress = config.connectionsPerAddress();
        this.trustedProxies = trustedProxies;
    }

    /** Counts the connection until it closes; one too many is closed at once. */
    void opened(HttpConnection connection) {
        var address = connection.remoteAddress().hostAddress();
        var total = open.incrementAndGet();
        var ofAddress = openByAddress.merge(address, 1, Integer::sum);
        connection.closeHandler(closed -> {
            open.decrementAndGet();
            openByAddress.computeIfPresent(address, (same, count) -> count == 1 ? null : count - 1);
        });
        if (total > limit || (ofAddress > limitPerAddress && !ClientAddress.isIn(trustedProxies, address))) {
            connection.close();
        }
    }
}
