package app.fathi.webpush;

import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The sites of workspaces as senders and pages need them: from memory, and as they were changed a second ago at most. */
final class Sites {
    private final SitesStore store;
    private final EpochCache<Integer, Map<String, Site>> known;

    Sites(SitesStore store, SecurityEpochs epochs) {
        this.store = store;
        this.known = new EpochCache<>(epochs);
    }

    Future<Map<String, Site>> byOrigin(SqlClient client, int ws) {
        return known.get(ws, () -> store.all(client, ws)
                .map(sites -> EpochCache.found(
                        ws, sites.stream().collect(Collectors.toUnmodifiableMap(Site::origin, Function.identity())))));
    }
}
