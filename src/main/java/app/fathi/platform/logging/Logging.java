package app.fathi.platform.logging;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.filter.ThresholdFilter;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.joran.spi.JoranException;
import ch.qos.logback.core.status.Status;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/** Sets up the log as {@code conf/logback.xml} and the settings under {@code log} say. */
public final class Logging {
    private static final int QUEUED_ERRORS = 256;

    private Logging() {}

    /** To be called before anything logs. A {@code conf/logback.xml} of the working directory wins over the packaged one. */
    public static void start(Config.Logging settings) {
        configure((LoggerContext) LoggerFactory.getILoggerFactory(), settings);
    }

    /** Has errors told to a Sentry server, too, when there is one. */
    public static void tell(Config.Sentry settings) {
        tell((LoggerContext) LoggerFactory.getILoggerFactory(), settings);
    }

    static void tell(LoggerContext context, Config.Sentry settings) {
        if (settings.dsn().isEmpty()) {
            return;
        }
        var appender = new SentryAppender(settings);
        appender.setContext(context);
        appender.setName("sentry");
        appender.start();
        // Whoever logs only puts the line into this queue, and goes on when it is full.
        var queue = new AsyncAppender();
        queue.setContext(context);
        queue.setName("sentry-queue");
        queue.setQueueSize(QUEUED_ERRORS);
        queue.setDiscardingThreshold(0);
        queue.setNeverBlock(true);
        queue.addFilter(errors(context));
        queue.addAppender(appender);
        queue.start();
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(queue);
    }

    private static ThresholdFilter errors(LoggerContext context) {
        var errors = new ThresholdFilter();
        errors.setContext(context);
        errors.setLevel(Level.ERROR.levelStr);
        errors.start();
        return errors;
    }

    /** For tools beside the server: what goes wrong, on stderr, and nothing else. The server's files are the server's. */
    public static void startQuiet() {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        context.setMDCAdapter(new RequestMdc());
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%-5level %logger{0} %replace(%msg){'[\\r\\n]+', ' | '}%n%nopex");
        encoder.start();
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.ERROR);
        root.addAppender(appender);
        context.getLogger("app.fathi").setLevel(Level.WARN);
    }

    /** Writes what is queued and closes the files. Later lines are lost, so it is the last thing a process does. */
    public static void stop() {
        ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
    }

    static void configure(LoggerContext context, Config.Logging settings) {
        var folder = Path.of(settings.dir());
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new StartException("the folder for logs " + folder + " cannot be made: " + e + " (FATHI_LOG_DIR)", e);
        }
        if (!Files.isWritable(folder)) {
            throw new StartException("the folder for logs " + folder + " is not writable (FATHI_LOG_DIR)");
        }
        context.reset();
        context.setMDCAdapter(new RequestMdc());
        context.getStatusManager().clear();
        context.putProperty("log.dir", folder.toString());
        context.putProperty("log.format", word(settings.format()));
        context.putProperty("log.level", word(settings.level()));
        context.putProperty("log.console", settings.console() ? "all" : "off");
        context.putProperty("log.files", Integer.toString(settings.files()));
        context.putProperty("log.fileSizeMegabytes", Integer.toString(settings.fileSizeMegabytes()));
        var configurator = new JoranConfigurator();
        configurator.setContext(context);
        var file = file();
        try {
            configurator.doConfigure(file);
        } catch (JoranException e) {
            throw new StartException(file + " cannot be used: " + e.getMessage(), e);
        }
        context.getStatusManager().getCopyOfStatusList().stream()
                .filter(status -> status.getEffectiveLevel() >= Status.ERROR)
                .findFirst()
                .ifPresent(status -> {
                    throw new StartException(file + " cannot be used: " + status.getMessage());
                });
    }

    private static URL file() {
        var own = Path.of("conf", "logback.xml");
        try {
            return Files.isRegularFile(own) ? own.toUri().toURL() : Logging.class.getResource("/conf/logback.xml");
        } catch (MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
