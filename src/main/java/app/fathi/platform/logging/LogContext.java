package app.fathi.platform.logging;

import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.spi.context.storage.AccessMode;
import io.vertx.core.spi.context.storage.ContextLocal;

/**
 * What each log line says about the request it belongs to. It follows the Vert.x context, so it is there in every
 * callback of the request; {@code Operations} sets it anew on the other side of the bus.
 *
 * @param requestId names the request
 * @param ws the workspace's internal number, 0 before it is known
 * @param operation the operation or job type
 */
public record LogContext(String requestId, int ws, String operation) {
    private static final ContextLocal<LogContext> LOCAL = ContextLocal.registerLocal(LogContext.class);

    public static void set(String requestId, int ws, String operation) {
        var context = Vertx.currentContext();
        if (context instanceof ContextInternal internal && internal.isDuplicate()) {
            internal.putLocal(LOCAL, AccessMode.CONCURRENT, new LogContext(requestId, ws, operation));
        }
    }

    /** What was set in this context, or null. */
    public static LogContext current() {
        var context = Vertx.currentContext();
        return context instanceof ContextInternal internal ? internal.getLocal(LOCAL, AccessMode.CONCURRENT) : null;
    }
}
