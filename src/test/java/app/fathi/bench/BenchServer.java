package app.fathi.bench;

import app.fathi.testing.ServerProcess;
import app.fathi.testing.TestCertificate;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The whole server in a process of its own, with its embedded database and default settings, asked by its administrator. */
final class BenchServer implements AutoCloseable {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final String EMAIL = "bench@fathi.app";
    private static final String PASSWORD = "a password for a benchmark";

    private final Path folder;
    private final ServerProcess process;
    private final URI url;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .build();
    private final Account admin;

    private BenchServer(Path folder, ServerProcess process) {
        this.folder = folder;
        this.process = process;
        this.url = process.awaitReady();
        this.admin = signIn(EMAIL);
    }

    static BenchServer start() throws IOException {
        return start(Map.of());
    }

    /** @param more settings beside the default ones */
    static BenchServer start(Map<String, String> more) throws IOException {
        var folder = Files.createTempDirectory("bench-server");
        var settings = new HashMap<>(Map.of(
                "FATHI_ADMIN_EMAIL",
                EMAIL,
                "FATHI_ADMIN_PASSWORD",
                PASSWORD,
                "FATHI_VAPID_SUBJECT",
                "mailto:bench@fathi.app",
                // A run takes longer than a token lives.
                "FATHI_SECURITY_ACCESS_TOKEN_SECONDS",
                "3600",
                "FATHI_OUTBOUND_ALLOW",
                "127.0.0.0/8",
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                TestCertificate.get().pem().toAbsolutePath().toString()));
        settings.putAll(more);
        return new BenchServer(folder, ServerProcess.start(folder, settings));
    }

    Path folder() {
        return folder;
    }

    long pid() {
        return process.pid();
    }

    URI url() {
        return url;
    }

    Account admin() {
        return admin;
    }

    /** A workspace of its own; there is no way by the API yet. */
    Account adminOfAnotherWorkspace() throws SQLException, IOException {
        var email = "other@fathi.app";
        try (var connection = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + databasePort() + "/fathi", "fathi", databasePassword());
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    """
                    INSERT INTO users_workspace (id, name, timezone, language, identity_key)
                    VALUES (gen_random_uuid(), 'Other', 'UTC', 'en', '')
                    """);
            statement.execute(
                    """
                    INSERT INTO users_account (id, email, email_folded, name, password_hash)
                    SELECT gen_random_uuid(), '%1$s', '%1$s', 'Other', password_hash FROM users_account LIMIT 1
                    """
                            .formatted(email));
            statement.execute(
                    """
                    INSERT INTO users_membership (account, ws)
                    SELECT a.id, w.no FROM users_account a, users_workspace w WHERE a.name = 'Other' AND w.name = 'Other'
                    """);
            statement.execute(
                    "INSERT INTO roles_assignment (ws, account, role) SELECT m.ws, m.account, 'administrator' "
                            + "FROM users_membership m JOIN users_workspace w ON w.no = m.ws WHERE w.name = 'Other'");
            connection.commit();
        }
        return signIn(email);
    }

    /** Of the embedded database, whose superuser may not be asked from outside. */
    int databasePort() throws IOException {
        var location = Path.of(
                Files.readString(folder.resolve("data/postgres.location")).strip());
        return Integer.parseInt(
                Files.readAllLines(location.resolve("cluster/postmaster.pid")).get(3));
    }

    String databasePassword() throws IOException {
        return Files.readString(folder.resolve("data/postgres.password")).strip();
    }

    private Account signIn(String email) {
        var login = new JsonObject().put("email", email).put("password", PASSWORD);
        return new Account(answer(request("POST", "/api/v1/auth/login", login)).getString("accessToken"));
    }

    private HttpRequest.Builder request(String method, String path, JsonObject body) {
        return HttpRequest.newBuilder(url.resolve(path))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body.encode()))
                .header("Content-Type", "application/json");
    }

    private JsonObject answer(HttpRequest.Builder request) {
        return new JsonObject(send(request).body());
    }

    private String etag(HttpRequest.Builder request) {
        return send(request).headers().firstValue("ETag").orElseThrow();
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            var answer = http.send(request.build(), BodyHandlers.ofString());
            if (answer.statusCode() >= 300) {
                throw new IllegalStateException(answer + ": " + answer.body());
            }
            return answer;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Somebody who may do everything in a workspace. */
    final class Account {
        private final String token;

        private Account(String token) {
            this.token = token;
        }

        String token() {
            return token;
        }

        String vapidKey() {
            return ask("GET", "/api/v1/webpush/key", null).getString("publicKey");
        }

        /** Fails when it is not answered well. */
        JsonObject ask(String method, String path, JsonObject body) {
            return answer(request(method, path, body).header("Authorization", "Bearer " + token));
        }

        /** Changes what is there in the version that is read before. */
        JsonObject askAsRead(String method, String path, String read, JsonObject body) {
            var etag = etag(request("GET", read, null).header("Authorization", "Bearer " + token));
            return answer(request(method, path, body)
                    .header("Authorization", "Bearer " + token)
                    .header("If-Match", etag));
        }

        /** One marketing message with a variable to these subscriptions; its id. */
        String send(List<String> subscriptions) {
            var draft = new JsonObject()
                    .put("audience", new JsonObject().put("subscriptionIds", new JsonArray(subscriptions)))
                    .put("purpose", "marketing")
                    .put(
                            "content",
                            new JsonObject()
                                    .put("title", "Hello {{ traits.firstName | default: 'there' }}")
                                    .put("body", "The quick brown fox jumps over the lazy dog, and again.")
                                    .put("url", "https://shop.example/"));
            return ask("POST", "/api/v1/webpush/messages", draft).getString("id");
        }

        boolean isCompleted(String message) {
            return status(message).getString("state").equals("completed");
        }

        /** Fails when not all of it was accepted. */
        void awaitCompleted(String message) {
            while (!isCompleted(message)) {
                LockSupport.parkNanos(POLL_NANOS);
            }
            var counts = status(message).getJsonObject("counts");
            if (!counts.getLong("accepted").equals(counts.getLong("planned"))) {
                throw new IllegalStateException("not everything was accepted: " + counts.encode());
            }
        }

        private JsonObject status(String message) {
            return ask("GET", "/api/v1/webpush/messages/" + message, null);
        }

        /**
         * Browsers that subscribed elsewhere are imported; for a workspace that has none yet.
         *
         * @param lines {@code PushSubscription.toJSON()}, and a {@code userId} where it has one
         * @return the ids of the subscriptions, in no order
         */
        List<String> subscribe(List<String> lines) {
            Report.progress("%,d browsers subscribe", lines.size());
            var key = ask("GET", "/api/v1/webpush/key", null);
            var started = answer(HttpRequest.newBuilder(
                            url.resolve("/api/v1/webpush/subscriptions/import?keyId=" + key.getString("id")))
                    .POST(HttpRequest.BodyPublishers.ofString(String.join("\n", lines)))
                    .header("Content-Type", "application/x-ndjson")
                    .header("Authorization", "Bearer " + token));
            var path = "/api/v1/webpush/imports/" + started.getString("id");
            var done = ask("GET", path, null);
            while (!done.getString("state").equals("completed")) {
                LockSupport.parkNanos(POLL_NANOS);
                done = ask("GET", path, null);
            }
            var ids = new ArrayList<String>();
            var cursor = "";
            while (cursor != null) {
                var page = ask("GET", "/api/v1/webpush/subscriptions?limit=200" + cursor, null);
                page.getJsonArray("items").forEach(one -> ids.add(((JsonObject) one).getString("id")));
                cursor = page.getString("nextCursor") == null ? null : "&cursor=" + page.getString("nextCursor");
            }
            if (ids.size() != lines.size()) {
                throw new IllegalStateException("only " + ids.size() + " could subscribe: " + done.encode());
            }
            return ids;
        }
    }

    /** In good order: what its database has used is counted with it when it has waited for its end. */
    @Override
    public void close() {
        process.terminate();
        process.awaitExit();
        process.close();
    }
}
