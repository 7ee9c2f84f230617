package app.fathi.platform.http;

import app.fathi.platform.config.Config;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Credentials;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.CorsHandler;
import io.vertx.openapi.contract.OpenAPIContract;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** The edge: one instance per core, each with its own event loop, all on one port. */
public final class HttpVerticle extends VerticleBase {

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
            Denials denials,
            Consumer<Router> pages,
            IntConsumer onListening) {}

    private final Edge edge;
    private HttpServer server;

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
                        .setDecompressionSupported(true)
                        .setCompressionSupported(true)
                        .setHandle100ContinueAutomatically(true))
                .invalidRequestHandler(request -> {
                    var problem = Problems.ofStatus(
                            request.decoderResult().cause() instanceof io.netty.handler.codec.TooLongFrameException
                                    ? 431
                                    : 400);
                    request.response()
                            .setStatusCode(problem.kind().status())
                            .putHeader(HttpHeaders.CONTENT_TYPE, Problems.MEDIA_TYPE)
                            .putHeader(HttpHeaders.CONNECTION, "close")
                            .end(problem.toJson("", "-").toBuffer())
                            .onComplete(done -> request.connection().close());
                })
                .connectionHandler(edge.limits().connections()::opened)
                .requestHandler(router);
        return server.listen().onSuccess(listening -> edge.onListening().accept(listening.actualPort()));
    }

    @Override
    public Future<?> stop() {
        return server.shutdown(edge.config().http().shutdownSeconds(), TimeUnit.SECONDS);
    }

    private Router router() {
        var http = edge.config().http();
        var router = Router.router(vertx);
        router.route().handler(new RequestIdHandler());
        router.route().handler(cors());
        router.route().handler(BodyHandler.create(false).setBodyLimit(http.bodyLimitBytes()));
        edge.pages().accept(router);
        var contractRouter = new ContractRouter(
                        vertx,
                        edge.contract(),
                        edge.credentials(),
                        edge.authorities(),
                        edge.limits(),
                        edge.denials(),
                        new RequestReader(http.requestTimeoutSeconds()))
                .create(edge.openApi());
        router.route("/*").subRouter(contractRouter);
        router.route().failureHandler(Problems::onFailure);
        router.errorHandler(404, context -> Problems.write(context, Problems.ofStatus(404)));
        router.errorHandler(405, context -> {
            context.response().putHeader(HttpHeaders.ALLOW, allowed(context.normalizedPath()));
            Problems.write(context, Problems.ofStatus(405));
        });
        router.errorHandler(400, Problems::onFailure);
        router.errorHandler(413, Problems::onFailure);
        router.errorHandler(500, Problems::onFailure);
        return router;
    }

    private String allowed(String path) {
        var found = edge.openApi().findPath(path);
        return found == null
                ? "GET"
                : found.getOperations().stream()
                        .map(operation -> operation.getHttpMethod().name())
                        .sorted()
                        .reduce((a, b) -> a + ", " + b)
                        .orElse("");
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
                        "X-Request-Id"))
                .exposedHeaders(Set.of(
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
