package app.fathi.chaos;

import app.fathi.crash.EventFlood;
import app.fathi.crash.Seeded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code kill -9} of a single process, its PostgreSQL with it, or of its PostgreSQL alone, while it takes as many events as it can. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class KilledIngestTest {
    private static final int MOST = 40_000;

    private static EventFlood flood;

    @BeforeAll
    static void start(@TempDir Path folder) throws IOException {
        // As root the database runs as somebody else, who has to get to it.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        flood = new EventFlood(folder);
    }

    @AfterAll
    static void stop() {
        flood.close();
    }

    @RepeatedTest(10)
    void what_was_acknowledged_is_there_once_and_people_are_what_their_events_say(Random random) {
        flood.isKilledAfter(2_000 + random.nextInt(MOST), random);
    }

    /** What was derived and not on the disk yet is gone, with the offset: it is derived again. */
    @RepeatedTest(5)
    void the_same_holds_when_the_database_alone_falls(Random random) {
        flood.losesItsDatabaseAfter(2_000 + random.nextInt(MOST), random);
    }
}
