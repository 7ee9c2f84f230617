package app.fathi.crash;

import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A process is asked to end (SIGTERM) in the middle of its sending. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class TerminatedProcessTest {
    @Test
    void sigterm_hands_over_at_once_without_a_single_repetition(@TempDir Path folder, Random random) {
        try (var nodes = TwoNodes.start(folder, CrashWorld.SMALL, TwoNodes.LONG_LEASES)) {
            nodes.oneIsTerminated(random);
        }
    }
}
