package app.fathi.crash;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestDatabase;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A process is asked to end (SIGTERM) in the middle of its sending. */
@Tag("slow")
@ExtendWith(Seeded.class)
class TerminatedProcessTest {
    /** Nobody waits for them to run out: what is given up must be given up at once. */
    private static final Map<String, String> LONG_LEASES = Map.of("FATHI_JOBS_LEASE_SECONDS", "3600");

    @Test
    void sigterm_hands_over_at_once_without_a_single_repetition(@TempDir Path folder, Random random) {
        int requests = 1 + random.nextInt(CrashWorld.DELIVERIES / 2);
        try (var database = TestDatabase.create();
                var world = new CrashWorld(folder, database.environment());
                var successor = world.start("successor", LONG_LEASES);
                var leaver = world.start("leaver", LONG_LEASES)) {
            successor.awaitReady();
            leaver.awaitReady();
            world.subscribeEverybody(successor);
            var sent = world.send(leaver, successor);
            world.awaitRequests(sent, requests);
            leaver.process().terminate();
            assertThat(leaver.process().awaitExit()).as("exit code").isZero();
            assertThat(leaver.process().errors()).isEmpty();

            world.awaitCompleted(successor, sent);
            var oracle = Oracle.of(world, successor, sent);
            oracle.nothingIsLost().onlyTheseWereSentAgain(Set.of()).countersEqualTheLedger();
        }
    }
}
