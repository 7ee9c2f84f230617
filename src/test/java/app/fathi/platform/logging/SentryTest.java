package app.fathi.platform.logging;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.bus.Bus;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.ConfigException;
import app.fathi.platform.security.Caller;
import app.fathi.testing.Closing;
import ch.qos.logback.classic.LoggerContext;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a Sentry server gets of us, and what becomes of us when it gets nothing. */
class SentryTest {
    private static final String ENDPOINT = "https://push.example/send/secret-endpoint";
    private static final String PERSON = "ada@example.com";

    @TempDir
    Path folder;

    private final Vertx vertx = Vertx.vertx();
    private final LoggerContext context = new LoggerContext();
    private final List<JsonObject> events = new CopyOnWriteArrayList<>();
    private final List<String> envelopes = new CopyOnWriteArrayList<>();
    private final List<HttpServerRequest> unanswered = new CopyOnWriteArrayList<>();
    private volatile boolean hangs;

    @AfterEach
    void stop() {
        context.stop();
        Closing.close(vertx);
    }

    private HttpServer sentry() {
        return vertx.createHttpServer(new HttpServerOptions().setDecompressionSupported(true))
                .requestHandler(request -> {
                    if (hangs) {
                        unanswered.add(request);
                    } else {
                        request.body().onSuccess(body -> {
                            take(request, body.toString());
                            request.response().end("{}");
                        });
                    }
                })
                .listen(0, "127.0.0.1")
                .await();
    }

    /** An envelope is lines of JSON: its head, then of each item a head and the item. */
    private void take(HttpServerRequest request, String envelope) {
        envelopes.add(request.path() + " " + request.getHeader("X-Sentry-Auth") + "\n" + envelope);
        var lines = envelope.lines().toList();
        for (int i = 1; i + 1 < lines.size(); i += 2) {
            if (new JsonObject(lines.get(i)).getString("type").equals("event")) {
                events.add(new JsonObject(lines.get(i + 1)));
            }
        }
    }

    private void log(int port, String... more) {
        var settings = new HashMap<>(Map.of(
                "FATHI_LOG_DIR",
                folder.toString(),
                "FATHI_LOG_CONSOLE",
                "false",
                "FATHI_SENTRY_DSN",
                "http://0123456789abcdef@127.0.0.1:" + port + "/42",
                "FATHI_SENTRY_ENVIRONMENT",
                "trial"));
        for (int i = 0; i < more.length; i += 2) {
            settings.put(more[i], more[i + 1]);
        }
        var config = Config.of(settings);
        Logging.configure(context, config.log());
        Logging.tell(context, config.sentry());
    }

    @Test
    void an_error_is_told_with_its_request_and_without_anything_that_anybody_sent() {
        log(sentry().actualPort());
        Bus.prepare(vertx);
        Operations.serve(vertx, "test", Map.of("tell", call -> {
            var log = context.getLogger("app.fathi.test");
            log.warn("a warning about {}", PERSON);
            log.error(
                    "The message to {} of {} failed",
                    ENDPOINT,
                    PERSON,
                    new IllegalStateException("body {\"email\":\"" + PERSON + "\"}", new IOException(ENDPOINT)));
            // Libraries put the values into the text themselves.
            context.getLogger("org.library").error("cannot reach " + ENDPOINT);
            return Future.succeededFuture(Reply.noContent());
        }));
        vertx.eventBus().request(Operations.address("test"), call("r-7")).await();

        eventually("the events", events::size, told -> told == 2);
        var event = events.getFirst();
        assertThat(event.getJsonObject("tags").getMap())
                .containsOnly(
                        Map.entry("requestId", "r-7"), Map.entry("workspace", "7"), Map.entry("operation", "tell"));
        assertThat(event.getString("level")).isEqualTo("error");
        assertThat(event.getString("logger")).isEqualTo("app.fathi.test");
        assertThat(event.getString("environment")).isEqualTo("trial");
        assertThat(event.getString("release")).startsWith("fathi@");
        assertThat(event.getJsonObject("message").getString("message")).isEqualTo("The message to {} of {} failed");
        var thrown = event.getJsonObject("exception").getJsonArray("values").stream()
                .map(JsonObject.class::cast)
                .toList();
        assertThat(thrown)
                .extracting(one -> one.getString("type"))
                .containsExactly("IOException", "IllegalStateException");
        assertThat(thrown.getLast().encode()).contains("app.fathi.platform.logging.SentryTest", "in_app");

        assertThat(events.getLast().getString("logger")).isEqualTo("org.library");
        context.stop();
        assertThat(envelopes).hasSize(2);
        assertThat(String.join("\n", envelopes))
                .startsWith("/api/42/envelope/ ")
                .contains("sentry_key=0123456789abcdef")
                .doesNotContain(
                        ENDPOINT, PERSON, "warning", "server_name", "ip_address", System.getProperty("user.name"));
    }

    @Test
    void an_error_that_repeats_itself_is_told_a_few_times_and_always_logged() throws Exception {
        log(sentry().actualPort(), "FATHI_SENTRY_EVENTS_PER_MINUTE", "3");
        for (int i = 0; i < 20; i++) {
            context.getLogger("app.fathi.test").error("again {}", i);
        }
        eventually("the first", events::size, told -> told == 3);
        context.stop();
        assertThat(events).hasSize(3);
        assertThat(Files.readAllLines(folder.resolve("fathi.log"))).hasSize(20);
    }

    @Test
    void a_sentry_that_hangs_or_is_dead_costs_nobody_more_than_its_own_events() throws Exception {
        hangs = true;
        var server = sentry();
        log(server.actualPort(), "FATHI_SENTRY_EVENTS_PER_MINUTE", "10000", "FATHI_SENTRY_TIMEOUT_SECONDS", "1");
        var log = context.getLogger("app.fathi.test");
        var loop = vertx.getOrCreateContext();
        Future.<Void>future(done -> loop.runOnContext(go -> {
                    for (int i = 0; i < 2_000; i++) {
                        log.error("while it hangs {}", i, new IllegalStateException());
                    }
                    done.complete();
                }))
                .await(60, TimeUnit.SECONDS);
        eventually("it was asked", () -> unanswered.size(), asked -> asked > 0);
        assertThat(unanswered).as("one after the other").hasSizeLessThan(40);

        hangs = false;
        eventually(
                "it is told again when it answers",
                () -> {
                    log.error("afterwards");
                    return events.size();
                },
                told -> told > 0);
        server.close().await();
        log.error("nobody is there");
        context.stop();
        assertThat(Files.readAllLines(folder.resolve("fathi.log"))).anyMatch(line -> line.contains("nobody is there"));
    }

    @Test
    void what_is_waiting_at_the_end_is_still_told() {
        log(sentry().actualPort());
        var log = context.getLogger("app.fathi.test");
        log.error("the first, so that its classes are loaded");
        eventually("the first", events::size, told -> told == 1);
        log.error("The start failed", new IllegalStateException());
        context.stop();
        eventually("the one that waited", events::size, told -> told == 2);
        assertThat(events.getLast().containsKey("tags")).as("of no request").isFalse();
    }

    @Test
    void without_a_dsn_there_is_nobody_to_tell() throws IOException {
        try (var port = new ServerSocket(0)) {
            log(port.getLocalPort(), "FATHI_SENTRY_DSN", "");
            assertThat(context.getLogger("root").getAppender("sentry-queue")).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sentry.example/42",
                "https://sentry.example/42",
                "https://key0secret@sentry.example",
                "https://key0secret@sentry.example/project",
                "ftp://key0secret@sentry.example/42",
                "https://key0secret@/42",
                "https://key0secret@sentry.example/42?x=1"
            })
    void a_broken_dsn_ends_the_start_with_one_line_that_does_not_show_it(String dsn) {
        assertThatThrownBy(() -> Config.of(Map.of("FATHI_SENTRY_DSN", dsn)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("FATHI_SENTRY_DSN")
                .hasMessageContaining("a DSN as Sentry shows it")
                .hasMessageNotContaining("key0secret")
                .message()
                .hasLineCount(1);
    }

    private static Call call(String requestId) {
        var caller = new Caller(
                Caller.Kind.API_KEY, 7, UUID.randomUUID(), UUID.randomUUID(), "key", Set.of(), Set.of(), null);
        return new Call(
                "tell",
                caller,
                new JsonObject(),
                null,
                null,
                Map.of(),
                "127.0.0.1",
                requestId,
                System.nanoTime() + 60_000_000_000L);
    }
}
