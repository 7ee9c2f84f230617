package app.fathi.chaos;

import static app.fathi.crash.Node.must;
import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.CrashWorld.Sent;
import app.fathi.crash.Node;
import app.fathi.crash.Oracle;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code kill -9} at moments of a campaign to everybody, while it is launched and while it goes out, and a pause in between. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class KilledCampaignTest {
    private static final int MOMENTS = 5;
    private static final int KILLED = 128 + 9;
    private static final String CAMPAIGNS = "/api/v1/campaigns/";

    private static CrashWorld world;
    private static Node node;

    @BeforeAll
    static void start(@TempDir Path folder) throws IOException {
        // As root the database runs as somebody else, who has to get to it.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        world = new CrashWorld(folder, Map.of(), Scale.CROWD, FakePushService.Options.usual());
        node = world.start("only", Map.of()).awaitReady();
        world.subscribeEverybody(node);
    }

    @AfterAll
    static void stop() {
        node.close();
        world.close();
    }

    /** A campaign to everybody, and its title, which is like no other's. */
    private record Planned(String id, String title) {
        String path() {
            return CAMPAIGNS + id;
        }
    }

    private static Planned plan() {
        var title = "campaign " + UUID.randomUUID();
        var draft = CrashWorld.message(title, new JsonArray())
                .put("name", title)
                .put(
                        "audience",
                        new JsonObject()
                                .put(
                                        "rule",
                                        new JsonObject()
                                                .put("type", "subscribed")
                                                .put("channel", "webpush")));
        return new Planned(must(201, node.post("/api/v1/campaigns", draft)).getString("id"), title);
    }

    /** The one message of its one run. */
    private static Sent sent(Planned campaign, long before) {
        var runs = eventually(
                "its run",
                () -> must(200, node.get(campaign.path() + "/runs")).getJsonArray("items"),
                items -> !items.isEmpty());
        assertThat(runs).hasSize(1);
        return new Sent(runs.getJsonObject(0).getString("messageId"), campaign.title(), before);
    }

    private static void awaitCompleted(Planned campaign) {
        eventually(
                "it is completed",
                Duration.ofMinutes(5),
                () -> must(200, node.get(campaign.path())).getString("status"),
                status -> status.equals("completed"));
    }

    @RepeatedTest(MOMENTS)
    void a_killed_node_ends_after_its_restart_and_a_pause_what_it_began(Random random) {
        world.push.forgetReceipts();
        int requests = random.nextInt(Scale.CROWD.devices() * 3 / 4);
        var round = Round.of(world);
        var campaign = plan();
        long before = world.push.requests();
        must(200, node.post(campaign.path() + "/launch", new JsonObject(), "If-Match", "\"v1\""));
        world.awaitRequests(new Sent("", campaign.title(), before), requests);
        node.process().kill();
        node = world.start("only", Map.of()).awaitReady();
        var paused = node.post(campaign.path() + "/pause", new JsonObject()).status();
        var sent = sent(campaign, before);
        if (paused == 200) {
            must(200, node.post(campaign.path() + "/resume", new JsonObject()));
        }
        awaitCompleted(campaign);
        var oracle = Oracle.of(world, node, sent);
        var ambiguous = oracle.sentAgainAfterACrash();
        round.saw(oracle, "kill -9 of a campaign after %d requests: %d sent again", requests, ambiguous.size());
        assertThat(ambiguous).hasSizeLessThanOrEqualTo(CrashWorld.CHUNKS_AT_ONCE * CrashWorld.WINDOW);
        oracle.nothingIsLost().onlyTheseWereSentAgain(ambiguous).countersEqualTheLedger();
    }

    @Test
    void a_process_that_dies_inside_the_launch_launches_once() {
        world.push.forgetReceipts();
        node.process().kill();
        node = world.start("only", Map.of("FATHI_CRASH_POINT", "inside-launch:1"))
                .awaitReady();
        var campaign = plan();
        long before = world.push.requests();
        must(200, node.post(campaign.path() + "/launch", new JsonObject(), "If-Match", "\"v1\""));
        assertThat(node.process().awaitExit()).isEqualTo(KILLED);
        node = world.start("only", Map.of()).awaitReady();
        var sent = sent(campaign, before);
        awaitCompleted(campaign);
        Oracle.of(world, node, sent)
                .nothingIsLost()
                .onlyTheseWereSentAgain(Set.of())
                .countersEqualTheLedger();
    }
}
