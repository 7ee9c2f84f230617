package app.fathi;

import app.fathi.demo.Demo;
import app.fathi.platform.bus.Cluster;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.EmbeddedPostgres;
import app.fathi.platform.db.Migrations;
import app.fathi.platform.db.Pools;
import app.fathi.platform.health.Health;
import app.fathi.platform.health.Metrics;
import app.fathi.platform.logging.Logging;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process: settings → log → database → migrations → Vert.x → {@link App}. It says when it is ready, or in one line
 * why it cannot be; it ends in an orderly way on SIGTERM and Ctrl-C.
 */
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);
    private static final int START_SECONDS = 120;
    private static final int CLOSE_SECONDS = 5;

    private final Config config;
    private final Optional<Demo> demo;
    /** What was started, the last first: closed in this order, also when the start ends half way. */
    private final Deque<AutoCloseable> started = new ArrayDeque<>();

    private Health health;
    private App app;

    private Main(Config config, Optional<Demo> demo) {
        this.config = config;
        this.demo = demo;
    }

    /** @param arguments none, or {@code --demo} with what {@link Demo#prepare} takes */
    public static void main(String[] arguments) {
        // Libraries spell names by the language of the machine, and in Turkish the i of a keyword is another letter.
        Locale.setDefault(Locale.ROOT);
        try {
            var demo = demo(List.of(arguments));
            var config = demo.isPresent() ? demo.get().config() : settings();
            Logging.start(config.log());
            Logging.tell(config.sentry());
            new Main(config, demo).run();
        } catch (StartException e) {
            refuse(e.getMessage());
        }
    }

    private static Optional<Demo> demo(List<String> arguments) {
        if (arguments.isEmpty()) {
            return Optional.empty();
        }
        if (!arguments.getFirst().equals("--demo")) {
            throw new StartException("there is no option " + arguments.getFirst() + "; settings come from"
                    + " conf/application.yaml and the environment");
        }
        // Whatever the locale says: the demo's people have names in many scripts.
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        return Optional.of(Demo.prepare(arguments.subList(1, arguments.size()), System.getenv(), out));
    }

    private static Config settings() {
        var config = Config.load();
        Demo.refuseFolder(config.dataPath());
        return config;
    }

    private void run() {
        try {
            start();
        } catch (Throwable e) {
            var reason = reason(e);
            LOG.debug("The start failed", e);
            closeAll();
            refuse(reason);
            return;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::end, "shutdown"));
        health.serving();
        demo.ifPresentOrElse(
                played -> played.play(app.baseUrl()), () -> app.greeting().forEach(System.out::println));
    }

    private void start() throws Exception {
        requireFreePort();
        demo.ifPresent(this::opened);
        demo.ifPresent(Demo::open);
        var database = database();
        Migrations.run(database);
        var metrics = opened(new Metrics());
        var vertx = vertx(metrics);
        started.push(() -> await(vertx.close(), CLOSE_SECONDS));
        var pools = Pools.open(vertx, config.db(), database);
        started.push(() -> await(pools.close(), CLOSE_SECONDS));
        health = new Health(vertx);
        app = new App(vertx, config, pools, health, metrics, router -> demo.ifPresent(pages -> pages.mount(router)));
        started.push(() -> await(app.stop(), config.http().shutdownSeconds()));
        await(app.start(), START_SECONDS);
        // Once more, so that it is the first to end: it asks the server, and the server sends to it.
        demo.ifPresent(started::push);
    }

    private Vertx vertx(Metrics metrics) throws Exception {
        // Linux's own way of waiting for sockets, where its library loads; elsewhere that of the JDK.
        var options = new VertxOptions().setPreferNativeTransport(true);
        watchEventLoops(options, config.log().blockedMillis());
        if (!config.cluster().enabled()) {
            return metrics.measure(Vertx.builder(), options).build();
        }
        options.setEventBusOptions(Cluster.bus(config.cluster()));
        return Cluster.join(metrics.measure(Vertx.builder(), options), config.cluster())
                .await(START_SECONDS, TimeUnit.SECONDS);
    }

    private static void watchEventLoops(VertxOptions options, int blockedMillis) {
        options.setMaxEventLoopExecuteTimeUnit(TimeUnit.MILLISECONDS)
                .setMaxEventLoopExecuteTime(blockedMillis)
                .setWarningExceptionTimeUnit(TimeUnit.MILLISECONDS)
                .setWarningExceptionTime(blockedMillis)
                .setBlockedThreadCheckIntervalUnit(TimeUnit.MILLISECONDS)
                .setBlockedThreadCheckInterval(blockedMillis / 2);
    }

    /** Before anything is started: who has the port already learns it in a moment, and nothing has to be undone. */
    private void requireFreePort() throws IOException {
        try (var probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(config.http().host(), config.http().port()));
        }
    }

    private DatabaseAddress database() {
        if (!config.db().embedded()) {
            return DatabaseAddress.of(config.db());
        }
        return opened(EmbeddedPostgres.start(config.dataPath(), config.db().embeddedConnections()))
                .address();
    }

    private <T extends AutoCloseable> T opened(T resource) {
        started.push(resource);
        return resource;
    }

    private static void await(Future<?> future, int seconds) throws Exception {
        future.await(seconds, TimeUnit.SECONDS);
    }

    /** Not ready at once; what is open is finished; then everything is closed and the process ends with 0. */
    private void end() {
        health.draining();
        closeAll();
        Logging.stop();
        // A shutdown hook cannot change the exit code that a signal brings along; an orderly end is no failure.
        Runtime.getRuntime().halt(0);
    }

    private void closeAll() {
        while (!started.isEmpty()) {
            try {
                started.pop().close();
            } catch (Exception e) {
                LOG.warn("While ending: {}", Thrown.text(e));
            }
        }
    }

    private String reason(Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof StartException) {
                return cause.getMessage();
            }
            if (cause instanceof BindException) {
                return "port " + config.http().port() + " on " + config.http().host()
                        + " cannot be listened on, it is in use"
                        + " or not ours: stop the other program, or set FATHI_HTTP_PORT or FATHI_HTTP_HOST";
            }
        }
        LOG.error("The start failed", failure);
        return "Fathi cannot start: " + failure + " (the log has more)";
    }

    private static void refuse(String reason) {
        Logging.stop();
        System.err.println(reason.lines().findFirst().orElse("Fathi cannot start"));
        Runtime.getRuntime().halt(1);
    }
}
