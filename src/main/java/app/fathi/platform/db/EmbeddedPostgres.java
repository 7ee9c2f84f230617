package app.fathi.platform.db;

import app.fathi.platform.config.StartException;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL server of our own in the data folder. It listens on loopback with a password, on a port that is free at
 * each start, and has no socket file. As root it runs under an uid of its own. A lock on the data folder keeps a second
 * process out; a server that a killed JVM left behind is stopped before ours starts.
 */
public final class EmbeddedPostgres implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);
    /** What the server itself says, through our log so that it rotates with it. */
    private static final Logger SERVER_LOG = LoggerFactory.getLogger("app.fathi.postgres");

    private static final String SUPERUSER = "postgres";
    private static final String NAME = "fathi";
    /** Recovery after a crash replays at most {@code max_wal_size}. */
    private static final int START_SECONDS = 120;

    private static final int STOP_SECONDS = 20;
    private static final int PORT_ATTEMPTS = 5;

    /** The line of {@code postmaster.pid} that holds the port. */
    private static final int PORT_LINE = 3;

    /** In the data folder: where the cluster lies when it is not inside. */
    private static final String LOCATION = "postgres.location";

    /** In the data folder while a backup fills it. */
    private static final String UNFINISHED = "restore.unfinished";

    /** Survives the machine's crash: what an operator's data needs. */
    private static final long CACHE_LEAST = 128;

    private static final long CACHE_MOST = 2_048;

    private static final Map<String, String> DURABLE = Map.of(
            "fsync", "on", "full_page_writes", "on", "synchronous_commit", "on", "shared_buffers", cache() + "MB");
    /** Faster, and lost when the machine crashes. */
    private static final Map<String, String> VOLATILE =
            Map.of("fsync", "off", "full_page_writes", "off", "synchronous_commit", "off", "shared_buffers", "128MB");

    private final DataLock lock;
    private final Path cluster;
    private final DatabaseAddress address;
    private final DatabaseAddress superuser;

    private EmbeddedPostgres(DataLock lock, Path cluster, DatabaseAddress address, DatabaseAddress superuser) {
        this.lock = lock;
        this.cluster = cluster;
        this.address = address;
        this.superuser = superuser;
    }

    /**
     * Starts the server, making the cluster, our role and our database at the first start. Blocks for about a second,
     * for about three at the first start.
     *
     * @param connections how many it accepts
     */
    public static EmbeddedPostgres start(Path dataFolder, int connections) {
        if (isUnfinished(dataFolder)) {
            throw new StartException("the data folder " + dataFolder + " holds a restore that did not come to its end:"
                    + " run scripts/fathi restore again, or remove the folder");
        }
        return start(dataFolder, null, connections, DURABLE);
    }

    /**
     * The same for a fresh folder that a backup will fill: until {@link #filled} nobody else starts on it.
     *
     * @param aside where lies what was in its place, for whoever goes on after an interruption; null when nothing was
     */
    public static EmbeddedPostgres startToFill(Path dataFolder, Path aside, int connections) {
        try {
            Files.createDirectories(dataFolder);
            Files.writeString(dataFolder.resolve(UNFINISHED), aside == null ? "" : aside.toString());
        } catch (IOException e) {
            throw new StartException("the folder " + dataFolder + " cannot be made: " + e, e);
        }
        return start(dataFolder, null, connections, DURABLE);
    }

    /** All is there: the folder is one like any other. */
    public static void filled(Path dataFolder) {
        try {
            Files.delete(dataFolder.resolve(UNFINISHED));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a restore into it was interrupted. */
    public static boolean isUnfinished(Path dataFolder) {
        return Files.exists(dataFolder.resolve(UNFINISHED));
    }

    /** What an interrupted restore has put aside to take its place; empty when there was nothing. */
    public static Optional<Path> putAside(Path dataFolder) {
        try {
            return Optional.of(Files.readString(dataFolder.resolve(UNFINISHED)).strip())
                    .filter(aside -> !aside.isEmpty())
                    .map(Path::of)
                    .filter(Files::isDirectory);
        } catch (IOException e) {
            throw new StartException("the half filled folder " + dataFolder + " cannot be read: " + e, e);
        }
    }

    /** Removes what {@link #startToFill} made and nothing has completed. */
    public static void discard(Path dataFolder) {
        if (!isUnfinished(dataFolder)) {
            throw new IllegalStateException(dataFolder + " is in use");
        }
        try (var lock = DataLock.take(dataFolder)) {
            var elsewhere = dataFolder.resolve(LOCATION);
            if (Files.exists(elsewhere)) {
                Trees.delete(Path.of(Files.readString(elsewhere).strip()));
            }
            try (var inside = Files.list(dataFolder)) {
                for (var path : inside.filter(path -> !path.equals(dataFolder.resolve(UNFINISHED)))
                        .toList()) {
                    Trees.delete(path);
                }
            }
            Files.delete(dataFolder.resolve(UNFINISHED));
        } catch (IOException e) {
            throw new StartException("the half filled folder " + dataFolder + " cannot be removed: " + e, e);
        }
    }

    /** Whether a database was ever made in this data folder. */
    public static boolean isMade(Path dataFolder) {
        return cluster(dataFolder)
                .filter(cluster -> Files.exists(cluster.resolve("PG_VERSION")))
                .isPresent();
    }

    /** Whether a process has this data folder, be it still starting. */
    public static boolean isRunning(Path dataFolder) {
        return DataLock.isTaken(dataFolder);
    }

    /** Where the server of this data folder listens while another process runs it; empty when none does, or not yet. */
    public static Optional<DatabaseAddress> running(Path dataFolder) {
        try {
            var file = cluster(dataFolder).map(cluster -> cluster.resolve("postmaster.pid"));
            if (file.isEmpty() || !Files.exists(file.get())) {
                return Optional.empty();
            }
            var lines = Files.readAllLines(file.get());
            if (lines.size() <= PORT_LINE || !lines.getLast().strip().equals("ready")) {
                return Optional.empty();
            }
            var port = Integer.parseInt(lines.get(PORT_LINE).strip());
            var password =
                    Files.readString(dataFolder.resolve("postgres.password")).strip();
            var host = InetAddress.getLoopbackAddress().getHostAddress();
            return Optional.of(new DatabaseAddress(host, port, NAME, NAME, password));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | NumberFormatException e) {
            throw new StartException(
                    "the embedded PostgreSQL of " + dataFolder + " cannot be asked: " + e
                            + " (run this as the user that Fathi runs as)",
                    e);
        }
    }

    /** Where the cluster of a data folder lies; empty when the folder has none. */
    public static Optional<Path> cluster(Path dataFolder) {
        try {
            var pointer = dataFolder.resolve(LOCATION);
            var home =
                    Files.exists(pointer) ? Path.of(Files.readString(pointer).strip()) : dataFolder.resolve("postgres");
            return Optional.of(home.resolve("cluster")).filter(Files::isDirectory);
        } catch (IOException e) {
            throw new StartException("the data folder " + dataFolder + " cannot be read: " + e, e);
        }
    }

    /** For tests: nothing is forced to disk, and the programs are shared between data folders. */
    public static EmbeddedPostgres startVolatile(Path dataFolder, Path programs, int connections) {
        return start(dataFolder, programs, connections, VOLATILE);
    }

    /** Our database, as our role, which owns it and is no superuser. */
    public DatabaseAddress address() {
        return address;
    }

    /** The server's maintenance database as its superuser: for making and dropping databases. */
    public DatabaseAddress superuser() {
        return superuser;
    }

    /** Ends the server in an orderly way, cutting off who is still connected. Then others may use the data folder. */
    @Override
    public void close() {
        try {
            stop(cluster);
        } finally {
            lock.close();
        }
    }

    private static EmbeddedPostgres start(
            Path dataFolder, Path programsFolder, int connections, Map<String, String> durability) {
        var lock = DataLock.take(dataFolder);
        try {
            return start(lock, dataFolder, programsFolder, connections, durability);
        } catch (IOException e) {
            lock.close();
            throw new StartException("the embedded PostgreSQL cannot be started in " + dataFolder + ": " + e, e);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private static EmbeddedPostgres start(
            DataLock lock, Path dataFolder, Path programsFolder, int connections, Map<String, String> durability)
            throws IOException {
        var account = ServerAccount.forServer();
        var home = home(dataFolder, account);
        var cluster = home.resolve("cluster");
        stop(cluster);
        var programs = PostgresBinaries.unpack(programsFolder == null ? home : programsFolder);
        var made = Files.exists(cluster.resolve("PG_VERSION"));
        var superuserPassword = password(dataFolder.resolve("postgres.superuser-password"), made);
        var password = password(dataFolder.resolve("postgres.password"), made);
        if (!made) {
            initialise(home, cluster, programs, account, superuserPassword);
        }
        if (account.uid() != -1 && Trees.owner(cluster) != account.uid()) {
            Trees.give(cluster, account.uid());
        }
        var port = run(programs, cluster, account, connections, durability);
        var host = InetAddress.getLoopbackAddress().getHostAddress();
        var superuser = new DatabaseAddress(host, port, SUPERUSER, SUPERUSER, superuserPassword);
        var postgres =
                new EmbeddedPostgres(lock, cluster, new DatabaseAddress(host, port, NAME, NAME, password), superuser);
        try {
            postgres.makeRoleAndDatabase();
        } catch (SQLException e) {
            postgres.close();
            throw new StartException(
                    "the embedded PostgreSQL in " + dataFolder + " cannot be prepared: " + e.getMessage(), e);
        }
        return postgres;
    }

    /**
     * The folder of cluster and programs: inside the data folder, or, when that lies where only root may go, a folder
     * under {@code /var/lib/fathi} that the data folder names.
     */
    private static Path home(Path dataFolder, ServerAccount account) throws IOException {
        var pointer = dataFolder.resolve(LOCATION);
        if (Files.exists(pointer)) {
            var elsewhere = Path.of(Files.readString(pointer).strip());
            Files.createDirectories(elsewhere);
            return elsewhere;
        }
        var inside = Files.createDirectories(dataFolder.resolve("postgres"));
        if (account.reaches(inside) || letThrough(dataFolder) && account.reaches(inside)) {
            return inside;
        }
        var elsewhere = Files.createDirectories(Path.of("/var/lib/fathi", "postgres-" + random(9)));
        if (!account.reaches(elsewhere)) {
            throw new StartException("neither " + inside + " nor " + elsewhere
                    + " can be entered by the unprivileged user " + account.uid()
                    + " that PostgreSQL runs as: set FATHI_DATA_DIR to a folder that it can enter");
        }
        Files.delete(inside);
        Files.writeString(pointer, elsewhere + "\n");
        LOG.warn(
                "Only root can enter {}, so the database lies in {} (noted in {}): back up both",
                dataFolder,
                elsewhere,
                pointer);
        return elsewhere;
    }

    /** Others may pass through the data folder to what is theirs; they still see no list, and our files are ours alone. */
    private static boolean letThrough(Path dataFolder) throws IOException {
        var permissions = Files.getPosixFilePermissions(dataFolder);
        return permissions.add(PosixFilePermission.OTHERS_EXECUTE)
                && Files.setPosixFilePermissions(dataFolder, permissions) != null;
    }

    /** Read from the file (mode 0600), or made at random; a cluster whose password is gone is of no use. */
    private static String password(Path file, boolean needed) throws IOException {
        if (Files.exists(file)) {
            return Files.readString(file).strip();
        }
        if (needed) {
            throw new StartException(file + " is missing, and without it the database beside it cannot be opened:"
                    + " restore it, or set FATHI_DATA_DIR to a new folder");
        }
        var password = random(24);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, password + "\n");
        return password;
    }

    private static String random(int octets) {
        var bytes = new byte[octets];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(bytes)
                .replace('-', 'a')
                .replace('_', 'b');
    }

    /** Made beside its place and moved there whole, so that an interrupted first start leaves nothing half made. */
    private static void initialise(
            Path home, Path cluster, Path programs, ServerAccount account, String superuserPassword)
            throws IOException {
        var half = home.resolve("cluster.new");
        var passwordFile = home.resolve("initdb.password");
        Trees.delete(half);
        Files.deleteIfExists(passwordFile);
        Files.createDirectory(half, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.createFile(
                passwordFile, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(passwordFile, superuserPassword + "\n");
        var initdb = ServerAccount.forInitdb(account);
        if (initdb.uid() != -1) {
            Trees.give(half, initdb.uid());
            Trees.give(passwordFile, initdb.uid());
        }
        var output = new ArrayList<String>();
        var process = process(initdb.command(
                programs.resolve("bin/initdb").toString(),
                "--pgdata=" + half,
                "--username=" + SUPERUSER,
                "--pwfile=" + passwordFile,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-instructions"));
        try (var lines = lines(process)) {
            lines.lines().forEach(output::add);
        }
        var exit = process.onExit().join().exitValue();
        Files.delete(passwordFile);
        if (exit != 0) {
            throw new StartException("the embedded database cannot be made in " + home + ": " + complaint(output));
        }
        if (account.uid() != -1) {
            Trees.give(half, account.uid());
        }
        Files.move(half, cluster, StandardCopyOption.ATOMIC_MOVE);
    }

    /** The port it listens on. Another program may take the free port before the server does: then with another one. */
    private static int run(
            Path programs, Path cluster, ServerAccount account, int connections, Map<String, String> durability)
            throws IOException {
        for (var attempt = 1; ; attempt++) {
            var port = freePort();
            var command = new ArrayList<>(
                    account.command(programs.resolve("bin/postgres").toString(), "-D", cluster.toString()));
            settings(port, connections, durability).forEach((name, value) -> {
                command.add("-c");
                command.add(name + "=" + value);
            });
            var complaint = await(command);
            if (complaint == null) {
                return port;
            }
            if (attempt == PORT_ATTEMPTS || !complaint.contains("could not create any TCP/IP sockets")) {
                throw new StartException("the embedded PostgreSQL in " + cluster + " does not start: " + complaint);
            }
        }
    }

    /**
     * In MB: an eighth of what there is, as the machine is shared with the server and with the system's own cache; with {@value #CACHE_MOST}
     * a million people are at hand. Memory is taken as data come.
     */
    private static long cache() {
        var machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return Math.clamp(machine.getTotalMemorySize() >> 23, CACHE_LEAST, CACHE_MOST);
    }

    /** With few data the whole server stays well under 200 MB. */
    private static Map<String, String> settings(int port, int connections, Map<String, String> durability) {
        var settings = new TreeMap<>(durability);
        settings.put("port", "" + port);
        settings.put("listen_addresses", InetAddress.getLoopbackAddress().getHostAddress());
        settings.put("unix_socket_directories", "");
        settings.put("max_connections", "" + connections);
        // Events touch people all over, each page whole after a checkpoint: compressing these costs more time than all
        // else that an
        // event costs, so they are written as they are, and less often.
        settings.put("wal_compression", "off");
        settings.put("max_wal_size", "2GB");
        // One server, backed up by COPY: no replica reads the log.
        settings.put("wal_level", "minimal");
        settings.put("max_wal_senders", "0");
        // Statements are short; compiling them costs more than running them.
        settings.put("jit", "off");
        settings.put("max_parallel_workers", "2");
        settings.put("max_worker_processes", "4");
        // No reader processes for asynchronous input: they cost memory and little is read from disk.
        settings.put("io_method", "sync");
        settings.put("timezone", "UTC");
        settings.put("log_timezone", "UTC");
        // Failed statements are answered, not logged: they hold people's data.
        settings.put("log_min_messages", "log");
        settings.put("log_min_error_statement", "panic");
        settings.put("log_error_verbosity", "terse");
        settings.put("log_checkpoints", "off");
        settings.put("log_line_prefix", "");
        return settings;
    }

    /** Null once the server accepts connections, or its complaint when it ended instead. */
    private static String await(List<String> command) {
        var started = new CompletableFuture<String>();
        // A thread of its own that lives as long as the server: the server's death signal is bound to the thread that
        // started it.
        Thread.ofPlatform().daemon().name("postgres").start(() -> serve(command, started));
        try {
            return started.get(START_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return "not ready after " + START_SECONDS + " s";
        } catch (ExecutionException e) {
            return e.getCause().getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    private static void serve(List<String> command, CompletableFuture<String> started) {
        var complaints = new ArrayList<String>();
        try {
            var process = process(command);
            try (var lines = lines(process)) {
                for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.endsWith("database system is ready to accept connections")) {
                        started.complete(null);
                    } else if (!started.isDone()) {
                        complaints.add(line);
                    }
                    tell(line);
                }
            }
            process.onExit().join();
            started.complete(complaint(complaints));
        } catch (IOException e) {
            started.complete(e.getMessage());
        }
    }

    private static void tell(String line) {
        if (line.startsWith("FATAL:") || line.startsWith("PANIC:")) {
            SERVER_LOG.warn("{}", line);
        } else {
            SERVER_LOG.debug("{}", line);
        }
    }

    /** The line that says why, of many that say what. */
    private static String complaint(List<String> lines) {
        return lines.stream()
                .filter(line -> line.contains("FATAL:") || line.contains("error:") || line.contains("PANIC:"))
                .findFirst()
                .or(() -> lines.isEmpty() ? Optional.empty() : Optional.of(lines.getLast()))
                .orElse("it ended without a word")
                .strip();
    }

    private static Process process(List<String> command) throws IOException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true).directory(new File("/"));
        var path = builder.environment().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        builder.environment().clear(); // Our environment holds secrets.
        builder.environment().putAll(Map.of("PATH", path, "LC_ALL", "C", "TZ", "UTC"));
        var process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private static BufferedReader lines(Process process) {
        return process.inputReader(StandardCharsets.UTF_8);
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /**
     * Stops the server of this cluster if one runs, ours or one that a killed JVM left behind. We hold the lock, so nobody
     * else's work is cut off.
     */
    private static void stop(Path cluster) {
        var file = cluster.resolve("postmaster.pid");
        try {
            if (!Files.exists(file)) {
                return;
            }
            var lines = Files.readAllLines(file);
            var server = lines.isEmpty()
                    ? Optional.<ProcessHandle>empty()
                    : ProcessHandle.of(Long.parseLong(lines.getFirst().strip()));
            if (server.isPresent() && isPostgres(server.get())) {
                // Fast (cut off clients), then immediate (recover at the next start), then by force.
                if (!ends(server.get(), "INT", STOP_SECONDS) && !ends(server.get(), "QUIT", STOP_SECONDS)) {
                    ends(server.get(), "KILL", STOP_SECONDS);
                }
            } else {
                // Its process is gone; after a restart of the machine the number may be anybody's.
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            return; // It ended while we looked.
        } catch (IOException | NumberFormatException e) {
            throw new StartException("what runs on " + cluster + " cannot be found out: " + e, e);
        }
    }

    private static boolean isPostgres(ProcessHandle process) {
        return process.info()
                .command()
                .map(command -> command.endsWith("/bin/postgres"))
                .orElse(false);
    }

    private static boolean ends(ProcessHandle server, String signal, int seconds) throws IOException {
        new ProcessBuilder("sh", "-c", "kill -" + signal + " " + server.pid())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            server.onExit().get(seconds, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return !server.isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return !server.isAlive();
        }
    }

    private void makeRoleAndDatabase() throws SQLException {
        try (var connection = dataSource(superuser).getConnection();
                var statement = connection.createStatement()) {
            // Our own random password: letters and digits only, so it can stand in the text.
            if (!statement
                    .executeQuery("SELECT 1 FROM pg_roles WHERE rolname = '" + NAME + "'")
                    .next()) {
                statement.execute("CREATE ROLE " + NAME + " LOGIN PASSWORD '" + address.password() + "'");
            }
            if (!statement
                    .executeQuery("SELECT 1 FROM pg_database WHERE datname = '" + NAME + "'")
                    .next()) {
                statement.execute("CREATE DATABASE " + NAME + " OWNER " + NAME);
            }
        }
    }

    static PGSimpleDataSource dataSource(DatabaseAddress address) {
        var source = new PGSimpleDataSource();
        source.setUrl(address.jdbcUrl());
        source.setUser(address.user());
        source.setPassword(address.password());
        source.setConnectTimeout(5);
        return source;
    }
}
