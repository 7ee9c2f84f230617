package app.fathi.platform.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;

/**
 * Something that is the same for everybody and held in memory: a file of the SDK, a page of the documentation. Who has it
 * already is not sent it again.
 *
 * @param type its media type
 * @param etag weak, because the same text travels compressed and not
 */
public record Resource(String type, Buffer text, String etag) {
    private static final int ETAG_OCTETS = 8;

    public static Resource of(String type, byte[] text) {
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest(text);
            return new Resource(
                    type, Buffer.buffer(text), "W/\"" + HexFormat.of().formatHex(hash, 0, ETAG_OCTETS) + "\"");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    /** A file of the class path. */
    public static byte[] read(String file) {
        try (var in = Resource.class.getResourceAsStream(file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param caching how long it may be kept, as {@code Cache-Control} says it */
    public void answer(RoutingContext context, String caching) {
        var response = context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CACHE_CONTROL, caching)
                .putHeader(HttpHeaders.ETAG, etag);
        var known = context.request().getHeader(HttpHeaders.IF_NONE_MATCH);
        if (known != null && known.contains(etag)) {
            response.setStatusCode(304).end();
        } else {
            response.end(text);
        }
    }
}
