package app.fathi.platform.logging;

import app.fathi.platform.config.Config;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import io.sentry.Hint;
import io.sentry.Sentry;
import io.sentry.SentryEvent;
import io.sentry.SentryLevel;
import io.sentry.SentryOptions;
import io.sentry.protocol.Message;
import io.sentry.protocol.SentryException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Tells errors to a Sentry server: which line of the code logged what kind of error for which request, and nothing that anybody
 * sent us. So of our lines the text with the places left open, of a library's only who logged it, and of what was thrown the
 * classes and the stack, never a message: there may be an endpoint, a name or half a body in them. The log has the rest, under
 * the same request id.
 *
 * <p>Sentry's client sends from a thread of its own with a queue of {@value #WAITING}; what comes when that is full, or beyond
 * the settings' {@code eventsPerMinute}, is in the log only.
 */
final class SentryAppender extends AppenderBase<ILoggingEvent> {
    private static final int WAITING = 30;
    private static final long CLOSE_MILLIS = 2_000;
    private static final String OURS = "app.fathi";
    private static final List<String> FIELDS = List.of("requestId", "ws", "operation");

    private final Config.Sentry settings;
    private long minuteBeganNanos;
    private int toldInMinute;
    private int leftOut;

    SentryAppender(Config.Sentry settings) {
        this.settings = settings;
    }

    @Override
    public void start() {
        Sentry.init(options());
        minuteBeganNanos = System.nanoTime();
        super.start();
    }

    private SentryOptions options() {
        var options = new SentryOptions();
        options.setDsn(settings.dsn());
        options.setEnvironment(settings.environment());
        options.setRelease("fathi@" + version());
        options.setMaxQueueSize(WAITING);
        options.setConnectionTimeoutMillis(
                (int) Duration.ofSeconds(settings.timeoutSeconds()).toMillis());
        options.setReadTimeoutMillis(
                (int) Duration.ofSeconds(settings.timeoutSeconds()).toMillis());
        options.setShutdownTimeoutMillis(CLOSE_MILLIS);
        options.setFlushTimeoutMillis(CLOSE_MILLIS);
        options.addInAppInclude(OURS);
        // Only what this class says is told, and the end of the process is ours to order.
        options.setSendDefaultPii(false);
        options.setAttachServerName(false);
        options.setAttachStacktrace(false);
        options.setAttachThreads(false);
        options.setMaxBreadcrumbs(0);
        options.setEnableAutoSessionTracking(false);
        options.setSendClientReports(false);
        options.setSendModules(false);
        options.setEnableUncaughtExceptionHandler(false);
        options.setEnableShutdownHook(false);
        options.setEnableExternalConfiguration(false);
        options.setBeforeSend(SentryAppender::withoutMessages);
        return options;
    }

    private static String version() {
        var version = SentryAppender.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private static SentryEvent withoutMessages(SentryEvent event, Hint hint) {
        var exceptions = event.getExceptions();
        if (exceptions != null) {
            exceptions.forEach((SentryException exception) -> exception.setValue(null));
        }
        return event;
    }

    /** Called by one thread at a time. */
    @Override
    protected void append(ILoggingEvent line) {
        if (System.nanoTime() - minuteBeganNanos > TimeUnit.MINUTES.toNanos(1)) {
            minuteBeganNanos = System.nanoTime();
            toldInMinute = 0;
        }
        if (toldInMinute >= settings.eventsPerMinute()) {
            leftOut++;
            return;
        }
        toldInMinute++;
        Sentry.captureEvent(event(line));
        leftOut = 0;
    }

    private SentryEvent event(ILoggingEvent line) {
        var event = new SentryEvent(java.util.Date.from(line.getInstant()));
        event.setLevel(SentryLevel.ERROR);
        event.setLogger(line.getLoggerName());
        var message = new Message();
        // Others put values into their texts themselves.
        message.setMessage(line.getLoggerName().startsWith(OURS) ? line.getMessage() : line.getLoggerName());
        event.setMessage(message);
        if (line.getThrowableProxy() instanceof ThrowableProxy thrown) {
            event.setThrowable(thrown.getThrowable());
        }
        FIELDS.forEach(field -> {
            var value = line.getMDCPropertyMap().get(field);
            if (value != null) {
                event.setTag(field.equals("ws") ? "workspace" : field, value);
            }
        });
        if (leftOut > 0) {
            event.setTag("leftOut", Integer.toString(leftOut));
        }
        return event;
    }

    @Override
    public void stop() {
        super.stop();
        Sentry.close();
    }
}
