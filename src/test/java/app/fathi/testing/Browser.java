package app.fathi.testing;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A real browser, headless, with a new profile, whose notifications appear on a {@link Desktop} of its own. It is driven
 * through {@code src/test/js/browser.mjs}. Each origin is a new visitor: tests share a browser and take a {@link Site} each.
 */
public final class Browser implements AutoCloseable {
    private static final Path DRIVER = Path.of("src/test/js/browser.mjs");
    private static final int LAUNCH_SECONDS = 90;
    private static final int ANSWER_SECONDS = 60;

    private final Path home;
    private final Desktop desktop;
    private final Process driver;
    private final BufferedWriter commands;
    private final BufferedReader answers;

    private Browser(String kind, String pushService) {
        if (!Files.exists(DRIVER.resolveSibling("node_modules/puppeteer-core"))) {
            throw new AssertionError("browsers are driven by puppeteer-core: scripts/test installs it");
        }
        try {
            home = Files.createTempDirectory("browser");
            desktop = Desktop.start();
            driver = new ProcessBuilder(
                            "node",
                            DRIVER.toString(),
                            new JsonObject()
                                    .put("browser", kind)
                                    .put("home", home.toString())
                                    .put("desktop", desktop.address())
                                    .put("pushService", pushService)
                                    .encode())
                    .redirectError(home.resolve("driver.log").toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        commands = driver.outputWriter();
        answers = driver.inputReader();
    }

    /** Firefox, which subscribes at the given push service. */
    public static Browser firefox(FirefoxPushService push) {
        return launch(new Browser("firefox", push.url()));
    }

    /** Chromium, which can subscribe nowhere: {@link Page#push} plays its push service. */
    public static Browser chromium() {
        return launch(new Browser("chromium", ""));
    }

    private static Browser launch(Browser browser) {
        try {
            browser.answer("launch", LAUNCH_SECONDS);
            return browser;
        } catch (RuntimeException | Error e) {
            browser.close();
            throw e;
        }
    }

    public Desktop desktop() {
        return desktop;
    }

    /** A new tab, loaded. */
    public Page open(String url) {
        return open(url, null, null);
    }

    /**
     * @param before a script that runs ahead of the page's scripts; null: none
     * @param userAgent what the browser calls itself; null: what it is
     */
    public Page open(String url, String before, String userAgent) {
        return new Page((String) ask(new JsonObject()
                .put("command", "open")
                .put("url", url)
                .put("before", before)
                .put("userAgent", userAgent)));
    }

    /** The URLs of all tabs. */
    public List<String> tabs() {
        return ((JsonArray) ask(new JsonObject().put("command", "tabs")))
                .stream().map(String.class::cast).toList();
    }

    /** @param state {@code granted}, {@code denied} or {@code prompt} */
    public void setNotificationPermission(String origin, String state) {
        ask(new JsonObject().put("command", "permission").put("origin", origin).put("state", state));
    }

    /** What pages wrote on their consoles. */
    public String said() {
        return ((JsonArray) ask(new JsonObject().put("command", "said"))).encodePrettily();
    }

    /** A tab. */
    public final class Page {
        private final String id;

        private Page(String id) {
            this.id = id;
        }

        /** The value of a JavaScript expression, awaited: a string, number, boolean, JSON object or array, or null. */
        public Object evaluate(String expression) {
            return ask(command("evaluate").put("expression", expression));
        }

        public void reload() {
            ask(command("reload"));
        }

        public void close() {
            ask(command("close"));
        }

        public void bringToFront() {
            ask(command("front"));
        }

        public void click(String selector) {
            ask(command("click").put("selector", selector));
        }

        /** What axe-core finds that keeps people out, in words; empty when it is fit for all. */
        public List<String> audit() {
            return ((JsonArray) ask(command("audit")))
                    .stream().map(String.class::cast).toList();
        }

        /** In CSS pixels. */
        public void resize(int width, int height) {
            ask(command("viewport").put("width", width).put("height", height));
        }

        /** How the visitor looks at it: the size of the page in CSS pixels, and the colours that they prefer. Chromium only. */
        public void view(int width, int height, boolean dark) {
            ask(command("view").put("width", width).put("height", height).put("dark", dark));
        }

        /** From now on the visitor prefers that nothing moves. Chromium only. */
        public void setCalm() {
            ask(command("calm"));
        }

        /** Whether the scripts run of what is loaded from now on. */
        public void setScripts(boolean enabled) {
            ask(command("scripts").put("enabled", enabled));
        }

        public void press(String key) {
            ask(command("press").put("key", key));
        }

        public void type(String text) {
            ask(command("type").put("text", text));
        }

        public void screenshot(Path png) {
            ask(command("screenshot").put("path", png.toString()));
        }

        /** Chromium only: a push to the worker of the origin's root, with these data; empty: without data. */
        public void push(String origin, String data) {
            ask(command("push").put("origin", origin).put("data", data));
        }

        /** Chromium only: cuts the worker of the origin's root off from the network, or joins it again. */
        public void setWorkerOffline(String origin, boolean offline) {
            ask(command("offline").put("origin", origin).put("offline", offline));
        }

        private JsonObject command(String name) {
            return new JsonObject().put("command", name).put("page", id);
        }
    }

    private synchronized Object ask(JsonObject command) {
        try {
            commands.write(command.encode());
            commands.newLine();
            commands.flush();
            return answer(command.encode(), ANSWER_SECONDS);
        } catch (IOException e) {
            throw new AssertionError(log(), e);
        }
    }

    private Object answer(String command, int seconds) {
        try {
            var line = CompletableFuture.supplyAsync(() -> {
                        try {
                            return answers.readLine();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    })
                    .get(seconds, TimeUnit.SECONDS);
            if (line == null) {
                throw new AssertionError("the driver ended: " + log());
            }
            var answer = new JsonObject(line);
            if (answer.containsKey("error")) {
                throw new AssertionError(command + ": " + answer.getString("error"));
            }
            return answer.getValue("value");
        } catch (TimeoutException | ExecutionException e) {
            throw new AssertionError(command + ": no answer; " + log(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private String log() {
        try {
            return Files.readString(home.resolve("driver.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Override
    public void close() {
        try {
            commands.close();
            if (!driver.waitFor(20, TimeUnit.SECONDS)) {
                driver.descendants().forEach(ProcessHandle::destroyForcibly);
                driver.destroyForcibly().waitFor();
            }
            desktop.close();
            try (var files = Files.walk(home)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
