package app.fathi.crash;

import static app.fathi.crash.Node.must;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld.Crowd;
import app.fathi.crash.CrashWorld.Sent;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process dies while it finds the people of a segment, some of them sent to already, and another one goes on. */
@Tag("chaos")
class KilledExpansionTest {
    private static final int KILLED = 128 + 9;
    /** The first page is ten chunks, the second one twenty. */
    private static final int CHUNK = 40;

    @Test
    void everybody_is_found_once_and_gets_it_once(@TempDir Path folder) {
        try (var database = TestDatabase.create();
                var world = new CrashWorld(
                        folder, database.environment(), new Crowd(1_600, 1_400), FakePushService.Options.usual())) {
            var small = Map.of("FATHI_SEND_CHUNK_PROFILES", "" + CHUNK);
            var dying = new HashMap<>(small);
            dying.put("FATHI_CRASH_POINT", "inside-expansion:3");
            Sent sent;
            Set<String> ambiguous;
            try (var victim = world.start("victim", dying)) {
                victim.awaitReady();
                world.subscribeEverybody(victim);
                var body = CrashWorld.message("to a rule", new JsonArray())
                        .put(
                                "audience",
                                new JsonObject()
                                        .put(
                                                "rule",
                                                new JsonObject()
                                                        .put("type", "subscribed")
                                                        .put("channel", "webpush")));
                var taken = must(202, victim.post("/api/v1/webpush/messages", body));
                sent = new Sent(taken.getString("id"), "to a rule", 0);
                assertThat(victim.process().awaitExit()).isEqualTo(KILLED);
                ambiguous = Ambiguous.leftBy(victim.process().pid(), database.address());
            }
            try (var survivor = world.start("survivor", small).awaitReady()) {
                var left = CrashWorld.status(survivor, sent);
                assertThat(left.getJsonObject("counts").getInteger("planned"))
                        .as("two pages were found")
                        .isEqualTo(3 * 10 * CHUNK);
                assertThat(left.getJsonObject("audience").getString("state")).isEqualTo("finding");
                world.awaitCompleted(survivor, sent);
                Oracle.of(world, survivor, sent)
                        .nothingIsLost()
                        .onlyTheseWereSentAgain(ambiguous)
                        .countersEqualTheLedger();
            }
        }
    }
}
