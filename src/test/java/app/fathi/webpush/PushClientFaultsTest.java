package app.fathi.webpush;

import static app.fathi.webpush.PushWire.KEY;
import static app.fathi.webpush.PushWire.eventually;
import static app.fathi.webpush.PushWire.push;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.FakePushService.Options;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TcpProxy;
import app.fathi.testing.TestCertificate;
import app.fathi.testing.TestDns;
import app.fathi.webpush.PushAnswer.Outcome;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/**
 * Push services that do not answer, or not as HTTP wants it. What counts is whether a service may have taken the message:
 * only what it certainly did not take is sent again at once.
 */
class PushClientFaultsTest {
    private static TestDns dns;
    private static PushWire wire;
    private static FakePushService push;
    private static FakePushService oldPush;
    private static PushClient patient;
    private static PushClient hasty;
    private static PushClient ofAnotherHost;
    private static ListAppender<ILoggingEvent> log;

    @BeforeAll
    static void open() {
        dns = new TestDns().name("silent.test", nth -> null);
        wire = new PushWire(dns.resolver());
        push = FakePushService.start();
        oldPush = FakePushService.start(Options.usual().withoutHttp2());
        patient = wire.client("PLAINTEXT", "true");
        hasty = wire.client("PLAINTEXT", "true", "REQUEST_TIMEOUT_SECONDS", "3", "CONNECT_TIMEOUT_SECONDS", "3");
        ofAnotherHost = wire.client(
                "TRUSTED_CERTIFICATE", TestCertificate.ofAnotherHost().pem().toString());
        log = new ListAppender<>();
        log.start();
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).addAppender(log);
    }

    @AfterAll
    static void close() {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).detachAppender(log);
        wire.close();
        push.close();
        oldPush.close();
        dns.close();
        assertThat(log.list)
                .as("an endpoint is a secret and never logged")
                .extracting(ILoggingEvent::getFormattedMessage)
                .noneMatch(line -> line.contains("/push/"));
    }

    private static final PushAnswer ACCEPTED = new PushAnswer(Outcome.ACCEPTED, 201, null, true, null);
    /** The service may have the message: sent again it may come twice. */
    private static final PushAnswer AMBIGUOUS = new PushAnswer(Outcome.TRANSIENT, 0, null, true, null);
    /** The service cannot have it. */
    private static final PushAnswer NOT_SENT = new PushAnswer(Outcome.TRANSIENT, 0, null, false, null);

    private static final PushAnswer NOT_PROCESSED = new PushAnswer(Outcome.NOT_PROCESSED, 0, null, false, null);

    // --- a service that takes requests, and then … ----------------------------------------------------------------

    /** @param requests that arrived for the one message */
    private record Row(String name, PushClient client, Answer[] answers, PushAnswer expected, int requests) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Row row(String name, PushClient client, PushAnswer expected, int requests, Answer... answers) {
        return new Row(name, client, answers, expected, requests);
    }

    private static Answer of(Answer.Kind kind) {
        return Answer.of(kind);
    }

    static List<Row> eitherVersion() {
        return List.of(
                row("never answers", hasty, AMBIGUOUS, 1, of(Answer.Kind.HANG)),
                row("cuts before it has read the body", patient, AMBIGUOUS, 1, of(Answer.Kind.RESET_BEFORE_BODY)),
                row("cuts when it has read all", patient, AMBIGUOUS, 1, of(Answer.Kind.RESET_AFTER_BODY)),
                row("takes the message and cuts", patient, AMBIGUOUS, 1, of(Answer.Kind.DROP_ANSWER)),
                row("accepts, with a body without an end", patient, ACCEPTED, 1, Answer.flood(201)),
                row("accepts, with a body that drips", hasty, ACCEPTED, 1, Answer.drip(201, Duration.ofMillis(100))),
                row(
                        "fails, with a body without an end",
                        patient,
                        new PushAnswer(Outcome.TRANSIENT, 500, null, true, null),
                        1,
                        Answer.flood(500)),
                row(
                        "refuses, with a body without an end",
                        patient,
                        new PushAnswer(Outcome.BAD_REQUEST, 400, null, true, null),
                        1,
                        Answer.flood(400)),
                row(
                        "refuses, with a body that drips",
                        hasty,
                        new PushAnswer(Outcome.KEY_MISMATCH, 403, null, true, null),
                        1,
                        Answer.drip(403, Duration.ofMillis(100))));
    }

    static List<Row> http2() {
        var refuse = of(Answer.Kind.REFUSE_STREAM);
        var goAway = of(Answer.Kind.GO_AWAY);
        return List.of(
                row("refuses the stream once", patient, ACCEPTED, 2, refuse),
                row("refuses the stream twice", patient, ACCEPTED, 3, refuse, refuse),
                row("refuses the stream again and again", patient, NOT_PROCESSED, 3, refuse, refuse, refuse, refuse),
                row("takes leave before this stream", patient, ACCEPTED, 2, goAway),
                row("takes leave before this stream, then refuses it", patient, ACCEPTED, 3, goAway, refuse),
                row(
                        "takes leave after this stream and closes without an answer",
                        patient,
                        AMBIGUOUS,
                        1,
                        of(Answer.Kind.GO_AWAY_AFTER)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"eitherVersion", "http2"})
    void an_http_2_service_that(Row row) {
        check(push, row);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("eitherVersion")
    void an_http_1_service_that(Row row) {
        check(oldPush, row);
    }

    private static void check(FakePushService service, Row row) {
        var requests = service.requests();
        var abandoned = service.abandoned();
        var browser = service.subscribe(KEY.publicKey()).answer(row.answers);
        assertThat(row.client.send(push(browser), () -> true).await()).isEqualTo(row.expected);
        assertThat(service.requests() - requests).isEqualTo(row.requests);
        if (row.answers[0].kind() == Answer.Kind.DRIP || row.answers[0].kind() == Answer.Kind.FLOOD) {
            eventually("the endless answer to be cut", () -> service.abandoned() > abandoned);
        }
        assertThat(row.client.send(push(service.subscribe()), () -> true).await())
                .as("the next message")
                .isEqualTo(ACCEPTED);
    }

    /** Those before it are still answered, those after it were not processed (RFC 9113 section 6.8): nobody gets it twice. */
    @Test
    void a_service_that_takes_leave_in_the_midst_of_many_gets_each_of_them_once() {
        var browsers = new ArrayList<VirtualSubscription>();
        for (int i = 0; i < 100; i++) {
            var browser = push.subscribe(KEY.publicKey());
            browsers.add(
                    i == 40
                            ? browser.answer(Answer.of(Answer.Kind.GO_AWAY))
                            : browser.answerAlways(Answer.status(201).after(Duration.ofMillis(20))));
        }
        var answers = browsers.stream()
                .map(browser -> patient.send(push(browser), () -> true))
                .toList();
        Future.join(answers).await();
        assertThat(answers).extracting(answer -> answer.result()).containsOnly(ACCEPTED);
        assertThat(browsers).allMatch(browser -> browser.receipts().size() == 1, "has got it once");
    }

    @Test
    void what_was_refused_goes_again_only_through_an_open_gate() {
        var browser = push.subscribe().answer(Answer.of(Answer.Kind.REFUSE_STREAM));
        var asked = new java.util.concurrent.atomic.AtomicInteger();
        var answer =
                patient.send(push(browser), () -> asked.incrementAndGet() == 1).await();
        assertThat(answer).isEqualTo(PushAnswer.SHUT);
        assertThat(browser.receipts()).isEmpty();
    }

    // --- a service that takes no request --------------------------------------------------------------------------

    private record Scene(
            String name, PushClient client, Function<List<AutoCloseable>, String> origin, PushAnswer expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Scene> scenes() {
        return List.of(
                new Scene("listens no more", patient, open -> "https://127.0.0.1:" + closedPort(), NOT_SENT),
                new Scene("takes no connection", hasty, PushClientFaultsTest::fullBacklog, NOT_SENT),
                new Scene("says nothing to a handshake", hasty, open -> https(server(open, socket -> {})), NOT_SENT),
                new Scene(
                        "resets each connection",
                        patient,
                        open -> https(server(open, PushClientFaultsTest::reset)),
                        NOT_SENT),
                new Scene(
                        "answers a handshake in plain text",
                        patient,
                        open -> https(server(open, socket -> write(socket, "HTTP/1.1 201 Created\r\n\r\n"))),
                        NOT_SENT),
                new Scene("has a certificate that nobody trusts", patient, PushClientFaultsTest::untrusted, NOT_SENT),
                new Scene(
                        "has a trusted certificate of another host",
                        ofAnotherHost,
                        PushClientFaultsTest::untrusted,
                        NOT_SENT),
                new Scene("has no address", patient, open -> "https://nowhere.test", NOT_SENT),
                new Scene("has a name server that is silent", hasty, open -> "https://silent.test", NOT_SENT),
                new Scene(
                        "is at a private address",
                        patient,
                        open -> "https://10.0.0.1",
                        new PushAnswer(Outcome.REFUSED_ADDRESS, 0, null, false, null)),
                // Nothing of the body has left, but only the head's way is known for sure.
                new Scene("gives no room for the body", hasty, open -> noRoom(open, request -> {}), AMBIGUOUS),
                new Scene(
                        "gives no room for the body and resets",
                        patient,
                        open -> noRoom(open, request -> request.response().reset(0x2)),
                        AMBIGUOUS),
                new Scene("drips its head", hasty, open -> http(server(open, PushClientFaultsTest::drip)), AMBIGUOUS),
                new Scene(
                        "answers something that is not HTTP",
                        patient,
                        open -> http(server(open, socket -> afterRequest(socket, "SSH-2.0-OpenSSH\r\n\r\n"))),
                        AMBIGUOUS),
                new Scene(
                        "closes after the request",
                        patient,
                        open -> http(server(open, socket -> afterRequest(socket, ""))),
                        AMBIGUOUS),
                new Scene(
                        "closes in mid-head",
                        patient,
                        open -> http(server(open, socket -> afterRequest(socket, "HTTP/1.1 201 Created\r\nLoca"))),
                        AMBIGUOUS),
                new Scene(
                        "has headers without an end",
                        hasty,
                        open -> http(server(
                                open,
                                socket ->
                                        afterRequest(socket, "HTTP/1.1 201 Created\r\n" + "X: y\r\n".repeat(100_000)))),
                        AMBIGUOUS),
                new Scene(
                        "says that it has begun before it says what came of it",
                        patient,
                        open -> http(
                                server(
                                        open,
                                        socket -> afterRequest(
                                                socket,
                                                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"))),
                        ACCEPTED),
                new Scene(
                        "closes in mid-body of what it accepted",
                        patient,
                        open -> http(server(
                                open,
                                socket -> afterRequest(
                                        socket, "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\nhalf"))),
                        ACCEPTED));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenes")
    void a_service_that(Scene scene) throws Exception {
        var open = new ArrayList<AutoCloseable>();
        try {
            assertThat(scene.client
                            .send(push(scene.origin.apply(open) + "/push/secret"), () -> true)
                            .await())
                    .isEqualTo(scene.expected);
        } finally {
            for (var one : open) {
                one.close();
            }
        }
    }

    /** Without asking, every further request on it would wait for its timeout, for as long as TCP hopes. */
    @Test
    void the_time_it_took_to_connect_is_taken_from_the_ttl() {
        try (var proxy = new TcpProxy(push.port()).latency(Duration.ofMillis(600))) {
            var browser = push.subscribe(KEY.publicKey());
            var endpoint = URI.create(browser.endpoint().replace(":" + push.port(), ":" + proxy.port()));
            patient.send(push(endpoint, browser), () -> true).await();
            assertThat(Integer.parseInt(browser.receipts().getFirst().headers().get("ttl")))
                    .as("of 60 seconds")
                    .isLessThan(60);
        }
    }

    @Test
    void a_connection_that_died_silently_is_found_out_and_replaced() {
        try (var proxy = new TcpProxy(push.port())) {
            // Not 201: the service would find that the token is for the proxy's port.
            var browser = push.subscribe().answerAlways(Answer.status(503));
            var one = push(URI.create("https://127.0.0.1:" + proxy.port() + "/push/" + browser.id()), browser);
            assertThat(hasty.send(one, () -> true).await().httpStatus()).isEqualTo(503);
            proxy.freeze();
            assertThat(hasty.send(one, () -> true).await()).isEqualTo(AMBIGUOUS);
            eventually(
                    "a new connection",
                    () -> hasty.send(one, () -> true).await().httpStatus() == 503);
        }
    }

    // --- scenery --------------------------------------------------------------------------------------------------

    private static String https(int port) {
        return "https://127.0.0.1:" + port;
    }

    private static String http(int port) {
        return "http://127.0.0.1:" + port;
    }

    private static int closedPort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its queue is full and nobody takes from it: the kernel drops who knocks. */
    private static String fullBacklog(List<AutoCloseable> open) {
        try {
            var server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
            open.add(server);
            for (int i = 0; i < 3; i++) {
                var socket = new Socket();
                open.add(socket);
                try {
                    socket.connect(server.getLocalSocketAddress(), 200);
                } catch (IOException full) {
                    break;
                }
            }
            return https(server.getLocalPort());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Talk {
        void to(Socket socket) throws IOException;
    }

    /** A server that does with each connection what it is told, and keeps it open until the scene is over. */
    private static int server(List<AutoCloseable> open, Talk talk) {
        try {
            var server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
            open.add(server);
            Thread.ofVirtual().start(() -> {
                while (!server.isClosed()) {
                    try {
                        var socket = server.accept();
                        Thread.ofVirtual().start(() -> {
                            try {
                                talk.to(socket);
                            } catch (IOException gone) {
                                // The client had enough.
                            }
                        });
                    } catch (IOException closed) {
                        return;
                    }
                }
            });
            return server.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes());
        socket.getOutputStream().flush();
    }

    private static void readRequest(Socket socket) throws IOException {
        var read = new StringBuilder();
        int length = -1;
        while (length < 0) {
            read.append((char) socket.getInputStream().read());
            if (read.toString().endsWith("\r\n\r\n")) {
                length = Integer.parseInt(read.toString().replaceAll("(?is).*content-length: *([0-9]+).*", "$1"));
            }
        }
        socket.getInputStream().readNBytes(length);
    }

    private static void afterRequest(Socket socket, String text) throws IOException {
        readRequest(socket);
        write(socket, text);
        socket.close();
    }

    private static void drip(Socket socket) throws IOException {
        readRequest(socket);
        for (var octet : "HTTP/1.1 201 Created\r\n".repeat(100).split("")) {
            write(socket, octet);
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static String untrusted(List<AutoCloseable> open) {
        var service = FakePushService.start(Options.usual().withCertificate(TestCertificate.ofAnotherHost()));
        open.add(service);
        return service.url();
    }

    /** An HTTP/2 service whose streams have a window of nothing. */
    private static String noRoom(List<AutoCloseable> open, Handler<HttpServerRequest> then) {
        var options = new HttpServerOptions()
                .setHost("127.0.0.1")
                .setPort(0)
                .setSsl(true)
                .setUseAlpn(true)
                .setKeyCertOptions(TestCertificate.get().keyCertOptions())
                .setInitialSettings(new Http2Settings().setInitialWindowSize(0));
        var server = wire.vertx
                .createHttpServer(options)
                .requestHandler(request -> {
                    request.exceptionHandler(cut -> {});
                    then.handle(request);
                })
                .listen()
                .await();
        open.add(() -> server.close().await());
        return https(server.actualPort());
    }
}
