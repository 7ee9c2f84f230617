package app.fathi;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.config.Config;
import app.fathi.platform.security.Secrets;
import app.fathi.testing.Closing;
import app.fathi.testing.ServerProcess;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process as an operator sees it: what it prints, and how it ends. */
@Tag("slow")
class MainTest {
    @TempDir
    Path folder;

    /** One start on nothing, and one on what it left, for all that needs a server of its own. */
    @Test
    void it_starts_on_nothing_lets_no_second_on_its_data_starts_again_after_kill_9_and_ends_in_order()
            throws Exception {
        try (var first = ServerProcess.start(folder, Map.of())) {
            var address = first.awaitReady();
            assertThat(get(address, "/health/live").statusCode()).isEqualTo(200);
            assertThat(get(address, "/health/ready").statusCode()).isEqualTo(200);
            assertThat(get(address, "/metrics").body()).contains("fathi_jvm_memory_used_bytes");
            assertThat(get(address, "/openapi.yaml").body()).startsWith("openapi: 3.1.0");
            assertRefused(Map.of(), "in use by another Fathi", "process " + first.pid(), "FATHI_DATA_DIR");
            assertThat(get(address, "/health/ready").statusCode())
                    .as("the first is left alone")
                    .isEqualTo(200);
            assertThat(first.errors()).isEmpty();
            first.kill();
        }
        // On a machine that speaks Turkish, where the i of a keyword is another letter in capitals.
        var turkish = Map.of("JDK_JAVA_OPTIONS", "-Duser.language=tr -Duser.country=TR");
        try (var second = ServerProcess.start(folder, turkish)) {
            second.awaitReady();
            second.terminate();
            assertThat(second.awaitExit()).isZero();
            assertThat(second.errors()).allMatch(line -> line.startsWith("NOTE: Picked up JDK_JAVA_OPTIONS"));
        }
        assertThat(folder.resolve("data/postgres/cluster/postmaster.pid")).doesNotExist();
    }

    @Test
    void a_port_in_use_ends_the_start_with_one_line() throws Exception {
        try (var database = TestDatabase.create();
                var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            var port = "" + taken.getLocalPort();
            assertRefused(with(database, "FATHI_HTTP_PORT", port), port, "in use", "FATHI_HTTP_PORT");
        }
    }

    @Test
    void a_wrong_setting_ends_the_start_with_one_line() {
        assertRefused(Map.of("FATHI_HTTP_PORT", "eighty"), "http.port", "'eighty'", "0 to 65535", "FATHI_HTTP_PORT");
    }

    @Test
    void an_unknown_setting_ends_the_start_with_one_line() {
        assertRefused(Map.of("FATHI_HTTP_PROT", "80"), "unknown setting FATHI_HTTP_PROT", "FATHI_HTTP_PORT?");
    }

    @Test
    void a_database_that_cannot_be_reached_ends_the_start_with_one_line() {
        assertRefused(
                Map.of("FATHI_DB_URL", "postgresql://127.0.0.1:1/fathi", "FATHI_DB_PASSWORD", "hunter2"),
                "127.0.0.1:1/fathi",
                "cannot be reached",
                "FATHI_DB_URL");
    }

    @Test
    void a_wrong_database_password_ends_the_start_with_one_line() {
        try (var database = TestDatabase.create()) {
            assertRefused(with(database, "FATHI_DB_PASSWORD", "hunter2"), "cannot be reached", "FATHI_DB_PASSWORD");
        }
    }

    @Test
    void a_wrong_or_missing_master_key_ends_the_start_with_one_line() throws Exception {
        try (var database = TestDatabase.create()) {
            sealedWith(database, key(1));
            assertRefused(with(database, "FATHI_MASTER_KEY", key(2)), "master key", "FATHI_MASTER_KEY");
            assertRefused(database.environment(), "master key", "FATHI_MASTER_KEY");
            assertThat(folder.resolve("data/master.key")).doesNotExist();
        }
    }

    /** As the first start of a server leaves it. */
    private static void sealedWith(TestDatabase database, String key) {
        var vertx = Vertx.vertx();
        try {
            Secrets.open(database.pool(vertx), Config.of(with(database, "FATHI_MASTER_KEY", key)))
                    .await();
        } finally {
            Closing.close(vertx);
        }
    }

    @Test
    void a_data_folder_that_cannot_be_made_ends_the_start_with_one_line() throws Exception {
        var file = Files.writeString(folder.resolve("file"), "");
        assertRefused(Map.of("FATHI_DATA_DIR", file.resolve("data").toString()), "FATHI_DATA_DIR");
    }

    @Test
    void a_contract_that_the_code_does_not_fit_ends_the_start_with_one_line() throws Exception {
        var overlay = Files.createDirectory(folder.resolve("overlay"));
        var contract = Files.readString(Path.of("openapi.yaml"));
        Files.writeString(
                overlay.resolve("openapi.yaml"), contract.replace("operationId: getMe\n", "operationId: getUs\n"));
        try (var database = TestDatabase.create();
                var server = ServerProcess.startWith(overlay, folder, database.environment())) {
            assertRefused(server, "getUs has no handler in users", "users handles getMe, which is not in the contract");
        }
    }

    /** One line on stderr that says all of it and no secret, nothing on stdout, an exit code that tells. */
    private void assertRefused(Map<String, String> environment, String... parts) {
        try (var server = ServerProcess.start(folder, environment)) {
            assertRefused(server, parts);
            assertThat(server.output()).isEmpty();
        }
    }

    private static void assertRefused(ServerProcess server, String... parts) {
        assertThat(server.awaitExit()).isNotZero();
        assertThat(server.errors()).singleElement().asString().contains(parts).doesNotContain("hunter2", key(2));
    }

    private static Map<String, String> with(TestDatabase database, String name, String value) {
        var environment = new HashMap<>(database.environment());
        environment.put(name, value);
        return environment;
    }

    private static String key(int octet) {
        var bytes = new byte[32];
        bytes[0] = (byte) octet;
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static HttpResponse<String> get(URI address, String path) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(address.resolve(path)).build(), HttpResponse.BodyHandlers.ofString());
        }
    }
}
