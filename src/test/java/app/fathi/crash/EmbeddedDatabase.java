package app.fathi.crash;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A look into the PostgreSQL that runs in a data folder. */
public final class EmbeddedDatabase implements AutoCloseable {
    /** The line of {@code postmaster.pid} that holds the port. */
    private static final int PORT_LINE = 3;

    private final Path data;
    private Connection connection;

    public EmbeddedDatabase(Path data) {
        this.data = data;
    }

    /** Whether every event on the stream has been derived. */
    public boolean isDigested() {
        return count(
                        """
                        SELECT 'behind', count(*) FROM stream_head h
                        LEFT JOIN stream_offset o ON o.topic = h.topic AND o.part = h.part AND o.grp = 'derive'
                        WHERE h.topic = 'ingest' AND h.next > coalesce(o.pos, 0)
                        """)
                .equals(Map.of("behind", 0L));
    }

    /** Rows of a name and a count. */
    public Map<String, Long> count(String sql) {
        try (var statement = connection().createStatement()) {
            var rows = statement.executeQuery(sql);
            var counts = new HashMap<String, Long>();
            while (rows.next()) {
                counts.put(rows.getString(1), rows.getLong(2));
            }
            return counts;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Each row as it stands, in JSON. */
    List<JsonObject> rows(String sql) {
        try (var statement = connection().createStatement()) {
            var rows = statement.executeQuery("SELECT to_jsonb(r) FROM (" + sql + ") r");
            var all = new ArrayList<JsonObject>();
            while (rows.next()) {
                all.add(new JsonObject(rows.getString(1)));
            }
            return all;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private Connection connection() throws SQLException {
        if (connection == null) {
            try {
                var port = Files.readAllLines(data.resolve("postgres/cluster/postmaster.pid"))
                        .get(PORT_LINE)
                        .strip();
                var password =
                        Files.readString(data.resolve("postgres.password")).strip();
                connection = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + port + "/fathi", "fathi", password);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return connection;
    }

    @Override
    public void close() {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
