package app.fathi.platform.outbound;

import app.fathi.platform.config.Config;
import io.netty.handler.ssl.OpenSsl;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Asks others for small documents where the {@link OutboundGuard} lets it, in bounded time and of bounded size. Redirects are
 * not followed.
 */
public final class OutboundClient {
    private static final int WAITING = 200;

    private final HttpClientAgent http;
    private final OutboundGuard guard;
    private final int sizeLimit;
    private final Duration timeout;

    /**
     * What came back, whatever its status.
     *
     * @param retryAfter the header, as {@link RetryAfter} reads it; null where there was none
     */
    public record Answer(int status, Buffer body, String retryAfter) {}

    /** The answer has more octets than may come. */
    public static final class TooLargeException extends IOException {
        TooLargeException(int limit) {
            super("The answer has more than " + limit + " octets.");
        }
    }

    /**
     * Who is asked often and has to answer soon.
     *
     * @param timeout from the question to the end of the answer, with all that is between: the name, the connection, the handshake
     * @param sizeLimitBytes of an answer
     * @param connections to each host
     * @param keepAlive how long a connection is kept for the next question
     */
    public record Often(Duration timeout, int sizeLimitBytes, int connections, Duration keepAlive) {}

    /** @param timeoutSeconds from the question to the end of the answer */
    public OutboundClient(Vertx vertx, Config.Outbound config, OutboundGuard guard, int timeoutSeconds) {
        this(
                vertx,
                config,
                guard,
                Duration.ofSeconds(timeoutSeconds),
                config.responseLimitBytes(),
                config.connectionsPerOrigin(),
                settings(Duration.ofSeconds(config.connectTimeoutSeconds()))
                        // Asked now and then: a connection of before may end in the moment in which it is used again.
                        .setKeepAlive(false));
    }

    public OutboundClient(Vertx vertx, Config.Outbound config, OutboundGuard guard, Often often) {
        this(
                vertx,
                config,
                guard,
                often.timeout,
                often.sizeLimitBytes,
                often.connections,
                settings(often.timeout).setKeepAliveTimeout((int) often.keepAlive.toSeconds()));
    }

    private OutboundClient(
            Vertx vertx,
            Config.Outbound config,
            OutboundGuard guard,
            Duration timeout,
            int sizeLimit,
            int connections,
            HttpClientOptions options) {
        this.guard = guard;
        this.sizeLimit = sizeLimit;
        this.timeout = timeout;
        if (!config.trustedCertificate().isEmpty()) {
            options.setTrustOptions(TrustedAuthorities.withCertificate(Path.of(config.trustedCertificate())));
        }
        this.http = vertx.httpClientBuilder()
                .with(options)
                .with(new PoolOptions().setHttp1MaxSize(connections).setMaxWaitQueueSize(WAITING))
                .build();
    }

    private static HttpClientOptions settings(Duration connectTimeout) {
        return new HttpClientOptions()
                .setSslEngineOptions(OpenSsl.isAvailable() ? new OpenSSLEngineOptions() : new JdkSSLEngineOptions())
                .setConnectTimeout((int) connectTimeout.toMillis())
                .setSslHandshakeTimeout(connectTimeout.toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                .setDecompressionSupported(false);
    }

    public Future<Answer> get(URI url, Map<String, String> headers) {
        return exchange(HttpMethod.GET, url, headers, Buffer.buffer());
    }

    public Future<Answer> post(URI url, Map<String, String> headers, Buffer body) {
        return exchange(HttpMethod.POST, url, headers, body);
    }

    public Future<Void> close() {
        return http.close();
    }

    private Future<Answer> exchange(HttpMethod method, URI url, Map<String, String> headers, Buffer body) {
        // Whoever comes to a request that is given up ends it: who gave it up, or who got it too late.
        var begun = new AtomicReference<HttpClientRequest>();
        var over = new AtomicReference<Throwable>();
        return guard.resolve(url)
                .compose(address -> http.request(options(method, url, address, headers)))
                .compose(request -> {
                    begun.set(request);
                    if (over.get() != null) {
                        request.reset();
                        return Future.failedFuture(over.get());
                    }
                    // Asked for before it can come: an answer that came while nobody read it yet would be over.
                    var answer = request.response().compose(response -> read(request, response));
                    return request.send(body).compose(sent -> answer);
                })
                .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .onFailure(failure -> {
                    over.set(failure);
                    if (begun.get() != null) {
                        begun.get().reset();
                    }
                });
    }

    private static RequestOptions options(
            HttpMethod method, URI url, InetAddress address, Map<String, String> headers) {
        var ssl = url.getScheme().equalsIgnoreCase("https");
        var port = url.getPort() > 0 ? url.getPort() : ssl ? 443 : 80;
        var path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
        var options = new RequestOptions()
                .setMethod(method)
                .setServer(SocketAddress.inetSocketAddress(port, address.getHostAddress()))
                .setHost(url.getHost())
                .setPort(port)
                .setSsl(ssl)
                .setURI(url.getRawQuery() == null ? path : path + "?" + url.getRawQuery())
                .setFollowRedirects(false);
        headers.forEach(options::addHeader);
        return options;
    }

    private Future<Answer> read(HttpClientRequest request, HttpClientResponse response) {
        var body = Buffer.buffer();
        var tooLarge = new AtomicReference<IOException>();
        response.handler(octets -> {
            if (body.length() + octets.length() > sizeLimit) {
                tooLarge.set(new TooLargeException(sizeLimit));
                request.reset();
            } else {
                body.appendBuffer(octets);
            }
        });
        return response.end()
                .map(new Answer(response.statusCode(), body, response.getHeader("Retry-After")))
                .recover(failure -> Future.failedFuture(tooLarge.get() == null ? failure : tooLarge.get()));
    }
}
