package app.fathi.platform.health;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;

/** Serves health and metrics, beside the API or on a listener of their own. */
public final class HealthPages {
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "::1", "[::1]");
    private static final Set<String> TELLTALES = Set.of("Forwarded", "X-Forwarded-For", "Origin");

    private final Health health;
    private final Metrics metrics;

    public HealthPages(Health health, Metrics metrics) {
        this.health = health;
        this.metrics = metrics;
    }

    /** Health for everybody. It says nothing but names of checks. */
    public void mountHealth(Router router) {
        router.get("/health/live").handler(context -> answer(context, 200, "{\"status\":\"live\"}"));
        router.get("/health/ready").handler(context -> health.readiness()
                .onSuccess(found -> answer(
                        context, found.ready() ? 200 : 503, found.toJson().encode()))
                .onFailure(context::fail));
    }

    /** Metrics for who asks from this machine, directly: for others there is no such page. */
    public void mountMetrics(Router router) {
        router.get("/metrics").handler(context -> {
            if (!isLocal(context.request())) {
                context.next();
                return;
            }
            health.readiness().map(Health.Readiness::ready).otherwise(false).onSuccess(ready -> context.response()
                    .putHeader(HttpHeaders.CONTENT_TYPE, PROMETHEUS)
                    .end(metrics.scrape(ready)));
        });
    }

    /** A second listener on loopback with all of it. */
    public Future<HttpServer> listen(Vertx vertx, int port) {
        var router = Router.router(vertx);
        mountHealth(router);
        mountMetrics(router);
        return vertx.createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(false))
                .requestHandler(router)
                .listen(SocketAddress.inetSocketAddress(
                        port, InetAddress.getLoopbackAddress().getHostAddress()));
    }

    private static void answer(RoutingContext context, int status, String json) {
        context.response()
                .setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(json);
    }

    /**
     * A proxy on this machine has a loopback address too, but says for whom it asks; a foreign page in a browser on this
     * machine says its origin, or asks by a name of its own.
     */
    private static boolean isLocal(HttpServerRequest request) {
        try {
            var headers = request.headers();
            return InetAddress.getByName(request.remoteAddress().hostAddress()).isLoopbackAddress()
                    && request.authority() != null
                    && LOCAL_NAMES.contains(request.authority().host())
                    && TELLTALES.stream().noneMatch(headers::contains);
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
