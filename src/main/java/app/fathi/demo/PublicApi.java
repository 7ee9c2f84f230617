package app.fathi.demo;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Fathi as everybody else sees it: over HTTP, with credentials. Whatever the demo does goes through here, so whatever it
 * shows can be done from any program.
 */
final class PublicApi {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** HTTP/1.1 because the server speaks nothing newer in clear text. */
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(TIMEOUT)
            .build();

    private final String baseUrl;

    PublicApi(String baseUrl) {
        this.baseUrl = baseUrl;
    }

    /** @param json empty when the answer had none */
    record Answer(int status, JsonObject json) {
        boolean isGood() {
            return status / 100 == 2;
        }

        /** Busy, or asked too often: to be asked again. */
        boolean isLater() {
            return status == 429 || status == 503;
        }

        /** What a problem says. */
        String detail() {
            return status + " " + json.getString("detail", json.encode());
        }
    }

    String baseUrl() {
        return baseUrl;
    }

    /**
     * Asks once; fails only when the server is not reached.
     *
     * @param headers names and values in turn
     */
    CompletableFuture<Answer> ask(String method, String path, JsonObject body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(baseUrl + path)).timeout(TIMEOUT);
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        if (body == null) {
            request.method(method, BodyPublishers.noBody());
        } else {
            request.header("Content-Type", "application/json")
                    .method(method, BodyPublishers.ofByteArray(body.toBuffer().getBytes()));
        }
        return http.sendAsync(request.build(), BodyHandlers.ofByteArray())
                .thenApply(response -> new Answer(response.statusCode(), json(response.body())));
    }

    private static JsonObject json(byte[] body) {
        try {
            return body.length == 0 ? new JsonObject() : new JsonObject(Buffer.buffer(body));
        } catch (DecodeException e) {
            return new JsonObject();
        }
    }
}
