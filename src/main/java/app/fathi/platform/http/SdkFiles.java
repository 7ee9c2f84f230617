package app.fathi.platform.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import java.util.Map;

/**
 * The SDK as sites embed it: a few small files, held in memory. Any site may embed them, also one on which only what
 * agrees is embedded (COEP {@code require-corp}).
 */
final class SdkFiles {
    private static final String CACHING = "public, max-age=3600";
    private static final Map<String, String> TYPES = Map.of(
            "fathi.js", "text/javascript; charset=utf-8",
            "fathi-sw.js", "text/javascript; charset=utf-8",
            "fathi.d.ts", "text/plain; charset=utf-8");

    private SdkFiles() {}

    static void mount(Router router) {
        TYPES.forEach((name, type) -> {
            var file = Resource.of(type, Resource.read("/sdk/" + name));
            router.route("/sdk/" + name)
                    .method(HttpMethod.GET)
                    .method(HttpMethod.HEAD)
                    .handler(context -> {
                        context.response().putHeader("Cross-Origin-Resource-Policy", "cross-origin");
                        file.answer(context, CACHING);
                    });
        });
    }
}
