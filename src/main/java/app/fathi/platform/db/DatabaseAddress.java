package app.fathi.platform.db;

import app.fathi.platform.config.Config;
import java.net.URI;

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
        var url = URI.create(settings.url());
        var port = url.getPort() == -1 ? DEFAULT_PORT : url.getPort();
        return new DatabaseAddress(
                url.getHost(), port, url.getPath().substring(1), settings.user(), settings.password());
    }

    /** Another database of the same server. */
    public DatabaseAddress withDatabase(String name) {
        return new DatabaseAddress(host, port, name, user, password);
    }

    /** For migrations and {@code COPY}, which use JDBC. */
    public String jdbcUrl() {
        return "jdbc:postgresql://" + host + ":" + port + "/" + database;
    }

    /** Without the password: addresses may end in a log. */
    @Override
    public String toString() {
        return user + "@" + host + ":" + port + "/" + database;
    }
}
