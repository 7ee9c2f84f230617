package app.fathi.platform.http;

import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.PlatformHandler;
import java.util.Map;

/** Paths at which operations answer besides their own: the request goes on as if it had been for the operation's own path. */
final class OtherPaths implements PlatformHandler {
    private static final String ASKED = "fathi.askedPath";

    private final Map<String, String> own;

    OtherPaths(Contract contract) {
        this.own = contract.otherPaths();
    }

    /** The path that was asked for, whatever path goes on. */
    static String asked(RoutingContext context) {
        String other = context.get(ASKED);
        return other == null ? context.normalizedPath() : other;
    }

    @Override
    public void handle(RoutingContext context) {
        var path = own.get(context.normalizedPath());
        if (path == null) {
            context.next();
        } else {
            context.put(ASKED, context.normalizedPath());
            context.reroute(path);
        }
    }
}
