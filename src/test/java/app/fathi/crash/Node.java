package app.fathi.crash;

import app.fathi.testing.ServerProcess;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;

/** A server process, and the administrator who asks it. Requests fail with an {@link UncheckedIOException} once it is dead. */
public final class Node implements AutoCloseable {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final ServerProcess process;
    private URI address;
    private String token;

    private Node(ServerProcess process) {
        this.process = process;
    }

    /** Starts the process and returns at once. */
    public static Node start(Path folder, Map<String, String> settings) {
        return new Node(ServerProcess.start(folder, settings));
    }

    public Node awaitReady() {
        address = process.awaitReady();
        var login = new JsonObject().put("email", TestServer.ADMIN_EMAIL).put("password", TestServer.ADMIN_PASSWORD);
        token = must(200, post("/api/v1/auth/login", login)).getString("accessToken");
        return this;
    }

    public ServerProcess process() {
        return process;
    }

    public TestServer.Answer get(String path) {
        return ask(request(path).GET());
    }

    public TestServer.Answer post(String path, JsonObject body, String... headers) {
        var request = withBody(path, "POST", body);
        return ask(headers.length == 0 ? request : request.headers(headers));
    }

    public TestServer.Answer put(String path, JsonObject body) {
        return ask(withBody(path, "PUT", body));
    }

    public TestServer.Answer upload(String path, String type, String file) {
        return ask(request(path).header("Content-Type", type).POST(HttpRequest.BodyPublishers.ofString(file)));
    }

    private HttpRequest.Builder withBody(String path, String method, JsonObject body) {
        return request(path)
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body.encode()));
    }

    private HttpRequest.Builder request(String path) {
        var request = HttpRequest.newBuilder(address.resolve(path));
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private static TestServer.Answer ask(HttpRequest.Builder request) {
        try {
            var answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new TestServer.Answer(answer.statusCode(), answer.headers().map(), answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The body of an answer that must have this status. */
    public static JsonObject must(int status, TestServer.Answer answer) {
        if (answer.status() != status) {
            throw new AssertionError(answer.status() + " instead of " + status + ": " + answer.body());
        }
        return answer.json();
    }

    /** A counter or gauge without regard to its labels; 0 when there is none yet. */
    public double metric(String name) {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Override
    public void close() {
        process.close();
    }
}
