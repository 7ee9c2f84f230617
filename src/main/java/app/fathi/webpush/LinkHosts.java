package app.fathi.webpush;

import app.fathi.platform.security.Tenancy;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where links of a workspace's messages may lead: to the hosts that it names and to those of its sites, and to all below them.
 * Whoever checks or composes looks first, so that doing it asks nobody.
 */
final class LinkHosts {
    private final Tenancy tenancy;
    private final Sites sites;
    /** Of workspaces that name any. */
    private final Map<Integer, Set<String>> allowed = new ConcurrentHashMap<>();

    LinkHosts(Tenancy tenancy, Sites sites) {
        this.tenancy = tenancy;
        this.sites = sites;
    }

    /** Learns what the workspace says now. */
    Future<Void> look(SqlClient client, int ws) {
        return tenancy.rules(ws).compose(rules -> {
            if (rules.linkHosts().isEmpty()) {
                allowed.remove(ws);
                return Future.succeededFuture();
            }
            return sites.byOrigin(client, ws).map(known -> {
                var hosts = new HashSet<>(rules.linkHosts());
                known.keySet().forEach(origin -> hosts.add(URI.create(origin).getHost()));
                allowed.put(ws, Set.copyOf(hosts));
                return null;
            });
        });
    }

    /** Whether the message and its buttons lead to such hosts, where they lead anywhere. */
    boolean allows(int ws, JsonObject content) {
        return allows(ws, content.getString("url"))
                && content.getJsonArray("actions", new JsonArray()).stream()
                        .allMatch(action -> allows(ws, ((JsonObject) action).getString("url")));
    }

    /** What browsers and we could read differently leads nowhere that is allowed. */
    boolean allows(int ws, String url) {
        var hosts = allowed.get(ws);
        if (hosts == null || url == null) {
            return true;
        }
        try {
            var uri = new URI(url.strip());
            return uri.getHost() != null
                    && uri.getRawUserInfo() == null
                    && isBelow(hosts, uri.getHost().toLowerCase(Locale.ROOT));
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static boolean isBelow(Set<String> hosts, String host) {
        for (int from = 0; from >= 0; from = host.indexOf('.', from) + 1) {
            if (hosts.contains(host.substring(from))) {
                return true;
            }
            if (host.indexOf('.', from) < 0) {
                return false;
            }
        }
        return false;
    }
}
