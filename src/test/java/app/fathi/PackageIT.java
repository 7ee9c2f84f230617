package app.fathi;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Api;
import app.fathi.testing.FakePushService;
import app.fathi.testing.ServerProcess;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archive as somebody gets it who has no JDK: unpacked in another place it starts and pushes. */
class PackageIT {
    /** What a start may need of the machine it finds itself on; the last ones are for root, as whom no database runs. */
    private static final List<String> PROGRAMS =
            List.of("bash", "sh", "env", "readlink", "dirname", "setsid", "setpriv", "true");

    @TempDir
    Path folder;

    @Test
    void the_archive_starts_and_pushes_where_there_is_no_java() throws Exception {
        // As root the database runs as somebody else, who has to get to it.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        run("scripts/package", "--as-built");
        var archive = only(Path.of("target"), "fathi-*.tar.gz");
        run("tar", "-C", folder.toString(), "-xzf", archive.toString());
        var home = only(folder, "fathi-*");
        var work = Files.createDirectory(folder.resolve("work"));
        try (var push = FakePushService.start();
                var server = ServerProcess.startUnpacked(home.resolve("bin/fathi"), work, settings(push))) {
            var address = server.awaitReady();
            assertThat(Files.readString(Path.of("/proc/" + server.pid() + "/maps")))
                    .as("it runs on the runtime of the archive, with its cache of classes")
                    .contains(
                            home.resolve("runtime") + "/",
                            home.resolve("fathi.aot").toString())
                    .doesNotContain(System.getProperty("java.home") + "/");
            var api = Api.signIn(address, TestServer.ADMIN_EMAIL, TestServer.ADMIN_PASSWORD);
            var browser = push.subscribe(api.get("/api/v1/webpush/key").getString("publicKey"));
            var subscription = api.post("/api/v1/webpush/subscriptions", browser.toJson());
            var message = api.post(
                    "/api/v1/webpush/messages",
                    new JsonObject()
                            .put(
                                    "audience",
                                    new JsonObject()
                                            .put("subscriptionIds", new JsonArray().add(subscription.getString("id"))))
                            .put("purpose", "marketing")
                            .put("content", new JsonObject().put("title", "From the archive")));
            eventually("the push", browser::receipts, receipts -> receipts.size() == 1);
            assertThat(browser.receipts().getFirst().json().encode()).contains("From the archive");
            eventually(
                    "its end in the ledger",
                    () -> api.get("/api/v1/webpush/messages/" + message.getString("id"))
                            .getString("state"),
                    "completed"::equals);
            var doctor = new ProcessBuilder(home.resolve("bin/fathi").toString(), "doctor", "--json")
                    .directory(work.toFile())
                    .redirectErrorStream(true);
            doctor.environment().keySet().removeIf(name -> name.startsWith("FATHI_"));
            doctor.environment().put("PATH", folder.resolve("path").toString());
            var found =
                    new JsonObject(new String(doctor.start().getInputStream().readAllBytes()));
            assertThat(found.getJsonArray("checks").stream().map(JsonObject.class::cast))
                    .as("what the operator's tool finds")
                    .anyMatch(check -> check.getString("name").equals("database")
                            && check.getString("status").equals("ok"));
            server.terminate();
            assertThat(server.awaitExit()).isZero();
            assertThat(server.errors()).isEmpty();
        }
    }

    private Map<String, String> settings(FakePushService push) throws IOException {
        return Map.of(
                "PATH",
                path().toString(),
                "FATHI_ADMIN_EMAIL",
                TestServer.ADMIN_EMAIL,
                "FATHI_ADMIN_PASSWORD",
                TestServer.ADMIN_PASSWORD,
                "FATHI_VAPID_SUBJECT",
                "mailto:it@fathi.app",
                "FATHI_OUTBOUND_ALLOW",
                "127.0.0.0/8",
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                push.certificate().toAbsolutePath().toString());
    }

    /** A folder with a shell and little else; no java. */
    private Path path() throws IOException {
        var bin = Files.createDirectory(folder.resolve("path"));
        for (var name : PROGRAMS) {
            var program = Arrays.stream(System.getenv("PATH").split(":"))
                    .map(place -> Path.of(place, name))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElseThrow();
            Files.createSymbolicLink(bin.resolve(name), program);
        }
        return bin;
    }

    private static Path only(Path folder, String glob) throws IOException {
        try (var found = Files.newDirectoryStream(folder, glob)) {
            var paths = found.iterator();
            var only = paths.next();
            assertThat(paths.hasNext()).as("more than one " + glob).isFalse();
            return only;
        }
    }

    private static void run(String... command) throws Exception {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();
    }
}
