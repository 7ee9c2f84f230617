package app.fathi.platform.http;

import app.fathi.platform.config.Config;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Credentials;
import io.netty.handler.codec.TooLongFrameException;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.CorsHandler;
import io.vertx.openapi.contract.OpenAPIContract;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The edge: one instance per core, each with its own event loop, all on one port. */
public final class HttpVerticle extends VerticleBase {
    private static final Pattern PATH_PARAMETER = Pattern.compile("\\{[^}]+}");

    /**
     * What all instances share.
     *
     * @param pages mounts what is served beside the contract: health, SDK, docs
     * @param onListening hears the port that was bound
     */
    public record Edge(
            Config config,
            Contract contract,
            OpenAPIContract openApi,
            Credentials credentials,
            Authorities authorities,
            Limits limits,
            Witness witness,
            Uploads uploads,
            Consumer<Router> pages,
            IntConsumer onListening) {}

    private static final Logger LOG = LoggerFactory.getLogger(HttpVerticle.class);

    private final Edge edge;
    private HttpServer server;
    private EventStreams eventStreams;

    public HttpVerticle(Edge edge) {
        this.edge = edge;
    }

    @Override
    public Future<?> start() {
        var http = edge.config().http();
        var router = router();
        server = vertx.createHttpServer(new HttpServerOptions()
                        .setHost(http.host())
                        // A negative port lets all instances of one deployment share a random one.
                        .setPort(http.port() == 0 ? -1 : http.port())
                        .setIdleTimeout(http.idleTimeoutSeconds())
                        .setIdleTimeoutUnit(TimeUnit.SECONDS)
                        .setMaxHeaderSize(http.headersLimitBytes())
                        .setMaxInitialLineLength(http.urlLimitBytes())
                        .setCompressionSupported(true)
                        // An upgrade to HTTP/2 in clear text, which RFC 9113 §3.1 withdrew, loses any answer that comes
                        // too fast behind the 101: Java's own client and curl then fail or end with nothing.
                        .setHttp2ClearTextEnabled(false)
                        .setHandle100ContinueAutomatically(true))
                .invalidRequestHandler(request ->
                        refuse(request, request.decoderResult().cause() instanceof TooLongFrameException ? 431 : 400))
                // What strangers do to their connections (resets, garbage, half requests) is nothing that we could
                // mend.
                .exceptionHandler(failure -> LOG.debug("A connection broke: {}", Thrown.text(failure)))
                .connectionHandler(edge.limits().connections()::opened)
                .requestHandler(request -> {
                    if (isWellFormed(request.path())) {
                        router.handle(request);
                    } else {
                        refuse(request, 400);
                    }
                });
        return server.listen().onSuccess(listening -> edge.onListening().accept(listening.actualPort()));
    }

    /** Whether whatever is escaped in it can be read; the router, failing over it, could not even say so. */
    private static boolean isWellFormed(String path) {
        for (int i = path == null ? -1 : path.indexOf('%'); i >= 0; i = path.indexOf('%', i + 1)) {
            if (i + 2 >= path.length()
                    || !HexFormat.isHexDigit(path.charAt(i + 1))
                    || !HexFormat.isHexDigit(path.charAt(i + 2))) {
                return false;
            }
        }
        return true;
    }

    /** What cannot be read as far as to a route. */
    private static void refuse(HttpServerRequest request, int status) {
        var problem = Problems.ofStatus(status);
        var id = RequestIdHandler.fresh();
        var path = request.path();
        SafeHeaders.data(request.response());
        request.response()
                .setStatusCode(problem.kind().status())
                .putHeader(RequestIdHandler.HEADER, id)
                .putHeader(HttpHeaders.CONTENT_TYPE, Problems.MEDIA_TYPE)
                .putHeader(HttpHeaders.CONNECTION, "close")
                .end(problem.toJson(path == null ? "" : path, id).toBuffer())
                .onComplete(done -> request.connection().close());
    }

    @Override
    public Future<?> stop() {
        // They would go on until the last second of the drain.
        eventStreams.endAll();
        return server.shutdown(edge.config().http().shutdownSeconds(), TimeUnit.SECONDS);
    }

    private Router router() {
        var http = edge.config().http();
        var router = Router.router(vertx);
        router.route().handler(new OtherPaths(edge.contract()));
        router.route().handler(new RequestIdHandler());
        router.route().handler(cors());
        router.routeWithRegex(besideUploads())
                .handler(BodyHandler.create(false).setBodyLimit(http.bodyLimitBytes()))
                .handler(context -> Gunzip.unpack(context, http.bodyLimitBytes()));
        edge.pages().accept(router);
        var contractRouter = new ContractRouter(
                vertx,
                edge.contract(),
                edge.credentials(),
                edge.authorities(),
                edge.limits(),
                edge.witness(),
                new RequestReader(http, edge.limits().trustedProxies()),
                new UploadDoor(vertx, edge.uploads(), http.uploadLimitBytes()));
        eventStreams = contractRouter.eventStreams();
        router.route("/*").subRouter(contractRouter.create(edge.openApi()));
        router.route().failureHandler(Problems::onFailure);
        router.errorHandler(404, context -> Problems.write(context, Problems.ofStatus(404)));
        router.errorHandler(405, context -> {
            context.response().putHeader(HttpHeaders.ALLOW, "GET");
            Problems.write(context, Problems.ofStatus(405));
        });
        router.errorHandler(400, Problems::onFailure);
        router.errorHandler(413, Problems::onFailure);
        router.errorHandler(500, Problems::onFailure);
        return router;
    }

    /** All paths but those whose bodies are nothing for memory. */
    private String besideUploads() {
        var uploads = edge.contract().uploadPaths().stream()
                .map(path -> Stream.of(PATH_PARAMETER.split(path, -1))
                        .map(Pattern::quote)
                        .collect(Collectors.joining("[^/]+")))
                .collect(Collectors.joining("|"));
        return uploads.isEmpty() ? "/.*" : "(?!(?:" + uploads + ")$)/.*";
    }

    /**
     * Any page may call the API: there are no cookies, so an origin gains nothing that it did not bring as a credential,
     * and browser keys are bound to their origins where they are checked.
     */
    private static CorsHandler cors() {
        return CorsHandler.create()
                .addOriginWithRegex(".*")
                .allowedMethods(
                        Set.of(HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE))
                .allowedHeaders(Set.of(
                        "Authorization",
                        "Content-Type",
                        "X-Write-Key",
                        "X-Device-Secret",
                        "If-Match",
                        "Idempotency-Key",
                        "Last-Event-ID",
                        "X-Request-Id",
                        // Segment's analytics.js says with what it sends again how often it has tried.
                        "X-Retry-Count"))
                .exposedHeaders(Set.of(
                        "Content-Disposition",
                        "ETag",
                        "Location",
                        "RateLimit",
                        "RateLimit-Policy",
                        "Retry-After",
                        "X-Request-Id",
                        "Idempotency-Replayed"))
                .maxAgeSeconds(86_400);
    }
}
