package app.fathi.testing;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;

/** npm {@code web-push-testing}: a push service that nobody here wrote, so it shares none of our misreadings. */
public final class NpmPushService implements AutoCloseable {
    private static final Path SCRIPT = Path.of("src/test/js/mock-push-service.cjs");

    private final HttpClient http = HttpClient.newHttpClient();
    private final int port;
    private final Process process;

    private NpmPushService(int port, Process process) {
        this.port = port;
        this.process = process;
    }

    public static NpmPushService start() {
        try {
            int port;
            try (var free = new ServerSocket(0)) {
                port = free.getLocalPort();
            }
            var process = new ProcessBuilder("node", SCRIPT.toString(), "" + port)
                    .redirectErrorStream(true)
                    .start();
            awaitReady(process.inputReader());
            return new NpmPushService(port, process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitReady(BufferedReader output) throws IOException {
        var said = new StringBuilder();
        for (var line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("Server running on port")) {
                // What it prints later must not fill the pipe.
                Thread.ofVirtual().start(() -> output.lines().forEach(ignored -> {}));
                return;
            }
            said.append(line).append('\n');
        }
        throw new IllegalStateException("web-push-testing does not start (scripts/test installs it):\n" + said);
    }

    /** @param json as {@code PushSubscription.toJSON()} */
    public record Browser(String clientHash, JsonObject json) {}

    public Browser subscribe(String applicationServerKey) {
        var data = post(
                        "/subscribe",
                        new JsonObject()
                                .put("userVisibleOnly", "true")
                                .put("applicationServerKey", applicationServerKey))
                .getJsonObject("data");
        var hash = data.getString("clientHash");
        return new Browser(
                hash,
                new JsonObject()
                        .put("endpoint", "http://127.0.0.1:" + port + "/notify/" + hash)
                        .put("keys", data.getJsonObject("keys")));
    }

    /** The plaintexts that it could decrypt and whose sender it believed. */
    public List<String> messages(Browser browser) {
        var data = post("/get-notifications", new JsonObject().put("clientHash", browser.clientHash()))
                .getJsonObject("data", new JsonObject());
        return data.getJsonArray("messages", new JsonArray()).stream()
                .map(String.class::cast)
                .toList();
    }

    /** From now on it answers 410. */
    public void expire(Browser browser) {
        post("/expire-subscription/" + browser.clientHash(), new JsonObject());
    }

    private JsonObject post(String path, JsonObject body) {
        try {
            var answer = http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                            .header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString(body.encode()))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new AssertionError(path + " answered " + answer.statusCode() + ": " + answer.body());
            }
            return answer.body().startsWith("{") ? new JsonObject(answer.body()) : new JsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
