package app.fathi.platform.http;

import app.fathi.platform.db.Uploads;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Where bodies come in that are too large for memory. Nothing of one is read before its sender is known and the domain
 * asks for it; what is refused before that is read to its end only when it is small, for the connection's sake.
 */
final class UploadDoor {
    /** So much is read in vain to keep a connection; for more it is cheaper to make another one. */
    private static final long READ_IN_VAIN_OCTETS = 1024 * 1024;

    /** A sender that is still sending has so long to read why it was refused. */
    private static final long LINGER_MILLIS = TimeUnit.SECONDS.toMillis(1);

    private final Vertx vertx;
    private final Uploads uploads;
    private final long limitOctets;

    UploadDoor(Vertx vertx, Uploads uploads, long limitOctets) {
        this.vertx = vertx;
        this.uploads = uploads;
        this.limitOctets = limitOctets;
    }

    /** Has the body wait. To be called before anything is waited for. */
    void hold(RoutingContext context) {
        var request = context.request().pause();
        context.addHeadersEndHandler(headers -> {
            if (!request.isEnded() && octets(context) > READ_IN_VAIN_OCTETS) {
                context.response().putHeader(HttpHeaders.CONNECTION, "close");
            }
        });
        context.addEndHandler(end -> {
            if (request.isEnded()) {
                return;
            }
            request.handler(ignored -> {}).resume();
            if (octets(context) > READ_IN_VAIN_OCTETS) {
                vertx.setTimer(LINGER_MILLIS, late -> request.connection().close());
            }
        });
    }

    /** Has the body that waits put down when it is asked; too much is told before it is sent, where its length is. */
    Supplier<Future<Uploads.Upload>> incoming(RoutingContext context, int ws) {
        var request = context.request();
        var own = vertx.getOrCreateContext();
        return () -> {
            var taken = Promise.<Uploads.Upload>promise();
            own.runOnContext(turn -> {
                var told = octets(context);
                if (told > limitOctets && told < Long.MAX_VALUE) {
                    taken.fail(
                            ProblemException.of(Kind.TOO_LARGE, "An upload has at most " + limitOctets + " octets."));
                } else {
                    uploads.take(ws, Gunzip.stream(request, limitOctets), limitOctets)
                            .onComplete(taken);
                }
            });
            return taken.future();
        };
    }

    /** What the request says; all there is when it does not. */
    private static long octets(RoutingContext context) {
        var request = context.request();
        var length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        try {
            return length != null
                    ? Long.parseLong(length)
                    : request.getHeader(HttpHeaders.TRANSFER_ENCODING) == null ? 0 : Long.MAX_VALUE;
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }
}
