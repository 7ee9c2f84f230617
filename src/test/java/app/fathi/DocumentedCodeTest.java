package app.fathi;

import static app.fathi.testing.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.http.Contract;
import app.fathi.testing.FakeDecisionService;
import app.fathi.testing.FakeIssuer;
import app.fathi.testing.FakePushService;
import app.fathi.testing.GeneratedClients;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever code the documentation shows works as it is shown. It is taken from the pages that a server serves, and run in
 * a shell, a JVM and Node.js against a server where there is something to every id that an example names.
 */
@Tag("slow")
class DocumentedCodeTest {
    private static final Path FOLDER = Path.of("target/documented");
    private static final Path RUNNERS = Path.of("src/test/clients/documented");
    private static final Pattern CODE = Pattern.compile("<code class=\"([a-z]+)\">(.*?)</code></pre>", Pattern.DOTALL);
    private static final Pattern CLASS = Pattern.compile("^class ([A-Za-z]+) ", Pattern.MULTILINE);
    private static final String MESSAGES = "/api/v1/webpush/messages";
    private static final String KEYS = "/api/v1/webpush/keys";

    /** Languages whose blocks are commands; the others show answers and parts of pages. */
    private static final Set<String> COMMANDS = Set.of("sh", "java", "ts");

    /** The second example needs what the first one changes. */
    private static final Set<String> LAST_FIRST = Set.of("rotatePushKey", "resendMessage");

    /** They need what a phone shows at that moment, or a provider says, of a secret that was made just before. */
    private static final Set<String> OF_A_MOMENT =
            Set.of("confirmTotp", "renewRecoveryCodes", "removeTotp", "finishSignIn", "exchangeSignInCode");

    private static final List<String> GUIDES = List.of(
            "add-the-sdk",
            "send-events",
            "send-from-your-backend",
            "describe-people",
            "when-messages-go",
            "ask-your-own-service",
            "templates",
            "campaigns",
            "keys-and-rotation",
            "move-subscriptions",
            "sealed-files",
            "identity-providers");

    private static final String PICTURE =
            "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mOQKn6BFTEMLQkAPGRdQQpaXewAAAAASUVORK5CYII=";

    private static FakePushService push;
    private static FakeIssuer issuer;

    private static TestServer plain;

    private TestServer server;
    private final Map<String, String> environment = new HashMap<>();

    private record Block(String language, String code) {}

    @BeforeAll
    static void startPushService() {
        push = FakePushService.start();
        issuer = FakeIssuer.start();
    }

    @AfterAll
    static void stopPushService() {
        if (plain != null) {
            plain.close();
        }
        push.close();
        issuer.close();
    }

    /** Each language has a server of its own, so what one deletes another still finds, and every version is the first. */
    private void startWithThings() {
        server = start();
        credentials();
        things();
    }

    private static TestServer start() {
        return TestServer.start(Map.of(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                push.certificate().toString(),
                "FATHI_OUTBOUND_PLAINTEXT",
                "true"));
    }

    /** One for all who only read what is shown. */
    private static TestServer plain() {
        if (plain == null) {
            plain = start();
        }
        return plain;
    }

    @AfterEach
    void stop() {
        if (server != plain) {
            server.close();
        }
    }

    @Test
    void every_command_of_an_operation_works_as_it_is_shown() throws Exception {
        startWithThings();
        var scripts = examples("sh");
        var folder = fresh("sh");
        var files = new ArrayList<String>();
        for (var script : scripts.entrySet()) {
            files.add(Files.writeString(folder.resolve(script.getKey() + ".sh"), script.getValue())
                    .toString());
        }
        assertAllWorked(scripts.keySet(), run(folder, "bash", RUNNERS.resolve("run-all.sh"), files));
    }

    @Test
    void every_class_in_java_works_as_it_is_shown() throws Exception {
        startWithThings();
        var folder = fresh("java");
        var names = new ArrayList<String>();
        for (var code : allOf("java")) {
            var found = CLASS.matcher(code);
            assertThat(found.find()).as(code).isTrue();
            names.add(found.group(1));
            Files.writeString(folder.resolve(names.getLast() + ".java"), code);
        }
        assertThat(names).doesNotHaveDuplicates();
        Files.copy(RUNNERS.resolve("RunAll.java"), folder.resolve("RunAll.java"));
        var classPath = GeneratedClients.compileJava(folder, folder.resolve("classes"));
        var command = new ArrayList<>(List.of(
                GeneratedClients.java("java"), GeneratedClients.BRIEF, "-XX:+UseSerialGC", "-cp", classPath, "RunAll"));
        command.addAll(names);
        assertAllWorked(names, GeneratedClients.run(environment, command.toArray(String[]::new)));
    }

    @Test
    void every_module_in_typescript_works_as_it_is_shown() throws Exception {
        startWithThings();
        var folder = fresh("ts");
        var modules = new LinkedHashMap<String, String>();
        allOf("ts").forEach(code -> modules.put("module-" + modules.size(), code));
        var compiled = GeneratedClients.compileTypescript(folder, modules);
        var files = modules.keySet().stream()
                .map(name -> compiled.resolve(name + ".js").toString())
                .toList();
        assertAllWorked(modules.keySet(), run(folder, "node", RUNNERS.resolve("run-all.mjs"), files));
    }

    @Test
    void every_command_of_every_guide_works_as_it_is_shown() throws Exception {
        startWithThings();
        var folder = fresh("guides");
        curlTellsItsAnswers(folder);
        installation(folder);
        for (var guide : Stream.concat(Stream.of("/docs"), GUIDES.stream().map(name -> "/docs/guides/" + name))
                .toList()) {
            var script = String.join("\n", codes(guide, "sh"));
            if (!script.isEmpty()) {
                runGuide(guide, Files.writeString(folder.resolve(guide.replace('/', '-') + ".sh"), script));
            }
        }
    }

    /** The folder as an installation: its scripts, and a build of what is tested here. */
    private static void installation(Path folder) throws IOException {
        Files.createSymbolicLink(folder.resolve("scripts"), Path.of("scripts").toAbsolutePath());
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes()
                .put(
                        Attributes.Name.CLASS_PATH,
                        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                                .map(entry -> Path.of(entry).toUri().toString())
                                .collect(Collectors.joining(" ")));
        var jar = Files.createDirectories(folder.resolve("target")).resolve("fathi.jar");
        new JarOutputStream(Files.newOutputStream(jar), manifest).close();
    }

    /** As somebody does who pastes block after block into one shell, and answers what it asks. */
    private void runGuide(String guide, Path script) throws Exception {
        var told = script.resolveSibling(script.getFileName() + ".told");
        var builder = new ProcessBuilder("bash", "-u", script.toAbsolutePath().toString())
                .directory(script.getParent().toFile())
                .redirectError(told.toFile());
        builder.environment().putAll(environment);
        var process = builder.start();
        try (var answers = process.outputWriter()) {
            answers.write(TestServer.ADMIN_EMAIL + "\n" + TestServer.ADMIN_PASSWORD + "\n");
        }
        var said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(guide + ": " + said).isZero();
        assertThat(Files.readAllLines(told))
                .as(guide + ": " + said)
                .isNotEmpty()
                .allMatch(line -> line.startsWith("HTTP 2"));
    }

    @Test
    void a_backend_that_signs_as_the_guide_shows_is_believed() throws Exception {
        server = plain();
        var signing = codes("/docs/guides/add-the-sdk", "js").stream()
                .filter(code -> code.contains("createHmac"))
                .toList();
        assertThat(signing).hasSize(1);
        var module = fresh("signing").resolve("sign.mjs");
        Files.writeString(module, signing.getFirst() + "\nconsole.log(identityToken('customer-99'));\n");
        var key = server.admin("GET", "/api/v1/workspaces/current", null).json().getString("identityKey");
        var token = GeneratedClients.run(Map.of("FATHI_IDENTITY_KEY", key), "node", module.toString())
                .strip();
        var browser = browser();
        var draft = subscription(browser).put("userId", "customer-99");
        var subscriptions = "/api/v1/webpush/subscriptions";
        assertThat(server.browser("POST", subscriptions, draft).status()).isEqualTo(422);
        assertThat(server.browser("POST", subscriptions, draft.put("identityToken", token))
                        .status())
                .isEqualTo(201);
    }

    @Test
    void a_service_that_checks_signatures_as_the_guide_shows_believes_our_questions_and_no_others() throws Exception {
        server = plain();
        var checking = codes("/docs/guides/ask-your-own-service", "js");
        assertThat(checking).hasSize(1);
        var path = "/api/v1/cep/decision-service";
        var etag = server.admin("GET", path, null).header("ETag");
        try (var service = FakeDecisionService.start()) {
            var set = server.admin("PUT", path, new JsonObject().put("url", service.url()), "If-Match", etag);
            server.browser("POST", "/api/v1/webpush/subscriptions", subscription(browser()));
            var anybody = server.admin("GET", "/api/v1/cdp/profiles?limit=1", null)
                    .json()
                    .getJsonArray("items")
                    .getJsonObject(0)
                    .getString("id");
            server.admin("POST", path + "/test", new JsonObject().put("profileId", anybody));
            var asked = service.asked.getFirst();
            var folder = fresh("checking");
            Files.write(folder.resolve("body"), asked.body().getBytes());
            Files.writeString(folder.resolve("headers.json"), new JsonObject(Map.copyOf(asked.headers())).encode());
            var module = Files.writeString(
                    folder.resolve("check.mjs"),
                    checking.getFirst()
                            + """

                            import { readFileSync } from 'node:fs';
                            const here = name => new URL(name, import.meta.url);
                            const body = readFileSync(here('body'));
                            const headers = JSON.parse(readFileSync(here('headers.json')));
                            const secret = process.env.SECRET;
                            const other = Buffer.concat([body, Buffer.from(' ')]);
                            const old = { ...headers, 'webhook-timestamp': '1614265330' };
                            console.log([isFromFathi(headers, body, secret), isFromFathi(headers, other, secret),
                                isFromFathi(old, body, secret), isFromFathi({}, body, secret),
                                isFromFathi(headers, body, 'whsec_AAAA')].join(' '));
                            """);
            var said =
                    GeneratedClients.run(Map.of("SECRET", set.json().getString("secret")), "node", module.toString());
            assertThat(said.strip()).isEqualTo("true false false false false");
        }
    }

    // ---- what is there ----

    private void credentials() {
        var permissions = server.admin("GET", "/api/v1/auth/me", null).json().getJsonArray("permissions");
        var key = server.admin(
                "POST",
                "/api/v1/api-keys",
                new JsonObject().put("name", "reader").put("permissions", permissions));
        var other = server.admin(
                "POST",
                "/api/v1/api-keys",
                new JsonObject().put("name", "old").put("permissions", new JsonArray().add("messages:read")));
        environment.put("FATHI_URL", server.url());
        environment.put("FATHI_KEY", key.json().getString("secret"));
        environment.put("FATHI_WRITE_KEY", server.writeKey());
        environment.put("FATHI_EMAIL", TestServer.ADMIN_EMAIL);
        environment.put("FATHI_PASSWORD", TestServer.ADMIN_PASSWORD);
        environment.put("ACCESS_TOKEN", signIn().getString("accessToken"));
        environment.put("REFRESH_TOKEN", signIn().getString("refreshToken"));
        environment.put(
                "VAPID_PUBLIC_KEY",
                "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        environment.put("VAPID_PRIVATE_KEY", "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        environment.put("API_KEY_ID", other.json().getString("id"));
        environment.put("USER_ID", invited("one@fathi.test").getString("id"));
        var url = invited("another@fathi.test").getJsonObject("invitation").getString("url");
        environment.put("INVITATION_TOKEN", url.substring(url.indexOf('=') + 1));
        environment.put(
                "WORKSPACE_ID",
                server.admin("GET", "/api/v1/workspaces/current", null).json().getString("id"));
        environment.put("NEW_PASSWORD", TestServer.ADMIN_PASSWORD);
        environment.put("RESET_TOKEN", resetOfSomebody());
        var sessions = server.send("GET", "/api/v1/auth/sessions", signIn().getString("accessToken"), null);
        environment.put(
                "SESSION_ID",
                sessions.json().getJsonArray("items").getJsonObject(0).getString("id"));
    }

    /** As a mail would hold it; of somebody whose sessions nobody else needs. */
    private String resetOfSomebody() {
        server.member("analyst");
        server.database()
                .execute(
                        """
                        INSERT INTO users_one_time (hash, kind, account, ws, expires_at)
                        SELECT sha256('frs_mailed'), 'reset', id, 0, now() + interval '1 hour'
                        FROM users_account WHERE email LIKE 'member-%'
                        """);
        return "frs_mailed";
    }

    private JsonObject invited(String email) {
        return server.admin(
                        "POST",
                        "/api/v1/users",
                        new JsonObject()
                                .put("email", email)
                                .put("name", "Somebody")
                                .put("roles", new JsonArray().add("content-editor")))
                .json();
    }

    private JsonObject signIn() {
        var who = new JsonObject().put("email", TestServer.ADMIN_EMAIL).put("password", TestServer.ADMIN_PASSWORD);
        return server.send("POST", "/api/v1/auth/login", null, who).json();
    }

    private void things() {
        server.admin("PUT", "/api/v1/cep/policies", new JsonObject(), "If-Match", "\"v0\"");
        server.admin(
                "PUT",
                "/api/v1/cep/decision-service",
                new JsonObject().put("url", "https://decide.example.com/fathi"),
                "If-Match",
                "\"v0\"");
        server.admin(
                "PUT",
                "/api/v1/cdp/trait-rules",
                new JsonObject().put("oldest", new JsonArray()),
                "If-Match",
                "\"v0\"");
        server.admin(
                "PUT",
                "/api/v1/cdp/identity-rules",
                new JsonObject().put("kinds", new JsonArray()),
                "If-Match",
                "\"v0\"");
        var browser = browser();
        var saved = server.admin(
                "POST", "/api/v1/webpush/subscriptions", subscription(browser).put("userId", "customer-42"));
        environment.put("ENDPOINT", browser.endpoint());
        environment.put("P256DH", browser.p256dh());
        environment.put("AUTH", browser.auth());
        environment.put("SUBSCRIPTION_ID", saved.json().getString("id"));
        environment.put(
                "PROFILE_ID",
                server.admin("GET", "/api/v1/cdp/profiles/user:customer-42", null)
                        .json()
                        .getString("id"));
        var own = server.admin(
                        "POST",
                        "/api/v1/webpush/subscriptions",
                        subscription(browser()).put("userId", "customer-11"))
                .json();
        environment.put("OWN_BROWSER_ID", own.getString("id"));
        environment.put("DEVICE_SECRET", own.getString("deviceSecret"));
        server.admin(
                "PUT",
                "/api/v1/webpush/own-browsers/" + own.getString("id"),
                new JsonObject().put("deviceSecret", own.getString("deviceSecret")));
        server.admin(
                "POST", "/api/v1/webpush/subscriptions", subscription(browser()).put("userId", "customer-7"));
        server.admin(
                "POST", "/api/v1/webpush/subscriptions", subscription(browser()).put("userId", "customer-9"));
        environment.put(
                "LEAVING_PROFILE_ID",
                server.admin("GET", "/api/v1/cdp/profiles/user:customer-9", null)
                        .json()
                        .getString("id"));
        server.admin(
                "POST", "/api/v1/webpush/subscriptions", subscription(browser()).put("userId", "customer-10"));
        environment.put(
                "OTHER_PROFILE_ID",
                server.admin("GET", "/api/v1/cdp/profiles/user:customer-10", null)
                        .json()
                        .getString("id"));
        environment.put(
                "ERASURE_ID",
                server.admin("POST", "/api/v1/cdp/profiles/user:customer-7/erase", null)
                        .json()
                        .getString("id"));
        environment.put(
                "SUPPRESSION_ID",
                server.admin(
                                "POST",
                                "/api/v1/cdp/suppressions",
                                new JsonObject().put("kind", "userId").put("value", "customer-8"))
                        .json()
                        .getString("id"));
        environment.put("FAILED_MESSAGE_ID", failedMessage(browser));
        environment.put("MESSAGE_ID", laterMessage());
        environment.put("PUSH_KEY_ID", olderKey());
        environment.put("IMPORT_ID", finishedImport());
        environment.put("SITE_ID", site());
        environment.put("PROMPT_ID", prompt());
        environment.put("IDENTITY_PROVIDER_ID", identityProvider());
        environment.put("ISSUER", issuer.url());
        environment.put(
                "CI_TOKEN",
                issuer.key()
                        .sign(issuer.claims("https://push.example.com", "repo:acme/shop:ref:refs/heads/main")
                                .put("repository", "acme/shop")
                                .put("ref", "refs/heads/main")));
        environment.put(
                "SEGMENT_ID",
                server.admin("POST", "/api/v1/segments", new JsonObject().put("name", "documented"))
                        .json()
                        .getString("id"));
        server.admin(
                "POST",
                "/v1/track",
                new JsonObject().put("userId", "customer-43").put("event", "Order Completed"));
        environment.put(
                "SCHEMA_ID",
                eventually(
                                "the schema",
                                () -> server.admin("GET", "/api/v1/cdp/schemas", null)
                                        .json()
                                        .getJsonArray("items"),
                                items -> !items.isEmpty())
                        .getJsonObject(0)
                        .getString("id"));
        environment.put(
                "COMPUTED_TRAIT_ID",
                server.admin(
                                "POST",
                                "/api/v1/cdp/computed-traits",
                                new JsonObject()
                                        .put("name", "documented")
                                        .put(
                                                "compute",
                                                new JsonObject()
                                                        .put("aggregate", "count")
                                                        .put("event", "Documented")))
                        .json()
                        .getString("id"));
        environment.put(
                "DYNAMIC_SEGMENT_ID",
                server.admin(
                                "POST",
                                "/api/v1/segments",
                                new JsonObject()
                                        .put("name", "documented by a rule")
                                        .put(
                                                "rule",
                                                new JsonObject()
                                                        .put("type", "subscribed")
                                                        .put("channel", "webpush")))
                        .json()
                        .getString("id"));
        environment.put(
                "CHANGED_SEGMENT_ID",
                server.admin("POST", "/api/v1/segments", new JsonObject().put("name", "restored"))
                        .json()
                        .getString("id"));
        environment.put(
                "SEGMENT_IMPORT_ID",
                server.raw(
                                "POST",
                                "/api/v1/segments/" + environment.get("SEGMENT_ID") + "/import",
                                server.token(),
                                "userId\ncustomer-42\n",
                                "Content-Type",
                                "text/csv")
                        .json()
                        .getString("id"));
        environment.put(
                "ROLE_ID",
                server.admin("POST", "/api/v1/roles", new JsonObject().put("name", "documented"))
                        .json()
                        .getString("id"));
        templates();
        campaigns();
        var ofJob = laterMessage();
        var jobs = server.admin("GET", "/api/v1/jobs?state=waiting&type=cep.send", null)
                .json()
                .getJsonArray("items");
        environment.put(
                "JOB_ID",
                jobs.stream()
                        .map(JsonObject.class::cast)
                        .filter(job -> ofJob.equals(job.getJsonObject("about").getString("messageId")))
                        .findFirst()
                        .orElseThrow()
                        .getString("id"));
    }

    private void templates() {
        for (var variable : List.of("TEMPLATE", "CHANGED_TEMPLATE", "DRAFT_TEMPLATE", "OLD_TEMPLATE")) {
            environment.put(variable + "_ID", template(variable));
        }
        for (var variable : List.of("WAITING_TEMPLATE", "DOUBTFUL_TEMPLATE", "ACTIVE_TEMPLATE")) {
            var id = template(variable);
            environment.put(variable + "_ID", id);
            server.admin("POST", "/api/v1/templates/" + id + "/submit", null, "If-Match", "\"v1\"");
        }
        server.admin(
                "POST",
                "/api/v1/templates/" + environment.get("ACTIVE_TEMPLATE_ID") + "/approve",
                null,
                "If-Match",
                "\"v1\"");
        environment.put(
                "TEMPLATE_IMAGE_ID",
                server.admin(
                                "POST",
                                "/api/v1/template-images",
                                new JsonObject().put("name", "Blue").put("data", PICTURE))
                        .json()
                        .getString("id"));
        environment.put(
                "TEMPLATE_SNIPPET_ID",
                server.admin(
                                "POST",
                                "/api/v1/template-snippets",
                                new JsonObject().put("name", "documented").put("text", "Hello"))
                        .json()
                        .getString("id"));
    }

    private void campaigns() {
        var recurring = new JsonObject()
                .put("kind", "recurring")
                .put("rule", "FREQ=DAILY")
                .put("start", "2026-01-01T09:00")
                .put("zone", "UTC");
        for (var variable : List.of("CAMPAIGN", "DRAFT_CAMPAIGN", "READY_CAMPAIGN", "OLD_CAMPAIGN")) {
            environment.put(variable + "_ID", campaign(variable, null));
        }
        for (var variable : List.of("WAITING_CAMPAIGN", "DOUBTFUL_CAMPAIGN")) {
            environment.put(variable + "_ID", campaign(variable, null, "submit"));
        }
        environment.put("PLANNED_CAMPAIGN_ID", campaign("PLANNED_CAMPAIGN", recurring));
        for (var variable : List.of("RUNNING_CAMPAIGN", "WRONG_CAMPAIGN", "PAUSED_CAMPAIGN")) {
            environment.put(variable + "_ID", campaign(variable, recurring, "schedule"));
        }
        // Between two of their times, as they are from the first to the last.
        server.database().execute("UPDATE campaigns_campaign SET status = 'running' WHERE status = 'scheduled'");
        server.admin("POST", "/api/v1/campaigns/" + environment.get("PAUSED_CAMPAIGN_ID") + "/pause", null);
        for (var variable : List.of("TRIGGERED_CAMPAIGN", "ENDING_CAMPAIGN")) {
            environment.put(variable + "_ID", campaign(variable, new JsonObject().put("kind", "triggered"), "launch"));
        }
    }

    private String campaign(String name, JsonObject schedule, String... steps) {
        var segments = new JsonArray().add(environment.get("DYNAMIC_SEGMENT_ID"));
        var draft = new JsonObject()
                .put("name", name)
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Boots"))
                .put("audience", new JsonObject().put("include", segments))
                .put("schedule", schedule);
        var id = server.admin("POST", "/api/v1/campaigns", draft).json().getString("id");
        for (var step : steps) {
            server.admin("POST", "/api/v1/campaigns/" + id + "/" + step, null, "If-Match", "\"v1\"");
        }
        return id;
    }

    private String template(String name) {
        var content = new JsonObject().put("title", "{{ firstName }} {{ items }}");
        var draft = new JsonObject()
                .put("name", name)
                .put(
                        "variants",
                        new JsonArray()
                                .add(new JsonObject().put("language", "en").put("content", content)))
                .put(
                        "variables",
                        new JsonArray()
                                .add(new JsonObject().put("name", "firstName").put("type", "string"))
                                .add(new JsonObject().put("name", "items").put("type", "number")));
        return server.admin("POST", "/api/v1/templates", draft).json().getString("id");
    }

    private String failedMessage(FakePushService.VirtualSubscription browser) {
        browser.answer(FakePushService.Answer.status(400));
        var message = new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray().add("customer-42")))
                .put("purpose", "transactional")
                .put("content", new JsonObject().put("title", "Now"));
        var id = server.admin("POST", MESSAGES, message).json().getString("id");
        eventually(
                "its end",
                () -> server.admin("GET", MESSAGES + "/" + id, null).json(),
                found -> found.getString("state").equals("completed"));
        return id;
    }

    /** One that nobody is bound to, so it can be retired. */
    private String olderKey() {
        var older = server.admin("POST", KEYS + "/rotate", null).json().getString("id");
        server.admin("POST", KEYS + "/rotate", null);
        return older;
    }

    private String site() {
        var site = new JsonObject().put("origin", "https://blog.example").put("name", "Blog");
        return server.admin("POST", "/api/v1/webpush/sites", site).json().getString("id");
    }

    private String prompt() {
        var text = new JsonObject()
                .put("language", "en")
                .put("title", "Notifications")
                .put("accept", "Yes");
        var prompt = new JsonObject()
                .put("name", "in the corner")
                .put("kind", "bell")
                .put("texts", new JsonArray().add(text));
        return server.admin("POST", "/api/v1/webpush/prompts", prompt).json().getString("id");
    }

    private String identityProvider() {
        var provider = new JsonObject()
                .put("kind", "people")
                .put("name", "Staff")
                .put("issuer", issuer.url())
                .put("clientId", "fathi");
        return server.admin("POST", "/api/v1/identity-providers", provider)
                .json()
                .getString("id");
    }

    private String finishedImport() {
        return server.raw(
                        "POST",
                        "/api/v1/webpush/subscriptions/import?keyId=" + environment.get("PUSH_KEY_ID"),
                        server.token(),
                        "endpoint,auth,p256dh\nno,web,push\n",
                        "Content-Type",
                        "text/csv")
                .json()
                .getString("id");
    }

    private FakePushService.VirtualSubscription browser() {
        return push.subscribe(
                server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey"));
    }

    private static JsonObject subscription(FakePushService.VirtualSubscription browser) {
        return new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
    }

    /** One that waits for its hour, so it can be cancelled. */
    private String laterMessage() {
        var message = new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray().add("customer-42")))
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Later"))
                .put("sendAt", Instant.now().plusSeconds(3_600).toString());
        return server.admin("POST", MESSAGES, message).json().getString("id");
    }

    // ---- what is shown ----

    /** The examples of all operations; what ends something comes last. */
    private Map<String, String> examples(String language) {
        var all = new LinkedHashMap<String, String>();
        Contract.load().operations().values().stream()
                .filter(operation -> !OF_A_MOMENT.contains(operation.id()))
                .sorted(Comparator.comparing(DocumentedCodeTest::ends))
                .forEach(operation -> {
                    var codes = codes("/docs/operations/" + operation.id(), language);
                    assertThat(codes).as(operation.id()).isNotEmpty();
                    (LAST_FIRST.contains(operation.id()) ? codes.reversed() : codes)
                            .forEach(code -> all.put(all.size() + "-" + operation.id(), code));
                });
        return all;
    }

    private static boolean ends(Contract.Operation operation) {
        return operation.id().matches("(delete|cancel|retire).*|logout");
    }

    private List<String> allOf(String language) {
        var all = new ArrayList<>(examples(language).values());
        all.addAll(codes("/docs", language));
        GUIDES.forEach(guide -> all.addAll(codes("/docs/guides/" + guide, language)));
        return all;
    }

    private List<String> codes(String page, String language) {
        return blocks(page).stream()
                .filter(block -> block.language().equals(language))
                .map(Block::code)
                .toList();
    }

    private List<Block> blocks(String page) {
        var answer = server.send("GET", page, null, null);
        assertThat(answer.status()).as(page).isEqualTo(200);
        return CODE.matcher(answer.body())
                .results()
                .map(found -> new Block(found.group(1), unescaped(found.group(2))))
                .toList();
    }

    private static String unescaped(String html) {
        return html.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
    }

    @Test
    void code_that_is_no_command_is_an_answer_or_part_of_a_page() {
        server = plain();
        Stream.concat(Stream.of("/docs"), GUIDES.stream().map(name -> "/docs/guides/" + name))
                .flatMap(page -> blocks(page).stream())
                .filter(block -> !COMMANDS.contains(block.language()))
                .forEach(block -> assertThat(block.language()).as(block.code()).isIn("json", "html", "js"));
    }

    // ---- running it ----

    private static Path fresh(String name) throws IOException {
        var folder = FOLDER.resolve(name);
        if (Files.exists(folder)) {
            try (var files = Files.walk(folder)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        return Files.createDirectories(folder);
    }

    private String run(Path folder, String program, Path runner, List<String> files) throws Exception {
        curlTellsItsAnswers(folder);
        var command = new ArrayList<>(List.of(program, runner.toString()));
        command.addAll(files);
        return GeneratedClients.run(environment, command.toArray(String[]::new));
    }

    /** By the settings that any user of it may have, so that no command is shown otherwise than it is run. */
    private void curlTellsItsAnswers(Path folder) throws IOException {
        Files.writeString(
                folder.resolve(".curlrc"), "silent\nshow-error\nwrite-out = \"%{stderr}HTTP %{http_code}\\n\"\n");
        environment.put("CURL_HOME", folder.toAbsolutePath().toString());
    }

    private static void assertAllWorked(Collection<String> names, String said) {
        assertThat(said.lines().filter(line -> line.startsWith("failed: "))).isEmpty();
        assertThat(said.lines().filter(line -> line.startsWith("worked: ")))
                .containsExactlyElementsOf(
                        names.stream().map(name -> "worked: " + name).toList());
    }
}
