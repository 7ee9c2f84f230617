package app.fathi;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.GeneratedClients;
import app.fathi.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What {@code scripts/generate-clients} makes from the contract compiles, and works against a real server. */
@Tag("slow")
class GeneratedClientsTest {
    private static final Path ROUNDS = Path.of("src/test/clients");

    private static FakePushService push;
    private static TestServer server;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    @Test
    void the_java_client_signs_in_sends_and_reads_what_became_of_it() throws Exception {
        var classPath = GeneratedClients.compileJava(ROUNDS.resolve("java"), Path.of("target/clients/java/round"));
        assertWhole(round(GeneratedClients.java("java"), "-cp", classPath, "Round"));
    }

    @Test
    void the_typescript_client_signs_in_sends_and_reads_what_became_of_it() throws Exception {
        var round = Files.readString(ROUNDS.resolve("typescript/round.ts"));
        var modules = GeneratedClients.compileTypescript(Path.of("target/clients/round"), Map.of("round", round));
        assertWhole(round("node", modules.resolve("round.js").toString()));
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
        var said = GeneratedClients.run(all.toArray(String[]::new));
        assertThat(browser.receipts()).as("the browser decrypted it").hasSize(1);
        return said;
    }
}
