package app.fathi.crash;

import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A process dies by {@code kill -9} from outside, at any moment of its sending, and another one finishes what it began. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class KilledProcessTest {
    private static TwoNodes nodes;

    @BeforeAll
    static void start(@TempDir Path folder) {
        nodes = TwoNodes.start(folder, CrashWorld.SMALL, Map.of());
    }

    @AfterAll
    static void stop() {
        nodes.close();
    }

    @Test
    void kill_9_at_any_moment_loses_nothing_and_repeats_only_what_was_on_its_way(Random random) {
        nodes.oneIsKilled(random);
    }
}
