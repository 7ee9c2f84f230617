package app.fathi.demo;

import app.fathi.demo.VirtualBrowser.StrangeException;
import app.fathi.platform.config.Config;
import app.fathi.platform.logging.Logging;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.PushDecryption;
import app.fathi.webpush.encryption.PushDecryption.UnreadableException;
import app.fathi.webpush.encryption.PushEncryption;
import app.fathi.webpush.encryption.VapidCheck;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.OpenSSLEngineOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The demo's push service (RFC 8030, TLS and HTTP/2 on loopback) with the virtual browsers behind it, in a process of its
 * own: {@code PushService <demo folder>}. It may be killed at any moment: keys, and what was received and told, lie in the
 * folder, so the next one goes on. It ends with the process that started it.
 */
public final class PushService {
    static final String PATH = "/push/";

    private static final Pattern TTL = Pattern.compile("[0-9]{1,10}");
    private static final Logger LOG = LoggerFactory.getLogger(PushService.class);

    private final Vertx vertx;
    private final Map<String, VirtualBrowser> browsers;
    private final Received received;
    private final Reports reports;
    private final VapidCheck vapid;
    private final PushDecryption decryption = new PushDecryption(new CryptoProviders());

    private PushService(Vertx vertx, List<VirtualBrowser> browsers, Received received, String origin) {
        this.vertx = vertx;
        this.browsers = browsers.stream().collect(Collectors.toMap(VirtualBrowser::id, Function.identity()));
        this.received = received;
        this.reports = new Reports(vertx, received);
        this.vapid = new VapidCheck(origin);
        var byNumber = browsers.stream()
                .collect(Collectors.toMap(browser -> browser.person().number(), Function.identity()));
        received.all().stream()
                .filter(delivery -> byNumber.containsKey(delivery.browser()))
                .forEach(delivery -> reports.tell(
                        delivery, byNumber.get(delivery.browser()).person().curious()));
    }

    public static void main(String[] arguments) throws IOException {
        Locale.setDefault(Locale.ROOT);
        endWithParent();
        var folder = DemoFolder.open(Path.of(arguments[0]));
        Logging.start(Config.of(Map.of(
                        "FATHI_LOG_DIR",
                        folder.logs().resolve("push-service").toString(),
                        "FATHI_LOG_CONSOLE",
                        "false"))
                .log());
        var vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
        new PushService(vertx, folder.browsers(), Received.open(folder.received()), folder.pushOrigin())
                .listen(folder)
                .onFailure(failure -> {
                    LOG.error("It cannot listen on {}", folder.pushOrigin(), failure);
                    Logging.stop();
                    Runtime.getRuntime().halt(1);
                });
    }

    /** Whoever started us holds the other end of our standard input, however it ends. */
    private static void endWithParent() {
        Thread.ofPlatform().daemon().name("parent").start(() -> {
            try (var in = System.in) {
                in.transferTo(OutputStream.nullOutputStream());
            } catch (IOException e) {
                LOG.debug("The parent is gone: {}", e.toString());
            }
            Runtime.getRuntime().halt(0);
        });
    }

    private Future<?> listen(DemoFolder folder) {
        var options = new HttpServerOptions()
                .setHost(InetAddress.getLoopbackAddress().getHostAddress())
                .setPort(folder.pushPort())
                .setSsl(true)
                .setKeyCertOptions(DemoCertificate.keys(folder))
                .setUseAlpn(true)
                .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1));
        if (OpenSSLEngineOptions.isAvailable()) {
            options.setSslEngineOptions(new OpenSSLEngineOptions());
        }
        return vertx.createHttpServer(options).requestHandler(this::handle).listen();
    }

    private void handle(HttpServerRequest request) {
        var path = request.path();
        var browser = path.startsWith(PATH) ? browsers.get(path.substring(PATH.length())) : null;
        request.body()
                // Reading and noting it down takes a moment, in the order in which messages came.
                .compose(body -> vertx.executeBlocking(() -> answer(request, browser, body)))
                .otherwise(failure -> {
                    LOG.warn("A message could not be taken: {}", failure.toString());
                    return 503;
                })
                .onSuccess(status -> {
                    if (status == 201) {
                        request.response().putHeader("Location", "/message/" + UUID.randomUUID());
                    }
                    request.response().setStatusCode(status).end();
                });
    }

    private int answer(HttpServerRequest request, VirtualBrowser browser, Buffer body) {
        int fault = fault(request, browser, body);
        if (fault == 0) {
            deliver(browser, body.getBytes());
        }
        return fault == 0 ? 201 : fault;
    }

    /** The status to refuse with; 0: none. */
    private int fault(HttpServerRequest request, VirtualBrowser browser, Buffer body) {
        if (request.method() != HttpMethod.POST) {
            return 405;
        }
        if (browser == null) {
            return 404;
        }
        var stranger = vapid.fault(request.getHeader("Authorization"), Instant.now());
        if (stranger.isPresent()) {
            LOG.warn("Refused with 403: {}", stranger.get());
            return 403;
        }
        if (request.getHeader("TTL") == null
                || !TTL.matcher(request.getHeader("TTL")).matches()
                || !"aes128gcm".equals(request.getHeader("Content-Encoding"))) {
            return 400;
        }
        return body.length() > PushEncryption.BODY_LIMIT_OCTETS ? 413 : 0;
    }

    /** What a browser cannot read it drops in silence, and so a push service does not learn of it; here the log does. */
    private void deliver(VirtualBrowser browser, byte[] body) {
        try {
            var notification = browser.read(body, decryption);
            received.meet(browser.person().number(), notification, Instant.now())
                    .ifPresentOrElse(
                            delivery -> vertx.runOnContext(shown ->
                                    reports.tell(delivery, browser.person().curious())),
                            () -> LOG.info("A repetition, not shown again: {}", notification.delivery()));
        } catch (UnreadableException | StrangeException e) {
            LOG.warn("{} shows nothing: {}", browser.person().userId(), e.getMessage());
        }
    }
}
