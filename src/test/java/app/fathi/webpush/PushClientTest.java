package app.fathi.webpush;

import static app.fathi.webpush.PushWire.KEY;
import static app.fathi.webpush.PushWire.NOON;
import static app.fathi.webpush.PushWire.eventually;
import static app.fathi.webpush.PushWire.push;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.message.Urgency;
import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.FakePushService.Options;
import app.fathi.testing.TestDns;
import app.fathi.webpush.PushAnswer.Outcome;
import io.vertx.core.Future;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a push service answers and what we make of it (RFC 8030); what does not answer is in {@link PushClientFaultsTest}. */
class PushClientTest {
    private static PushWire wire;
    private static FakePushService push;
    private static FakePushService oldPush;
    private static PushClient client;

    @BeforeAll
    static void open() {
        wire = new PushWire();
        push = FakePushService.start();
        oldPush = FakePushService.start(Options.usual().withoutHttp2());
        client = wire.client();
    }

    @AfterAll
    static void close() {
        wire.close();
        push.close();
        oldPush.close();
    }

    // --- the table of answers -------------------------------------------------------------------------------------

    private record Row(String name, Answer answer, PushAnswer expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Row row(int status, Outcome outcome) {
        return row(String.valueOf(status), Answer.status(status), outcome, null);
    }

    private static Row row(String name, Answer answer, Outcome outcome, Instant notBefore) {
        return new Row(name, answer, new PushAnswer(outcome, answer.status(), notBefore, true, null));
    }

    private static Row refused(String name, int status, String body, String reason) {
        return new Row(
                name,
                Answer.status(status).body(body),
                new PushAnswer(Outcome.KEY_MISMATCH, status, null, true, reason));
    }

    private static Row limited(String name, String retryAfter, Duration wait) {
        return row(
                "429 with Retry-After " + name,
                Answer.status(429).retryAfter(retryAfter),
                Outcome.RATE_LIMITED,
                wait == null ? null : NOON.plus(wait));
    }

    static List<Row> answers() {
        return List.of(
                row(200, Outcome.ACCEPTED),
                row(201, Outcome.ACCEPTED),
                row(202, Outcome.ACCEPTED),
                row(301, Outcome.BAD_REQUEST),
                row(302, Outcome.BAD_REQUEST),
                row(303, Outcome.BAD_REQUEST),
                row(307, Outcome.BAD_REQUEST),
                row(308, Outcome.BAD_REQUEST),
                row(400, Outcome.BAD_REQUEST),
                row(401, Outcome.KEY_MISMATCH),
                row(403, Outcome.KEY_MISMATCH),
                refused("403 as Apple says it", 403, "{\"reason\":\"BadJwtToken\"}", "BadJwtToken"),
                refused("403 with a reason that is no word", 403, "{\"reason\":\"/push/secret\"}", null),
                refused("403 with a reason that is no text", 403, "{\"reason\":{\"a\":1}}", null),
                refused("403 with a body that is no object", 403, "[1,2]", null),
                refused("403 with a body that is no JSON", 403, "<h1>No</h1>", null),
                row(404, Outcome.GONE),
                row(408, Outcome.TRANSIENT),
                row(410, Outcome.GONE),
                row(413, Outcome.TOO_LARGE),
                row(429, Outcome.RATE_LIMITED),
                limited("in seconds", "120", Duration.ofSeconds(120)),
                limited("of none", "0", Duration.ZERO),
                limited("with spaces", " 7 ", Duration.ofSeconds(7)),
                limited("as a date", "Sun, 01 Mar 2026 12:10:00 GMT", Duration.ofMinutes(10)),
                limited("as a date of RFC 850", "Sunday, 01-Mar-26 12:10:00 GMT", Duration.ofMinutes(10)),
                limited("as a date of asctime", "Sun Mar  1 12:10:00 2026", Duration.ofMinutes(10)),
                limited("as a date that is past", "Sun, 01 Mar 2026 11:00:00 GMT", Duration.ZERO),
                limited("as a date next year", "Mon, 01 Mar 2027 12:00:00 GMT", Duration.ofHours(24)),
                limited("of a day", "86400", Duration.ofHours(24)),
                limited("beyond a day", "86401", Duration.ofHours(24)),
                limited("beyond a long", "99999999999999999999999", Duration.ofHours(24)),
                limited("that is negative", "-5", null),
                limited("that is a fraction", "1.5", null),
                limited("that is garbage", "soon", null),
                limited("that is empty", "", null),
                row(500, Outcome.TRANSIENT),
                row(502, Outcome.TRANSIENT),
                row(503, Outcome.TRANSIENT),
                row(
                        "503 with Retry-After",
                        Answer.status(503).retryAfter("30"),
                        Outcome.TRANSIENT,
                        NOON.plusSeconds(30)),
                row(504, Outcome.TRANSIENT),
                row(599, Outcome.TRANSIENT));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void an_answer_over_http_2_has_its_meaning(Row row) {
        assertThat(send(push, row.answer)).isEqualTo(row.expected);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void an_answer_over_http_1_has_its_meaning(Row row) {
        assertThat(send(oldPush, row.answer)).isEqualTo(row.expected);
    }

    private static PushAnswer send(FakePushService service, Answer answer) {
        var requests = service.requests();
        var browser = service.subscribe(KEY.publicKey()).answer(answer);
        var got = client.send(push(browser), () -> true).await();
        assertThat(service.requests())
                .as("redirects are not followed, nothing is repeated")
                .isEqualTo(requests + 1);
        assertThat(service.faults()).isEmpty();
        return got;
    }

    // --- the request ----------------------------------------------------------------------------------------------

    @Test
    void the_newest_http_that_a_service_speaks_is_spoken() {
        assertThat(headersAt(push).httpVersion()).isEqualTo("HTTP_2");
        assertThat(headersAt(oldPush).httpVersion()).isEqualTo("HTTP_1_1");
    }

    private static FakePushService.Receipt headersAt(FakePushService service) {
        var browser = service.subscribe(KEY.publicKey());
        client.send(push(browser), () -> true).await();
        return browser.receipts().getFirst();
    }

    @ParameterizedTest
    @EnumSource(Urgency.class)
    void ttl_urgency_and_topic_are_said(Urgency urgency) {
        var browser = push.subscribe(KEY.publicKey());
        var one = push(browser);
        client.send(
                        new PushRequest(
                                one.endpoint(),
                                one.body(),
                                one.authorization(),
                                one.keyId(),
                                true,
                                false,
                                0,
                                urgency,
                                "a-Topic_of-32-characters-00000000".substring(0, 32)),
                        () -> true)
                .await();
        assertThat(push.faults()).isEmpty();
        assertThat(browser.receipts().getFirst().headers())
                .containsEntry("ttl", "0")
                .containsEntry("urgency", urgency.word())
                .containsEntry("topic", "a-Topic_of-32-characters-0000000")
                .containsEntry("content-encoding", "aes128gcm")
                .containsEntry("content-type", "application/octet-stream")
                .containsEntry("content-length", String.valueOf(one.body().length));
    }

    @Test
    void an_endpoint_is_asked_for_as_it_stands() {
        var asked = new java.util.concurrent.LinkedBlockingQueue<String>();
        var server = wire.vertx
                .createHttpServer()
                .requestHandler(request -> {
                    asked.add(request.authority() + " " + request.uri());
                    request.response().setStatusCode(201).end();
                })
                .listen(0, "127.0.0.1")
                .await();
        var client = wire.client("PLAINTEXT", "true");
        var origin = "http://127.0.0.1:" + server.actualPort();
        for (var rest : List.of("/w/?token=a%2Fb%3d&x=1", "/a%20b/%C3%BC", "", "?q", "//x/../y")) {
            assertThat(client.send(push(origin + rest), () -> true).await().outcome())
                    .isEqualTo(Outcome.ACCEPTED);
        }
        assertThat(asked)
                .containsExactly(Stream.of("/w/?token=a%2Fb%3d&x=1", "/a%20b/%C3%BC", "/", "/?q", "//x/../y")
                        .map(rest -> "127.0.0.1:" + server.actualPort() + " " + rest)
                        .toArray(String[]::new));
    }

    // --- the gate, the window, the time that is left --------------------------------------------------------------

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("services")
    void a_shut_gate_costs_no_place_on_the_wire(FakePushService service) {
        var browser = service.subscribe(KEY.publicKey());
        var requests = service.requests();
        // More often than there are places.
        for (int i = 0; i < 250; i++) {
            assertThat(client.send(push(browser), () -> false).await()).isEqualTo(PushAnswer.SHUT);
        }
        assertThat(client.send(push(browser), () -> true).await().outcome()).isEqualTo(Outcome.ACCEPTED);
        assertThat(service.requests()).isEqualTo(requests + 1);
    }

    static List<FakePushService> services() {
        return List.of(push, oldPush);
    }

    @Test
    void who_waits_for_room_may_find_the_gate_shut() {
        try (var service = FakePushService.start()) {
            var client = wire.client("CONNECTIONS_PER_ORIGIN", "1", "STREAMS_PER_CONNECTION", "2");
            var browser = service.subscribe(KEY.publicKey())
                    .answer(
                            Answer.status(201).after(Duration.ofMillis(500)),
                            Answer.status(201).after(Duration.ofMillis(500)));
            var open = new AtomicBoolean(true);
            var first = IntStream.range(0, 2)
                    .mapToObj(i -> client.send(push(browser), () -> true))
                    .toList();
            var shut = IntStream.range(0, 5)
                    .mapToObj(i -> client.send(push(browser), open::get))
                    .toList();
            var last = client.send(push(browser), () -> true);
            service.awaitRequests(2);
            open.set(false);
            Future.all(first).await();
            assertThat(shut).allSatisfy(one -> assertThat(one.await()).isEqualTo(PushAnswer.SHUT));
            assertThat(last.await().outcome()).isEqualTo(Outcome.ACCEPTED);
            assertThat(service.requests()).isEqualTo(3);
        }
    }

    @Test
    void no_more_requests_are_out_at_once_than_the_window_holds() {
        try (var service = FakePushService.start()) {
            var client = wire.client("CONNECTIONS_PER_ORIGIN", "2", "STREAMS_PER_CONNECTION", "3");
            service.answerAlways(Answer.status(201).after(Duration.ofMillis(50)));
            var browser = service.subscribe(KEY.publicKey());
            var all = IntStream.range(0, 60)
                    .mapToObj(i -> client.send(push(browser), () -> true))
                    .toList();
            Future.all(all).await();
            assertThat(service.receipts()).hasSize(60);
            assertThat(service.mostAtOnce()).isBetween(2L, 6L);
            assertThat(service.connections()).isLessThanOrEqualTo(2);
        }
    }

    // --- many origins ---------------------------------------------------------------------------------------------

    @Test
    void the_least_recently_used_origin_is_closed_when_there_are_too_many() {
        try (var a = FakePushService.start();
                var b = FakePushService.start();
                var c = FakePushService.start()) {
            var client = wire.client("ORIGINS", "2");
            for (var service : List.of(a, b, a, c)) {
                client.send(push(service.subscribe()), () -> true).await();
            }
            eventually("the least recently used to be closed", () -> b.openConnections() == 0);
            assertThat(a.openConnections()).isEqualTo(1);
            assertThat(c.openConnections()).isEqualTo(1);
            client.send(push(b.subscribe()), () -> true).await();
            eventually("the next one to be closed", () -> a.openConnections() == 0);
            assertThat(c.openConnections()).isEqualTo(1);
            assertThat(b.connections()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource("optionsOfOrigins")
    void what_is_out_on_an_origin_that_is_to_close_is_still_answered(Options options) {
        try (var slow = FakePushService.start(options);
                var other = FakePushService.start()) {
            var client = wire.client("ORIGINS", "1");
            var answer = client.send(
                    push(slow.subscribe().answer(Answer.status(201).after(Duration.ofSeconds(1)))), () -> true);
            slow.awaitRequests(1);
            client.send(push(other.subscribe()), () -> true).await();
            assertThat(answer.await().outcome()).isEqualTo(Outcome.ACCEPTED);
            eventually("it to be closed", () -> slow.openConnections() == 0);
        }
    }

    static List<Options> optionsOfOrigins() {
        return List.of(Options.usual(), Options.usual().withoutHttp2());
    }

    /** An HTTP/1.1 origin has more connections than an HTTP/2 one; strangers choose which they are. */
    @Test
    void the_connections_of_all_origins_together_are_bounded() {
        try (var a = FakePushService.start(Options.usual().withoutHttp2());
                var b = FakePushService.start(Options.usual().withoutHttp2())) {
            var client = wire.client("ORIGINS", "4", "CONNECTIONS_PER_ORIGIN", "1");
            a.answerAlways(Answer.status(201).after(Duration.ofMillis(300)));
            var browser = a.subscribe();
            // Only an answer tells that it is an HTTP/1.1 origin.
            client.send(push(browser), () -> true).await();
            Future.all(IntStream.range(0, 8)
                            .mapToObj(i -> client.send(push(browser), () -> true))
                            .toList())
                    .await();
            // The one by which it was found out may be open still.
            assertThat(a.openConnections()).isBetween(8L, 9L);
            client.send(push(b.subscribe()), () -> true).await();
            eventually("the many to be closed", () -> a.openConnections() == 0);
            assertThat(b.openConnections()).isEqualTo(1);
        }
    }

    // --- names ----------------------------------------------------------------------------------------------------

    @Test
    void a_name_is_what_the_certificate_is_checked_for() {
        var browser = push.subscribe(KEY.publicKey());
        var endpoint = URI.create(browser.endpoint().replace("127.0.0.1", "localhost"));
        assertThat(client.send(push(endpoint, browser), () -> true).await().outcome())
                .isEqualTo(Outcome.ACCEPTED);
    }

    /** DNS rebinding: what was checked is what is connected to, whatever the name says next. */
    @Test
    void a_name_that_changes_its_mind_gains_nothing() {
        try (var dns = new TestDns().name("rebind.test", nth -> List.of(nth == 0 ? "127.0.0.1" : "127.0.0.2"));
                var wire = new PushWire(dns.resolver());
                var good = FakePushService.start(Options.usual().withoutTls());
                var victim = FakePushService.start(
                        good.options().withHost("127.0.0.2").withPort(good.port()))) {
            var client = wire.client("PLAINTEXT", "true", "ALLOW", "127.0.0.1/32");
            var browser = good.subscribe(KEY.publicKey());
            var endpoint = URI.create(browser.endpoint().replace("127.0.0.1", "rebind.test"));
            for (int i = 0; i < 3; i++) {
                assertThat(client.send(push(endpoint, browser), () -> true)
                                .await()
                                .outcome())
                        .isEqualTo(Outcome.ACCEPTED);
            }
            assertThat(good.faults()).isEmpty();
            assertThat(dns.asked("rebind.test")).isEqualTo(1);
            // Somebody who asks only now is told the other address, and refuses it.
            var late = wire.client("PLAINTEXT", "true", "ALLOW", "127.0.0.1/32");
            assertThat(late.send(push(endpoint, browser), () -> true).await().outcome())
                    .isEqualTo(Outcome.REFUSED_ADDRESS);
            assertThat(victim.connections()).isZero();
        }
    }

    @Test
    void a_name_with_one_private_address_is_refused_before_anything_is_connected() {
        try (var dns = new TestDns().name("both.test", "127.0.0.1", "10.0.0.1");
                var wire = new PushWire(dns.resolver());
                var service = FakePushService.start(Options.usual().withoutTls())) {
            var client = wire.client("PLAINTEXT", "true", "ALLOW", "127.0.0.1/32");
            var browser = service.subscribe();
            var endpoint = URI.create(browser.endpoint().replace("127.0.0.1", "both.test"));
            assertThat(client.send(push(endpoint, browser), () -> true).await())
                    .isEqualTo(new PushAnswer(Outcome.REFUSED_ADDRESS, 0, null, false, null));
            assertThat(service.connections()).isZero();
        }
    }
}
