package app.fathi.platform.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/**
 * The SDK as sites embed it: a few small files, held in memory. Any site may embed them, also one on which only what
 * agrees is embedded (COEP {@code require-corp}).
 */
final class SdkFiles {
    private static final String CACHING = "public, max-age=3600";
    private static final int ETAG_OCTETS = 8;

    private record File(String name, String type, Buffer text, String etag) {
        static File of(String name, String type) {
            try (var in = SdkFiles.class.getResourceAsStream("/sdk/" + name)) {
                var octets = Objects.requireNonNull(in, name).readAllBytes();
                var hash = MessageDigest.getInstance("SHA-256").digest(octets);
                // Weak, because the same file travels compressed and not.
                return new File(
                        name,
                        type,
                        Buffer.buffer(octets),
                        "W/\"" + HexFormat.of().formatHex(hash, 0, ETAG_OCTETS) + "\"");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("Every JDK has SHA-256", e);
            }
        }
    }

    private SdkFiles() {}

    static void mount(Router router) {
        List.of(
                        File.of("fathi.js", "text/javascript; charset=utf-8"),
                        File.of("fathi-sw.js", "text/javascript; charset=utf-8"),
                        File.of("fathi.d.ts", "text/plain; charset=utf-8"))
                .forEach(file -> router.route("/sdk/" + file.name())
                        .method(HttpMethod.GET)
                        .method(HttpMethod.HEAD)
                        .handler(context -> answer(context, file)));
    }

    private static void answer(RoutingContext context, File file) {
        var response = context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, file.type())
                .putHeader(HttpHeaders.CACHE_CONTROL, CACHING)
                .putHeader(HttpHeaders.ETAG, file.etag())
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Cross-Origin-Resource-Policy", "cross-origin");
        var known = context.request().getHeader(HttpHeaders.IF_NONE_MATCH);
        if (known != null && known.contains(file.etag())) {
            response.setStatusCode(304).end();
        } else {
            response.end(file.text());
        }
    }
}
