package app.fathi.crash;

import static app.fathi.crash.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.ServerProcess;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that reads a large file dies by {@code kill -9} in the middle of it, and starts again on the same folder. */
@Tag("chaos")
class KilledImportTest {
    private static final int ROWS = 15_000;
    private static final String PASSWORD = "quite a long test password";
    private static final String KEYS = "auth,p256dh,userId,endpoint\n";
    private static final String ROW =
            "BTBZMqHH6r4Tts7J_aSIgg,BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4,person-%d,https://fcm.googleapis.com/fcm/send/%d\n";

    @TempDir
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private URI address;
    private String token;

    /** As root the database runs as somebody else, who has to get to it. */
    @BeforeEach
    void letThrough() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @Test
    void a_file_that_was_half_read_is_read_to_its_end_and_no_row_of_it_twice() throws Exception {
        var environment = Map.of("FATHI_ADMIN_PASSWORD", PASSWORD, "FATHI_JOBS_LEASE_SECONDS", "5");
        final String path;
        try (var first = ServerProcess.start(folder, environment)) {
            signIn(first);
            var key = get("/api/v1/webpush/key").getString("id");
            var taken = send("POST", "/api/v1/webpush/subscriptions/import?keyId=" + key, file(), "text/csv");
            path = "/api/v1/webpush/imports/" + taken.getString("id");
            eventually("a part of it", () -> rows(path) > 0);
            first.kill();
        }
        try (var again = ServerProcess.start(folder, environment)) {
            signIn(again);
            assertThat(rows(path)).as("it was in the middle").isLessThan(ROWS);
            eventually("the rest of it", () -> get(path).getString("state").equals("completed"));
            assertThat(get(path).getJsonObject("counts").getMap())
                    .containsEntry("created", ROWS)
                    .containsEntry("faulty", 0);
            var keys = get("/api/v1/webpush/keys").getJsonArray("items").getJsonObject(0);
            assertThat(keys.getJsonObject("subscriptions").getInteger("active")).isEqualTo(ROWS);
        }
    }

    private int rows(String path) {
        return get(path).getJsonObject("counts").getInteger("rows");
    }

    private static String file() {
        var file = new StringBuilder(KEYS);
        for (int i = 0; i < ROWS; i++) {
            file.append(ROW.formatted(i, i));
        }
        return file.toString();
    }

    private void signIn(ServerProcess process) {
        address = process.awaitReady();
        token = null;
        token = send(
                        "POST",
                        "/api/v1/auth/login",
                        new JsonObject()
                                .put("email", "admin@localhost")
                                .put("password", PASSWORD)
                                .encode(),
                        "application/json")
                .getString("accessToken");
    }

    private JsonObject get(String path) {
        return send("GET", path, "", "application/json");
    }

    private JsonObject send(String method, String path, String body, String type) {
        var request = HttpRequest.newBuilder(address.resolve(path))
                .header("Content-Type", type)
                .method(
                        method,
                        method.equals("GET")
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            var answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
            return new JsonObject(answer.body());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
