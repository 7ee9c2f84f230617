package app.fathi.webpush;

import app.fathi.cep.Channel.Gate;
import app.fathi.platform.config.Config;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.webpush.PushAnswer.Outcome;
import io.netty.handler.ssl.OpenSsl;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.StreamResetException;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * POSTs to push services (RFC 8030): HTTP/2 by ALPN, HTTP/1.1 where a service speaks nothing newer. One attempt at a time
 * is told what came of it; whether to try again is decided elsewhere.
 */
final class PushClient {
    private static final long REFUSED_STREAM = 0x7; // RFC 9113 section 7

    private final HttpClientAgent secure;
    /** For {@code http:} endpoints, which only tests and closed networks allow: no ALPN, so HTTP/1.1. */
    private final HttpClientAgent plaintext;

    private final OutboundGuard guard;
    private final InstantSource clock;
    private final Duration timeout;
    private final Duration retryAfterLimit;

    PushClient(Vertx vertx, Config config, OutboundGuard guard, InstantSource clock) {
        var outbound = config.outbound();
        var options = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setUseAlpn(true)
                .setSsl(true)
                .setSslEngineOptions(OpenSsl.isAvailable() ? new OpenSSLEngineOptions() : new JdkSSLEngineOptions())
                .setConnectTimeout((int) TimeUnit.SECONDS.toMillis(outbound.connectTimeoutSeconds()))
                .setHttp2MultiplexingLimit(outbound.streamsPerConnection())
                .setDecompressionSupported(false);
        if (!outbound.trustedCertificate().isEmpty()) {
            options.setTrustOptions(new PemTrustOptions().addCertPath(outbound.trustedCertificate()));
        }
        var pool = new PoolOptions()
                .setHttp1MaxSize(outbound.connectionsPerOrigin() * 8)
                .setHttp2MaxSize(outbound.connectionsPerOrigin());
        this.secure = vertx.createHttpClient(options, pool);
        this.plaintext = vertx.createHttpClient(
                new HttpClientOptions()
                        .setConnectTimeout((int) TimeUnit.SECONDS.toMillis(outbound.connectTimeoutSeconds())),
                pool);
        this.guard = guard;
        this.clock = clock;
        this.timeout = Duration.ofSeconds(outbound.requestTimeoutSeconds());
        this.retryAfterLimit = Duration.ofHours(config.send().retryAfterLimitHours());
    }

    /** One attempt; the future never fails. The gate is asked again when a connection is at hand. */
    Future<PushAnswer> send(PushRequest push, Gate gate) {
        var written = new AtomicBoolean();
        return guard.resolve(push.endpoint())
                .compose(address ->
                        (isSecure(push.endpoint()) ? secure : plaintext).request(options(push.endpoint(), address)))
                .compose(request -> {
                    if (!gate.open()) {
                        request.reset();
                        return Future.succeededFuture(new PushAnswer(Outcome.SHUT, 0, null, false));
                    }
                    written.set(true);
                    return post(request, push).compose(this::answer);
                })
                .recover(failure -> Future.succeededFuture(failed(failure, written.get())));
    }

    Future<Void> close() {
        return secure.close().eventually(plaintext::close);
    }

    private RequestOptions options(URI endpoint, java.net.InetAddress address) {
        var ssl = isSecure(endpoint);
        var port = endpoint.getPort() > 0 ? endpoint.getPort() : ssl ? 443 : 80;
        var path = endpoint.getRawPath() == null || endpoint.getRawPath().isEmpty() ? "/" : endpoint.getRawPath();
        return new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setServer(SocketAddress.inetSocketAddress(port, address.getHostAddress()))
                .setHost(endpoint.getHost())
                .setPort(port)
                .setSsl(ssl)
                .setURI(endpoint.getRawQuery() == null ? path : path + "?" + endpoint.getRawQuery())
                .setFollowRedirects(false)
                .setConnectTimeout(timeout.toMillis())
                .setIdleTimeout(timeout.toMillis());
    }

    private static boolean isSecure(URI endpoint) {
        return endpoint.getScheme().equalsIgnoreCase("https");
    }

    private static Future<HttpClientResponse> post(HttpClientRequest request, PushRequest push) {
        request.putHeader("TTL", String.valueOf(push.ttlSeconds()))
                .putHeader("Urgency", push.urgency().word())
                .putHeader("Topic", push.topic())
                .putHeader("Content-Type", "application/octet-stream")
                .putHeader("Content-Encoding", "aes128gcm")
                .putHeader("Authorization", push.authorization());
        var response = request.send(Buffer.buffer(push.body()));
        CrashPoint.AFTER_FIRST_BYTE.hit();
        return response;
    }

    private Future<PushAnswer> answer(HttpClientResponse response) {
        CrashPoint.AFTER_ANSWER.hit();
        // Nobody's answer fills our memory: the body is let flow past unread.
        response.handler(octets -> {}).exceptionHandler(ignored -> {}).resume();
        var status = response.statusCode();
        return Future.succeededFuture(
                new PushAnswer(outcome(status), status, notBefore(response.getHeader("Retry-After")), true));
    }

    static Outcome outcome(int status) {
        return switch (status) {
            case 200, 201, 202, 204 -> Outcome.ACCEPTED;
            case 401, 403 -> Outcome.KEY_MISMATCH;
            case 404, 410 -> Outcome.GONE;
            case 413 -> Outcome.TOO_LARGE;
            case 429 -> Outcome.RATE_LIMITED;
            case 408 -> Outcome.TRANSIENT;
            default -> status >= 500 ? Outcome.TRANSIENT : Outcome.BAD_REQUEST;
        };
    }

    /** {@code Retry-After}: seconds or a date (RFC 9110 section 10.2.3), no longer than a day. */
    Instant notBefore(String header) {
        if (header == null) {
            return null;
        }
        var now = clock.instant();
        try {
            var wait = header.strip().matches("[0-9]{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(header.strip()))
                    : Duration.between(
                            now,
                            ZonedDateTime.parse(header.strip(), DateTimeFormatter.RFC_1123_DATE_TIME)
                                    .toInstant());
            return wait.isNegative() ? now : now.plus(wait.compareTo(retryAfterLimit) > 0 ? retryAfterLimit : wait);
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** A connection that was never made, a refused stream, a GOAWAY before our stream: certainly not processed. */
    private static PushAnswer failed(Throwable failure, boolean written) {
        return switch (failure) {
            case OutboundGuard.RefusedAddressException e -> new PushAnswer(Outcome.REFUSED_ADDRESS, 0, null, false);
            case StreamResetException e
            when e.getCode() == REFUSED_STREAM -> new PushAnswer(Outcome.NOT_PROCESSED, 0, null, false);
            case HttpClosedException e when !written -> new PushAnswer(Outcome.NOT_PROCESSED, 0, null, false);
            default -> new PushAnswer(Outcome.TRANSIENT, 0, null, written);
        };
    }
}
