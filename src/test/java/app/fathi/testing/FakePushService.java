package app.fathi.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.impl.ConnectionBase;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * A push service with virtual browsers behind it (RFC 8030), on HTTP/2 and HTTP/1.1. It decrypts every message with
 * code of its own, checks the sender's token and the headers, answers as real services do, and as badly as a test
 * scripts it.
 *
 * <pre>{@code
 * try (var push = FakePushService.start()) {
 *     var browser = push.subscribe();
 *     browser.answer(Answer.status(429).retryAfter("2"), Answer.status(201));
 *     … send to browser.endpoint() …
 *     push.awaitReceipts(1);
 * }
 * }</pre>
 *
 * <p>{@link #main} runs it as a process of its own, which outlives the server that a test kills.
 */
public final class FakePushService implements AutoCloseable {
    private static final Pattern TOPIC = Pattern.compile("[A-Za-z0-9_-]{1,32}");
    private static final Pattern TTL = Pattern.compile("[0-9]{1,10}");
    private static final Set<String> URGENCIES = Set.of("very-low", "low", "normal", "high");
    private static final int FAULTS_KEPT = 1000;
    public static final int USUAL_STREAMS = 1000;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /**
     * How the service runs.
     *
     * @param host to listen on: 127.0.0.1 to 127.0.0.4 make different origins
     * @param port 0: any free one
     * @param tls https with {@link TestCertificate}; else http
     * @param http2 offered by ALPN (with TLS) or known beforehand (without)
     * @param eventLoops threads
     * @param decryptEvery 1: each message; n: one in n; 0: none. The rest is recorded without plaintext
     * @param keepReceipts in memory; else only counted, and written when there is a file
     * @param receiptsFile one line of NDJSON per receipt, written before the answer; null: none
     */
    public record Options(
            String host,
            int port,
            boolean tls,
            boolean http2,
            int eventLoops,
            int decryptEvery,
            boolean keepReceipts,
            Path receiptsFile,
            TestCertificate certificate) {
        public static Options usual() {
            return new Options("127.0.0.1", 0, true, true, 1, 1, true, null, TestCertificate.get());
        }

        public Options withHost(String value) {
            return new Options(
                    value, port, tls, http2, eventLoops, decryptEvery, keepReceipts, receiptsFile, certificate);
        }

        public Options withPort(int value) {
            return new Options(
                    host, value, tls, http2, eventLoops, decryptEvery, keepReceipts, receiptsFile, certificate);
        }

        public Options withoutTls() {
            return new Options(
                    host, port, false, http2, eventLoops, decryptEvery, keepReceipts, receiptsFile, certificate);
        }

        public Options withoutHttp2() {
            return new Options(
                    host, port, tls, false, eventLoops, decryptEvery, keepReceipts, receiptsFile, certificate);
        }

        public Options withReceiptsFile(Path value) {
            return new Options(host, port, tls, http2, eventLoops, decryptEvery, keepReceipts, value, certificate);
        }

        /** Receipts without their plaintext: for who asks when messages came. */
        public Options unread() {
            return new Options(host, port, tls, http2, eventLoops, 0, keepReceipts, receiptsFile, certificate);
        }

        /** As {@link #unread}, and nothing is kept: for floods of which somebody is told. */
        public Options passing() {
            return new Options(host, port, tls, http2, eventLoops, 0, false, receiptsFile, certificate);
        }

        public Options withCertificate(TestCertificate value) {
            return new Options(host, port, tls, http2, eventLoops, decryptEvery, keepReceipts, receiptsFile, value);
        }
    }

    /**
     * What a request gets. The first of a script is used up by the first request that finds it.
     *
     * @param kind what happens
     * @param status of {@link Kind#STATUS}, {@link Kind#DRIP} and {@link Kind#FLOOD}
     * @param retryAfter the header's value; null: none
     * @param delay before it happens; between two octets of a drip
     * @param body of {@link Kind#STATUS}; null: none
     */
    public record Answer(Kind kind, int status, String retryAfter, Duration delay, String body) {
        public enum Kind {
            /** An answer with a status; 2xx only if the request is faultless. */
            STATUS,
            /** Read, not recorded, never answered. */
            HANG,
            /** The stream (HTTP/2) or connection (HTTP/1.1) is cut when the head has arrived. */
            RESET_BEFORE_BODY,
            /** Cut when all was read; not recorded. */
            RESET_AFTER_BODY,
            /** Recorded, then cut: the message reaches the browser, its sender never learns. */
            DROP_ANSWER,
            /** RST_STREAM with REFUSED_STREAM: not processed (RFC 9113, section 8.7). */
            REFUSE_STREAM,
            /** GOAWAY with a last stream below this one: not processed (RFC 9113, section 6.8). */
            GO_AWAY,
            /** GOAWAY with this stream as the last, then the connection is cut: perhaps processed. */
            GO_AWAY_AFTER,
            /** Head, then a body of which an octet comes now and then, without an end. */
            DRIP,
            /** Head, then a body as fast as it is read, without an end. */
            FLOOD
        }

        public static Answer status(int status) {
            return new Answer(Kind.STATUS, status, null, Duration.ZERO, null);
        }

        public static Answer of(Kind kind) {
            return new Answer(kind, 0, null, Duration.ZERO, null);
        }

        public static Answer drip(int status, Duration pause) {
            return new Answer(Kind.DRIP, status, null, pause, null);
        }

        public static Answer flood(int status) {
            return new Answer(Kind.FLOOD, status, null, Duration.ZERO, null);
        }

        public Answer retryAfter(String value) {
            return new Answer(kind, status, value, delay, body);
        }

        public Answer after(Duration value) {
            return new Answer(kind, status, retryAfter, value, body);
        }

        public Answer body(String value) {
            return new Answer(kind, status, retryAfter, delay, value);
        }

        private static Answer of(JsonObject json) {
            return new Answer(
                    Kind.valueOf(json.getString("kind", "STATUS")),
                    json.getInteger("status", 201),
                    json.getString("retryAfter"),
                    Duration.ofMillis(json.getLong("delayMillis", 0L)),
                    json.getString("body"));
        }
    }

    /** Answers for a subscription or for all: a queue, then a lasting one. */
    private static final class Script {
        private final Deque<Answer> next = new ConcurrentLinkedDeque<>();
        private volatile Answer always;

        Answer take() {
            Answer first = next.pollFirst();
            return first == null ? always : first;
        }
    }

    /**
     * A message that the service took.
     *
     * @param messageId from the message's JSON ({@code notification.data.fathi}); null when there is none
     * @param headers of the request, names in lower case
     * @param httpVersion {@code HTTP_2} or {@code HTTP_1_1}
     * @param plaintext null when it was not decrypted
     */
    public record Receipt(
            String subscription,
            String messageId,
            Map<String, String> headers,
            String httpVersion,
            Instant at,
            String plaintext) {
        public JsonObject json() {
            return new JsonObject(plaintext);
        }

        JsonObject toLine() {
            return new JsonObject()
                    .put("subscription", subscription)
                    .put("messageId", messageId)
                    .put("at", at.toString())
                    .put("httpVersion", httpVersion)
                    .put("ttl", headers.get("ttl"))
                    .put("urgency", headers.get("urgency"))
                    .put("topic", headers.get("topic"))
                    .put("plaintext", plaintext);
        }
    }

    /** A browser's subscription with its private key. */
    public final class VirtualSubscription {
        private final String id = UUID.randomUUID().toString();
        private final PushReceiver browser = PushReceiver.create();
        private final String applicationServerKey;
        private final Script script = new Script();
        private volatile boolean gone;

        private VirtualSubscription(String applicationServerKey) {
            this.applicationServerKey = applicationServerKey;
        }

        public String id() {
            return id;
        }

        public String endpoint() {
            return url() + "/push/" + id;
        }

        public String p256dh() {
            return browser.p256dh();
        }

        public String auth() {
            return browser.auth();
        }

        /** As {@code PushSubscription.toJSON()} writes it. */
        public JsonObject toJson() {
            return new JsonObject()
                    .put("endpoint", endpoint())
                    .putNull("expirationTime")
                    .put("keys", new JsonObject().put("p256dh", p256dh()).put("auth", auth()));
        }

        /** The next requests get these, one each; they go before those of the service. */
        public VirtualSubscription answer(Answer... answers) {
            script.next.addAll(List.of(answers));
            return this;
        }

        public VirtualSubscription answerAlways(Answer answer) {
            script.always = answer;
            return this;
        }

        /** From now on 410, as after {@code unsubscribe()}. */
        public void unsubscribe() {
            gone = true;
        }

        public List<Receipt> receipts() {
            return FakePushService.this.receipts().stream()
                    .filter(receipt -> receipt.subscription().equals(id))
                    .toList();
        }
    }

    private final Options options;
    private final Vertx vertx;
    private final int port;
    private final VapidChecker vapid = new VapidChecker();
    private final Map<String, VirtualSubscription> subscriptions = new ConcurrentHashMap<>();
    private final Script script = new Script();
    private final List<Receipt> receipts = Collections.synchronizedList(new ArrayList<>());
    private final List<String> faults = new CopyOnWriteArrayList<>();
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong connections = new AtomicLong();
    private final Set<HttpConnection> open = ConcurrentHashMap.newKeySet();
    /** Of connections that took leave: what they still process. */
    private final Map<HttpConnection, Integer> lastStreams = new ConcurrentHashMap<>();

    private final AtomicLong waiting = new AtomicLong();
    private final AtomicLong mostAtOnce = new AtomicLong();
    private final AtomicLong abandoned = new AtomicLong();
    private final BufferedWriter receiptsWriter;
    private volatile Function<String, Answer> each = subscription -> null;
    private volatile Consumer<Receipt> taken = receipt -> {};
    private volatile int streams = USUAL_STREAMS;
    private volatile Instant clockSetTo;

    private FakePushService(Options options) {
        this.options = options;
        vertx = Vertx.vertx(
                new VertxOptions().setEventLoopPoolSize(options.eventLoops).setPreferNativeTransport(true));
        try {
            receiptsWriter = options.receiptsFile == null
                    ? null
                    : Files.newBufferedWriter(
                            options.receiptsFile, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        port = await(listen()).actualPort();
    }

    /** HTTPS with HTTP/2 and HTTP/1.1 on a free port of 127.0.0.1. */
    public static FakePushService start() {
        return start(Options.usual());
    }

    public static FakePushService start(Options options) {
        return new FakePushService(options);
    }

    private Future<HttpServer> listen() {
        int chosen = options.port;
        if (chosen == 0 && options.eventLoops > 1) {
            chosen = freePort();
        }
        Future<HttpServer> last = null;
        for (int i = 0; i < options.eventLoops; i++) {
            // Each server is made on another event loop; Vert.x shares the port between them.
            HttpServerOptions http = httpOptions(chosen);
            Promise<HttpServer> started = Promise.promise();
            vertx.deployVerticle(new VerticleBase() {
                        @Override
                        public Future<?> start() {
                            return vertx.createHttpServer(http)
                                    .connectionHandler(FakePushService.this::opened)
                                    .requestHandler(FakePushService.this::handle)
                                    .listen()
                                    .onComplete(started);
                        }
                    })
                    .onFailure(started::tryFail);
            last = started.future();
            await(last);
        }
        return last;
    }

    private void opened(HttpConnection connection) {
        connections.incrementAndGet();
        open.add(connection);
        connection.closeHandler(closed -> {
            open.remove(connection);
            lastStreams.remove(connection);
        });
        if (streams != USUAL_STREAMS) {
            allow(connection);
        }
    }

    private void allow(HttpConnection connection) {
        connection.updateSettings(new Http2Settings().setMaxConcurrentStreams(streams));
    }

    private int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getByName(options.host))) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HttpServerOptions httpOptions(int chosenPort) {
        HttpServerOptions http = new HttpServerOptions()
                .setHost(options.host)
                .setPort(chosenPort)
                .setReuseAddress(true)
                .setHttp2ClearTextEnabled(options.http2);
        http.getInitialSettings().setMaxConcurrentStreams(USUAL_STREAMS);
        // Scripted resets are no attack.
        http.setHttp2RstFloodMaxRstFramePerWindow(1_000_000);
        if (options.tls) {
            http.setSsl(true)
                    .setKeyCertOptions(options.certificate.keyCertOptions())
                    .setUseAlpn(true)
                    .setAlpnVersions(
                            options.http2
                                    ? List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1)
                                    : List.of(HttpVersion.HTTP_1_1));
            if (OpenSSLEngineOptions.isAvailable()) {
                http.setSslEngineOptions(new OpenSSLEngineOptions());
            }
        }
        return http;
    }

    /** The service's origin. */
    public String url() {
        return (options.tls ? "https" : "http") + "://" + options.host + ":" + port;
    }

    /** What a client must trust to reach {@link #url()}. */
    public Path certificate() {
        return options.certificate.pem().toAbsolutePath();
    }

    /** A new browser that takes messages of any sender. */
    public VirtualSubscription subscribe() {
        return subscribe(null);
    }

    /** @param applicationServerKey the only key whose messages it takes, base64url; null: any */
    public VirtualSubscription subscribe(String applicationServerKey) {
        VirtualSubscription subscription = new VirtualSubscription(applicationServerKey);
        subscriptions.put(subscription.id, subscription);
        return subscription;
    }

    /** The next requests get these, one each, whatever their subscription. */
    public void answer(Answer... answers) {
        script.next.addAll(List.of(answers));
    }

    /** All requests without an answer of their own get it; null: 201 again. */
    public void answerAlways(Answer answer) {
        script.always = answer;
    }

    /**
     * Asked when a request arrives, with its subscription's id, what it gets, before anything else that is scripted for all;
     * null from it: nothing special. On the event loop.
     */
    public void answerEach(Function<String, Answer> chosen) {
        each = chosen;
    }

    /** Hears of each message when it is taken, before its sender. On the event loop. */
    public void whenTaken(Consumer<Receipt> listener) {
        taken = listener;
    }

    /** Tells all connections, those that are open too, how many streams they may have at once. HTTP/2 only. */
    public void allowStreams(int atOnce) {
        streams = atOnce;
        open.forEach(this::allow);
    }

    /**
     * Tells, so long from now, when all that was written to open connections until then has been read at their other end: what
     * arrives later was sent by somebody who knew it (a PING is answered in its turn: RFC 9113, section 6.7). HTTP/2 only.
     */
    public void whenRead(Duration fromNow, Runnable action) {
        vertx.setTimer(fromNow.toMillis(), timer -> Future.join(open.stream()
                        .map(connection -> connection.ping(Buffer.buffer(new byte[8])))
                        .toList())
                .onComplete(answered -> action.run()));
    }

    /** What was taken so far, and is looked at no more. */
    public void forgetReceipts() {
        receipts.clear();
    }

    /** The service's own clock; null: the real one. */
    public void setClock(Instant instant) {
        clockSetTo = instant;
    }

    /** All messages taken so far, in order. */
    public List<Receipt> receipts() {
        synchronized (receipts) {
            return List.copyOf(receipts);
        }
    }

    /** What senders did wrong, in words. A test of a good sender asserts that it is empty. */
    public List<String> faults() {
        return List.copyOf(faults);
    }

    /** Requests that arrived, whatever came of them. */
    public long requests() {
        return requests.get();
    }

    /** Connections opened so far. */
    public long connections() {
        return connections.get();
    }

    public Options options() {
        return options;
    }

    public int port() {
        return port;
    }

    /** The most requests that waited for their answer at the same time. */
    public long mostAtOnce() {
        return mostAtOnce.get();
    }

    /** Connections open now. */
    public long openConnections() {
        return open.size();
    }

    /** Endless answers ({@link Answer.Kind#DRIP}, {@link Answer.Kind#FLOOD}) that were cut by who asked. */
    public long abandoned() {
        return abandoned.get();
    }

    /** Waits until at least so many messages were taken. */
    public List<Receipt> awaitReceipts(int count) {
        await(count + " receipts, faults " + faults, () -> receipts.size() >= count);
        return receipts();
    }

    /** Waits until at least so many requests arrived. */
    public void awaitRequests(int count) {
        await(count + " requests", () -> requests.get() >= count);
    }

    private void await(String what, BooleanSupplier reached) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!reached.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("waited " + PATIENCE.toSeconds() + " s for " + what + "; requests " + requests
                        + ", receipts " + receipts.size());
            }
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void handle(HttpServerRequest request) {
        if (request.path().startsWith("/control/")) {
            request.body().onSuccess(body -> control(request, body));
            return;
        }
        requests.incrementAndGet();
        mostAtOnce.accumulateAndGet(waiting.incrementAndGet(), Math::max);
        request.response().endHandler(answered -> waiting.decrementAndGet());
        VirtualSubscription subscription = request.path().startsWith("/push/")
                ? subscriptions.get(request.path().substring("/push/".length()))
                : null;
        Answer scripted = subscription == null ? null : subscription.script.take();
        if (scripted == null && subscription != null) {
            scripted = each.apply(subscription.id);
        }
        if (scripted == null) {
            scripted = script.take();
        }
        Answer answer = scripted == null ? Answer.status(201) : scripted;
        if (answer.kind == Answer.Kind.RESET_BEFORE_BODY) {
            later(answer.delay, () -> cut(request, 0x2));
            return;
        }
        request.exceptionHandler(cut -> {});
        request.body().onSuccess(body -> later(answer.delay, () -> act(request, subscription, body, answer)));
    }

    private void later(Duration delay, Runnable action) {
        if (delay.isZero()) {
            action.run();
        } else {
            vertx.setTimer(Math.max(1, delay.toMillis()), timer -> action.run());
        }
    }

    private void act(HttpServerRequest request, VirtualSubscription subscription, Buffer body, Answer answer) {
        if (request.response().streamId() > lastStreams.getOrDefault(request.connection(), Integer.MAX_VALUE)) {
            // It was there already when we said that it is not processed.
            return;
        }
        switch (answer.kind) {
            case STATUS -> reply(request, subscription, body, answer);
            case HANG -> {}
            case RESET_BEFORE_BODY, RESET_AFTER_BODY -> cut(request, 0x2);
            case DROP_ANSWER -> {
                Verdict verdict = judge(request, subscription, body);
                if (verdict.receipt != null) {
                    record(verdict.receipt);
                }
                cut(request, 0x2);
            }
            case REFUSE_STREAM -> cut(request, 0x7);
            // What came before is still answered, on a slow machine too.
            case GO_AWAY -> goAway(request, Math.max(0, request.response().streamId() - 2), 1_000);
            case GO_AWAY_AFTER -> goAway(request, request.response().streamId(), 100);
            case DRIP -> {
                var response = endless(request, answer);
                vertx.setPeriodic(0, Math.max(1, answer.delay.toMillis()), timer -> {
                    if (response.closed() || response.ended()) {
                        vertx.cancelTimer(timer);
                    } else {
                        response.write("x");
                    }
                });
            }
            case FLOOD -> flood(endless(request, answer));
        }
    }

    private HttpServerResponse endless(HttpServerRequest request, Answer answer) {
        var response = request.response().setStatusCode(answer.status).setChunked(true);
        if (answer.retryAfter != null) {
            response.putHeader("Retry-After", answer.retryAfter);
        }
        response.exceptionHandler(cut -> {}).closeHandler(closed -> abandoned.incrementAndGet());
        return response;
    }

    /** A little in each turn: while a request is read, HTTP/1.1 only queues what is written and never calls it full. */
    private void flood(HttpServerResponse response) {
        for (int i = 0; i < 4 && !response.closed() && !response.writeQueueFull(); i++) {
            response.write(Buffer.buffer(new byte[16 * 1024]));
        }
        if (!response.closed()) {
            vertx.setTimer(1, turn -> flood(response));
        }
    }

    private static void cut(HttpServerRequest request, long http2Code) {
        if (request.version() == HttpVersion.HTTP_2) {
            request.response().reset(http2Code);
        } else {
            request.connection().close();
        }
    }

    /**
     * The frame alone: a server of Netty that was told of it fails the whole connection, with what it has promised to answer,
     * when more of a later request arrives.
     */
    private void goAway(HttpServerRequest request, int lastStream, long closeMillis) {
        if (request.version() == HttpVersion.HTTP_2) {
            lastStreams.put(request.connection(), lastStream);
            var channel = ((ConnectionBase) request.connection()).channelHandlerContext();
            channel.pipeline()
                    .get(Http2ConnectionHandler.class)
                    .encoder()
                    .frameWriter()
                    .writeGoAway(channel, lastStream, 0, Unpooled.EMPTY_BUFFER, channel.newPromise());
            channel.flush();
        }
        vertx.setTimer(closeMillis, timer -> request.connection().close());
    }

    private void reply(HttpServerRequest request, VirtualSubscription subscription, Buffer body, Answer answer) {
        var response = request.response().setStatusCode(answer.status);
        if (answer.retryAfter != null) {
            response.putHeader("Retry-After", answer.retryAfter);
        }
        if (answer.status / 100 == 2) {
            Verdict verdict = judge(request, subscription, body);
            if (verdict.receipt == null) {
                response.setStatusCode(verdict.status).end(verdict.fault);
                return;
            }
            record(verdict.receipt);
            response.putHeader("Location", url() + "/message/" + UUID.randomUUID());
        }
        if (answer.status / 100 == 3) {
            response.putHeader("Location", url() + "/push/elsewhere");
        }
        response.end(answer.body == null ? "" : answer.body);
    }

    /** @param receipt null when the request is refused */
    private record Verdict(int status, String fault, Receipt receipt) {}

    private Verdict judge(HttpServerRequest request, VirtualSubscription subscription, Buffer body) {
        if (request.method() != HttpMethod.POST) {
            return refuse(405, "the method is " + request.method());
        }
        if (subscription == null) {
            return new Verdict(404, "no such subscription", null);
        }
        if (subscription.gone) {
            return new Verdict(410, "unsubscribed", null);
        }
        Optional<String> badToken = vapid.fault(
                request.getHeader("Authorization"),
                request.scheme() + "://" + request.authority(),
                subscription.applicationServerKey,
                clockSetTo == null ? Instant.now() : clockSetTo);
        if (badToken.isPresent()) {
            return refuse(403, badToken.get());
        }
        Optional<String> badHeader = headerFault(request);
        if (badHeader.isPresent()) {
            return refuse(400, badHeader.get());
        }
        if (body.length() > 4096) {
            return refuse(413, "the body has " + body.length() + " octets");
        }
        String plaintext = null;
        if (options.decryptEvery > 0 && accepted.get() % options.decryptEvery == 0) {
            try {
                plaintext = new String(subscription.browser.decrypt(body.getBytes()), UTF_8);
            } catch (PushReceiver.Unreadable e) {
                return refuse(400, e.getMessage());
            }
        }
        Map<String, String> headers = new TreeMap<>();
        request.headers().forEach((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
        return new Verdict(
                201,
                null,
                new Receipt(
                        subscription.id,
                        messageId(plaintext),
                        headers,
                        request.version().name(),
                        Instant.now(),
                        plaintext));
    }

    private Verdict refuse(int status, String fault) {
        if (faults.size() < FAULTS_KEPT) {
            faults.add(status + " " + fault);
        }
        return new Verdict(status, fault, null);
    }

    private static Optional<String> headerFault(HttpServerRequest request) {
        String ttl = request.getHeader("TTL");
        if (ttl == null || !TTL.matcher(ttl).matches()) {
            return Optional.of("TTL is " + ttl);
        }
        if (!"aes128gcm".equals(request.getHeader("Content-Encoding"))) {
            return Optional.of("Content-Encoding is " + request.getHeader("Content-Encoding"));
        }
        if (request.getHeader("Content-Length") == null) {
            return Optional.of("Content-Length is missing");
        }
        String urgency = request.getHeader("Urgency");
        if (urgency != null && !URGENCIES.contains(urgency)) {
            return Optional.of("Urgency is " + urgency);
        }
        String topic = request.getHeader("Topic");
        if (topic != null && !TOPIC.matcher(topic).matches()) {
            return Optional.of("Topic is " + topic);
        }
        for (String single : List.of("TTL", "Urgency", "Topic", "Authorization")) {
            if (request.headers().getAll(single).size() > 1) {
                return Optional.of(single + " is there twice");
            }
        }
        return Optional.empty();
    }

    /** Wherever the sender keeps it: {@code notification.data.fathi.message}, or a plain field in simple tests. */
    private static String messageId(String plaintext) {
        if (plaintext == null || !plaintext.startsWith("{")) {
            return null;
        }
        JsonObject json;
        try {
            json = new JsonObject(plaintext);
        } catch (RuntimeException notJson) {
            return null;
        }
        JsonObject at = json;
        for (String step : List.of("notification", "data", "fathi")) {
            if (at.getValue(step) instanceof JsonObject next) {
                at = next;
            }
        }
        for (String name : List.of("messageId", "message", "id")) {
            if (at.getValue(name) instanceof String id) {
                return id;
            }
        }
        return null;
    }

    private void record(Receipt receipt) {
        accepted.incrementAndGet();
        taken.accept(receipt);
        if (receiptsWriter != null) {
            synchronized (receiptsWriter) {
                try {
                    receiptsWriter.write(receipt.toLine().encode());
                    receiptsWriter.newLine();
                    receiptsWriter.flush();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        if (options.keepReceipts) {
            receipts.add(receipt);
        }
    }

    /**
     * The door for other processes: {@code POST /control/subscriptions?count=n[&key=…]} → NDJSON, {@code POST
     * /control/answers {"subscription"?, "next": […], "always"?: {…}}}, {@code GET /control/state}.
     */
    private void control(HttpServerRequest request, Buffer body) {
        String reply =
                switch (request.method() + " " + request.path()) {
                    case "POST /control/subscriptions" ->
                        lines(subscribe(Integer.parseInt(request.getParam("count", "1")), request.getParam("key")));
                    case "POST /control/gone" -> goneEvery(Integer.parseInt(request.getParam("every", "1")));
                    case "POST /control/answers" -> scriptAnswers(body.toJsonObject());
                    case "GET /control/state" -> state().encode();
                    default -> null;
                };
        request.response().setStatusCode(reply == null ? 404 : 200).end(reply == null ? "" : reply);
    }

    private String goneEvery(int count) {
        int at = 0;
        for (var one : subscriptions.values()) {
            if (at++ % count == 0) {
                one.unsubscribe();
            }
        }
        return "{}";
    }

    private String scriptAnswers(JsonObject wanted) {
        String id = wanted.getString("subscription");
        Script target = id == null ? script : subscriptions.get(id).script;
        for (Object next : wanted.getJsonArray("next", new JsonArray())) {
            target.next.add(Answer.of((JsonObject) next));
        }
        if (wanted.containsKey("always")) {
            JsonObject always = wanted.getJsonObject("always");
            target.always = always == null ? null : Answer.of(always);
        }
        return "{}";
    }

    private JsonObject state() {
        return new JsonObject()
                .put("requests", requests.get())
                .put("accepted", accepted.get())
                .put("connections", connections.get())
                .put("faults", new JsonArray(List.copyOf(faults)));
    }

    private List<VirtualSubscription> subscribe(int count, String applicationServerKey) {
        List<VirtualSubscription> made = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            made.add(subscribe(applicationServerKey));
        }
        return made;
    }

    private static String lines(Collection<VirtualSubscription> some) {
        StringBuilder lines = new StringBuilder();
        some.forEach(one -> lines.append(one.toJson().encode()).append('\n'));
        return lines.toString();
    }

    @Override
    public void close() {
        await(vertx.close());
        if (receiptsWriter != null) {
            try {
                receiptsWriter.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * As a process: prints its URL as the first line, then runs until it is killed (or, with {@code
     * --until-stdin-closes}, until its parent is gone).
     *
     * <pre>
     * --host H --port N --plaintext --http1 --event-loops N --decrypt-every N --forget
     * --receipts FILE                one line of JSON per message taken
     * --subscriptions N FILE         makes N and writes them as PushSubscription.toJSON(), one a line
     * --key K                        the application server key of those subscriptions
     * </pre>
     */
    public static void main(String[] args) throws IOException {
        Arguments arguments = Arguments.of(args);
        FakePushService service = start(arguments.options);
        if (arguments.subscriptionsFile != null) {
            Files.writeString(
                    arguments.subscriptionsFile,
                    lines(service.subscribe(arguments.subscriptions, arguments.applicationServerKey)));
        }
        System.out.println(service.url());
        System.out.flush();
        if (arguments.untilStdinCloses) {
            while (System.in.read() >= 0) {
                // Nothing is said on it; its end is what counts.
            }
            service.close();
        }
    }

    private record Arguments(
            Options options,
            int subscriptions,
            Path subscriptionsFile,
            String applicationServerKey,
            boolean untilStdinCloses) {
        static Arguments of(String[] args) {
            Map<String, List<String>> given = new TreeMap<>();
            String name = null;
            for (String arg : args) {
                if (arg.startsWith("--")) {
                    name = arg.substring(2);
                    given.put(name, new ArrayList<>());
                } else {
                    given.get(name).add(arg);
                }
            }
            List<String> subscriptions = given.getOrDefault("subscriptions", List.of());
            String receipts = first(given, "receipts", null);
            Options options = new Options(
                    first(given, "host", "127.0.0.1"),
                    Integer.parseInt(first(given, "port", "0")),
                    !given.containsKey("plaintext"),
                    !given.containsKey("http1"),
                    Integer.parseInt(first(given, "event-loops", "1")),
                    Integer.parseInt(first(given, "decrypt-every", "1")),
                    !given.containsKey("forget"),
                    receipts == null ? null : Path.of(receipts),
                    given.containsKey("plaintext") ? null : TestCertificate.get());
            return new Arguments(
                    options,
                    subscriptions.isEmpty() ? 0 : Integer.parseInt(subscriptions.getFirst()),
                    subscriptions.isEmpty() ? null : Path.of(subscriptions.get(1)),
                    first(given, "key", null),
                    given.containsKey("until-stdin-closes"));
        }

        private static String first(Map<String, List<String>> given, String name, String otherwise) {
            List<String> values = given.get(name);
            return values == null || values.isEmpty() ? otherwise : values.getFirst();
        }
    }
}
