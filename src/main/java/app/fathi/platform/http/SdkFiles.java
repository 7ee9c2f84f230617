package app.fathi.platform.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The SDK as sites embed it: a few small files, held in memory. Any site may embed them, also one on which only what
 * agrees is embedded (COEP {@code require-corp}).
 */
final class SdkFiles {
    private static final String CACHING = "public, max-age=3600";
    private static final Map<String, String> TYPES = Map.of(
            "fathi.js", "text/javascript; charset=utf-8",
            "fathi-prompts.js", "text/javascript; charset=utf-8",
            "fathi-sw.js", "text/javascript; charset=utf-8",
            "fathi.d.ts", "text/plain; charset=utf-8");

    /** Whole lines of comment: a fifth of what would travel to each visitor. No text of these files looks like one. */
    private static final Pattern COMMENTS =
            Pattern.compile("^ *(?:/\\*.*?\\*/|//[^\\n]*)\\n", Pattern.MULTILINE | Pattern.DOTALL);

    private SdkFiles() {}

    static void mount(Router router) {
        TYPES.forEach((name, type) -> {
            var file = Resource.of(type, name.endsWith(".js") ? bare(read(name)) : read(name));
            router.route("/sdk/" + name)
                    .method(HttpMethod.GET)
                    .method(HttpMethod.HEAD)
                    .handler(context -> {
                        context.response().putHeader("Cross-Origin-Resource-Policy", "cross-origin");
                        file.answer(context, CACHING);
                    });
        });
    }

    private static byte[] read(String name) {
        return Resource.read("/sdk/" + name);
    }

    private static byte[] bare(byte[] code) {
        return COMMENTS.matcher(new String(code, StandardCharsets.UTF_8))
                .replaceAll("")
                .getBytes(StandardCharsets.UTF_8);
    }
}
