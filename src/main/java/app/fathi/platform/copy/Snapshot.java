package app.fathi.platform.copy;

import app.fathi.platform.copy.CatalogStore.Digest;
import app.fathi.platform.copy.CatalogStore.Sequence;
import app.fathi.platform.copy.Layout.Table;
import app.fathi.platform.db.DatabaseAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * All tables as they were at one instant, while servers go on: one transaction that reads only and waits for nobody. Nobody
 * waits for it either, but who drops a partition, and he comes again.
 */
public final class Snapshot implements AutoCloseable {
    private static final int ATTEMPTS = 10;

    private final Connection connection;
    private final Layout layout;
    private final Instant at;

    private Snapshot(Connection connection, Layout layout, Instant at) {
        this.connection = connection;
        this.layout = layout;
        this.at = at;
    }

    public static Snapshot of(DatabaseAddress address) {
        Connection connection = null;
        try {
            connection = address.connect();
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            for (int attempt = 1; ; attempt++) {
                var found = attempt(connection);
                if (found != null) {
                    return new Snapshot(connection, found, now(connection));
                }
                if (attempt == ATTEMPTS) {
                    throw new CopyException("the tables of " + address + " change all the time: try again");
                }
            }
        } catch (SQLException e) {
            closeQuietly(connection);
            throw new CopyException("the database " + address + " cannot be read: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            closeQuietly(connection);
            throw e;
        }
    }

    /** Locked before the instant is chosen, so that no table goes after it. Null when one came or went meanwhile. */
    private static Layout attempt(Connection connection) throws SQLException {
        var before = CatalogStore.layout(connection);
        connection.rollback();
        try {
            if (!before.tables().isEmpty()) {
                CatalogStore.execute(
                        connection,
                        "LOCK TABLE ONLY "
                                + before.tables().stream()
                                        .map(table -> Layout.quoted(table.name()))
                                        .collect(Collectors.joining(", ONLY "))
                                + " IN ACCESS SHARE MODE");
            }
            var after = CatalogStore.layout(connection);
            if (after.equals(before)) {
                return after;
            }
        } catch (SQLException e) {
            if (!"42P01".equals(e.getSQLState())) {
                throw e;
            }
        }
        connection.rollback();
        return null;
    }

    private static Instant now(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT now()")) {
            row.next();
            return row.getTimestamp(1).toInstant();
        }
    }

    public Layout layout() {
        return layout;
    }

    /** The instant, by the database's clock. */
    public Instant at() {
        return at;
    }

    /** For what else is to be read of the same instant. */
    public Connection connection() {
        return connection;
    }

    /** Writes a table in PostgreSQL's binary format; how many rows it has. */
    long copy(Table table, OutputStream to) throws SQLException, IOException {
        return connection.unwrap(PGConnection.class).getCopyAPI().copyOut(table.copyOut(), to);
    }

    /** The same, to be read piece by piece. */
    CopyOut copy(Table table) throws SQLException {
        return connection.unwrap(PGConnection.class).getCopyAPI().copyOut(table.copyOut());
    }

    Digest digest(Table table) throws SQLException {
        return CatalogStore.digest(connection, table);
    }

    /** To be asked for last: sequences know no instants, and must not be behind the rows. */
    List<Sequence> sequences() throws SQLException {
        return CatalogStore.sequences(connection);
    }

    @Override
    public void close() {
        closeQuietly(connection);
    }

    static void closeQuietly(Connection connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            // It is gone either way.
        }
    }
}
