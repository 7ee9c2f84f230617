package app.fathi.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.Campaign;
import app.fathi.crash.CrashWorld;
import app.fathi.crash.Node;
import app.fathi.crash.Oracle;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.crash.TwoNodes;
import app.fathi.testing.FakePushService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code kill -9} at moments of campaigns to everybody, while they are launched and while they go out, and a pause in between. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class KilledCampaignTest {
    private static final int MOMENTS = 5;
    private static final int KILLED = 128 + 9;

    @Nested
    class OfTwo {
        private static TwoNodes nodes;

        @BeforeAll
        static void start(@TempDir Path folder) {
            nodes = TwoNodes.start(folder, Scale.CROWD, Map.of());
        }

        @AfterAll
        static void stop() {
            nodes.close();
        }

        @RepeatedTest(MOMENTS)
        void the_other_node_ends_the_campaign_that_a_killed_one_launched(Random random) {
            nodes.oneIsKilledInACampaign(random);
        }
    }

    /** Its PostgreSQL dies with it. */
    @Nested
    class Alone {
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

        @RepeatedTest(MOMENTS)
        void a_killed_node_ends_after_its_restart_and_a_pause_what_it_began(Random random) {
            world.push.forgetReceipts();
            int requests = random.nextInt(Scale.CROWD.devices() * 3 / 4);
            var round = Round.of(world);
            var campaign = Campaign.plan(world, node).launch(node).awaitRequests(world, requests);
            node.process().kill();
            node = world.start("only", Map.of()).awaitReady();
            if (campaign.pause(node)) {
                campaign.resume(node);
            }
            campaign.awaitCompleted(node);
            var oracle = Oracle.of(world, node, campaign.sent(node));
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
            var campaign = Campaign.plan(world, node).launch(node);
            assertThat(node.process().awaitExit()).isEqualTo(KILLED);
            node = world.start("only", Map.of()).awaitReady();
            campaign.awaitCompleted(node);
            Oracle.of(world, node, campaign.sent(node))
                    .nothingIsLost()
                    .onlyTheseWereSentAgain(Set.of())
                    .countersEqualTheLedger();
        }
    }
}
