package app.fathi.testing;

import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.EmbeddedPostgres;
import app.fathi.platform.db.Migrations;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A fresh, migrated database of a real PostgreSQL. One server per test JVM; a database is a copy of a template that was
 * migrated once, which is a thousand small files: it costs a tenth of a second of processor time, and each connection to it a
 * third of that. Who can share one does.
 *
 * <pre>{@code
 * try (var database = TestDatabase.create()) {
 *     Pool pool = database.pool(vertx);
 * }
 * }</pre>
 */
public final class TestDatabase implements AutoCloseable {
    private static final String TEMPLATE = "fathi_template";
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final int CONNECTIONS = 200;
    /** Where the programs of PostgreSQL lie for all test JVMs. */
    private static final Path PROGRAMS =
            Path.of(System.getProperty("java.io.tmpdir"), "fathi-test-" + System.getProperty("user.name"));

    private static final String DATA = "fathi-test-data-";
    /** Memory that looks like a folder: a database is hundreds of small files, which cost a disk half of all the time. */
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final long ROOM_BYTES = 4L << 30;

    private static EmbeddedPostgres server;

    private final DatabaseAddress address;

    private TestDatabase(DatabaseAddress address) {
        this.address = address;
    }

    /** A database with the current schema and nothing else. */
    public static TestDatabase create() {
        return copyOf(TEMPLATE);
    }

    /** A database without any table. */
    public static TestDatabase empty() {
        return copyOf("template0");
    }

    /**
     * The programs of PostgreSQL in a data folder where no server was ever started: for who is not there to see the very first start,
     * which would unpack them for seconds.
     */
    public static void putPrograms(Path dataFolder) throws IOException {
        server();
        var postgres = Files.createDirectories(dataFolder.resolve("postgres"));
        try (var unpacked = Files.list(PROGRAMS)) {
            for (var programs : unpacked.filter(
                            path -> path.getFileName().toString().startsWith("postgresql-"))
                    .toList()) {
                Files.createSymbolicLink(postgres.resolve(programs.getFileName()), programs);
            }
        }
    }

    public DatabaseAddress address() {
        return address;
    }

    /** A pool of up to eight connections that ends with the Vert.x instance. */
    public Pool pool(Vertx vertx) {
        return PgBuilder.pool()
                .using(vertx)
                .connectingTo(new PgConnectOptions()
                        .setHost(address.host())
                        .setPort(address.port())
                        .setDatabase(address.database())
                        .setUser(address.user())
                        .setPassword(address.password())
                        .setCachePreparedStatements(true))
                .with(new PoolOptions().setMaxSize(8))
                .build();
    }

    /** The settings that make a server process or {@code Config.of} use this database. */
    public Map<String, String> environment() {
        return Map.of(
                "FATHI_DB_URL",
                "postgresql://" + address.host() + ":" + address.port() + "/" + address.database(),
                "FATHI_DB_USER",
                address.user(),
                "FATHI_DB_PASSWORD",
                address.password());
    }

    /** One statement over JDBC: for arranging and for looking. */
    public void execute(String sql) {
        run(address, sql);
    }

    /** Drops the database and cuts off who is still connected. */
    @Override
    public void close() {
        run(server().superuser(), "DROP DATABASE IF EXISTS " + address.database() + " WITH (FORCE)");
    }

    private static TestDatabase copyOf(String template) {
        var name = "test_" + COUNT.incrementAndGet();
        run(
                server().superuser(),
                "CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY file_copy OWNER fathi");
        return new TestDatabase(server().address().withDatabase(name));
    }

    private static synchronized EmbeddedPostgres server() {
        if (server == null) {
            server = start();
        }
        return server;
    }

    private static EmbeddedPostgres start() {
        try {
            var data = Files.createTempDirectory(home(), DATA);
            var started = EmbeddedPostgres.startVolatile(data, PROGRAMS, CONNECTIONS);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                started.close();
                delete(data);
            }));
            // Every connection proves its password as many times over as was said when it was set.
            for (var each : List.of(started.superuser(), started.address())) {
                run(
                        started.superuser(),
                        "SET scram_iterations = 1; ALTER ROLE " + each.user() + " PASSWORD '" + each.password() + "'");
            }
            run(started.superuser(), "CREATE DATABASE " + TEMPLATE + " OWNER fathi");
            Migrations.run(started.address().withDatabase(TEMPLATE));
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In memory where there is enough of it; containers often have a few megabytes. */
    private static Path home() throws IOException {
        if (Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() >= ROOM_BYTES) {
            forgetOld();
            return MEMORY;
        }
        return Path.of(System.getProperty("java.io.tmpdir"));
    }

    /** What JVMs have left in memory that were killed. */
    private static void forgetOld() throws IOException {
        var yesterday = Instant.now().minus(Duration.ofDays(1));
        try (var folders = Files.newDirectoryStream(MEMORY, DATA + "*")) {
            for (var folder : folders) {
                if (Files.getLastModifiedTime(folder).toInstant().isBefore(yesterday)
                        && Files.isWritable(folder)
                        && !EmbeddedPostgres.isRunning(folder)) {
                    delete(folder);
                }
            }
        } catch (UncheckedIOException e) {
            // Another JVM of the same run is at it.
        }
    }

    private static void run(DatabaseAddress address, String sql) {
        try (var connection = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void delete(Path folder) {
        try (var paths = Files.walk(folder)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
