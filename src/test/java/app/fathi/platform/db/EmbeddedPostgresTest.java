package app.fathi.platform.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.StartException;
import app.fathi.testing.TestDatabase;
import java.io.BufferedReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EmbeddedPostgresTest {
    private static final Path PROGRAMS =
            Path.of(System.getProperty("java.io.tmpdir"), "fathi-test-" + System.getProperty("user.name"));

    private Path folder;

    @BeforeEach
    void makeFolder() throws Exception {
        folder = Files.createTempDirectory("fathi-embedded-");
    }

    @AfterEach
    void deleteFolder() throws Exception {
        Trees.delete(folder);
    }

    @Test
    void data_survives_a_restart_and_the_server_is_durable_and_closed_to_others() throws Exception {
        try (var postgres = EmbeddedPostgres.start(folder, 60)) {
            execute(postgres.address(), "CREATE TABLE kept (n int)");
            execute(postgres.address(), "INSERT INTO kept VALUES (42)");
            assertThat(ask(postgres.address(), "SHOW fsync")).isEqualTo("on");
            assertThat(ask(postgres.address(), "SHOW full_page_writes")).isEqualTo("on");
            assertThat(ask(postgres.address(), "SHOW synchronous_commit")).isEqualTo("on");
            assertThat(ask(postgres.address(), "SHOW listen_addresses")).isEqualTo("127.0.0.1");
            assertThat(ask(postgres.superuser(), "SHOW unix_socket_directories"))
                    .isEmpty();
            assertThat(ask(postgres.address(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
                    .isEqualTo("f");
            assertThat(
                            ask(
                                    postgres.address(),
                                    "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"))
                    .isEqualTo("bC.UTF-8");
            var wrong = new DatabaseAddress("127.0.0.1", postgres.address().port(), "fathi", "fathi", "wrong");
            assertThatThrownBy(() -> ask(wrong, "SELECT 1")).hasMessageContaining("password authentication failed");
        }
        assertThat(folder.resolve("postgres/cluster/postmaster.pid")).doesNotExist();
        try (var postgres = EmbeddedPostgres.start(folder, 60)) {
            assertThat(ask(postgres.address(), "SELECT n FROM kept")).isEqualTo("42");
        }
    }

    @Test
    void nobody_starts_on_a_folder_that_a_restore_has_not_filled() throws Exception {
        EmbeddedPostgres.startToFill(folder, null, 20).close();
        assertThatThrownBy(() -> EmbeddedPostgres.start(folder, 20))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("restore")
                .hasMessageContaining(folder.toString());
        EmbeddedPostgres.discard(folder);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void after_a_killed_process_the_next_start_finds_the_committed_data() throws Exception {
        TestDatabase.putPrograms(folder);
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var process = new ProcessBuilder(
                        java, "-cp", System.getProperty("java.class.path"), Holder.class.getName(), folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader lines = process.inputReader()) {
            assertThat(lines.lines().filter(line -> line.equals("committed")).findFirst())
                    .isPresent();
        }
        process.destroyForcibly();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        try (var postgres = EmbeddedPostgres.start(folder, 20)) {
            assertThat(ask(postgres.address(), "SELECT n FROM kept")).isEqualTo("42");
        }
    }

    @Test
    void an_unreachable_database_is_named_in_one_line() {
        assertThatThrownBy(() -> Migrations.run(new DatabaseAddress("127.0.0.1", 1, "none", "me", "secret")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("me@127.0.0.1:1/none cannot be reached")
                .hasMessageContaining("FATHI_DB_URL")
                .hasMessageNotContaining("secret")
                .message()
                .hasLineCount(1);
    }

    // ---- what is seen of one that runs ----

    /** In a data folder that only we may list. */
    private static Path home;

    private static EmbeddedPostgres running;

    private static synchronized EmbeddedPostgres running() throws Exception {
        if (running == null) {
            home = Files.createTempDirectory("fathi-embedded-");
            Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx------"));
            running = EmbeddedPostgres.startVolatile(home, PROGRAMS, 20);
        }
        return running;
    }

    @AfterAll
    static void stop() throws Exception {
        if (running != null) {
            running.close();
            Trees.delete(home);
        }
        if (stopped != null) {
            Trees.delete(stopped);
        }
    }

    @Test
    void passwords_are_readable_by_their_owner_only() throws Exception {
        var postgres = running();
        for (var file : new String[] {"postgres.password", "postgres.superuser-password"}) {
            assertThat(Files.getPosixFilePermissions(home.resolve(file)))
                    .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        }
        assertThat(postgres.toString() + postgres.address())
                .doesNotContain(postgres.address().password());
    }

    @Test
    void a_data_folder_that_only_we_may_list_stays_the_place_of_the_database() throws Exception {
        var postgres = running();
        assertThat(home.resolve("postgres/cluster/PG_VERSION")).exists();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home)))
                .startsWith("rwx---");
        assertThat(postgres.address().port()).isPositive();
    }

    @Test
    void as_root_the_server_runs_under_an_uid_that_is_not_root() throws Exception {
        var postgres = running();
        var pid = Files.readAllLines(home.resolve("postgres/cluster/postmaster.pid"))
                .getFirst();
        assertThat((Integer) Files.getAttribute(Path.of("/proc", pid), "unix:uid"))
                .isNotZero();
        assertThat(ask(postgres.address(), "SELECT 1")).isEqualTo("1");
    }

    @Test
    void a_second_start_on_the_same_data_is_refused_in_one_line() throws Exception {
        var first = running();
        assertThatThrownBy(() -> EmbeddedPostgres.startVolatile(home, PROGRAMS, 20))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("in use by another Fathi (process "
                        + ProcessHandle.current().pid() + ")")
                .hasMessageContaining("FATHI_DATA_DIR")
                .message()
                .hasLineCount(1);
        assertThat(ask(first.address(), "SELECT 1")).isEqualTo("1");
    }

    @Test
    void a_database_that_sorts_by_language_is_refused_with_the_remedy() throws Exception {
        var postgres = running();
        execute(
                postgres.superuser(),
                "CREATE DATABASE sorted TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'");
        assertThatThrownBy(() -> Migrations.run(postgres.superuser().withDatabase("sorted")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("CREATE DATABASE sorted TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
    }

    // ---- what is found by one that starts ----

    /** The data of one that was stopped in order; each test leaves them so. */
    private static Path stopped;

    private static synchronized Path stopped() throws Exception {
        if (stopped == null) {
            stopped = Files.createTempDirectory("fathi-embedded-");
            EmbeddedPostgres.startVolatile(stopped, PROGRAMS, 20).close();
        }
        return stopped;
    }

    @Test
    void a_server_left_behind_by_an_earlier_process_is_stopped_first() throws Exception {
        var data = stopped();
        int port;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        var cluster = data.resolve("postgres/cluster");
        var programs = Files.list(PROGRAMS)
                .filter(path -> path.getFileName().toString().startsWith("postgresql-"))
                .findFirst()
                .orElseThrow();
        var command = new java.util.ArrayList<>(ServerAccount.forServer()
                .command(programs.resolve("bin/postgres").toString(), "-D", cluster.toString(), "-p", "" + port));
        command.addAll(java.util.List.of("-c", "unix_socket_directories="));
        var orphan = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        while (!Files.exists(cluster.resolve("postmaster.pid"))) {
            assertThat(orphan.isAlive()).isTrue();
            LockSupport.parkNanos(1_000_000);
        }
        try (var postgres = EmbeddedPostgres.startVolatile(data, PROGRAMS, 20)) {
            assertThat(orphan.waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(ask(postgres.address(), "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void a_stale_pid_file_that_names_a_stranger_is_ignored() throws Exception {
        var data = stopped();
        Files.writeString(
                data.resolve("postgres/cluster/postmaster.pid"),
                ProcessHandle.current().pid() + "\n");
        try (var postgres = EmbeddedPostgres.startVolatile(data, PROGRAMS, 20)) {
            assertThat(ask(postgres.address(), "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void a_lost_password_file_is_named() throws Exception {
        var data = stopped();
        var file = data.resolve("postgres.password");
        var password = Files.readString(file);
        Files.delete(file);
        assertThatThrownBy(() -> EmbeddedPostgres.startVolatile(data, PROGRAMS, 20))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("postgres.password is missing");
        // The refusal let go of the lock.
        Files.writeString(file, password);
        EmbeddedPostgres.startVolatile(data, PROGRAMS, 20).close();
    }

    /** A process that commits a row and waits to be killed. */
    static final class Holder {
        public static void main(String[] arguments) throws Exception {
            var postgres = EmbeddedPostgres.start(Path.of(arguments[0]), 20);
            execute(postgres.address(), "CREATE TABLE kept (n int)");
            execute(postgres.address(), "INSERT INTO kept VALUES (42)");
            System.out.println("committed");
            new java.util.concurrent.CountDownLatch(1).await();
        }
    }

    private static void execute(DatabaseAddress address, String sql) throws SQLException {
        try (var connection = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String ask(DatabaseAddress address, String sql) throws SQLException {
        try (var connection = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
