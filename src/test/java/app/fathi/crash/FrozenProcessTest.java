package app.fathi.crash;

import static app.fathi.crash.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process stops in the middle of everything, for longer than its leases last, and then goes on as if nothing had
 * happened: a paused virtual machine, a long swap. Another one has done its work meanwhile.
 */
@Tag("slow")
@ExtendWith(Seeded.class)
class FrozenProcessTest {
    private static TestDatabase database;
    private static CrashWorld world;
    private static Node survivor;

    @BeforeAll
    static void start(@TempDir Path folder) {
        database = TestDatabase.create();
        world = new CrashWorld(folder, settings());
        survivor = world.start("survivor", Map.of()).awaitReady();
        world.subscribeEverybody(survivor);
    }

    /** Nothing else than the leases and what belongs to them sets a frozen process's work free. */
    private static Map<String, String> settings() {
        var settings = new HashMap<>(database.environment());
        settings.put("FATHI_DB_STATEMENT_TIMEOUT_SECONDS", "3600");
        settings.put("FATHI_DB_IDLE_TRANSACTION_SECONDS", "3");
        return settings;
    }

    @AfterAll
    static void stop() {
        survivor.close();
        world.close();
        database.close();
    }

    @RepeatedTest(3)
    void who_wakes_after_its_leases_writes_nothing_stale_and_sends_nothing_more(Random random) throws SQLException {
        int requests = 1 + random.nextInt(CrashWorld.DELIVERIES / 2);
        try (var sleeper = world.start("sleeper", Map.of())) {
            sleeper.awaitReady();
            var sent = world.send(sleeper, survivor);
            world.awaitRequests(sent, requests);
            sleeper.process().freeze();
            var ambiguous = Ambiguous.leftBy(sleeper.process().pid(), database.address());
            world.awaitCompleted(survivor, sent);
            var ledger = ledger();
            int taken = world.push.receipts().size();

            sleeper.process().thaw();
            awaitFenced(sleeper);
            int more = world.push.receipts().size() - taken;
            System.out.printf(
                    "frozen after %d requests with %d on their way, %d came twice, %d after waking%n",
                    requests, ambiguous.size(), Oracle.of(world, survivor, sent).duplicates(), more);
            assertThat(more).as("sent after waking").isZero();
            assertThat(ledger()).as("the ledger").isEqualTo(ledger);
            Oracle.of(world, survivor, sent)
                    .nothingIsLost()
                    .onlyTheseWereSentAgain(ambiguous)
                    .countersEqualTheLedger();
        }
    }

    private static void awaitFenced(Node sleeper) {
        try {
            eventually(
                    "the sleeper knows that its leases are lost",
                    () -> sleeper.metric("fathi_jobs_fenced_total") > 0 && sleeper.metric("fathi_jobs_running") == 0);
        } catch (AssertionError stuck) {
            throw new AssertionError(
                    stuck.getMessage() + "\n" + sleeper.process().threads(), stuck);
        }
    }

    @Test
    void who_froze_inside_a_transaction_does_not_keep_others_from_its_work() throws SQLException {
        try (var sleeper = world.start("sleeper", Map.of())) {
            sleeper.awaitReady();
            CrashWorld.Sent sent;
            try (var lock = connection()) {
                lock.setAutoCommit(false);
                // Results wait here, their chunks' jobs and ledger rows locked: two chunks of each process.
                execute(lock, "LOCK TABLE cep_run_delta IN SHARE MODE");
                sent = world.send(sleeper, survivor);
                eventually("all four chunks wait to write results", () -> waitingForLocks() == 4);
                sleeper.process().freeze();
                lock.rollback();
            }
            world.awaitCompleted(survivor, sent);
            Oracle.of(world, survivor, sent).nothingIsLost().countersEqualTheLedger();
        }
    }

    private static long waitingForLocks() {
        try (var connection = connection();
                var statement = connection.createStatement()) {
            var count = statement.executeQuery(
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%cep_run_delta%'
                    """);
            count.next();
            return count.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** All that is written about messages, as text. */
    private static List<String> ledger() throws SQLException {
        var rows = new ArrayList<String>();
        try (var connection = connection();
                var statement = connection.createStatement()) {
            for (var table : List.of("cep_run", "cep_chunk", "cep_message", "cep_run_delta")) {
                var all = statement.executeQuery("SELECT t::text FROM " + table + " t ORDER BY 1");
                while (all.next()) {
                    rows.add(all.getString(1));
                }
            }
        }
        return rows;
    }

    private static Connection connection() throws SQLException {
        var address = database.address();
        return DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
    }
}
