package app.fathi.platform.http;

import app.fathi.platform.errors.Failures;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;
import io.vertx.openapi.validation.ValidatorException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything that goes wrong at the edge leaves as problem+json (RFC 9457) through here. */
final class Problems {
    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);
    static final String MEDIA_TYPE = "application/problem+json";

    private Problems() {}

    /** The last handler: whatever a route failed with. */
    static void onFailure(RoutingContext context) {
        write(context, problem(context));
    }

    static void write(RoutingContext context, Problem problem) {
        var response = context.response();
        if (response.ended() || response.headWritten()) {
            return;
        }
        problem.retryAfterSeconds().ifPresent(seconds -> response.putHeader("Retry-After", String.valueOf(seconds)));
        if (problem.kind() == Kind.UNAUTHENTICATED) {
            response.putHeader("WWW-Authenticate", "Bearer realm=\"fathi\"");
        }
        SafeHeaders.data(response);
        response.setStatusCode(problem.kind().status())
                .putHeader(HttpHeaders.CONTENT_TYPE, MEDIA_TYPE)
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(problem.toJson(OtherPaths.asked(context), RequestIdHandler.of(context))
                        .toBuffer());
    }

    private static Problem problem(RoutingContext context) {
        var failure = context.failure();
        if (failure instanceof HttpException http
                && (http.getCause() instanceof ValidatorException || http.getCause() instanceof ProblemException)) {
            failure = http.getCause();
        }
        return switch (failure) {
            case ValidatorException e ->
                Problem.of(Kind.INVALID_REQUEST, "The request does not fit the contract.", ShapeFaults.of(e));
            case HttpException e -> ofStatus(e.getStatusCode());
            case null -> ofStatus(context.statusCode());
            case ProblemException e -> e.problem();
            default -> isOfSender(context) ? ofStatus(brokenOff(context, failure)) : Failures.toProblem(failure);
        };
    }

    /**
     * The router itself found the request wanting, or it failed while its body was still coming in: the connection broke,
     * or what came were not the chunks or the compressed octets that the header had announced. Handlers run after that.
     */
    private static boolean isOfSender(RoutingContext context) {
        var request = context.request();
        var announcesBody = request.headers().contains(HttpHeaders.CONTENT_LENGTH)
                || request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
        return context.statusCode() >= 400 && context.statusCode() < 500 || announcesBody && !request.isEnded();
    }

    private static int brokenOff(RoutingContext context, Throwable failure) {
        LOG.debug("A request could not be read: {}", Thrown.text(failure));
        return context.statusCode() < 500 ? context.statusCode() : 400;
    }

    static Problem ofStatus(int status) {
        return switch (status) {
            case 400 -> Problem.of(Kind.MALFORMED, "The request is not well formed.");
            case 401 -> Problem.of(Kind.UNAUTHENTICATED, "Send a valid credential.");
            case 403 -> Problem.of(Kind.FORBIDDEN, "This is not allowed.");
            case 404 -> Problem.of(Kind.NOT_FOUND, "There is nothing at this path. The contract is at /openapi.yaml.");
            case 405 -> Problem.of(Kind.METHOD_NOT_ALLOWED, "This path does not answer that method; see Allow.");
            case 413 -> Problem.of(Kind.TOO_LARGE, "The body is larger than this server takes.");
            case 414, 431 ->
                Problem.of(Kind.HEADERS_TOO_LARGE, "The URL or the headers are larger than this server takes.");
            case 415 -> Problem.of(Kind.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.");
            case 503 ->
                Problem.retryLater(Kind.UNAVAILABLE, "The service is busy or recovering. Try again shortly.", 1);
            default ->
                Problem.of(Kind.INTERNAL, "Something went wrong on our side. Quote the requestId when you report it.");
        };
    }
}
