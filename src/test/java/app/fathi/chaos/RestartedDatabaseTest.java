package app.fathi.chaos;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.Node;
import app.fathi.crash.Oracle;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PostgreSQL restarts in the middle of a node's sending. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class RestartedDatabaseTest {
    /** So far away that the distance bounds the flow, not the machine: then two flows can be compared. */
    private static final Duration FAR = Duration.ofMillis(200);

    /** Enough to send when everything has healed. */
    private static final int MESSAGES = 2;

    private static final Duration HEALED = Duration.ofSeconds(15);
    private static final double SHARE = 0.95;

    private static DurablePostgres database;
    private static CrashWorld world;
    private static Node node;

    @BeforeAll
    static void start(@TempDir Path folder) throws IOException {
        database = DurablePostgres.start(folder);
        world = Scale.world(folder, database.environment(), Map.of());
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

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"fast", "immediate"})
    void sending_survives_a_restart_of_the_database_without_a_loss_and_without_a_hand(String mode, Random random)
            throws IOException, InterruptedException {
        world.push.forgetReceipts();
        var round = Round.of(world);
        var sent = new ArrayList<CrashWorld.Sent>();
        for (int i = 0; i < MESSAGES; i++) {
            sent.add(world.send(node, node));
        }
        world.awaitRequests(sent.getFirst(), Scale.CROWD.devices() / 20);
        double before = Flow.over(world.push, Flow.LONG);
        world.awaitRequests(sent.getFirst(), Scale.CROWD.devices() / 4 + random.nextInt(2_000));
        database.restart(mode);
        double healed = Flow.secondsUntil(world.push, before * SHARE, HEALED);

        long duplicates = 0;
        for (var message : sent) {
            world.awaitCompleted(node, message);
            var oracle = Oracle.of(world, node, message);
            duplicates += oracle.duplicates();
            oracle.nothingIsLost()
                    .onlyTheseWereSentAgain(oracle.sentAgainAfterACrash())
                    .countersEqualTheLedger();
        }
        round.saw(
                duplicates,
                "restart -m %s at %.0f requests a second, as many again after %.1f s",
                mode,
                before,
                healed);
    }
}
