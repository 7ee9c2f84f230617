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

    private final Pool pool;
    private final Secrets secrets;
    private final PushKeysStore store;
    private final CryptoProviders providers;
    /** Keys never change, so what was opened stays good. One entry per key of a workspace that sends from here. */
    private final Map<UUID, VapidKey> opened = new ConcurrentHashMap<>();

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

    /** Makes sure that the key with its private half is at hand. */
    Future<Void> open(SqlClient client, int ws, UUID id) {
        if (opened.containsKey(id)) {
            return Future.succeededFuture();
        }
        return store.find(client, ws, id).compose(found -> {
            var stored = found.orElseThrow(() -> new IllegalStateException("Push key " + id + " is missing"));
            return secrets.workspaceKey(client, ws).map(seal -> {
                opened.put(id, VapidKey.of(seal.open(place(id), stored.sealedPrivateKey()), stored.publicKey()));
                return null;
            });
        });
    }

    /** A key that was opened. */
    VapidKey opened(UUID id) {
        var key = opened.get(id);
        if (key == null) {
            throw new IllegalStateException("Push key " + id + " was not opened");
        }
        return key;
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
