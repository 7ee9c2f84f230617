package app.fathi.tool;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.platform.copy.BackupReader;
import app.fathi.platform.copy.CopyException;
import app.fathi.platform.copy.Refill;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.EmbeddedPostgres;
import app.fathi.platform.db.Migrations;
import app.fathi.platform.db.Pools;
import app.fathi.platform.security.Secrets;
import app.fathi.testing.TcpProxy;
import app.fathi.testing.TestDatabase;
import app.fathi.testing.ToolProcess;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The operator's tool is killed in the middle of what it does: nothing that is half done can be taken for whole, what it read
 * is as it was, and running it again does it.
 */
@Tag("chaos")
class InterruptedToolTest {
    private static final String PASSPHRASE = "correct horse battery staple";
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    /** So slow that megabytes take long enough to be cut off in their middle. */
    private static final int OCTETS_A_SECOND = 300_000;
    /** Tables of which a restore changes nothing: it notes itself in the trail, and who was there is there no more. */
    private static final Pattern KEPT =
            Pattern.compile("(cdp_event|cep_message|cep_run|cep_chunk|idempotency|users_workspace|secret_).*");

    @TempDir
    static Path folder;

    private static Path data;
    private static Map<String, String> source;

    @BeforeAll
    static void fill() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        data = folder.resolve("data");
        Files.createDirectory(data);
        var vertx = Vertx.vertx();
        try (var postgres = EmbeddedPostgres.start(data, 20)) {
            var config = Config.of(Map.of(
                    "FATHI_DATA_DIR",
                    data.toString(),
                    "FATHI_DB_CONNECT_TIMEOUT_SECONDS",
                    "60",
                    "FATHI_DB_ACQUIRE_TIMEOUT_SECONDS",
                    "60"));
            Migrations.run(postgres.address());
            var pools = Pools.open(vertx, config.db(), postgres.address());
            Secrets.open(pools.admin(), config).await();
            pools.close().await();
            MoveTest.execute(
                    postgres.address(),
                    "INSERT INTO users_workspace (id, name, timezone, language, identity_key)"
                            + " VALUES (gen_random_uuid(), 'Main', 'UTC', 'en', '')");
            MoveTest.execute(postgres.address(), MoveTest.ROWS);
            source = MoveTest.contents(postgres.address());
        } finally {
            vertx.close().await();
        }
    }

    private static Map<String, String> through(TcpProxy proxy, DatabaseAddress address) {
        return Map.of(
                "FATHI_DB_URL",
                "postgresql://127.0.0.1:" + proxy.port() + "/" + address.database(),
                "FATHI_DB_USER",
                address.user(),
                "FATHI_DB_PASSWORD",
                address.password(),
                "FATHI_BACKUP_PASSPHRASE",
                PASSPHRASE);
    }

    private static void killWhen(String moment, Process tool, BooleanSupplier hasCome) throws InterruptedException {
        eventually(moment, PATIENCE, () -> hasCome.getAsBoolean() || !tool.isAlive(), come -> come);
        assertThat(tool.isAlive()).as("still at it when " + moment).isTrue();
        tool.destroyForcibly().waitFor();
    }

    /** A table is being filled, and what was filled before it can be seen by nobody. */
    private static boolean isCopying(DatabaseAddress address) {
        return asked(address, "SELECT count(*) > 0 FROM pg_stat_progress_copy WHERE bytes_processed > 100000")
                .equals("t");
    }

    private static String asked(DatabaseAddress address, String sql) {
        try {
            return MoveTest.ask(address, sql);
        } catch (SQLException e) {
            return e.getMessage();
        }
    }

    private static void awaitUnused(DatabaseAddress address) {
        eventually(
                "nothing of it is there",
                PATIENCE,
                () -> {
                    try {
                        Refill.requireUnused(address);
                        return "";
                    } catch (CopyException e) {
                        return e.getMessage();
                    }
                },
                String::isEmpty);
        assertThat(asked(address, "SELECT count(*) FROM cdp_event")).isEqualTo("0");
        assertThat(asked(address, "SELECT count(*) FROM users_workspace")).isEqualTo("0");
    }

    @Test
    void a_killed_move_has_not_happened_and_the_next_one_does_it() throws Exception {
        // Not as it was filled: backups of other tests stand in its trail.
        var before = contents();
        try (var target = TestDatabase.empty();
                var proxy = new TcpProxy(target.address().port()).bandwidth(OCTETS_A_SECOND)) {
            var login = new HashMap<>(target.environment());
            var url = login.remove("FATHI_DB_URL");
            killWhen(
                    "a table is copied",
                    ToolProcess.start(
                            folder,
                            login,
                            "move",
                            "--to",
                            through(proxy, target.address()).get("FATHI_DB_URL")),
                    () -> isCopying(target.address()));
            awaitUnused(target.address());
            try (var postgres = EmbeddedPostgres.start(data, 20)) {
                assertThat(MoveTest.contents(postgres.address()))
                        .as("the source")
                        .isEqualTo(before);
            }
            ToolProcess.run(folder, login, "move", "--to", url).mustSucceed();
            assertThat(MoveTest.contents(target.address())).isEqualTo(before);
        }
    }

    private static Map<String, String> contents() throws SQLException {
        try (var postgres = EmbeddedPostgres.start(data, 20)) {
            return MoveTest.contents(postgres.address());
        }
    }

    @Test
    void a_killed_backup_leaves_no_file_that_can_be_restored() throws Exception {
        var backup = folder.resolve("killed.backup");
        var part = folder.resolve("killed.backup.part");
        try (var postgres = EmbeddedPostgres.start(data, 20);
                var proxy = new TcpProxy(postgres.address().port()).bandwidth(OCTETS_A_SECOND)) {
            killWhen(
                    "some of it is written",
                    ToolProcess.start(folder, through(proxy, postgres.address()), "backup", backup.toString()),
                    () -> octets(part) > 200_000);
            assertThat(backup).doesNotExist();
            var nowhere = folder.resolve("nowhere");
            var refused = restore(part, nowhere);
            assertThat(refused.exit()).isEqualTo(1);
            assertThat(refused.err()).contains("cut off").hasLineCount(1);
            assertThat(nowhere).doesNotExist();

            backUp(backup);
            assertThat(part).doesNotExist();
            assertThat(BackupReader.check(backup, PASSPHRASE)).isPositive();
        }
    }

    private static long octets(Path file) {
        try {
            return Files.exists(file) ? Files.size(file) : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    private static void backUp(Path file) {
        ToolProcess.run(folder, Map.of("FATHI_BACKUP_PASSPHRASE", PASSPHRASE), "backup", file.toString())
                .mustSucceed();
    }

    private static ToolProcess.Answer restore(Path file, Path to, String... more) {
        return ToolProcess.run(folder, Map.of("FATHI_BACKUP_PASSPHRASE", PASSPHRASE), arguments(file, to, more));
    }

    private static String[] arguments(Path file, Path to, String... more) {
        var arguments = new java.util.ArrayList<>(List.of("restore", file.toString(), "--to", to.toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @Test
    void a_killed_restore_into_a_folder_starts_nobody_and_the_next_one_does_it() throws Exception {
        var backup = folder.resolve("into-folder.backup");
        backUp(backup);
        var restored = folder.resolve("restored");
        Files.createDirectory(restored);
        Files.writeString(restored.resolve("precious"), "of before");
        var moments = new java.util.LinkedHashMap<String, BooleanSupplier>();
        moments.put("the folder is marked", () -> EmbeddedPostgres.isUnfinished(restored));
        moments.put("its database is made", () -> EmbeddedPostgres.isMade(restored));
        moments.put("its schema is made", () -> EmbeddedPostgres.running(restored)
                .filter(address -> asked(address, "SELECT to_regclass('cdp_event') IS NOT NULL")
                        .equals("t"))
                .isPresent());
        for (var moment : moments.entrySet()) {
            killWhen(
                    moment.getKey(),
                    ToolProcess.start(
                            folder,
                            Map.of("FATHI_BACKUP_PASSPHRASE", PASSPHRASE),
                            arguments(backup, restored, "--replace")),
                    moment.getValue());
            assertThatThrownBy(() -> EmbeddedPostgres.start(restored, 20))
                    .as(moment.getKey())
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("holds a restore that did not come to its end");
        }
        var told = restore(backup, restored, "--replace").mustSucceed().out();
        var aside = aside(restored);
        assertThat(aside.resolve("precious")).hasContent("of before");
        assertThat(told)
                .as("who restores learns of it, whichever try put it there")
                .contains(aside.toString());
        assertThat(restored.resolve("master.key")).hasSameTextualContentAs(data.resolve("master.key"));
        try (var postgres = EmbeddedPostgres.start(restored, 20)) {
            isAllThere(postgres.address());
        }
    }

    private static Path aside(Path restored) throws IOException {
        try (var beside = Files.list(restored.getParent())) {
            var all = beside.filter(path ->
                            path.getFileName().toString().startsWith(restored.getFileName() + ".before-restore-"))
                    .toList();
            assertThat(all).hasSize(1);
            return all.getFirst();
        }
    }

    private static void isAllThere(DatabaseAddress address) throws SQLException {
        assertThat(kept(MoveTest.contents(address))).isEqualTo(kept(source)).hasSizeGreaterThan(10);
    }

    private static Map<String, String> kept(Map<String, String> contents) {
        return contents.entrySet().stream()
                .filter(table -> KEPT.matcher(table.getKey()).matches())
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    @Test
    void a_killed_restore_into_a_database_leaves_it_unused_and_the_key_is_there_before_the_data() throws Exception {
        var backup = folder.resolve("into-database.backup");
        backUp(backup);
        var server = Files.createDirectory(folder.resolve("with-a-database"));
        try (var target = TestDatabase.empty();
                var proxy = new TcpProxy(target.address().port()).bandwidth(OCTETS_A_SECOND)) {
            killWhen(
                    "a table is filled",
                    ToolProcess.start(server, through(proxy, target.address()), "restore", backup.toString()),
                    () -> isCopying(target.address()));
            awaitUnused(target.address());
            assertThat(server.resolve("data/master.key"))
                    .as("without it nobody could open what comes after it")
                    .hasSameTextualContentAs(data.resolve("master.key"));

            var login = new HashMap<>(target.environment());
            login.put("FATHI_BACKUP_PASSPHRASE", PASSPHRASE);
            ToolProcess.run(server, login, "restore", backup.toString()).mustSucceed();
            isAllThere(target.address());
        }
    }
}
