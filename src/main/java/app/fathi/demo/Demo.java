package app.fathi.demo;

import app.fathi.demo.Walkthrough.Access;
import app.fathi.demo.Walkthrough.StepException;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.webpush.encryption.CryptoProviders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The demo as Main runs it: {@link #prepare} → {@link #open} → the server starts → {@link #play} → {@link #close}.
 *
 * <p>A demo sends to push endpoints on loopback, which no real installation may. There is no switch for that inside a
 * server: a demo is an installation of its own, with a folder of its own, the embedded database, settings that nobody
 * else can set, and a listener on loopback. Its guarded client lets requests through to {@code 127.0.0.1}, and since it
 * holds nobody's workspace but its own, that is an allowance for the demo alone. It refuses to run on anything else, and
 * an ordinary start refuses its folder.
 */
public final class Demo implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Demo.class);

    private static final String FOLDER = "data-demo";
    private static final int PEOPLE = 1_000;
    private static final int HTTP_PORT = 8080;
    private static final int HTTP_PORTS = 20;
    private static final String EMAIL = "admin@localhost";

    /** What the environment may say to a demo. */
    private static final Set<String> MAY_BE_SET = Set.of("FATHI_HTTP_PORT", "FATHI_VAPID_SUBJECT", "FATHI_LOG_LEVEL");

    /** Push services want a contact; for a newcomer's own browser the project is one. */
    private static final String CONTACT = "mailto:demo@fathi.app";

    private static final long LOOK_MILLIS = 150;
    private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(3);
    private static final int BAR_CHARACTERS = 24;

    private final DemoFolder folder;
    private final Config config;
    private final int count;
    private final Terminal terminal;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final CompletableFuture<String> serving = new CompletableFuture<>();
    private final DemoSite site = new DemoSite();
    private volatile PushProcess push;
    private final long beganNanos = System.nanoTime();

    private Demo(DemoFolder folder, Config config, int count, Terminal terminal) {
        this.folder = folder;
        this.config = config;
        this.count = count;
        this.terminal = terminal;
    }

    /**
     * Looks at what was asked and makes the folder with its certificate.
     *
     * @param arguments how many people, and {@code --live} when a person looks at {@code out}; both may be left out
     * @throws StartException when this cannot be a demo
     */
    public static Demo prepare(List<String> arguments, Map<String, String> environment, PrintStream out) {
        var rest = new ArrayList<>(arguments);
        var terminal = new Terminal(out, rest.remove("--live"), !environment.containsKey("NO_COLOR"));
        var count = count(rest);
        environment.keySet().stream()
                .filter(name -> Config.isMeantForServers(name) && !MAY_BE_SET.contains(name))
                .sorted()
                .findFirst()
                .ifPresent(name -> {
                    throw new StartException(name + " is set, but a demo has settings of its own, so that it touches"
                            + " nothing else: env -u " + name + " scripts/start --demo");
                });
        var folder = DemoFolder.open(Path.of(FOLDER).toAbsolutePath());
        folder.requireFreePushPort();
        return new Demo(folder, Config.of(settings(folder, environment)), count, terminal);
    }

    private static int count(List<String> arguments) {
        if (arguments.isEmpty()) {
            return PEOPLE;
        }
        var text = arguments.getFirst();
        if (arguments.size() > 1 || !text.matches("[1-9][0-9]{0,4}") || Integer.parseInt(text) > Person.LIMIT) {
            throw new StartException("scripts/start --demo takes a number of people from 1 to " + Person.LIMIT
                    + " and nothing else; without one there are " + PEOPLE);
        }
        return Integer.parseInt(text);
    }

    private static Map<String, String> settings(DemoFolder folder, Map<String, String> environment) {
        var settings = new HashMap<String, String>();
        settings.put("FATHI_VAPID_SUBJECT", CONTACT);
        // The first free port, for 8080 is everybody's favourite.
        settings.put("FATHI_HTTP_PORT", String.valueOf(DemoFolder.freePort(HTTP_PORT, HTTP_PORTS)));
        MAY_BE_SET.stream().filter(environment::containsKey).forEach(name -> settings.put(name, environment.get(name)));
        // Our URL stands in the settings, so the port must be known before it is listened on.
        settings.computeIfPresent(
                "FATHI_HTTP_PORT", (name, port) -> port.equals("0") ? DemoFolder.anyFreePort() : port);
        settings.put("FATHI_PUBLIC_URL", "http://localhost:" + settings.get("FATHI_HTTP_PORT"));
        settings.put("FATHI_DATA_DIR", folder.path().toString());
        settings.put("FATHI_LOG_DIR", folder.logs().toString());
        settings.put("FATHI_LOG_CONSOLE", "false");
        settings.put("FATHI_ADMIN_EMAIL", EMAIL);
        settings.put("FATHI_ADMIN_PASSWORD", folder.password());
        settings.put("FATHI_OUTBOUND_ALLOW", "127.0.0.1/32");
        settings.put(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                DemoCertificate.pem(folder).toString());
        // A thousand browsers have one address here.
        settings.put("FATHI_RATES_BROWSER_PER_MINUTE", "1000000");
        settings.put("FATHI_RATES_API_PER_MINUTE", "1000000");
        settings.put("FATHI_RATES_SEND_PER_MINUTE", "1000000");
        return settings;
    }

    /** Refuses an ordinary start on a demo's data. */
    public static void refuseFolder(Path dataFolder) {
        if (DemoFolder.isAt(dataFolder)) {
            throw new StartException("the data folder " + dataFolder + " is a demo's: start it by scripts/start --demo,"
                    + " or set FATHI_DATA_DIR to another folder");
        }
    }

    public Config config() {
        return config;
    }

    /** Begins, while the server still starts. */
    public void open() {
        terminal.line("");
        terminal.line("  " + terminal.strong("Fathi demo") + "  "
                + terminal.quiet("all of it on this machine, its data in " + FOLDER + "/"));
        terminal.line("");
        Thread.ofPlatform().daemon().name("demo").start(this::tellStory);
    }

    /** The server serves. */
    public void play(String baseUrl) {
        serving.complete(baseUrl);
    }

    /** The pages of the demo's site. */
    public void mount(Router router) {
        site.mount(router);
    }

    private void tellStory() {
        try {
            var browsers = folder.browsers(count, new CryptoProviders());
            push = PushProcess.start(folder, event -> terminal.line("  " + terminal.strong("!") + " " + event));
            if (ended.getCount() == 0) {
                push.close();
            }
            var baseUrl = serving.join();
            done("server", baseUrl);
            done(
                    "push service",
                    folder.pushOrigin() + ", process " + push.awaitListening().join());
            walk(baseUrl, browsers);
        } catch (CancellationException e) {
            LOG.debug("The demo ends");
        } catch (StepException | CompletionException | UncheckedIOException | IOException e) {
            LOG.warn("The demo does not go on", e);
            terminal.line("  " + terminal.strong("The demo does not go on: ") + e.getMessage());
            terminal.line(
                    "  " + terminal.quiet("The log says more: " + folder.logs() + "/fathi.log. Ctrl-C ends all."));
        }
    }

    private void walk(String baseUrl, List<VirtualBrowser> browsers) {
        var people = browsers.stream().map(VirtualBrowser::person).toList();
        var walkthrough = new Walkthrough(new PublicApi(baseUrl), ended);
        var access = walkthrough.signIn(EMAIL, folder.password());
        site.open(new PublicApi(baseUrl), access);
        walkthrough.define(access);
        walkthrough.identify(access, people);
        walkthrough.subscribe(access, browsers, folder.pushOrigin());
        walkthrough.awaitNames(access, people);
        done("people", number(count) + " of many languages, each with a browser that subscribed");
        var message = walkthrough.send(access, people, baseUrl + "/demo");
        done("message", "“" + Person.of(1).greeting() + "” and so on: each in their language, by their name");
        site.show(message, count);
        terminal.line("");
        var curious = people.stream().filter(Person::curious).count();
        var read = watch(walkthrough, access, message, curious);
        tellFigures(message, read);
        tellWhereToGo(baseUrl);
    }

    /** Until all is counted; the last state that was read. */
    private JsonObject watch(Walkthrough walkthrough, Access access, String message, long curious) {
        var sentNanos = System.nanoTime();
        var acceptedNanos = sentNanos;
        while (true) {
            var read = walkthrough.read(access, message);
            var counts = read.getJsonObject("counts");
            var nanos = System.nanoTime();
            if (counts.getInteger("accepted") + counts.getInteger("failed") < count) {
                acceptedNanos = nanos;
            }
            terminal.moving(progress(counts, Math.max(1, acceptedNanos - sentNanos)));
            var complete = counts.getInteger("shown") >= count && counts.getInteger("clicked") >= curious;
            if (complete || nanos - sentNanos > PATIENCE_NANOS) {
                terminal.stay();
                return read;
            }
            walkthrough.pause(LOOK_MILLIS);
        }
    }

    private String progress(JsonObject counts, long nanos) {
        int filled = (int) ((long) counts.getInteger("shown") * BAR_CHARACTERS / count);
        return "  accepted %s  shown %s  clicked %s  %s%s %s/s"
                .formatted(
                        right(counts.getInteger("accepted")),
                        right(counts.getInteger("shown")),
                        right(counts.getInteger("clicked")),
                        terminal.good("━".repeat(filled)),
                        terminal.quiet("─".repeat(BAR_CHARACTERS - filled)),
                        number(counts.getInteger("accepted") * TimeUnit.SECONDS.toNanos(1) / nanos));
    }

    private void tellFigures(String message, JsonObject read) {
        var counts = read.getJsonObject("counts");
        int shown = counts.getInteger("shown");
        terminal.line("");
        terminal.line("  From the ledger, " + terminal.quiet("GET /api/v1/webpush/messages/" + message));
        figure("accepted", counts, "by the push service");
        figure("shown", counts, "decrypted, with their own name in it, and reported");
        figure(
                "clicked",
                counts,
                shown == 0 ? "" : decimal(100.0 * counts.getInteger("clicked") / shown) + " % of those shown");
        if (shown < count) {
            terminal.line("    not all of " + number(count) + ": "
                    + read.getJsonObject("reasons").encode());
        }
        terminal.line("    " + terminal.quiet(decimal((System.nanoTime() - beganNanos) / 1e9) + " s after the start"));
    }

    private void figure(String name, JsonObject counts, String meaning) {
        terminal.line("    %s %s  %s"
                .formatted(
                        "%-9s".formatted(name),
                        terminal.strong(right(counts.getInteger(name))),
                        terminal.quiet(meaning)));
    }

    private void tellWhereToGo(String baseUrl) {
        terminal.line("");
        terminal.line("  Now you");
        next(baseUrl + "/demo", "push to your own browser");
        next(baseUrl + "/docs", "every operation, with examples");
        next(EMAIL + "  " + folder.password(), "the administrator");
        next("kill -9 " + push.pid(), "the push service: nothing is lost");
        terminal.line("");
        terminal.line("  "
                + terminal.quiet("Ctrl-C ends all. The next start goes on; remove " + FOLDER + "/ to begin anew."));
    }

    private void next(String what, String meaning) {
        terminal.line("    %s  %s".formatted(terminal.strong("%-38s".formatted(what)), terminal.quiet(meaning)));
    }

    private void done(String what, String how) {
        terminal.line("  " + terminal.good("✓") + " %-14s%s".formatted(what, how));
    }

    private static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static String decimal(double number) {
        return String.format(Locale.ROOT, "%.1f", number);
    }

    private String right(int number) {
        return ("%" + number(count).length() + "s").formatted(number(number));
    }

    /** Ends the push service and whatever the story is at. */
    @Override
    public void close() {
        ended.countDown();
        serving.cancel(true);
        if (push != null) {
            push.close();
        }
    }
}
