package app.fathi.access;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.http.Contract;
import app.fathi.platform.logging.LineEncoder;
import app.fathi.testing.Authenticator;
import app.fathi.testing.ContractRequests;
import app.fathi.testing.ContractRequests.Request;
import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.RawConnection;
import app.fathi.testing.RudeMailServer;
import app.fathi.testing.TestCertificate;
import app.fathi.testing.TestServer;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Known values stand wherever something secret or personal can be: in settings, bodies, addresses and headers, in requests
 * that are right and in many that are wrong. Every operation is asked, while all works and while the database, the push
 * service and the mail server fail and quote what they were given. Then everything is searched that is kept or shown to
 * others: the log at its most talkative in both formats, what others are answered, metrics, the trail, the reasons of what
 * failed.
 */
class PlantedValuesTest {
    private static final ContractRequests REQUESTS = new ContractRequests(Contract.load());
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";
    private static final Pattern LINK = Pattern.compile("/account#(?:invitation|reset)=(\\S+)");
    /** The path that was asked for is told to who asked for it, and to nobody else. */
    private static final Pattern INSTANCE = Pattern.compile("\"instance\":\"[^\"]*\"");

    /** What nobody may see who does not hold it. */
    private static final Map<String, String> SECRETS = new LinkedHashMap<>();
    /** What is somebody's own. */
    private static final Map<String, String> PERSONAL = new LinkedHashMap<>();

    private static final String LEAF = "planted7313leaf";
    private static final String TYPED = "planted 8221 typed as a password";
    private static final String TYPED_HEADER = "planted8221header";

    private static final List<String> LOG = new CopyOnWriteArrayList<>();
    private static final List<String> TOLD = new ArrayList<>();

    private static FakePushService push;
    private static RudeMailServer mail;
    private static TestServer server;
    private static RawConnection connection;
    private static Connection database;
    private static Things things;
    private static String token;

    @BeforeAll
    static void plant_and_drive() throws Exception {
        listen();
        push = FakePushService.start();
        mail = RudeMailServer.start(RudeMailServer.Encryption.AT_ONCE, TestCertificate.get());
        var master = "planted master key of 32 octets!".getBytes(StandardCharsets.US_ASCII);
        secret("master key", Base64.getEncoder().encodeToString(master));
        secret("password of the mail server", "planted-5521-smtp");
        secret(
                "the same as it is shown there",
                Base64.getEncoder()
                        .encodeToString("\0planted-user\0planted-5521-smtp".getBytes(StandardCharsets.US_ASCII)));
        server = TestServer.start(Map.of(
                "FATHI_MASTER_KEY", SECRETS.get("master key"),
                "FATHI_SMTP_URL", "smtps://planted-user:planted-5521-smtp@127.0.0.1:" + mail.port(),
                "FATHI_SMTP_FROM", "Fathi <fathi@example.com>",
                "FATHI_JOBS_BACKOFF_MILLIS", "20",
                "FATHI_JOBS_POLL_MILLIS", "50",
                "FATHI_JOBS_BACKOFF_LIMIT_SECONDS", "1",
                "FATHI_STREAM_POLL_MILLIS", "50",
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        var address = server.database().address();
        database = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
        secret("password of the database", address.password());
        secret("password of the administrator", TestServer.ADMIN_PASSWORD);
        secret("a typed password", TYPED);
        secret("something in a header that authorises", TYPED_HEADER);
        personal("of a person", Things.PLANTED);
        personal("anywhere in a request", LEAF);
        connection = RawConnection.to(server.url());
        token = server.token();
        secret("access token", token);
        // Who has signed in keeps the connection for a while: it is the first mail that is refused.
        mail.refuse(RudeMailServer.Refusal.LOGIN);
        things = Things.make(server, push);
        mails();
        people();
        ids();
        keys();
        pushes();
        everyOperation(PlantedValuesTest::wrong);
        failingDatabase();
    }

    @AfterAll
    static void stop() throws SQLException {
        database.close();
        connection.close();
        server.close();
        mail.close();
        push.close();
        var ours = (Logger) LoggerFactory.getLogger("app.fathi");
        ours.detachAppender("planted");
        ours.setLevel(null);
        ours.setAdditive(true);
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).detachAppender("planted");
    }

    private static void secret(String what, String value) {
        assertThat(value).as(what).hasSizeGreaterThan(12);
        SECRETS.put(what, value);
    }

    private static void personal(String what, String value) {
        assertThat(value).as(what).hasSizeGreaterThan(12);
        PERSONAL.put(what, value);
    }

    // --- the log --------------------------------------------------------------------------------------------------

    /** As {@code log.level: trace} sets it up: of ours everything, of libraries their warnings. */
    private static void listen() throws IOException {
        var root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
        var configuration = new String(
                PlantedValuesTest.class.getResourceAsStream("/conf/logback.xml").readAllBytes(),
                StandardCharsets.UTF_8);
        var pattern = Pattern.compile("name=\"pattern\" value=\"([^\"]+)\"").matcher(configuration);
        assertThat(pattern.find()).isTrue();
        var formats = new ArrayList<LineEncoder>();
        for (var format : List.of("text", "json")) {
            var encoder = new LineEncoder();
            encoder.setContext(root.getLoggerContext());
            encoder.setFormat(format);
            encoder.setPattern(pattern.group(1).replace("%request", ""));
            encoder.start();
            formats.add(encoder);
        }
        var appender = new AppenderBase<ILoggingEvent>() {
            @Override
            protected void append(ILoggingEvent line) {
                formats.forEach(format -> LOG.add(new String(format.encode(line), StandardCharsets.UTF_8)));
            }
        };
        appender.setName("planted");
        appender.setContext(root.getLoggerContext());
        appender.start();
        var ours = (Logger) LoggerFactory.getLogger("app.fathi");
        ours.setLevel(Level.TRACE);
        // Hundreds of failures are wanted here: they need not be read on the console.
        ours.setAdditive(false);
        ours.addAppender(appender);
        root.addAppender(appender);
    }

    // --- what goes on ---------------------------------------------------------------------------------------------

    private static TestServer.Answer ask(String method, String path, String bearer, String body, String... headers) {
        var lines = new ArrayList<String>();
        for (int i = 0; i < headers.length; i += 2) {
            lines.add(headers[i] + ": " + headers[i + 1]);
        }
        if (bearer != null) {
            lines.add("Authorization: Bearer " + bearer);
        }
        if (body != null && lines.stream().noneMatch(line -> line.startsWith("Content-Type"))) {
            lines.add("Content-Type: application/json");
        }
        var answer = connection.ask(method, path, lines, body == null ? null : body.getBytes(StandardCharsets.UTF_8));
        if ("close".equalsIgnoreCase(answer.header("Connection"))) {
            connection.close();
            connection = RawConnection.to(server.url());
        }
        return told(answer, method + " " + path + " " + body + " " + lines);
    }

    private static TestServer.Answer post(String path, String bearer, JsonObject body, String... headers) {
        return ask("POST", path, bearer, body.encode(), headers);
    }

    /** Who is refused learns no secret, not even their own, and nothing of a person that they did not name themselves. */
    private static TestServer.Answer told(TestServer.Answer answer, String request) {
        if (answer.status() >= 400) {
            var said = INSTANCE.matcher(answer.body()).replaceAll("") + answer.headers();
            SECRETS.forEach((what, value) -> found(said, what, value, "the answer to " + request));
            PERSONAL.forEach((what, value) -> {
                if (!request.contains(value)) {
                    found(said, what, value, "the answer to " + request);
                }
            });
        }
        return answer;
    }

    private static void found(String text, String what, String value, String where) {
        if (text.contains(value)) {
            TOLD.add(what + " stands in " + where + ": " + text);
        }
    }

    private static void people() {
        var auth = "/api/v1/auth";
        for (var email : List.of(TestServer.ADMIN_EMAIL, LEAF + "@secret.example")) {
            post(auth + "/login", null, new JsonObject().put("email", email).put("password", TYPED));
        }
        post(auth + "/refresh", null, new JsonObject().put("refreshToken", "frt_" + TYPED_HEADER));
        var mine = server.member("analyst");
        secret("another's access token", mine);
        post(
                auth + "/password",
                mine,
                new JsonObject().put("currentPassword", TYPED).put("newPassword", TYPED + "!"));
        var tokens = post(
                        auth + "/login",
                        null,
                        new JsonObject()
                                .put("email", TestServer.ADMIN_EMAIL)
                                .put("password", TestServer.ADMIN_PASSWORD))
                .json();
        var refresh = new JsonObject().put("refreshToken", tokens.getString("refreshToken"));
        secret("refresh token", tokens.getString("refreshToken"));
        for (int twice = 0; twice < 2; twice++) {
            post(auth + "/refresh", null, refresh);
        }
        var password = new JsonObject().put("password", TestServer.ADMIN_PASSWORD);
        var totp = post(auth + "/totp", mine, password).json();
        secret("second factor", totp.getString("secret"));
        var phone = Authenticator.of(totp.getString("secret"));
        post(auth + "/totp/confirm", mine, new JsonObject().put("code", "000000"));
        var codes = post(auth + "/totp/confirm", mine, new JsonObject().put("code", phone.code(-1)))
                .json()
                .getJsonArray("recoveryCodes");
        for (int i = 0; i < codes.size(); i++) {
            SECRETS.put("recovery code " + i, codes.getString(i));
        }
        var draft = new JsonObject().put("name", "planted").put("permissions", new JsonArray().add("messages:read"));
        var key = post("/api/v1/api-keys", token, draft);
        secret("API key", key.json().getString("secret"));
        ask("GET", "/api/v1/auth/me", SECRETS.get("API key"), null);
        ask("GET", "/api/v1/jobs", SECRETS.get("API key"), null);
        secret(
                "its next secret",
                post(key.header("Location") + "/rotate", token, new JsonObject().put("overlapSeconds", 60))
                        .json()
                        .getString("secret"));
        secret(
                "identity key",
                ask("GET", "/api/v1/workspaces/current", token, null).json().getString("identityKey"));
    }

    /** Two of whom the same ids are told, so that they are made one. */
    private static void ids() {
        var rules = "/api/v1/cdp/identity-rules";
        var kinds =
                new JsonArray().add(new JsonObject().put("kind", "email")).add(new JsonObject().put("kind", "crm_id"));
        ask(
                "PUT",
                rules,
                token,
                new JsonObject().put("kinds", kinds).encode(),
                "If-Match",
                ask("GET", rules, token, null).header("ETag"));
        for (var user : List.of(Things.PLANTED + "-1", Things.PLANTED + "-2")) {
            post(
                    "/v1/identify",
                    token,
                    new JsonObject()
                            .put("userId", user)
                            .put("traits", new JsonObject().put("email", Things.PLANTED + "@secret.example"))
                            .put(
                                    "context",
                                    new JsonObject()
                                            .put(
                                                    "externalIds",
                                                    new JsonArray()
                                                            .add(new JsonObject()
                                                                    .put("id", LEAF)
                                                                    .put("type", "crm_id")))));
        }
        eventually(
                "they are one",
                () -> ask("GET", "/api/v1/cdp/profiles/user:" + Things.PLANTED + "-2", token, null)
                        .body(),
                body -> body.contains(Things.PLANTED + "-1"));
    }

    private static void keys() {
        secret("private half of a push key", "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        var pair = new JsonObject()
                .put(
                        "publicKey",
                        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8")
                .put("privateKey", SECRETS.get("private half of a push key"));
        var keys = "/api/v1/webpush/keys/import";
        post(keys, token, pair);
        post(keys, token, pair.copy().put("publicKey", pair.getString("privateKey")));
        post(keys, token, new JsonObject().put("pem", "-----BEGIN PRIVATE KEY-----\n" + pair.getString("privateKey")));
        secret("passphrase of an export", "planted 6631 passphrase");
        post(SUBSCRIPTIONS + "/export", token, new JsonObject().put("passphrase", "planted 6631 passphrase"));
    }

    /** One is invited for each way in which the mail server refuses; the links are those that it has read. */
    private static void mails() {
        eventually("it is told", () -> LOG, log -> log.stream()
                .anyMatch(line -> line.contains("The mail server refuses")));
        mail.refuse(RudeMailServer.Refusal.NONE);
        awaitMail("a mail that was kept until the password is right", "To: " + Things.PLANTED);
        post("/api/v1/auth/password/reset", null, new JsonObject().put("email", TestServer.ADMIN_EMAIL));
        awaitMail("another password", "#reset=");
        inviteWhile(RudeMailServer.Refusal.LATER);
        inviteWhile(RudeMailServer.Refusal.MAIL);
        inviteWhile(RudeMailServer.Refusal.NEVER);
        mail.refuse(RudeMailServer.Refusal.NONE);
        for (var text : mail.mails()) {
            var link = LINK.matcher(plain(text));
            if (link.find()) {
                secret("link " + SECRETS.size(), link.group(1));
                var body = new JsonObject().put("token", link.group(1)).put("password", "short");
                post("/api/v1/auth/invitation", null, body);
            }
        }
        assertThat(SECRETS.keySet()).anyMatch(what -> what.startsWith("link"));
    }

    private static void inviteWhile(RudeMailServer.Refusal refusal) {
        mail.refuse(refusal);
        var draft = new JsonObject()
                .put("email", LEAF + "." + refusal.ordinal() + "@secret.example")
                .put("name", LEAF)
                .put("roles", new JsonArray().add("analyst"));
        post("/api/v1/users", token, draft);
        eventually("it refuses: " + refusal, mail::refusals, refusals -> refusals.contains(refusal));
    }

    private static void awaitMail(String what, String holds) {
        eventually(what, mail::mails, mails -> mails.stream()
                .anyMatch(text -> plain(text).contains(holds)));
    }

    /** Long lines are broken with a = at their end (RFC 2045). */
    private static String plain(String mail) {
        return mail.replace("=\n", "").replace("=3D", "=");
    }

    private static void pushes() {
        var key = server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
        var answers = List.of(
                FakePushService.Answer.status(400),
                FakePushService.Answer.status(401),
                FakePushService.Answer.status(410),
                FakePushService.Answer.status(503));
        for (int i = 0; i < answers.size(); i++) {
            var browser = push.subscribe(key);
            subscribe(browser, i);
            browser.answerAlways(answers.get(i)
                    .body("{\"reason\": \"" + browser.endpoint() + "\", \"of\": \"" + browser.auth() + "\"}"));
        }
        personal("text of a message", "planted 4471 message");
        var draft = new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray().add(LEAF)))
                .put("purpose", "transactional")
                .put(
                        "content",
                        new JsonObject()
                                .put("title", "planted 4471 message")
                                .put("body", "{{ profile.traits.name | upcase }}"))
                .put("ttl", 60);
        post("/api/v1/webpush/messages", token, draft);
        post(
                "/api/v1/webpush/messages",
                token,
                draft.put("content", new JsonObject().put("title", "{{ 'planted 4471 message' | nothing: }}")));
        push.awaitRequests(answers.size());
    }

    private static void subscribe(VirtualSubscription browser, int number) {
        secret("endpoint " + number, browser.endpoint());
        secret("auth " + number, browser.auth());
        secret("p256dh " + number, browser.p256dh());
        var draft = browser.toJson().put("userId", LEAF);
        var saved = post(SUBSCRIPTIONS, token, draft).json();
        secret("device secret " + number, saved.getString("deviceSecret"));
        post(SUBSCRIPTIONS, null, draft, "X-Write-Key", server.writeKey(), "X-Device-Secret", TYPED_HEADER);
        post(
                SUBSCRIPTIONS,
                null,
                browser.toJson(),
                "X-Write-Key",
                server.writeKey(),
                "Origin",
                "https://" + LEAF + ".example");
        ask("PUT", SUBSCRIPTIONS + "/" + saved.getString("id"), token, "{\"endpoint\": \"" + browser.endpoint() + "\"");
    }

    // --- every operation ------------------------------------------------------------------------------------------

    private static void everyOperation(Consumer<Request> requests) {
        for (var operation : REQUESTS.operations()) {
            signInAgain();
            requests.accept(request(operation));
        }
    }

    /** What was asked before may have ended the session. */
    private static void signInAgain() {
        if (server.send("GET", "/api/v1/auth/me", token, null).status() == 401) {
            token = server.member("administrator");
            secret("access token " + SECRETS.size(), token);
        }
    }

    private static Request request(Contract.Operation operation) {
        var request = REQUESTS.of(operation);
        if (!operation.path().contains("/{id}")) {
            return request;
        }
        var path = operation.path().replace("{id}", things.idFor(operation));
        return path.contains("{") ? request : request.withPath(path);
    }

    private static void send(Request request, String... headers) {
        send(request, token, headers);
    }

    private static void send(Request request, String bearer, String[] headers) {
        var all = new ArrayList<>(List.of(headers));
        if (request.body() != null && !all.contains("Content-Type")) {
            all.addAll(List.of("Content-Type", request.type()));
        }
        ask(request.method(), request.path(), bearer, request.body(), all.toArray(String[]::new));
    }

    /** The example as often as it has texts, each time with another of them replaced. */
    private static List<String> leaves(Request request) {
        if (request.body() == null || !request.type().equals("application/json")) {
            return request.body() == null ? List.of() : List.of(request.body() + LEAF);
        }
        try {
            var count = plant(JSON.readTree(request.body()), new int[] {-1});
            var bodies = new ArrayList<String>();
            for (int i = 0; i < count; i++) {
                var body = JSON.readTree(request.body());
                plant(body, new int[] {i});
                bodies.add(body.toString());
            }
            return bodies;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param left of texts to pass by; the number of texts */
    private static int plant(JsonNode node, int[] left) {
        int count = 0;
        if (node instanceof ObjectNode object) {
            for (var field : object.properties()) {
                if (field.getValue() instanceof TextNode text) {
                    count++;
                    if (left[0]-- == 0) {
                        field.setValue(TextNode.valueOf(planted(field.getKey(), text.asText())));
                    }
                } else {
                    count += plant(field.getValue(), left);
                }
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                if (array.get(i) instanceof TextNode text) {
                    count++;
                    if (left[0]-- == 0) {
                        array.set(i, TextNode.valueOf(planted("", text.asText())));
                    }
                } else {
                    count += plant(array.get(i), left);
                }
            }
        }
        return count;
    }

    /** Of a kind that gets as far as the value that stood there. */
    private static String planted(String name, String example) {
        if (name.matches("(?i).*(password|passphrase|code|totp)")) {
            return TYPED;
        }
        if (name.matches("(?i).*(secret|token|auth|p256dh|privateKey|pem)")) {
            return example.replaceAll("[A-Za-z0-9]{8}.*", "") + TYPED_HEADER;
        }
        if (example.contains("@")) {
            return LEAF + "@secret.example";
        }
        return example.startsWith("https://") ? example + "/" + LEAF : LEAF;
    }

    private static void wrong(Request request) {
        send(
                request.withPath(
                        request.path() + (request.path().contains("?") ? "&" : "?") + "q=" + LEAF + "&limit=" + LEAF),
                "If-Match",
                "\"" + LEAF + "\"",
                "Idempotency-Key",
                LEAF,
                "Cookie",
                TYPED_HEADER,
                "X-Device-Secret",
                TYPED_HEADER);
        var path = request.operation().path();
        if (path.contains("{")) {
            send(request.withPath(path.replaceAll("\\{[^}]*\\}", "user:" + LEAF)));
        }
        var key = request.operation().parsesBody()
                ? "eyJhbGciOiJFUzI1NiJ9." + TYPED_HEADER + ".x"
                : "fsk_" + TYPED_HEADER;
        send(request, key, new String[] {"X-Write-Key", "fwk_" + TYPED_HEADER});
        if (request.body() != null) {
            send(request.withBody("{\"password\": \"" + TYPED + "\", " + LEAF));
            send(request.withBody("{\"" + LEAF + "\": \"" + LEAF + "\"}"));
            send(request.withBody(LEAF + TYPED), "Content-Type", "application/x-" + LEAF);
        }
    }

    // --- a database that quotes what it was given -----------------------------------------------------------------

    /** No row is written any more; whoever tries is told the whole row. */
    private static void failingDatabase() throws SQLException {
        execute(
                """
                CREATE FUNCTION quote_row() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'cannot read: %', row_to_json(NEW) USING ERRCODE = '22P02'; END $$
                """);
        // A record that is set aside raises an alert: what it needs for that goes on.
        refuseRowsOf("c.relname !~ '^(node|job|stream|dead_letter|ingest_seen|security_epoch|alert|outbox)'");
        // Of somebody who is new: whoever was there while all operations were tried may have been erased by one of
        // them.
        var event = new JsonObject()
                .put("userId", LEAF + "-late")
                .put(
                        "traits",
                        new JsonObject().put("email", LEAF + "@secret.example").put("phone", LEAF));
        assertThat(post("/v1/identify", token, event).status()).isEqualTo(200);
        eventually("a record that cannot be digested", () -> number("SELECT count(*) FROM dead_letter"), n -> n > 0);
        everyOperation(request -> leaves(request).forEach(body -> send(request.withBody(body))));
        refuseRowsOf("c.relname IN ('stream_record', 'stream_head')");
        assertThat(post("/v1/identify", token, event).status()).isEqualTo(500);
        assertThat(post("/v1/identify", null, event.put("anonymousId", LEAF), "X-Write-Key", server.writeKey())
                        .status())
                .isEqualTo(500);
    }

    private static void refuseRowsOf(String which) throws SQLException {
        var tables = strings(
                """
                SELECT c.relname FROM pg_class c
                WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND
                """
                        + which);
        for (var table : tables) {
            execute("CREATE TRIGGER quote_row BEFORE INSERT OR UPDATE ON " + table
                    + " FOR EACH ROW EXECUTE FUNCTION quote_row()");
        }
    }

    private static void execute(String sql) throws SQLException {
        try (var statement = database.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int number(String sql) {
        return Integer.parseInt(strings(sql).getFirst());
    }

    private static List<String> strings(String sql) {
        try (var statement = database.createStatement();
                var rows = statement.executeQuery(sql)) {
            var found = new ArrayList<String>();
            while (rows.next()) {
                found.add(rows.getString(1));
            }
            return found;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    // --- what is searched -----------------------------------------------------------------------------------------

    /** By what and where, so that a leak is one line here however often it happened. */
    private static Map<String, String> leaks(List<String> texts, Map<String, String> values) {
        var leaks = new TreeMap<String, String>();
        for (var text : texts) {
            values.forEach((what, value) -> {
                int at = text.indexOf(value);
                if (at >= 0) {
                    leaks.putIfAbsent(
                            what + " in "
                                    + text.substring(0, Math.min(60, text.length()))
                                            .replaceAll("[0-9]", "#"),
                            text.substring(0, Math.min(text.length(), 2_000)));
                }
            });
        }
        return leaks;
    }

    @Test
    void all_went_wrong_that_was_to_go_wrong() {
        assertThat(mail.refusals())
                .containsAll(EnumSet.range(RudeMailServer.Refusal.LOGIN, RudeMailServer.Refusal.MAIL));
        for (var line : List.of(
                "Unexpected failure", "22P02", "cannot be digested", "failed in attempt", "The mail server refuses")) {
            assertThat(LOG).as(line).anyMatch(each -> each.contains(line));
        }
    }

    @Test
    void the_log_holds_none_of_it_at_any_level_and_in_no_format() {
        assertThat(leaks(LOG, SECRETS)).isEmpty();
        assertThat(leaks(LOG, PERSONAL)).isEmpty();
    }

    @Test
    void whoever_is_refused_learns_nothing_that_they_did_not_say() {
        assertThat(TOLD).isEmpty();
    }

    @Test
    void the_metrics_hold_none_of_it() {
        var metrics = List.of(server.send("GET", "/metrics", null, null).body().split("\n"));
        assertThat(metrics).hasSizeGreaterThan(50);
        assertThat(leaks(metrics, SECRETS)).isEmpty();
        assertThat(leaks(metrics, PERSONAL)).isEmpty();
    }

    /** It tells who was changed, which erasure blanks; secrets it never knew. */
    @Test
    void the_trail_holds_no_secret() {
        var trail = strings("SELECT e::text || d::text FROM audit_event e JOIN audit_detail d ON d.event = e.id");
        assertThat(trail).hasSizeGreaterThan(20);
        assertThat(leaks(trail, SECRETS)).isEmpty();
    }

    @Test
    void why_something_failed_is_told_without_what_was_in_it() {
        var reasons = strings(
                """
                SELECT 'jobs ' || reason FROM jobs WHERE reason IS NOT NULL
                UNION ALL SELECT 'jobs_dead ' || reason FROM jobs_dead WHERE reason IS NOT NULL
                UNION ALL SELECT 'dead_letter ' || reason FROM dead_letter
                UNION ALL SELECT 'webpush_import_error ' || e::text FROM webpush_import_error e
                """);
        assertThat(reasons).anyMatch(reason -> reason.startsWith("jobs")).anyMatch(reason -> reason.startsWith("dead"));
        assertThat(leaks(reasons, SECRETS)).isEmpty();
        assertThat(leaks(reasons, PERSONAL)).isEmpty();
    }
}
