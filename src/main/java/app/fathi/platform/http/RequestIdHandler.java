package app.fathi.platform.http;

import app.fathi.platform.logging.LogContext;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.PlatformHandler;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives each request its id, says it in the answer, and writes the access log line. A well-formed id that a proxy in
 * front gave is kept.
 */
final class RequestIdHandler implements PlatformHandler {
    static final String HEADER = "X-Request-Id";
    private static final String KEY = "fathi.requestId";
    private static final String PATH = "fathi.path";
    private static final Pattern WELL_FORMED = Pattern.compile("[A-Za-z0-9_-]{8,64}");
    private static final Logger ACCESS = LoggerFactory.getLogger("app.fathi.access");

    private static final SecureRandom RANDOM = new SecureRandom();

    /** The request's id; also of one that was refused before any route could give it one. */
    static String of(RoutingContext context) {
        String id = context.get(KEY);
        return id == null ? give(context) : id;
    }

    private static String give(RoutingContext context) {
        var given = context.request().getHeader(HEADER);
        var id = given != null && WELL_FORMED.matcher(given).matches() ? given : fresh();
        context.put(KEY, id);
        context.response().putHeader(HEADER, id);
        SafeHeaders.typed(context.response());
        return id;
    }

    @Override
    public void handle(RoutingContext context) {
        LogContext.set(give(context), 0, "-");
        var started = System.nanoTime();
        context.addEndHandler(done -> ACCESS.debug(
                "{} {} {} {} µs",
                context.request().method(),
                path(context),
                context.response().getStatusCode(),
                (System.nanoTime() - started) / 1_000));
        context.next();
    }

    /** The request is for an operation of the contract. */
    static void isFor(RoutingContext context, Contract.Operation operation) {
        context.put(PATH, operation.path());
    }

    /** The request is for a page whose path must not be told as it was asked for. */
    static void isFor(RoutingContext context, String path) {
        context.put(PATH, path);
    }

    /** As the contract writes it, for there may be a person's id or a key in it; of our own pages as it was asked for. */
    private static String path(RoutingContext context) {
        String known = context.get(PATH);
        return known != null ? known : context.response().getStatusCode() < 400 ? context.normalizedPath() : "-";
    }

    static String fresh() {
        var octets = new byte[12];
        RANDOM.nextBytes(octets);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }
}
