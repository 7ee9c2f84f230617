package app.fathi.crash;

import app.fathi.testing.TestDatabase;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A process dies by {@code kill -9} from outside, at any moment of its sending, and another one finishes what it began. */
@Tag("slow")
@ExtendWith(Seeded.class)
class KilledProcessTest {
    private static TestDatabase database;
    private static CrashWorld world;
    private static Node survivor;

    @BeforeAll
    static void start(@TempDir Path folder) {
        database = TestDatabase.create();
        world = new CrashWorld(folder, database.environment());
        survivor = world.start("survivor", Map.of()).awaitReady();
        world.subscribeEverybody(survivor);
    }

    @AfterAll
    static void stop() {
        survivor.close();
        world.close();
        database.close();
    }

    @RepeatedTest(2)
    void kill_9_at_any_moment_loses_nothing_and_repeats_only_what_was_on_its_way(Random random) {
        int requests = 1 + random.nextInt(CrashWorld.DELIVERIES / 2);
        try (var victim = world.start("victim", Map.of())) {
            victim.awaitReady();
            var sent = world.send(victim, survivor);
            world.awaitRequests(sent, requests);
            victim.process().kill();
            var ambiguous = Ambiguous.leftBy(victim.process().pid(), database.address());

            world.awaitCompleted(survivor, sent);
            var oracle = Oracle.of(world, survivor, sent);
            System.out.printf(
                    "kill -9 after %d requests left %d on their way, %d came twice%n",
                    requests, ambiguous.size(), oracle.duplicates());
            oracle.nothingIsLost().onlyTheseWereSentAgain(ambiguous).countersEqualTheLedger();
        }
    }
}
