package app.fathi.webpush;

import app.fathi.cep.message.Channel.Gate;
import app.fathi.platform.config.Config;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.outbound.Origin;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.outbound.RetryAfter;
import app.fathi.platform.outbound.TrustedAuthorities;
import app.fathi.webpush.PushAnswer.Outcome;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslHandler;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.StreamResetException;
import io.vertx.core.http.impl.HttpClientConnectionInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * POSTs to push services (RFC 8030): HTTP/2 by ALPN, HTTP/1.1 where a service speaks nothing newer. One attempt at a time
 * is told what came of it; whether to try again is decided elsewhere. Only what was certainly not processed is sent again
 * from here, at once and few times.
 */
final class PushClient {
    private static final long REFUSED_STREAM = 0x7; // RFC 9113 section 7
    private static final long CANCEL = 0x8;

    /** Certainly not processed: a busy service refuses again, and then it is better to wait. */
    private static final int AT_ONCE = 2;

    /** HTTP/1.1 carries one request a connection where HTTP/2 carries hundreds. */
    private static final int HTTP_1_FACTOR = 8;

    /** Requests that may leave together. */
    private static final int FLUSHES = 64;

    private static final int REASON_OCTETS = 1_024;
    private static final Pattern REASON = Pattern.compile("[A-Za-z]{1,40}");

    private static final CharSequence TTL = HttpHeaders.createOptimized("ttl");
    private static final CharSequence URGENCY = HttpHeaders.createOptimized("urgency");
    private static final CharSequence TOPIC = HttpHeaders.createOptimized("topic");
    private static final CharSequence OCTETS = HttpHeaders.createOptimized("application/octet-stream");
    private static final CharSequence AES128GCM = HttpHeaders.createOptimized("aes128gcm");

    private static final Buffer PING = Buffer.buffer("no news?");

    private final Vertx vertx;
    private final HttpClientAgent http2;
    /**
     * For services that were found to speak nothing newer, because Vert.x counts a connection of an HTTP/2 client as if all
     * others were HTTP/2, too; and for {@code http:} endpoints, which only tests and closed networks allow.
     */
    private final HttpClientAgent http1;

    private final PushOrigins origins;
    private final OutboundGuard guard;
    private final InstantSource clock;
    private final Duration connectTimeout;
    private final Duration timeout;
    /** A gate is open for half a lease; what it let through leaves before the other half is over, or not at all. */
    private final Duration standstill;

    private final Duration retryAfterLimit;
    private final int responseLimit;

    /** The last stream that a push service promised to process before it took leave (RFC 9113 section 6.8). */
    private final Map<HttpConnection, Integer> goneAway = Collections.synchronizedMap(new WeakHashMap<>());

    private final Set<HttpConnection> doubted = ConcurrentHashMap.newKeySet();

    PushClient(Vertx vertx, Config config, OutboundGuard guard, InstantSource clock) {
        var outbound = config.outbound();
        this.vertx = vertx;
        this.guard = guard;
        this.clock = clock;
        this.connectTimeout = Duration.ofSeconds(outbound.connectTimeoutSeconds());
        this.timeout = Duration.ofSeconds(outbound.requestTimeoutSeconds());
        this.standstill =
                Duration.ofSeconds(config.jobs().leaseSeconds()).multipliedBy(9).dividedBy(20);
        this.retryAfterLimit = Duration.ofHours(config.send().retryAfterLimitHours());
        this.responseLimit = outbound.responseLimitBytes();
        this.origins = new PushOrigins(
                ((VertxInternal) vertx)::createEventLoopContext,
                clock,
                outbound.origins(),
                outbound.connectionsPerOrigin(),
                outbound.streamsPerConnection(),
                Duration.ofSeconds(config.vapid().refusedSeconds()),
                timeout);
        this.http2 = client(
                outbound,
                new HttpClientOptions()
                        .setProtocolVersion(HttpVersion.HTTP_2)
                        .setUseAlpn(true)
                        .setHttp2MultiplexingLimit(outbound.streamsPerConnection()));
        this.http1 = client(outbound, new HttpClientOptions());
    }

    private HttpClientAgent client(Config.Outbound outbound, HttpClientOptions options) {
        options.setSslEngineOptions(OpenSsl.isAvailable() ? new OpenSSLEngineOptions() : new JdkSSLEngineOptions())
                .setSslHandshakeTimeout(outbound.connectTimeoutSeconds())
                .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS)
                .setConnectTimeout((int) connectTimeout.toMillis())
                .setDecompressionSupported(false);
        if (!outbound.trustedCertificate().isEmpty()) {
            options.setTrustOptions(TrustedAuthorities.withCertificate(Path.of(outbound.trustedCertificate())));
        }
        return vertx.httpClientBuilder()
                .with(options)
                .with(new PoolOptions()
                        .setHttp1MaxSize(outbound.connectionsPerOrigin() * HTTP_1_FACTOR)
                        .setHttp2MaxSize(outbound.connectionsPerOrigin()))
                .withConnectHandler(this::connected)
                .build();
    }

    /** Vert.x has no public way to its channel handlers; the interface used here is public, though not API. */
    private void connected(HttpConnection connection) {
        connection.closeHandler(closed -> origins.closed(connection));
        var channel = ((HttpClientConnectionInternal) connection)
                .channelHandlerContext()
                .pipeline();
        // Requests that follow each other at once share a TLS record and a system call.
        var flushes = new FlushConsolidationHandler(FLUSHES, true);
        var tls = channel.context(SslHandler.class);
        if (tls == null) {
            channel.addFirst(flushes);
        } else {
            channel.addAfter(tls.name(), null, flushes);
        }
        channel.addFirst(new FreezeGuard(standstill));
    }

    /** Until when this origin takes nothing, because it is down or does not answer; null when it may be tried. */
    Instant heldUntil(String origin) {
        return origins.heldUntil(origin);
    }

    /**
     * One attempt; the future never fails. The gate is asked again when there is room for the request and, on the event loop
     * that writes to the socket, at the last moment.
     */
    Future<PushAnswer> send(PushRequest push, Gate gate) {
        var askedNanos = System.nanoTime();
        var origin = origins.of(Origin.of(push.endpoint()));
        return origin.send(push, gate, () -> attempt(push, origin, gate, askedNanos, AT_ONCE));
    }

    private Future<PushAnswer> attempt(PushRequest push, PushOrigin origin, Gate gate, long askedNanos, int repeats) {
        return origin.here(guard.resolve(push.endpoint()))
                .compose(address -> connect(push, origin, address))
                .compose(request -> exchange(request, push, origin, gate, askedNanos))
                .recover(failure -> Future.succeededFuture(unconnected(failure)))
                .compose(answer -> answer.outcome() == Outcome.NOT_PROCESSED && repeats > 0
                        ? attempt(push, origin, gate, askedNanos, repeats - 1)
                        : Future.succeededFuture(answer));
    }

    /**
     * Not with the time limit of Vert.x: that one loses a connection that is handed over in the instant in which it ends, as
     * when a process that was frozen wakes to both, and nobody is told.
     */
    private Future<HttpClientRequest> connect(PushRequest push, PushOrigin origin, InetAddress address) {
        var asked = client(push, origin).request(options(push, address));
        return asked.timeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .onFailure(late -> asked.onSuccess(this::giveBack));
    }

    private HttpClientAgent client(PushRequest push, PushOrigin origin) {
        return isSecure(push.endpoint()) && !origin.isOld() ? http2 : http1;
    }

    PushOrigins origins() {
        return origins;
    }

    Future<Void> close() {
        return http2.close().eventually(http1::close);
    }

    private RequestOptions options(PushRequest push, InetAddress address) {
        var endpoint = push.endpoint();
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
                .setConnectTimeout(0)
                .addHeader(URGENCY, push.urgency().word())
                .addHeader(TOPIC, push.topic())
                .addHeader(HttpHeaders.CONTENT_TYPE, OCTETS)
                .addHeader(HttpHeaders.CONTENT_ENCODING, AES128GCM)
                .addHeader(HttpHeaders.AUTHORIZATION, push.authorization());
    }

    private static boolean isSecure(URI endpoint) {
        return endpoint.getScheme().equalsIgnoreCase("https");
    }

    private Future<PushAnswer> exchange(
            HttpClientRequest request, PushRequest push, PushOrigin origin, Gate gate, long askedNanos) {
        // What fails is told by the response's future; without a handler Vert.x would log it, with the endpoint in it.
        request.exceptionHandler(told -> {});
        use(request, origin);
        if (!gate.open()) {
            giveBack(request);
            return Future.succeededFuture(PushAnswer.SHUT);
        }
        var written = new AtomicBoolean();
        var deadline = vertx.setTimer(timeout.toMillis(), late -> tooLate(request));
        // Before the request leaves: an answer that came first would have ended before anybody listened.
        var answer = request.response()
                .onFailure(failure -> vertx.cancelTimer(deadline))
                .compose(response -> answer(request, response, deadline))
                .recover(failure -> Future.succeededFuture(interrupted(failure, request, written.get())));
        request.putHeader(TTL, String.valueOf(ttlSeconds(push, askedNanos)));
        // Not when the write is told to be done: that may be heard after the answer, and what has left would be taken
        // for unsent.
        written.set(true);
        request.end(Buffer.buffer(push.body())).onSuccess(left -> CrashPoint.AFTER_FIRST_BYTE.hit());
        return answer;
    }

    private void use(HttpClientRequest request, PushOrigin origin) {
        var connection = request.connection();
        if (origins.use(origin, connection)) {
            if (isHttp2(request)) {
                streams(origin, connection.remoteSettings());
                connection.remoteSettingsHandler(settings -> streams(origin, settings));
                connection.goAwayHandler(goAway -> goneAway.put(connection, goAway.getLastStreamId()));
            } else {
                origin.isOld(true);
            }
        }
    }

    private void streams(PushOrigin origin, Http2Settings settings) {
        origin.allows(settings.getMaxConcurrentStreams());
    }

    private static boolean isHttp2(HttpClientRequest request) {
        return request.version() == HttpVersion.HTTP_2;
    }

    /** What remains of it when the request at last leaves. */
    private static long ttlSeconds(PushRequest push, long askedNanos) {
        return Math.max(0, push.ttlSeconds() - TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - askedNanos));
    }

    /**
     * A request that was not begun. Vert.x counts the place of an HTTP/2 stream as taken until the stream has ended, and one
     * that was never opened does not end: the connection has to go.
     */
    private void giveBack(HttpClientRequest request) {
        request.reset(CANCEL);
        if (isHttp2(request)) {
            origins.shut(request.connection());
        }
    }

    private void tooLate(HttpClientRequest request) {
        request.reset(CANCEL, new TimeoutException());
        if (isHttp2(request)) {
            askIfAlive(request.connection());
        }
    }

    /** The service may be slow, or its connection dead, so that all further requests on it would time out, too. */
    private void askIfAlive(HttpConnection connection) {
        if (doubted.add(connection)) {
            connection
                    .ping(PING)
                    .timeout(connectTimeout.toMillis(), TimeUnit.MILLISECONDS)
                    .onFailure(dead -> connection.close())
                    .onComplete(known -> doubted.remove(connection));
        }
    }

    /**
     * The status says what to do; the body of a refusal is read for its reason. Nobody's answer fills our memory or keeps its
     * place for long: what is too large or too slow is cut.
     */
    private Future<PushAnswer> answer(HttpClientRequest request, HttpClientResponse response, long deadline) {
        CrashPoint.AFTER_ANSWER.hit();
        var status = response.statusCode();
        var start = Buffer.buffer();
        var read = new AtomicLong();
        response.handler(octets -> {
            if (start.length() < REASON_OCTETS) {
                start.appendBuffer(octets);
            }
            if (read.addAndGet(octets.length()) > responseLimit) {
                request.reset(CANCEL);
            }
        });
        var notBefore = RetryAfter.notBefore(response.getHeader("Retry-After"), clock.instant(), retryAfterLimit);
        var ended =
                response.end().onComplete(done -> vertx.cancelTimer(deadline)).otherwiseEmpty();
        return status >= 400 && status < 500
                ? ended.map(done -> new PushAnswer(outcome(status), status, notBefore, true, reason(start)))
                : Future.succeededFuture(new PushAnswer(outcome(status), status, notBefore, true, null));
    }

    /** Only a word that looks like one: a body may repeat the endpoint. */
    private static String reason(Buffer body) {
        try {
            var said = new JsonObject(body).getValue("reason");
            return said instanceof String word && REASON.matcher(word).matches() ? word : null;
        } catch (DecodeException e) {
            return null;
        }
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

    /** Nothing left: the address is refused or unknown, no connection was made or none was free in time. */
    private static PushAnswer unconnected(Throwable failure) {
        return new PushAnswer(
                failure instanceof OutboundGuard.RefusedAddressException ? Outcome.REFUSED_ADDRESS : Outcome.TRANSIENT,
                0,
                null,
                false,
                null);
    }

    /** It began to leave, and no answer came. */
    private PushAnswer interrupted(Throwable failure, HttpClientRequest request, boolean written) {
        var refused = failure instanceof StreamResetException reset && reset.getCode() == REFUSED_STREAM;
        var lost = failure instanceof HttpClosedException && (!written || isAboveGoAway(request));
        return refused || lost
                ? new PushAnswer(Outcome.NOT_PROCESSED, 0, null, false, null)
                : new PushAnswer(Outcome.TRANSIENT, 0, null, written, null);
    }

    private boolean isAboveGoAway(HttpClientRequest request) {
        var last = goneAway.get(request.connection());
        return last != null && request.streamId() > last;
    }
}
