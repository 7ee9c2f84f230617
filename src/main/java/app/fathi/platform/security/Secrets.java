package app.fathi.platform.security;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.ConfigException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * Secrets at rest. Each workspace has data keys of its own, wrapped by a key derived from the master key; workspace 0 is
 * the installation itself. Thread-safe, one for the whole node.
 */
public final class Secrets {
    private static final int DATA_KEY_OCTETS = 32;

    private final SealedMaster.Opened master;
    private final Map<Integer, WorkspaceKey> workspaceKeys = new ConcurrentHashMap<>();

    private Secrets(SealedMaster.Opened master) {
        this.master = master;
    }

    /**
     * Finds the master key, makes one and its file at the very first start, and checks it against the text that was
     * sealed then. Fails with a {@link ConfigException} when the key is missing, malformed or another one. Called once
     * at start, before anything serves: it reads a file on the calling thread.
     */
    public static Future<Secrets> open(Pool pool, Config config) {
        return kept(pool).compose(stored -> {
            var found = MasterKey.find(config);
            if (stored.isEmpty()) {
                return establish(pool, found.orElseGet(() -> MasterKey.make(config)));
            }
            if (found.isEmpty()) {
                throw new ConfigException("The master key is missing: this database was sealed with one. Set"
                        + " FATHI_MASTER_KEY or put back " + MasterKey.file(config));
            }
            return Future.succeededFuture(checked(found.get(), stored.get()));
        });
    }

    /** Two nodes may come here at once: the first row stays, and the other node's key has to open it. */
    private static Future<Secrets> establish(Pool pool, MasterKey master) {
        // Apart from the master key, so that these keys stay the same when that one is changed.
        var root = master.seal(SealedMaster.ROOT_PLACE, MasterKey.random().octets());
        return pool.preparedQuery("INSERT INTO secret_master (known, root) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .execute(Tuple.of(Buffer.buffer(master.sealKnown()), Buffer.buffer(root)))
                .compose(done -> kept(pool))
                .map(stored -> checked(master, stored.orElseThrow()));
    }

    private static final String SEALED = "SELECT known, root, next_known, next_before FROM secret_master";

    private static Future<Optional<SealedMaster>> kept(SqlClient client) {
        return client.preparedQuery(SEALED).execute().map(Secrets::kept);
    }

    private static Optional<SealedMaster> kept(RowSet<Row> rows) {
        for (var row : rows) {
            return Optional.of(new SealedMaster(
                    octets(row, "known"), octets(row, "root"), octets(row, "next_known"), octets(row, "next_before")));
        }
        return Optional.empty();
    }

    private static byte[] octets(Row row, String column) {
        var octets = row.getBuffer(column);
        return octets == null ? null : octets.getBytes();
    }

    private static Secrets checked(MasterKey master, SealedMaster stored) {
        return new Secrets(stored.open(master)
                .orElseThrow(
                        () -> new ConfigException("The master key is wrong: this database was sealed with another one."
                                + " Set FATHI_MASTER_KEY to that one, or put back its master.key")));
    }

    /** Fails once the master key was changed and this node has the one before: it goes on with what it knows, and learns nothing new. */
    public Future<?> stillRight(SqlClient client) {
        return kept(client).map(stored -> inForce(stored.orElseThrow()));
    }

    /** The one of ours that data keys are wrapped with now. */
    private MasterKey inForce(SealedMaster stored) {
        return stored.open(master.own())
                .orElseThrow(
                        () -> new IllegalStateException("The master key was changed: start this node with the new one"))
                .inForce();
    }

    /** Which key this node was started with, as a name that tells nothing of it. */
    public String fingerprint() {
        return master.own().fingerprint();
    }

    /** 32 octets for one use, such as {@code cursor} or {@code tracking}: the same on every node and after every start. */
    public byte[] derivedKey(String label) {
        return master.root().derive(MasterKey.DERIVED + label);
    }

    /** The workspace's key, made in the caller's transaction when it has none yet. */
    public Future<WorkspaceKey> workspaceKey(SqlClient client, int ws) {
        var cached = workspaceKeys.get(ws);
        return cached != null
                ? Future.succeededFuture(cached)
                : load(client, ws)
                        .compose(key -> key != null
                                ? Future.succeededFuture(key)
                                : create(client, ws).compose(done -> load(client, ws)));
    }

    private Future<WorkspaceKey> load(SqlClient client, int ws) {
        return client.preparedQuery(
                        """
                        SELECT version, wrapped, xmin = pg_current_xact_id_if_assigned()::xid AS uncommitted
                        FROM secret_data_key WHERE ws = $1 ORDER BY version
                        """)
                .execute(Tuple.of(ws))
                .map(rows -> rows.size() == 0 ? null : unwrap(ws, rows));
    }

    /** Who changes the master key meanwhile waits for this transaction, or this one wraps with the new key. */
    private Future<?> create(SqlClient client, int ws) {
        return client.preparedQuery(SEALED + " FOR SHARE").execute().compose(rows -> {
            var secret = new byte[DATA_KEY_OCTETS];
            new SecureRandom().nextBytes(secret);
            var wrapped = inForce(kept(rows).orElseThrow()).seal(wrappedPlace(ws, 1), secret);
            return client.preparedQuery(
                            "INSERT INTO secret_data_key (ws, version, wrapped) VALUES ($1, 1, $2) ON CONFLICT DO NOTHING")
                    .execute(Tuple.of(ws, Buffer.buffer(wrapped)));
        });
    }

    /** A key that this transaction made is not remembered: the transaction may still roll back. */
    private WorkspaceKey unwrap(int ws, RowSet<Row> rows) {
        var keys = new HashMap<Integer, SecretKey>();
        int newest = 0;
        boolean committed = true;
        for (var row : rows) {
            newest = row.getInteger("version");
            keys.put(newest, unwrap(ws, newest, row.getBuffer("wrapped").getBytes()));
            committed &= !Boolean.TRUE.equals(row.getBoolean("uncommitted"));
        }
        var key = new WorkspaceKey(ws, newest, keys);
        if (committed) {
            workspaceKeys.put(ws, key);
        }
        return key;
    }

    /** A node that knows the key before and the one after it may meet either. */
    private SecretKey unwrap(int ws, int version, byte[] wrapped) {
        var place = wrappedPlace(ws, version);
        try {
            return aes(master.inForce().open(place, wrapped));
        } catch (IllegalStateException changed) {
            return aes(master.own().open(place, wrapped));
        }
    }

    private static SecretKey aes(byte[] secret) {
        return new SecretKeySpec(secret, "AES");
    }

    static String wrappedPlace(int ws, int version) {
        return ws + "|" + version + "|secret_data_key.wrapped";
    }
}
