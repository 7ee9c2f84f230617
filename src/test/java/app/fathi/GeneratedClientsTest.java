package app.fathi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What {@code scripts/generate-clients} makes from the contract compiles, and works against a real server. */
@Tag("slow")
class GeneratedClientsTest {
    private static final Path CLIENTS = Path.of("target/clients");
    private static final Path ROUNDS = Path.of("src/test/clients");
    private static final Path NODE_MODULES = Path.of("src/test/js/node_modules");
    private static final int PROCESS_MINUTES = 10;

    private static FakePushService push;
    private static TestServer server;

    @BeforeAll
    static void generate() throws Exception {
        run("scripts/generate-clients");
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
        if (push != null) {
            push.close();
        }
    }

    @Test
    void the_java_client_signs_in_sends_and_reads_what_became_of_it() throws Exception {
        var sources = sources(CLIENTS.resolve("java/src/main/java"), ".java");
        sources.add(ROUNDS.resolve("java/Round.java").toString());
        var arguments = Files.write(CLIENTS.resolve("java/sources"), sources);
        var classes = CLIENTS.resolve("java/classes").toString();
        run(java("javac"), "-d", classes, "-cp", System.getProperty("java.class.path"), "@" + arguments);
        var classPath = classes + File.pathSeparator + System.getProperty("java.class.path");
        assertWhole(round(java("java"), "-cp", classPath, "Round"));
    }

    @Test
    void the_typescript_client_signs_in_sends_and_reads_what_became_of_it() throws Exception {
        assumeThat(NODE_MODULES.resolve(".bin/tsc"))
                .as("npm tools; scripts/test installs them")
                .exists();
        var client = CLIENTS.resolve("typescript");
        Files.copy(ROUNDS.resolve("typescript/round.ts"), client.resolve("src/round.ts"));
        run(NODE_MODULES.resolve(".bin/tsc").toString(), "--strict", "-p", client.toString());
        assertWhole(round("node", client.resolve("dist/round.js").toString()));
    }

    private static void assertWhole(String said) {
        assertThat(said.lines())
                .containsExactly(
                        "one person is planned",
                        "the push service took it",
                        "one delivery is listed",
                        "it is the one to this browser",
                        "times and nulls are read",
                        "it is the last page",
                        "unknown ids answer 404",
                        "the problem has its code",
                        "the problem has its requestId");
    }

    private static String round(String... command) throws Exception {
        var key = server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
        var browser = push.subscribe(key);
        var all = new ArrayList<>(List.of(command));
        all.addAll(List.of(
                server.url(),
                TestServer.ADMIN_EMAIL,
                TestServer.ADMIN_PASSWORD,
                browser.endpoint(),
                browser.p256dh(),
                browser.auth()));
        var said = run(all.toArray(String[]::new));
        assertThat(browser.receipts()).as("the browser decrypted it").hasSize(1);
        return said;
    }

    private static String java(String program) {
        return Path.of(System.getProperty("java.home"), "bin", program).toString();
    }

    private static List<String> sources(Path folder, String ending) throws IOException {
        try (var files = Files.walk(folder)) {
            return new ArrayList<>(files.map(Path::toString)
                    .filter(name -> name.endsWith(ending))
                    .toList());
        }
    }

    /** What the program said on both streams; fails when it fails. */
    private static String run(String... command) throws Exception {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(PROCESS_MINUTES, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        return said;
    }
}
