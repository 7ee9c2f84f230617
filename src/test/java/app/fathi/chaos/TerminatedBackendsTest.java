package app.fathi.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.Node;
import app.fathi.crash.Oracle;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** An administrator of the database, or a fault in it, cuts all of a node's connections again and again. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class TerminatedBackendsTest {
    /** So far away that a message to everybody takes about a minute. */
    private static final Duration FAR = Duration.ofMillis(500);

    private static final int TIMES = 30;
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private static TestDatabase database;
    private static CrashWorld world;
    private static Node node;

    @BeforeAll
    static void start(@TempDir Path folder) {
        database = TestDatabase.create();
        world = Scale.world(folder, database.environment(), EventLoops.WATCHED);
        node = world.start("node", Map.of()).awaitReady();
        world.subscribeEverybody(node);
        world.push.answerAlways(Answer.status(201).after(FAR));
    }

    @AfterAll
    static void stop() {
        node.close();
        world.close();
        database.close();
    }

    @Test
    void sending_survives_that_its_connections_are_cut_for_a_minute() {
        var round = Round.of(world);
        var loops = EventLoops.of(node);
        var sent = world.send(node, node);
        world.awaitRequests(sent, 1);
        int cut = 0;
        for (int i = 0; i < TIMES && !isOver(sent); i++) {
            database.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name LIKE 'fathi-%' AND datname = current_database()
                    """);
            cut++;
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        world.awaitCompleted(node, sent);
        var oracle = Oracle.of(world, node, sent);
        round.saw(oracle, "all backends terminated %d times", cut);
        assertThat(cut).as("of %d times", TIMES).isGreaterThan(TIMES / 3);
        oracle.nothingIsLost()
                .onlyTheseWereSentAgain(oracle.sentAgainAfterACrash())
                .countersEqualTheLedger();
        loops.wereNeverBlocked();
    }

    /** All have arrived; while connections are cut nobody can be asked. */
    private static boolean isOver(CrashWorld.Sent sent) {
        return world.push.requests() - sent.requestsBefore() >= Scale.CROWD.devices();
    }
}
