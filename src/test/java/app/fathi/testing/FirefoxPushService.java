package app.fathi.testing;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The push service that a real Firefox speaks to, in place of Mozilla's: its client protocol on a WebSocket, and for each
 * registration an endpoint that takes messages (RFC 8030) from senders it can identify (RFC 8292). What it cannot do is
 * read: the browser decrypts.
 *
 * <p>Firefox uses it with the preferences {@code dom.push.serverURL} = {@link #url()} and {@code
 * dom.push.testing.allowInsecureServerURL} = true.
 */
public final class FirefoxPushService implements AutoCloseable {
    private static final int DECRYPTED = 100;

    /** A browser's registration for one service worker. */
    private static final class Registration {
        private final String channel;
        private final String applicationServerKey;
        private volatile Browser browser;

        /** What a sender is told instead of being served; 0: nothing. */
        private volatile int refusal;

        private Registration(String channel, String applicationServerKey, Browser browser) {
            this.channel = channel;
            this.applicationServerKey = applicationServerKey;
            this.browser = browser;
        }
    }

    private static final class Browser {
        private final String uaid = UUID.randomUUID().toString().replace("-", "");
        private volatile ServerWebSocket socket;
    }

    private final Vertx vertx = Vertx.vertx();
    private final VapidChecker vapid = new VapidChecker();
    private final Map<String, Browser> browsers = new ConcurrentHashMap<>();
    private final Map<String, Registration> registrations = new ConcurrentHashMap<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger decrypted = new AtomicInteger();
    private final List<String> faults = new CopyOnWriteArrayList<>();
    private final HttpServer server;

    private FirefoxPushService() {
        server = vertx.createHttpServer(new HttpServerOptions()
                        .setHost("127.0.0.1")
                        .setPort(0)
                        // Seconds. Firefox does not answer a closing handshake, so none is waited for.
                        .setWebSocketClosingTimeout(0)
                        .setWebSocketSubProtocols(List.of("push-notification")))
                .webSocketHandler(this::onSocket)
                .requestHandler(request -> request.body().onSuccess(body -> onMessage(request, body)))
                .listen()
                .await();
    }

    public static FirefoxPushService start() {
        return new FirefoxPushService();
    }

    /** For {@code dom.push.serverURL}. */
    public String url() {
        return "ws://127.0.0.1:" + server.actualPort() + "/";
    }

    /** The endpoints that senders may use now, as browsers got them. */
    public List<String> endpoints() {
        return registrations.entrySet().stream()
                .filter(entry -> entry.getValue().refusal == 0)
                .map(entry -> endpoint(entry.getKey()))
                .toList();
    }

    /** Requests of senders, whatever came of them. */
    public int requests() {
        return requests.get();
    }

    /** Messages that a browser said it could decrypt and handed to its worker. */
    public int decrypted() {
        return decrypted.get();
    }

    /** What senders and browsers did wrong, in words. */
    public List<String> faults() {
        return List.copyOf(faults);
    }

    /** From now on senders get this status for the endpoint, such as 410; its browser hears nothing of it. */
    public void refuse(String endpoint, int status) {
        registrations.get(id(endpoint)).refusal = status;
    }

    /** As after a loss of its memory: every browser is unknown when it comes again, and every endpoint is gone. */
    public void forgetEverything() {
        registrations.clear();
        var known = List.copyOf(browsers.values());
        browsers.clear();
        known.forEach(browser -> browser.socket.close());
    }

    // ---- browsers ----

    private void onSocket(ServerWebSocket socket) {
        var browser = new Browser[1];
        socket.textMessageHandler(text -> {
            var message = new JsonObject(text);
            switch (message.getString("messageType", "ping")) {
                case "hello" -> browser[0] = hello(socket, message);
                case "register" ->
                    socket.writeTextMessage(register(browser[0], message).encode());
                case "unregister" -> {
                    registrations.values().removeIf(one -> one.channel.equals(message.getString("channelID")));
                    socket.writeTextMessage(message.copy().put("status", 200).encode());
                }
                case "ack" -> message.getJsonArray("updates").forEach(update -> acknowledged((JsonObject) update));
                case "ping" -> socket.writeTextMessage("{}");
                default -> {}
            }
        });
    }

    private Browser hello(ServerWebSocket socket, JsonObject message) {
        // A browser that is told another id than the one it came with knows that its registrations are lost.
        var known = browsers.get(message.getString("uaid", ""));
        var browser = known == null ? new Browser() : known;
        browser.socket = socket;
        browsers.put(browser.uaid, browser);
        socket.writeTextMessage(new JsonObject()
                .put("messageType", "hello")
                .put("status", 200)
                .put("uaid", browser.uaid)
                .put("use_webpush", true)
                .put("broadcasts", new JsonObject())
                .encode());
        return browser;
    }

    private JsonObject register(Browser browser, JsonObject message) {
        var id = UUID.randomUUID().toString();
        // Firefox pads what RFC 8292 writes without padding.
        var key = message.getString("key").replace("=", "");
        registrations.put(id, new Registration(message.getString("channelID"), key, browser));
        return new JsonObject()
                .put("messageType", "register")
                .put("status", 200)
                .put("channelID", message.getString("channelID"))
                .put("pushEndpoint", endpoint(id));
    }

    private void acknowledged(JsonObject update) {
        if (update.getInteger("code", DECRYPTED) == DECRYPTED) {
            decrypted.incrementAndGet();
        } else {
            faults.add("the browser answers " + update.encode());
        }
    }

    // ---- senders ----

    private String endpoint(String id) {
        return "http://127.0.0.1:" + server.actualPort() + "/push/" + id;
    }

    private static String id(String endpoint) {
        return endpoint.substring(endpoint.lastIndexOf('/') + 1);
    }

    private void onMessage(HttpServerRequest request, Buffer body) {
        requests.incrementAndGet();
        var registration = registrations.get(id(request.path()));
        if (registration == null || registration.refusal != 0) {
            request.response()
                    .setStatusCode(registration == null ? 410 : registration.refusal)
                    .end();
            return;
        }
        var badToken = vapid.fault(
                request.getHeader("Authorization"),
                "http://" + request.authority(),
                registration.applicationServerKey,
                Instant.now());
        if (badToken.isPresent()
                || request.method() != HttpMethod.POST
                || request.getHeader("TTL") == null
                || !"aes128gcm".equals(request.getHeader("Content-Encoding"))) {
            faults.add(badToken.orElse("the request is " + request.method() + " with " + request.headers()));
            request.response().setStatusCode(400).end();
            return;
        }
        var version = UUID.randomUUID().toString();
        registration.browser.socket.writeTextMessage(new JsonObject()
                .put("messageType", "notification")
                .put("channelID", registration.channel)
                .put("version", version)
                .put("ttl", Integer.parseInt(request.getHeader("TTL")))
                .put("data", Base64.getUrlEncoder().withoutPadding().encodeToString(body.getBytes()))
                .put("headers", new JsonObject().put("encoding", "aes128gcm"))
                .encode());
        request.response()
                .setStatusCode(201)
                .putHeader("Location", "http://" + request.authority() + "/message/" + version)
                .end();
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}
