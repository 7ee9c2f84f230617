package app.fathi.platform.db;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The database of the settings for who works beside the servers: the operator's own PostgreSQL, or the embedded one, wherever a
 * running Fathi has it listen, or started for as long as this is open.
 */
public final class DatabaseDoor implements AutoCloseable {
    /** A server that is starting has its database ready by then. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final long LOOK_NANOS = Duration.ofMillis(200).toNanos();

    private final DatabaseAddress address;
    /** Null when somebody else runs it. */
    private final EmbeddedPostgres ours;

    private DatabaseDoor(DatabaseAddress address, EmbeddedPostgres ours) {
        this.address = address;
        this.ours = ours;
    }

    /** Fails with one line for the operator when there is none, or when it is not ours to start. */
    public static DatabaseDoor open(Config config) {
        if (!config.db().embedded()) {
            return new DatabaseDoor(DatabaseAddress.of(config.db()), null);
        }
        var folder = config.dataPath();
        if (!EmbeddedPostgres.isMade(folder)) {
            throw new StartException("there is no database in the data folder " + folder
                    + ": set FATHI_DATA_DIR to where Fathi keeps its data, or FATHI_DB_URL to your PostgreSQL");
        }
        long began = System.nanoTime();
        while (true) {
            var running = running(config);
            if (running.isPresent()) {
                return new DatabaseDoor(running.get(), null);
            }
            try {
                return start(config);
            } catch (DataLock.InUseException starting) {
                // It is about to be there, or its process is about to be gone.
                if (System.nanoTime() - began > PATIENCE.toNanos()) {
                    throw starting;
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }

    /** The same while no server runs: fails with one line when one does. */
    public static DatabaseDoor openStopped(Config config) {
        if (!EmbeddedPostgres.isMade(config.dataPath())) {
            throw new StartException(
                    "there is no database in the data folder " + config.dataPath() + " (FATHI_DATA_DIR)");
        }
        return start(config);
    }

    /** Where the database answers at this moment, without starting anything; empty when it does not. */
    public static Optional<DatabaseAddress> running(Config config) {
        var address = config.db().embedded()
                ? EmbeddedPostgres.running(config.dataPath())
                : Optional.of(DatabaseAddress.of(config.db()));
        return address.filter(DatabaseDoor::answers);
    }

    private static boolean answers(DatabaseAddress address) {
        try (var connection = address.connect()) {
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    private static DatabaseDoor start(Config config) {
        requireOwner(config.dataPath());
        var started = EmbeddedPostgres.start(config.dataPath(), config.db().embeddedConnections());
        return new DatabaseDoor(started.address(), started);
    }

    /** Started by somebody else, the database's files would become theirs, and the server could not start any more. */
    private static void requireOwner(Path folder) {
        try {
            var lock = DataLock.file(folder);
            if (!Files.exists(lock)) {
                return;
            }
            var owner = Files.getOwner(lock);
            int uid = Trees.owner(lock);
            if (uid != Trees.owner(Path.of("/proc/self"))) {
                throw new StartException("the data folder " + folder + " belongs to the user " + owner.getName()
                        + ": run this as that user, or while Fathi runs");
            }
        } catch (IOException e) {
            throw new StartException("the data folder " + folder + " cannot be read: " + e, e);
        }
    }

    public DatabaseAddress address() {
        return address;
    }

    /** Whether it runs for us alone, because no server had it. */
    public boolean isOurs() {
        return ours != null;
    }

    /** Fails with one line that names the settings when it cannot be reached. */
    public Connection connect() {
        try {
            return address.connect();
        } catch (SQLException e) {
            throw new StartException(
                    "the database " + address + " cannot be reached: " + e.getMessage()
                            + " (FATHI_DB_URL, FATHI_DB_USER, FATHI_DB_PASSWORD)",
                    e);
        }
    }

    @Override
    public void close() {
        if (ours != null) {
            ours.close();
        }
    }
}
