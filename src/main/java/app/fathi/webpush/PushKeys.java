package app.fathi.webpush;

import app.fathi.platform.security.Secrets;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.VapidKey;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** The application server keys of the workspaces: generated on first use, sealed at rest, opened once per node. */
final class PushKeys {

    /** A push key with its private half. */
    record PushKey(UUID id, VapidKey key) {}

    private final Pool pool;
    private final Secrets secrets;
    private final PushKeysStore store;
    private final CryptoProviders providers;
    /** Keys never change, so what was opened stays good. One entry per key of a workspace that sends from here. */
    private final Map<UUID, PushKey> opened = new ConcurrentHashMap<>();

    PushKeys(Pool pool, Secrets secrets, PushKeysStore store, CryptoProviders providers) {
        this.pool = pool;
        this.secrets = secrets;
        this.store = store;
        this.providers = providers;
    }

    /** The key that new subscriptions use; made when the workspace has none. */
    Future<PushKeysStore.Stored> current(int ws) {
        return store.current(pool, ws)
                .compose(found -> found.isPresent()
                        ? Future.succeededFuture(found.get())
                        : pool.withTransaction(tx -> create(tx, ws)));
    }

    /** Whether the key is one of the workspace's. */
    Future<Boolean> exists(SqlClient client, int ws, UUID id) {
        return store.find(client, ws, id).map(found -> found.isPresent());
    }

    Future<PushKey> open(int ws, UUID id) {
        var known = opened.get(id);
        if (known != null) {
            return Future.succeededFuture(known);
        }
        return store.find(pool, ws, id).compose(found -> {
            var stored = found.orElseThrow(() -> new IllegalStateException("Push key " + id + " is missing"));
            return secrets.workspaceKey(pool, ws).map(seal -> {
                var key = new PushKey(
                        id, VapidKey.of(seal.open(place(id), stored.sealedPrivateKey()), stored.publicKey()));
                opened.put(id, key);
                return key;
            });
        });
    }

    /** Two requests may come at once; the unique index lets one key win and both read it. */
    private Future<PushKeysStore.Stored> create(SqlClient tx, int ws) {
        var id = UuidCreator.getTimeOrderedEpoch();
        var key = VapidKey.generate(providers);
        return secrets.workspaceKey(tx, ws)
                .compose(seal -> store.insertCurrent(tx, ws, id, key.point(), seal.seal(place(id), key.privateKey())))
                .compose(done -> store.current(tx, ws))
                .map(found -> found.orElseThrow());
    }

    private static String place(UUID id) {
        return "webpush_key.private_key|" + id;
    }
}
