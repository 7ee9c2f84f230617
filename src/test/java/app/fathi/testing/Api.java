package app.fathi.testing;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** A client of a server in another process, signed in as its administrator. Fails for every answer that is no success. */
public final class Api {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final URI address;
    private final String token;

    private Api(URI address, String token) {
        this.address = address;
        this.token = token;
    }

    public static Api signIn(URI address, String email, String password) {
        var login = new Api(address, null)
                .send(
                        "POST",
                        "/api/v1/auth/login",
                        new JsonObject().put("email", email).put("password", password));
        return new Api(address, login.getString("accessToken"));
    }

    /** The access token. */
    public String token() {
        return token;
    }

    public JsonObject get(String path) {
        return send("GET", path, null);
    }

    public JsonObject post(String path, JsonObject body) {
        return send("POST", path, body);
    }

    private JsonObject send(String method, String path, JsonObject body) {
        var request = HttpRequest.newBuilder(address.resolve(path))
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body.encode()));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            var answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() / 100 != 2) {
                throw new AssertionError(
                        method + " " + path + " answered " + answer.statusCode() + ": " + answer.body());
            }
            return answer.body().isEmpty() ? new JsonObject() : new JsonObject(answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
