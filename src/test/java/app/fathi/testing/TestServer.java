package app.fathi.testing;

import app.fathi.App;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Pools;
import app.fathi.platform.health.Health;
import app.fathi.platform.health.Metrics;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The whole server in this JVM, on a free port and a fresh database, with an administrator's token at hand. Requests go
 * over real HTTP with the JDK's client, and every answer is held to the contract: see {@link AnswerCheck}.
 */
public final class TestServer implements AutoCloseable {
    public static final String ADMIN_EMAIL = "admin@fathi.test";
    public static final String ADMIN_PASSWORD = "quite a long test password";

    private static final AnswerCheck ANSWER_CHECK = new AnswerCheck();

    private final Vertx vertx = Vertx.vertx();
    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final HttpClient http = HttpClient.newHttpClient();
    private final Metrics metrics = new Metrics();
    private final TestDatabase database;
    private final Pools pools;
    private final App app;
    private final String token;
    private final Map<String, String> environment;
    private final boolean ownsDatabase;

    private TestServer(
            TestDatabase database, boolean ownsDatabase, Map<String, String> settings, Consumer<Router> morePages) {
        Language.aServerIsThere();
        this.database = database;
        this.ownsDatabase = ownsDatabase;
        this.environment = new HashMap<>(database.environment());
        environment.putAll(Map.of(
                "FATHI_HTTP_PORT", "0",
                "FATHI_HTTP_EVENT_LOOPS", "1",
                "FATHI_DATA_DIR", temporaryFolder(),
                "FATHI_ADMIN_EMAIL", ADMIN_EMAIL,
                "FATHI_ADMIN_PASSWORD", ADMIN_PASSWORD,
                "FATHI_VAPID_SUBJECT", "mailto:push@fathi.dev",
                "FATHI_OUTBOUND_ALLOW", "127.0.0.0/8"));
        // Tests ask more often than anybody should, all from one address.
        for (var category : List.of("API", "SEND", "ANALYTICS", "INGEST", "LOGIN", "BROWSER", "REFUSED")) {
            environment.put("FATHI_RATES_" + category + "_PER_MINUTE", "1000000");
        }
        environment.putAll(settings);
        var config = QuickPasswords.in(Config.of(environment));
        this.pools = Pools.open(vertx, config.db(), database.address());
        var health = new Health(vertx);
        this.app = new App(vertx, config, pools, health, metrics, morePages);
        try {
            app.start().await(60, TimeUnit.SECONDS);
        } catch (java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException("The server does not start", e);
        }
        health.serving();
        this.token = signIn(ADMIN_EMAIL);
    }

    public static TestServer start(Map<String, String> settings) {
        return start(settings, router -> {});
    }

    /** @param morePages what is served beside the product */
    public static TestServer start(Map<String, String> settings, Consumer<Router> morePages) {
        return new TestServer(TestDatabase.create(), true, settings, morePages);
    }

    /**
     * Another node on the same database, with the same master key, and no bus between the two: what it learns, it reads. To be
     * closed before this one.
     */
    public TestServer another(Map<String, String> settings) {
        var all = new HashMap<>(environment);
        all.putAll(settings);
        return new TestServer(database, false, all, router -> {});
    }

    public record Answer(int status, Map<String, java.util.List<String>> headers, String body) {
        public JsonObject json() {
            return new JsonObject(body);
        }

        public String header(String name) {
            return headers.entrySet().stream()
                    .filter(header -> header.getKey().equalsIgnoreCase(name))
                    .map(header -> header.getValue().getFirst())
                    .findFirst()
                    .orElse(null);
        }
    }

    public String url() {
        return app.baseUrl();
    }

    public String writeKey() {
        return app.firstRun().writeKey();
    }

    public String token() {
        return token;
    }

    /** What this server has answered so far: operation ids, each with a status. */
    public Set<String> seen() {
        return Set.copyOf(seen);
    }

    public TestDatabase database() {
        return database;
    }

    /** As the administrator. */
    public Answer admin(String method, String path, JsonObject body, String... headers) {
        return send(method, path, token, body, headers);
    }

    /** The access token of an administrator of another workspace of this server; made anew by each call. */
    public String otherWorkspace() {
        var email = "other-" + java.util.UUID.randomUUID() + "@fathi.test";
        database.execute(
                """
                WITH w AS (
                  INSERT INTO users_workspace (id, name, timezone, language, identity_key)
                  VALUES (gen_random_uuid(), 'Other', 'UTC', 'en', '') RETURNING no),
                a AS (
                  INSERT INTO users_account (id, email, email_folded, name, password_hash)
                  SELECT gen_random_uuid(), '%1$s', '%1$s', 'Other', password_hash FROM users_account LIMIT 1 RETURNING id),
                m AS (INSERT INTO users_membership (account, ws) SELECT id, no FROM a, w)
                INSERT INTO roles_assignment (ws, account, role) SELECT no, id, 'administrator' FROM a, w
                """
                        .formatted(email));
        return signIn(email);
    }

    /** The access token of a new account of our workspace with this role alone. */
    public String member(String role) {
        var email = "member-" + java.util.UUID.randomUUID() + "@fathi.test";
        database.execute(
                """
                WITH w AS (SELECT min(no) AS no FROM users_workspace),
                a AS (
                  INSERT INTO users_account (id, email, email_folded, name, password_hash)
                  SELECT gen_random_uuid(), '%1$s', '%1$s', 'Member', password_hash FROM users_account LIMIT 1 RETURNING id),
                m AS (INSERT INTO users_membership (account, ws) SELECT id, no FROM a, w)
                INSERT INTO roles_assignment (ws, account, role) SELECT no, id, '%2$s' FROM a, w
                """
                        .formatted(email, role));
        return signIn(email);
    }

    private String signIn(String email) {
        return send(
                        "POST",
                        "/api/v1/auth/login",
                        null,
                        new JsonObject().put("email", email).put("password", ADMIN_PASSWORD))
                .json()
                .getString("accessToken");
    }

    /** As a browser with the write key. */
    public Answer browser(String method, String path, JsonObject body, String... headers) {
        var all = new String[headers.length + 2];
        System.arraycopy(headers, 0, all, 0, headers.length);
        all[headers.length] = "X-Write-Key";
        all[headers.length + 1] = writeKey();
        return send(method, path, null, body, all);
    }

    public Answer send(String method, String path, String bearer, JsonObject body, String... headers) {
        return raw(method, path, bearer, body == null ? null : body.encode(), headers);
    }

    /** The body as it stands, as JSON unless a header says otherwise. */
    public Answer raw(String method, String path, String bearer, String body, String... headers) {
        return octets(
                method,
                path,
                bearer,
                body == null ? null : body.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                headers);
    }

    /** The same for a body that is no text. */
    public Answer octets(String method, String path, String bearer, byte[] body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(url() + path))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        var typed = false;
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
            typed |= headers[i].equalsIgnoreCase("Content-Type");
        }
        if (body != null && !typed) {
            request.header("Content-Type", "application/json");
        }
        if (bearer != null) {
            request.header("Authorization", "Bearer " + bearer);
        }
        try {
            var built = request.build();
            var response = http.send(built, EventStream.whatComes());
            var answer = new Answer(response.statusCode(), response.headers().map(), response.body());
            ANSWER_CHECK.check(method, built.uri(), answer).ifPresent(seen::add);
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        app.stop().await();
        pools.close().await();
        Closing.close(vertx);
        metrics.close();
        if (ownsDatabase) {
            database.close();
        }
        Language.aServerIsGone();
    }

    private static String temporaryFolder() {
        try {
            return Files.createTempDirectory("fathi-test").toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
