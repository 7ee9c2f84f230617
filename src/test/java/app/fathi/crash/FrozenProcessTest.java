package app.fathi.crash;

import static app.fathi.crash.Eventually.eventually;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process stops in the middle of everything, for longer than its leases last, and then goes on as if nothing had
 * happened: a paused virtual machine, a long swap. Another one has done its work meanwhile.
 */
@Tag("chaos")
@ExtendWith(Seeded.class)
class FrozenProcessTest {
    private static TwoNodes nodes;

    @BeforeAll
    static void start(@TempDir Path folder) {
        nodes = TwoNodes.start(folder, CrashWorld.SMALL, TwoNodes.LEASES_ALONE);
    }

    @AfterAll
    static void stop() {
        nodes.close();
    }

    @Test
    void who_wakes_after_its_leases_writes_nothing_stale_and_sends_nothing_more(Random random) {
        nodes.oneFreezes(random);
    }

    @Test
    void who_froze_inside_a_transaction_does_not_keep_others_from_its_work() throws SQLException {
        var world = nodes.world;
        var survivor = nodes.survivor;
        world.push.forgetReceipts();
        try (var sleeper = world.start("sleeper", Map.of())) {
            sleeper.awaitReady();
            CrashWorld.Sent sent;
            try (var lock = nodes.connection()) {
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
        try (var connection = nodes.connection();
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
}
