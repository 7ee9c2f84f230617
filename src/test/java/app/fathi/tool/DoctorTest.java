package app.fathi.tool;

import static app.fathi.crash.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.ServerProcess;
import app.fathi.testing.TestDatabase;
import app.fathi.testing.ToolProcess;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The doctor beside a real server, and after it. */
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DoctorTest {
    @TempDir
    static Path folder;

    private static Map<String, String> settings;
    private static ServerProcess server;

    @BeforeAll
    static void start() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            settings =
                    Map.of("FATHI_HTTP_PORT", "" + free.getLocalPort(), "FATHI_VAPID_SUBJECT", "mailto:push@fathi.dev");
        }
        TestDatabase.putPrograms(folder.resolve("data"));
        server = ServerProcess.start(folder, settings);
        server.awaitReady();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** What it said of one place. */
    private static String said(ToolProcess.Answer answer, String name) {
        return answer.out()
                .lines()
                .filter(line -> line.substring(Math.min(9, line.length())).startsWith(name))
                .reduce("", (one, other) -> one + other + "\n");
    }

    private static ToolProcess.Answer doctor(Map<String, String> more, String... arguments) {
        var environment = new HashMap<>(settings);
        environment.putAll(more);
        var all = new java.util.ArrayList<>(List.of("doctor"));
        all.addAll(List.of(arguments));
        return ToolProcess.run(folder, environment, all.toArray(String[]::new));
    }

    @Test
    @Order(1)
    void a_healthy_installation_is_told_line_by_line_and_for_programs() {
        eventually("the node has said that it is there", () -> said(doctor(Map.of()), "nodes")
                .startsWith("ok"));
        var text = doctor(Map.of());
        for (var name : List.of(
                "version",
                "settings",
                "server",
                "database",
                "migrations",
                "clock",
                "master key",
                "nodes",
                "sending",
                "jobs",
                "dead letters",
                "streams",
                "push services",
                "push subject",
                "cluster")) {
            assertThat(said(text, name)).as(name).startsWith("ok");
        }
        assertThat(said(text, "database")).contains("PostgreSQL 18");
        assertThat(said(text, "server")).contains(settings.get("FATHI_HTTP_PORT"));
        assertThat(said(text, "master key")).contains("master.key is the right one");
        assertThat(said(text, "disk")).contains("database", "free of");

        var json = doctor(Map.of(), "--json");
        var body = new JsonObject(json.out());
        assertThat(body.getJsonArray("checks")).hasSizeGreaterThan(14);
        assertThat(json.exit()).isEqualTo(List.of("ok", "warning", "fault").indexOf(body.getString("status")));
    }

    @Test
    @Order(2)
    void what_somebody_should_look_at_is_a_warning_and_what_is_broken_a_fault() throws IOException {
        ToolProcess.run(folder, settings, "stop-sending", "--reason", "wrong price")
                .mustSucceed();
        Files.setPosixFilePermissions(folder.resolve("data/master.key"), PosixFilePermissions.fromString("rw-r--r--"));
        var warned = doctor(Map.of());
        assertThat(said(warned, "sending")).startsWith("warning").contains("wrong price", "resume-sending");
        assertThat(said(warned, "master key")).startsWith("warning").contains("chmod 600");
        assertThat(warned.exit()).isPositive();
        ToolProcess.run(folder, settings, "resume-sending").mustSucceed();
        Files.setPosixFilePermissions(folder.resolve("data/master.key"), PosixFilePermissions.fromString("rw-------"));

        var wrong = Base64.getEncoder().encodeToString(new byte[32]);
        var broken = doctor(Map.of("FATHI_MASTER_KEY", wrong, "FATHI_VAPID_SUBJECT", "mailto:me@example.com"));
        assertThat(broken.exit()).isEqualTo(2);
        assertThat(said(broken, "master key")).startsWith("fault").contains("not the one");
        assertThat(said(broken, "push subject")).startsWith("fault").contains("placeholder", "FATHI_VAPID_SUBJECT");
        assertThat(broken.out() + broken.err()).doesNotContain(wrong);

        var unknown = doctor(Map.of("FATHI_HTTP_PROT", "1"));
        assertThat(unknown.exit()).isEqualTo(2);
        assertThat(said(unknown, "settings")).startsWith("fault").contains("FATHI_HTTP_PORT?");

        var elsewhere = doctor(Map.of("FATHI_DB_URL", "postgresql://127.0.0.1:1/fathi"));
        assertThat(elsewhere.exit()).isEqualTo(2);
        assertThat(said(elsewhere, "database")).startsWith("fault").contains("cannot be reached", "FATHI_DB_URL");
    }

    @Test
    @Order(3)
    void without_a_server_it_says_what_it_could_not_see() {
        server.terminate();
        assertThat(server.awaitExit()).isZero();
        var alone = doctor(Map.of());
        assertThat(said(alone, "server")).startsWith("warning").contains("none answers", "the port is free");
        assertThat(said(alone, "database")).startsWith("warning").contains("were not seen");
        assertThat(said(alone, "master key")).contains("whether it is the right one was not seen");
        assertThat(said(alone, "disk")).isNotEmpty();
        assertThat(alone.exit()).isPositive();
    }
}
