package app.fathi.platform.copy;

import app.fathi.platform.copy.CatalogStore.Digest;
import app.fathi.platform.copy.CatalogStore.ForeignKey;
import app.fathi.platform.copy.CatalogStore.Sequence;
import app.fathi.platform.copy.Layout.Table;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.Migrations;
import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Fills an unused database with the tables of another one, in one transaction: it has all of them or none. Foreign keys are
 * taken away meanwhile, so that no order has to be kept, and checked when they come back.
 */
public final class Refill implements AutoCloseable {
    private final DatabaseAddress address;
    private final Connection connection;
    private final List<ForeignKey> foreignKeys;

    private Refill(DatabaseAddress address, Connection connection, List<ForeignKey> foreignKeys) {
        this.address = address;
        this.connection = connection;
        this.foreignKeys = foreignKeys;
    }

    /**
     * Makes the schema of the given version, empty.
     *
     * @param versions of the migrations that the source has
     */
    public static Refill begin(DatabaseAddress address, List<String> versions, Layout layout) {
        requireUnused(address);
        Migrations.run(address, versions);
        Connection connection = null;
        try {
            connection = address.connect();
            connection.setAutoCommit(false);
            var foreignKeys = prepare(connection, layout);
            return new Refill(address, connection, foreignKeys);
        } catch (SQLException e) {
            Snapshot.closeQuietly(connection);
            throw new CopyException("the database " + address + " cannot be prepared: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            Snapshot.closeQuietly(connection);
            throw e;
        }
    }

    /** Fails with one line when somebody uses the database. */
    public static void requireUnused(DatabaseAddress address) {
        try (var connection = address.connect()) {
            if (!CatalogStore.isUnused(connection)) {
                throw new CopyException(
                        "the database " + address + " is not empty, and nothing in it is touched: name an"
                                + " empty one, made with CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
            }
        } catch (SQLException e) {
            throw new CopyException("the database " + address + " cannot be reached: " + e.getMessage(), e);
        }
    }

    private static List<ForeignKey> prepare(Connection tx, Layout wanted) throws SQLException {
        var present = CatalogStore.layout(tx);
        if (!present.shape().equals(wanted.shape())) {
            throw new CopyException(
                    "the tables do not have the columns that this version gives them: " + difference(wanted, present));
        }
        var foreignKeys = CatalogStore.foreignKeys(tx);
        for (var key : foreignKeys) {
            CatalogStore.execute(
                    tx, "ALTER TABLE " + Layout.quoted(key.table()) + " DROP CONSTRAINT " + Layout.quoted(key.name()));
        }
        for (var table : present.tables()) {
            // The schema's own partitions are those of today.
            CatalogStore.execute(
                    tx, (table.part() == null ? "TRUNCATE " : "DROP TABLE ") + Layout.quoted(table.name()));
        }
        for (var table : wanted.tables()) {
            if (table.part() != null) {
                CatalogStore.execute(tx, table.create());
            }
        }
        return foreignKeys;
    }

    private static String difference(Layout wanted, Layout present) {
        var one = wanted.shape();
        var other = present.shape();
        var names = new TreeSet<>(one.keySet());
        names.addAll(other.keySet());
        return names.stream()
                .filter(name -> !Objects.equals(one.get(name), other.get(name)))
                .collect(Collectors.joining(", "));
    }

    /** Reads a table in PostgreSQL's binary format; how many rows it has. */
    long fill(Table table, InputStream from) throws SQLException, IOException {
        return connection.unwrap(PGConnection.class).getCopyAPI().copyIn(table.copyIn(), from);
    }

    /** The same, to be written piece by piece. */
    CopyIn fill(Table table) throws SQLException {
        return connection.unwrap(PGConnection.class).getCopyAPI().copyIn(table.copyIn());
    }

    Digest digest(Table table) throws SQLException {
        return CatalogStore.digest(connection, table);
    }

    /** All tables are filled: what hangs together is checked. */
    void complete(List<Sequence> sequences) throws SQLException {
        for (var sequence : sequences) {
            CatalogStore.move(connection, sequence);
        }
        for (var key : foreignKeys) {
            CatalogStore.execute(
                    connection,
                    "ALTER TABLE " + Layout.quoted(key.table()) + " ADD CONSTRAINT " + Layout.quoted(key.name()) + " "
                            + key.definition());
        }
    }

    /** For what else has to be written with it. */
    public Connection connection() {
        return connection;
    }

    /** From now on it is there; the planner learns how large it is. */
    public void commit() {
        try {
            connection.commit();
            connection.setAutoCommit(true);
            CatalogStore.execute(connection, "ANALYZE");
        } catch (SQLException e) {
            throw new CopyException("the copy in " + address + " cannot be completed: " + e.getMessage(), e);
        }
    }

    /** Without {@link #commit} nothing has happened. */
    @Override
    public void close() {
        Snapshot.closeQuietly(connection);
    }
}
