package app.fathi.platform.copy;

import app.fathi.platform.copy.Layout.Column;
import app.fathi.platform.copy.Layout.Part;
import app.fathi.platform.copy.Layout.Table;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/** What PostgreSQL's catalog says of the schema that we are in. */
final class CatalogStore {
    private CatalogStore() {}

    private static final String TABLES =
            """
            SELECT c.relname AS name, p.relname AS parent, pg_get_expr(c.relpartbound, c.oid) AS bound,
                   array_to_string(c.reloptions, ', ') AS options
            FROM pg_class c
            LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
            LEFT JOIN pg_class p ON p.oid = i.inhparent
            WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
              AND c.relkind = 'r' AND c.relpersistence <> 't' AND c.relname <> 'flyway_schema_history'
            ORDER BY c.relname COLLATE "C"
            """;

    private static final String COLUMNS =
            """
            SELECT c.relname AS name, a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind = 'r'
            ORDER BY c.relname, a.attnum
            """;

    static Layout layout(Connection connection) throws SQLException {
        var columns = new HashMap<String, List<Column>>();
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(COLUMNS)) {
            while (rows.next()) {
                columns.computeIfAbsent(rows.getString("name"), name -> new ArrayList<>())
                        .add(new Column(rows.getString("column"), rows.getString("type")));
            }
        }
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(TABLES)) {
            var tables = new ArrayList<Table>();
            while (rows.next()) {
                var name = rows.getString("name");
                var part = rows.getString("parent") == null
                        ? null
                        : new Part(rows.getString("parent"), rows.getString("bound"), rows.getString("options"));
                tables.add(new Table(name, columns.getOrDefault(name, List.of()), part));
            }
            return new Layout(tables);
        }
    }

    /** @param last the value that was handed out last; null when none was */
    record Sequence(String name, Long last) {}

    static List<Sequence> sequences(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1")) {
            var sequences = new ArrayList<Sequence>();
            while (rows.next()) {
                var last = rows.getObject("last_value");
                sequences.add(new Sequence(rows.getString("sequencename"), (Long) last));
            }
            return sequences;
        }
    }

    static void move(Connection tx, Sequence sequence) throws SQLException {
        if (sequence.last() == null) {
            return; // As it was made.
        }
        try (var statement = tx.prepareStatement("SELECT setval(?::text::regclass, ?)")) {
            statement.setString(1, Layout.quoted(sequence.name()));
            statement.setLong(2, sequence.last());
            statement.execute();
        }
    }

    /** A foreign key, with the words that make it again. */
    record ForeignKey(String table, String name, String definition) {}

    private static final String FOREIGN_KEYS =
            """
            SELECT c.relname AS name, k.conname AS key, pg_get_constraintdef(k.oid) AS definition
            FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
            WHERE k.contype = 'f' AND k.conparentid = 0
              AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
            ORDER BY 1, 2
            """;

    static List<ForeignKey> foreignKeys(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(FOREIGN_KEYS)) {
            var keys = new ArrayList<ForeignKey>();
            while (rows.next()) {
                keys.add(new ForeignKey(rows.getString("name"), rows.getString("key"), rows.getString("definition")));
            }
            return keys;
        }
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** @param first and {@code second}: sums over the contents, whatever the order */
    record Digest(long rows, String first, String second) {}

    static Digest digest(Connection connection, Table table) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(table.digest())) {
            row.next();
            return new Digest(row.getLong(1), row.getString(2), row.getString(3));
        }
    }

    /** Whether nobody has begun to use the database: no tables, or those of a schema on which no server has started. */
    static boolean isUnused(Connection connection) throws SQLException {
        var tables = layout(connection).tables().stream().map(Table::name).toList();
        if (!tables.contains("secret_master")) {
            return tables.isEmpty();
        }
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT NOT EXISTS (SELECT FROM secret_master)")) {
            row.next();
            return row.getBoolean(1);
        }
    }
}
