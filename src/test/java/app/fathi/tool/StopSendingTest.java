package app.fathi.tool;

import static app.fathi.crash.Eventually.eventually;
import static app.fathi.crash.Node.must;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.Node;
import app.fathi.testing.FakePushService.Options;
import app.fathi.testing.TestDatabase;
import app.fathi.testing.ToolProcess;
import io.vertx.core.json.JsonArray;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The emergency stop from the command line, beside a running server and without one. */
@Tag("slow")
@Tag("long")
class StopSendingTest {
    @TempDir
    Path folder;

    private ToolProcess.Answer tool(String... arguments) {
        return ToolProcess.run(folder.resolve("only"), Map.of(), arguments);
    }

    @Test
    void it_stops_a_running_server_and_one_that_starts_later() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        TestDatabase.putPrograms(folder.resolve("only/data"));
        try (var world = new CrashWorld(folder, Map.of(), new CrashWorld.Crowd(8, 8), Options.usual())) {
            try (var node = world.start("only", Map.of()).awaitReady()) {
                world.subscribeEverybody(node);
                var stopped = tool("stop-sending", "--except-transactional", "--reason", "wrong price")
                        .mustSucceed();
                assertThat(stopped.out())
                        .contains("Sending is stopped: all", "Within 5 s", "scripts/fathi resume-sending");
                var sent = world.send(node, node);
                world.awaitCompleted(node, sent);
                assertThat(world.push.requests()).isZero();
                must(
                        202,
                        node.post(
                                "/api/v1/webpush/messages",
                                CrashWorld.message("urgent", new JsonArray().add("person-1"))
                                        .put("purpose", "transactional")));
                eventually("what is excepted goes", () -> world.push.requests() == 1);
                assertThat(must(200, node.get("/health/ready")).getJsonArray("notices"))
                        .contains("kill-switch");
                isAudited(node);
                node.process().kill();
            }

            // Nobody runs: the switches are changed all the same, and the next server finds them.
            var origin = tool(
                            "stop-sending",
                            "--scope",
                            "origin",
                            "--target",
                            world.push.url(),
                            "--reason",
                            "their incident")
                    .mustSucceed();
            assertThat(origin.out()).contains("origin " + world.push.url(), "No server runs");
            assertThat(tool("resume-sending").mustSucceed().out()).contains("Sending goes on: all", "their incident");
            try (var node = world.start("only", Map.of()).awaitReady()) {
                long before = world.push.requests();
                var sent = world.send(node, node);
                world.awaitCompleted(node, sent);
                assertThat(world.push.requests()).isEqualTo(before);
                assertThat(tool("sending").mustSucceed().out())
                        .contains("stopped  origin " + world.push.url() + " of workspace Main: their incident");
                tool("resume-sending", "--scope", "origin", "--target", world.push.url())
                        .mustSucceed();
                world.awaitCompleted(node, world.send(node, node));
                assertThat(world.push.requests()).isEqualTo(before + 8);
                assertThat(tool("sending").mustSucceed().out()).contains("Nothing is stopped and nothing is held.");
            }
        }
    }

    private static void isAudited(Node node) {
        var event = must(200, node.get("/api/v1/audit/events?operation=kill-switch.set"))
                .getJsonArray("items")
                .getJsonObject(0);
        assertThat(event.getJsonObject("actor").getString("kind")).isEqualTo("operator");
        assertThat(event.getJsonObject("actor").getString("name")).isEqualTo(System.getProperty("user.name"));
        assertThat(event.getJsonObject("after").getString("reason")).isEqualTo("wrong price");
    }

    @Test
    void what_cannot_be_meant_is_refused_in_one_line() {
        assertRefused(1, "no scope", "all, workspace", "stop-sending", "--scope", "everything", "--reason", "x");
        assertRefused(1, "there is no database", "FATHI_DATA_DIR", "stop-sending", "--reason", "x");
        assertRefused(64, "--reason", "--help", "stop-sending");
        assertRefused(64, "launch", "--help", "launch");
    }

    private void assertRefused(int exit, String one, String other, String... arguments) {
        var refused = ToolProcess.run(folder, Map.of(), arguments);
        assertThat(refused.exit()).isEqualTo(exit);
        assertThat(refused.err()).contains(one, other);
        assertThat(refused.out()).isEmpty();
        assertThat(folder.resolve("data")).doesNotExist();
    }
}
