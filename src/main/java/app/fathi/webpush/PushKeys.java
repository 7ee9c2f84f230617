package app.fathi.webpush;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.WorkspaceKey;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.VapidKey;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.util.Map;
import java.util.Optional;
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

    /** Whether the workspace has a key with which browsers subscribe; it is made when the first one asks for it. */
    Future<Boolean> any(SqlClient client, int ws) {
        return store.current(client, ws).map(Optional::isPresent);
    }

    /**
     * The key that a subscription is to be bound to in this transaction, before whose end nobody retires it.
     *
     * @param id null for the current one
     */
    Future<UUID> bind(SqlClient tx, int ws, UUID id) {
        if (id == null) {
            return store.shareCurrent(tx, ws)
                    .compose(found -> found.isPresent() ? Future.succeededFuture(found.get()) : create(tx, ws))
                    .map(PushKeysStore.Stored::id);
        }
        return store.share(tx, ws, id).map(found -> {
            if (found.isEmpty()) {
                throw ProblemException.unprocessable("/keyId", "There is no such push key. Read GET /webpush/key.");
            }
            if (found.get().retired()) {
                throw ProblemException.conflict(
                        "This push key is retired. Unsubscribe in the browser and subscribe with the one of GET /webpush/key.");
            }
            return id;
        });
    }

    /** Makes sure that the key with its private half is at hand. */
    Future<Void> open(SqlClient client, int ws, UUID id) {
        if (opened.containsKey(id)) {
            return Future.succeededFuture();
        }
        return store.find(client, ws, id).compose(found -> {
            var stored = found.orElseThrow(() -> new IllegalStateException("Push key " + id + " is missing"));
            return secrets.workspaceKey(client, ws).map(seal -> {
                opened.put(id, unsealed(stored, seal));
                return null;
            });
        });
    }

    /** The key with its private half. */
    VapidKey unsealed(PushKeysStore.Stored stored, WorkspaceKey seal) {
        return VapidKey.of(seal.open(place(stored.id()), stored.sealedPrivateKey()), stored.publicKey());
    }

    /** A key that was opened. */
    VapidKey opened(UUID id) {
        var key = opened.get(id);
        if (key == null) {
            throw new IllegalStateException("Push key " + id + " was not opened");
        }
        return key;
    }

    /** Makes a new key the one that new subscriptions use. Held against other changes by the caller. */
    Future<UUID> rotate(SqlClient tx, int ws) {
        return store.clearCurrent(tx, ws).compose(done -> create(tx, ws)).map(PushKeysStore.Stored::id);
    }

    /** Keeps a key that was made elsewhere. Held against other changes by the caller. */
    Future<UUID> keep(SqlClient tx, int ws, VapidKey key) {
        var id = UuidCreator.getTimeOrderedEpoch();
        return secrets.workspaceKey(tx, ws)
                .compose(seal -> store.insertImported(tx, ws, id, key.point(), seal.seal(place(id), key.privateKey())))
                .map(done -> id);
    }

    /** Takes a retired key back, whose private half is shown again. */
    Future<Void> revive(SqlClient tx, int ws, UUID id, VapidKey key) {
        return secrets.workspaceKey(tx, ws)
                .compose(seal -> store.revive(tx, ws, id, seal.seal(place(id), key.privateKey())));
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
