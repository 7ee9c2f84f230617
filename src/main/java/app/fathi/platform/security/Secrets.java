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
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * Secrets at rest. Each workspace has data keys of its own, wrapped by a key derived from the master key; workspace 0 is
 * the installation itself. Thread-safe, one for the whole node.
 */
public final class Secrets {
    private static final byte[] KNOWN = "Fathi opens this with its own master key".getBytes(StandardCharsets.UTF_8);
    private static final String KNOWN_PLACE = "secret_master.known";
    private static final int DATA_KEY_OCTETS = 32;

    private final MasterKey master;
    private final SecretKey wrapping;
    private final Map<Integer, WorkspaceKey> workspaceKeys = new ConcurrentHashMap<>();

    private Secrets(MasterKey master) {
        this.master = master;
        this.wrapping = master.deriveAes("data-keys");
    }

    /**
     * Finds the master key, makes one and its file at the very first start, and checks it against the text that was
     * sealed then. Fails with a {@link ConfigException} when the key is missing, malformed or another one. Called once
     * at start, before anything serves: it reads a file on the calling thread.
     */
    public static Future<Secrets> open(Pool pool, Config config) {
        return known(pool).compose(rows -> {
            var found = MasterKey.find(config);
            if (rows.size() == 0) {
                return establish(pool, found.orElseGet(() -> MasterKey.make(config)));
            }
            if (found.isEmpty()) {
                throw new ConfigException("The master key is missing: this database was sealed with one. Set"
                        + " FATHI_MASTER_KEY or put back " + MasterKey.file(config));
            }
            return Future.succeededFuture(checked(found.get(), rows));
        });
    }

    /** Two nodes may come here at once: the first row stays, and the other node's key has to open it. */
    private static Future<Secrets> establish(Pool pool, MasterKey master) {
        var sealed = WorkspaceKey.seal(master.deriveAes("known-text"), 1, KNOWN_PLACE, KNOWN);
        return pool.preparedQuery("INSERT INTO secret_master (known) VALUES ($1) ON CONFLICT DO NOTHING")
                .execute(Tuple.of(Buffer.buffer(sealed)))
                .compose(done -> known(pool))
                .map(rows -> checked(master, rows));
    }

    private static Future<RowSet<Row>> known(Pool pool) {
        return pool.preparedQuery("SELECT known FROM secret_master").execute();
    }

    private static Secrets checked(MasterKey master, RowSet<Row> rows) {
        if (!opens(master, rows.iterator().next().getBuffer("known").getBytes())) {
            throw new ConfigException("The master key is wrong: this database was sealed with another one."
                    + " Set FATHI_MASTER_KEY to that one, or put back its master.key");
        }
        return new Secrets(master);
    }

    static boolean opens(MasterKey master, byte[] known) {
        try {
            WorkspaceKey.open(master.deriveAes("known-text"), KNOWN_PLACE, known);
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /** 32 octets for one use, such as {@code cursor} or {@code tracking}: the same on every node and after every start. */
    public byte[] derivedKey(String label) {
        return master.derive(MasterKey.DERIVED + label);
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

    private Future<?> create(SqlClient client, int ws) {
        var secret = new byte[DATA_KEY_OCTETS];
        new SecureRandom().nextBytes(secret);
        var wrapped = WorkspaceKey.seal(wrapping, 1, wrappedPlace(ws, 1), secret);
        return client.preparedQuery(
                        "INSERT INTO secret_data_key (ws, version, wrapped) VALUES ($1, 1, $2) ON CONFLICT DO NOTHING")
                .execute(Tuple.of(ws, Buffer.buffer(wrapped)));
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

    private SecretKey unwrap(int ws, int version, byte[] wrapped) {
        try {
            return new SecretKeySpec(WorkspaceKey.open(wrapping, wrappedPlace(ws, version), wrapped), "AES");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Data key " + version + " of workspace " + ws + " does not open", e);
        }
    }

    private static String wrappedPlace(int ws, int version) {
        return ws + "|" + version + "|secret_data_key.wrapped";
    }
}
