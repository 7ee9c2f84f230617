package app.fathi.crash;

import static app.fathi.crash.Eventually.eventually;
import static app.fathi.crash.Node.must;
import static java.util.function.Function.identity;
import static java.util.stream.Collectors.collectingAndThen;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService.Receipt;
import app.fathi.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The single process with everything in its data folder dies by {@code kill -9}, its PostgreSQL with it, and starts again
 * on the same folder.
 */
@Tag("slow")
@ExtendWith(Seeded.class)
class EmbeddedProcessTest {
    /** One chunk at a time, so that one window bounds what is on its way. */
    private static final Map<String, String> ONE_WORKER =
            Map.of("FATHI_JOBS_WORKERS", "1", "FATHI_STREAM_LEASE_SECONDS", "5");

    @TempDir
    Path folder;

    /** As root the database runs as somebody else, who has to get to it. */
    @BeforeEach
    void letThrough() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        TestDatabase.putPrograms(folder.resolve("only/data"));
    }

    @Test
    void a_message_that_was_under_way_is_finished_after_the_restart(Random random) {
        int requests = 1 + random.nextInt(CrashWorld.SMALL.devices() * 3 / 4);
        try (var world = new CrashWorld(folder, ONE_WORKER)) {
            CrashWorld.Sent sent;
            try (var first = world.start("only", Map.of())) {
                first.awaitReady();
                world.subscribeEverybody(first);
                sent = world.send(first, first);
                world.awaitRequests(sent, requests);
                first.process().kill();
            }
            try (var again = world.start("only", Map.of())) {
                again.awaitReady();
                world.awaitCompleted(again, sent);
                var oracle = Oracle.of(world, again, sent);
                var ambiguous = oracle.sentAgainAfterACrash();
                System.out.printf(
                        "kill -9 after %d requests: %d sent again, %d came twice%n",
                        requests, ambiguous.size(), oracle.duplicates());
                assertThat(ambiguous).hasSizeLessThanOrEqualTo(CrashWorld.WINDOW);
                oracle.nothingIsLost().onlyTheseWereSentAgain(ambiguous).countersEqualTheLedger();
            }
        }
    }

    @Test
    void every_event_and_message_that_was_acknowledged_is_there_once(Random random) {
        int acknowledged = 300 + random.nextInt(1_500);
        try (var world = new CrashWorld(folder, ONE_WORKER)) {
            var clients = new Clients();
            try (var first = world.start("only", Map.of())) {
                first.awaitReady();
                world.subscribe(first, Clients.PEOPLE);
                clients.workAgainst(first, acknowledged, () -> first.process().kill());
            }
            try (var again = world.start("only", Map.of());
                    var database = new EmbeddedDatabase(folder.resolve("only/data"))) {
                again.awaitReady();
                eventually("all that was stored is digested", database::isDigested);
                System.out.printf(
                        "kill -9 after %d events and %d messages; %d requests without an answer%n",
                        clients.events.size(), clients.messages.size(), clients.unanswered.size());
                assertThat(database.count("SELECT message_id, count(*) FROM cdp_event GROUP BY 1"))
                        .as("stored events")
                        .containsAllEntriesOf(once(clients.events))
                        .allSatisfy((id, count) -> assertThat(count).isEqualTo(1));

                clients.repeatWhatHadNoAnswer(again);
                eventually("all that was stored is digested", database::isDigested);
                assertThat(database.count("SELECT message_id, count(*) FROM cdp_event GROUP BY 1"))
                        .as("events after the repetition")
                        .isEqualTo(once(clients.events));
                assertThat(database.count("SELECT content ->> 'title', count(*) FROM cep_run GROUP BY 1"))
                        .as("messages")
                        .isEqualTo(once(clients.messages.keySet()));
                clients.messages
                        .values()
                        .forEach(id -> eventually("message " + id + " is completed", () -> must(
                                        200, again.get("/api/v1/webpush/messages/" + id))
                                .getString("state")
                                .equals("completed")));
                assertThat(deliveriesByTitle(world))
                        .as("deliveries that were taken")
                        .isEqualTo(once(clients.messages.keySet()));
            }
        }
    }

    private static Map<String, Long> once(Set<String> names) {
        return names.stream().collect(toMap(identity(), name -> 1L));
    }

    /** How many deliveries of each message have reached a browser; a repetition of the same one is no other. */
    private static Map<String, Long> deliveriesByTitle(CrashWorld world) {
        return world.push.receipts().stream()
                .collect(groupingBy(
                        receipt -> receipt.json().getJsonObject("notification").getString("title"),
                        mapping(Receipt::messageId, collectingAndThen(toSet(), ids -> (long) ids.size()))));
    }
}
