package app.fathi.chaos;

import app.fathi.crash.Seeded;
import app.fathi.crash.TwoNodes;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** One of two nodes takes leave, orderly or for a while, in messages to everybody. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class LeavingNodeTest {
    private static final int MOMENTS = 5;

    /** By SIGTERM. */
    @Nested
    class ForGood {
        private static TwoNodes nodes;

        @BeforeAll
        static void start(@TempDir Path folder) {
            nodes = TwoNodes.start(folder, Scale.CROWD, TwoNodes.LONG_LEASES);
        }

        @AfterAll
        static void stop() {
            nodes.close();
        }

        @RepeatedTest(MOMENTS)
        void it_hands_over_without_a_single_repetition(Random random) {
            nodes.oneIsTerminated(random);
        }
    }

    /** Frozen for longer than its leases last, as in a paused virtual machine. */
    @Nested
    class ForAWhile {
        private static TwoNodes nodes;

        @BeforeAll
        static void start(@TempDir Path folder) {
            nodes = TwoNodes.start(folder, Scale.CROWD, TwoNodes.LEASES_ALONE);
        }

        @AfterAll
        static void stop() {
            nodes.close();
        }

        @RepeatedTest(MOMENTS)
        void it_wakes_and_writes_nothing_stale_and_sends_nothing_more(Random random) {
            nodes.oneFreezes(random);
        }
    }
}
