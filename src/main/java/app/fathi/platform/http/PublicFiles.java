package app.fathi.platform.http;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Files that everybody may see who knows their address, and that never change under it: {@code /images/<token>/<file>}. They
 * are of the type that they say, and no page.
 */
public final class PublicFiles {
    private static final String PATH = "/images/";
    /** Whoever comes beyond is told to come again. */
    private static final int MAX_IN_FLIGHT = 200;

    private static final String FOR_EVER = "public, max-age=31536000, immutable";

    private final Finder finder;
    private final AtomicInteger inFlight = new AtomicInteger();

    private PublicFiles(Finder finder) {
        this.finder = finder;
    }

    /** @param type its media type */
    public record File(String type, Buffer content) {}

    /** Who has the files. */
    @FunctionalInterface
    public interface Finder {
        /** Empty for what there is not. */
        Future<Optional<File>> find(String token, String file);
    }

    public static void mount(Router router, Finder finder) {
        var files = new PublicFiles(finder);
        router.get(PATH + ":token/:file").handler(files::answer);
    }

    private void answer(RoutingContext context) {
        RequestIdHandler.isFor(context, PATH + "{token}/{file}");
        if (inFlight.incrementAndGet() > MAX_IN_FLIGHT) {
            inFlight.decrementAndGet();
            context.fail(new ProblemException(
                    Problem.retryLater(Kind.UNAVAILABLE, "Too many ask for pictures just now.", 1)));
            return;
        }
        finder.find(context.pathParam("token"), context.pathParam("file"))
                .onComplete(done -> inFlight.decrementAndGet())
                .onSuccess(found -> found.ifPresentOrElse(
                        file -> write(context, file), () -> Problems.write(context, Problems.ofStatus(404))))
                .onFailure(context::fail);
    }

    private static void write(RoutingContext context, File file) {
        var response = context.response()
                .putHeader(HttpHeaders.CACHE_CONTROL, FOR_EVER)
                // Sites show it in their own notifications.
                .putHeader("Cross-Origin-Resource-Policy", "cross-origin");
        SafeHeaders.data(response);
        response.putHeader(HttpHeaders.CONTENT_TYPE, file.type()).end(file.content());
    }
}
