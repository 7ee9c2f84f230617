package app.fathi.crash;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestDatabase;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process dies at a named place on a message's way, and another one finishes what it began. A run of all tests tries two of the
 * places, other ones each time; {@code scripts/test -Dtest=CrashPointsTest -Dfathi.shortRun=false} tries all.
 */
@Tag("slow")
@ExtendWith(Seeded.class)
class CrashPointsTest {
    private static final int KILLED = 128 + 9;

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

    /** @param passes of the place that a process surely makes: it sends one chunk of four at least */
    /** With how many times somebody comes by there: at one of these it dies. */
    private static Stream<Arguments> places() {
        var places = new ArrayList<>(List.of(
                Arguments.of("before-intent", 3),
                Arguments.of("after-intent", 3),
                Arguments.of("after-first-byte", 400),
                Arguments.of("after-answer", 400),
                Arguments.of("inside-result", 3)));
        Collections.shuffle(places);
        return places.stream().limit(Boolean.getBoolean("fathi.shortRun") ? 2 : places.size());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("places")
    void a_death_at_this_place_loses_nothing_and_repeats_only_what_was_on_its_way(
            String place, int passes, Random random) {
        var pass = 1 + random.nextInt(passes);
        try (var victim = world.start(place, Map.of("FATHI_CRASH_POINT", place + ":" + pass))) {
            victim.awaitReady();
            var sent = world.send(victim, survivor);
            assertThat(victim.process().awaitExit()).isEqualTo(KILLED);
            var ambiguous = Ambiguous.leftBy(victim.process().pid(), database.address());

            world.awaitCompleted(survivor, sent);
            var oracle = Oracle.of(world, survivor, sent);
            System.out.printf(
                    "%s:%d left %d on their way, %d came twice%n", place, pass, ambiguous.size(), oracle.duplicates());
            oracle.nothingIsLost().onlyTheseWereSentAgain(ambiguous).countersEqualTheLedger();
        }
    }
}
