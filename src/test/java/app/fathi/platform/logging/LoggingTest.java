package app.fathi.platform.logging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.bus.Bus;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.platform.security.Caller;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoggingTest {
    @TempDir
    Path folder;

    private final LoggerContext context = new LoggerContext();

    @Test
    void a_line_logged_in_a_bus_handler_and_after_it_carries_the_requests_fields() throws Exception {
        configure(settings("json", 50, 14));
        var log = context.getLogger("app.fathi.test");
        var vertx = Vertx.vertx();
        try {
            Bus.prepare(vertx);
            Operations.serve(vertx, "test", Map.of("tell", call -> {
                log.info("in the handler");
                return vertx.timer(1, TimeUnit.MILLISECONDS).compose(fired -> {
                    log.warn("after a timer, two\nlines");
                    return Future.succeededFuture(Reply.noContent());
                });
            }));
            vertx.eventBus().request(Operations.address("test"), call("r-1")).await(5, TimeUnit.SECONDS);
            log.info("outside of any request");
        } finally {
            vertx.close().await(5, TimeUnit.SECONDS);
        }
        var lines = lines().stream().map(JsonObject::new).toList();
        assertThat(lines).hasSize(3);
        for (var line : lines.subList(0, 2)) {
            assertThat(line.getString("requestId")).isEqualTo("r-1");
            assertThat(line.getString("ws")).isEqualTo("7");
            assertThat(line.getString("operation")).isEqualTo("tell");
            assertThat(line.getString("time")).endsWith("Z");
        }
        assertThat(lines.get(0).getString("message")).isEqualTo("in the handler");
        assertThat(lines.get(0).getString("level")).isEqualTo("INFO");
        assertThat(lines.get(2).containsKey("requestId")).isFalse();
    }

    @Test
    void a_text_line_has_the_same_fields_and_cannot_be_forged_by_its_message() throws Exception {
        configure(settings("text", 50, 14));
        var vertx = Vertx.vertx();
        try {
            Bus.prepare(vertx);
            Operations.serve(vertx, "test", Map.of("tell", call -> {
                context.getLogger("app.fathi.test").info("name: {}", "x\n2026-01-01T00:00:00Z ERROR forged");
                return Future.succeededFuture(Reply.noContent());
            }));
            vertx.eventBus().request(Operations.address("test"), call("r-2")).await(5, TimeUnit.SECONDS);
        } finally {
            vertx.close().await(5, TimeUnit.SECONDS);
        }
        assertThat(lines())
                .singleElement()
                .asString()
                .contains(" INFO  test name: x | 2026")
                .endsWith("requestId=r-2 ws=7 operation=tell");
    }

    @Test
    void lines_of_libraries_below_warning_are_left_out() throws Exception {
        configure(settings("text", 50, 14));
        context.getLogger("io.netty").info("chatter");
        context.getLogger("app.fathi.test").debug("detail");
        assertThat(lines()).isEmpty();
    }

    @Test
    void files_rotate_by_size_and_the_oldest_goes() throws Exception {
        configure(settings("text", 1, 1));
        var log = context.getLogger("app.fathi.test");
        var marked = folder.resolve("fathi.1.log");
        log.error("the first line");
        var filler = "x".repeat(64 * 1024);
        awaitWriting(log, filler, () -> Files.exists(marked));
        assertThat(Files.readString(marked)).contains("the first line");
        awaitWriting(log, filler, () -> !Files.readString(marked).contains("the first line"));
        context.stop();
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("fathi.log", "fathi.1.log");
        }
    }

    private static void awaitWriting(Logger log, String line, Callable<Boolean> seen) throws Exception {
        for (var i = 0; i < 1_000; i++) {
            if (seen.call()) {
                return;
            }
            log.error(line);
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new AssertionError("not seen");
    }

    @Test
    void a_folder_that_cannot_be_made_is_named_in_one_line() throws Exception {
        var file = Files.writeString(folder.resolve("file"), "");
        var settings = Config.of(Map.of("FATHI_LOG_DIR", file.resolve("logs").toString()))
                .log();
        assertThatThrownBy(() -> Logging.configure(context, settings))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("FATHI_LOG_DIR")
                .message()
                .hasLineCount(1);
    }

    /** As in a server, but the console stays quiet. */
    private void configure(Config.Logging settings) {
        Logging.configure(context, settings);
        assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).detachAppender("console-queue"))
                .isTrue();
    }

    private Config.Logging settings(String format, int megabytes, int files) {
        return Config.of(Map.of(
                        "FATHI_LOG_DIR",
                        folder.toString(),
                        "FATHI_LOG_FORMAT",
                        format,
                        "FATHI_LOG_FILES",
                        "" + files,
                        "FATHI_LOG_FILE_SIZE_MEGABYTES",
                        "" + megabytes))
                .log();
    }

    private List<String> lines() throws Exception {
        context.stop();
        return Files.readAllLines(folder.resolve("fathi.log"));
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
                System.nanoTime() + 1_000_000_000L);
    }
}
