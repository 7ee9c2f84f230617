package app.fathi.platform.db;

import app.fathi.platform.config.Config;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Where the database is and who we are there.
 *
 * @param port 1–65535
 * @param database the database's name
 */
public record DatabaseAddress(String host, int port, String database, String user, String password) {
    private static final int DEFAULT_PORT = 5432;

    /** The operator's own PostgreSQL, as the settings {@code db.url}, {@code db.user} and {@code db.password} name it. */
    public static DatabaseAddress of(Config.Database settings) {
        return of(settings.url(), settings.user(), settings.password());
    }

    /** @param text {@code postgresql://host:port/name}, as {@code db.url} has it */
    public static DatabaseAddress of(String text, String user, String password) {
        var url = URI.create(text);
        var port = url.getPort() == -1 ? DEFAULT_PORT : url.getPort();
        return new DatabaseAddress(url.getHost(), port, url.getPath().substring(1), user, password);
    }

    /** Another database of the same server. */
    public DatabaseAddress withDatabase(String name) {
        return new DatabaseAddress(host, port, name, user, password);
    }

    /** As the setting {@code db.url} is written. */
    public String url() {
        return "postgresql://" + host + ":" + port + "/" + database;
    }

    /** For migrations and {@code COPY}, which use JDBC. */
    public String jdbcUrl() {
        return "jdbc:" + url();
    }

    /** A JDBC connection in UTC, for who works beside the servers; nobody waits longer than five seconds for it. */
    public Connection connect() throws SQLException {
        var connection = EmbeddedPostgres.dataSource(this).getConnection();
        try (var statement = connection.createStatement()) {
            // Whatever the database's own settings are: the work may take as long as it takes.
            statement.execute(
                    "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;"
                            + " SET timezone = 'UTC'");
        }
        return connection;
    }

    /** Without the password: addresses may end in a log. */
    @Override
    public String toString() {
        return user + "@" + host + ":" + port + "/" + database;
    }
}
