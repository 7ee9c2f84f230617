package app.fathi.platform.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.ProblemException;
import app.fathi.testing.TestDns;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutboundGuardTest {
    private static Vertx vertx;

    @BeforeAll
    static void open() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void close() {
        vertx.close().await();
    }

    private static OutboundGuard guard(String... environment) {
        var settings = environment.length == 0 ? Map.<String, String>of() : Map.of(environment[0], environment[1]);
        return new OutboundGuard(vertx, Config.of(settings).outbound());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://127.0.0.1/x",
                "https://127.1/x",
                "https://2130706433/x",
                "https://0x7f000001/x",
                "https://0177.0.0.1/x",
                "https://127.0.0.1./x",
                "https://0.0.0.0/x",
                "https://10.1.2.3/x",
                "https://100.64.0.1/x",
                "https://169.254.169.254/latest/meta-data",
                "https://172.31.255.255/x",
                "https://192.168.1.1/x",
                "https://198.18.0.1/x",
                "https://224.0.0.1/x",
                "https://255.255.255.255/x",
                "https://[::1]/x",
                "https://[::]/x",
                "https://[::ffff:127.0.0.1]/x",
                "https://[::ffff:7f00:1]/x",
                "https://[::127.0.0.1]/x",
                "https://[64:ff9b::7f00:1]/x",
                "https://[64:ff9b:1::7f00:1]/x",
                "https://[2002:7f00:1::]/x",
                "https://[2001:0:7f00:1::]/x",
                "https://[fe80::1]/x",
                "https://[fd00::1]/x",
                "https://[ff02::1]/x",
                "https://localhost/x",
                "https://push.localhost/x",
                "https://printer.local/x",
                "https://metadata.google.internal/x",
                "http://push.example.com/x",
                "ftp://push.example.com/x",
                "file:///etc/passwd",
                "https://user:secret@push.example.com/x",
                "https://push.example.com/x#part",
                "https://push.example.com:0/x",
                "https:///x",
                "https:push.example.com"
            })
    void what_does_not_lead_to_the_public_internet_over_tls_is_refused(String url) {
        assertThat(guard().fault(URI.create(url))).isPresent();
        assertThatThrownBy(() -> guard().requireAllowedUrl("/endpoint", URI.create(url)))
                .isInstanceOf(ProblemException.class);
        assertThatThrownBy(() -> guard().resolve(URI.create(url)).await())
                .isInstanceOf(OutboundGuard.RefusedAddressException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://fcm.googleapis.com/fcm/send/x:y",
                "https://web.push.apple.com:443/QGr",
                "https://wns2-par02p.notify.windows.com/w/?token=a%2fb",
                "https://8.8.8.8/x",
                "https://172.32.0.1/x",
                "https://[2606:4700::1111]/x"
            })
    void public_hosts_and_addresses_may_be_asked(String url) {
        assertThat(guard().fault(URI.create(url))).isEmpty();
    }

    @Test
    void an_address_that_was_let_through_opens_nothing_beside_it() {
        var guard = guard("FATHI_OUTBOUND_ALLOW", "127.0.0.0/30,::1/128");
        assertThat(guard.fault(URI.create("https://127.0.0.1/x"))).isEmpty();
        assertThat(guard.fault(URI.create("https://[::1]/x"))).isEmpty();
        assertThat(guard.fault(URI.create("https://127.0.0.4/x"))).isPresent();
        assertThat(guard.fault(URI.create("https://10.0.0.1/x"))).isPresent();
        assertThat(guard.fault(URI.create("http://127.0.0.1/x"))).isPresent();
    }

    @Test
    void allowed_networks_let_through_exactly_what_they_say() throws UnknownHostException {
        var guard = guard("FATHI_OUTBOUND_ALLOW", "10.1.2.4/30,192.168.7.9/32,fd00:1::/126");
        for (var inside : List.of("10.1.2.4", "10.1.2.7", "192.168.7.9", "fd00:1::", "fd00:1::3", "8.8.8.8")) {
            assertThat(guard.isAllowed(InetAddress.getByName(inside)))
                    .as(inside)
                    .isTrue();
        }
        for (var beside :
                List.of("10.1.2.3", "10.1.2.8", "192.168.7.8", "192.168.7.10", "fd00:1::4", "fd00::", "127.0.0.1")) {
            assertThat(guard.isAllowed(InetAddress.getByName(beside)))
                    .as(beside)
                    .isFalse();
        }
        // An allowed IPv4 network opens no IPv6 address that holds one of its addresses.
        assertThat(guard.fault(URI.create("https://[::ffff:10.1.2.4]/x"))).isPresent();
        assertThat(guard.fault(URI.create("https://[64:ff9b::a01:204]/x"))).isPresent();
    }

    @Test
    void plaintext_passes_only_where_it_is_allowed_and_opens_no_address() {
        assertThat(guard().fault(URI.create("http://push.example.com/x"))).isPresent();
        var guard = guard("FATHI_OUTBOUND_PLAINTEXT", "true");
        assertThat(guard.fault(URI.create("http://push.example.com/x"))).isEmpty();
        assertThat(guard.fault(URI.create("HTTP://push.example.com/x"))).isEmpty();
        assertThat(guard.fault(URI.create("http://127.0.0.1/x"))).isPresent();
        assertThat(guard.fault(URI.create("ftp://push.example.com/x"))).isPresent();
    }

    // --- names ----------------------------------------------------------------------------------------------------

    @Test
    void a_name_of_the_hosts_file_is_resolved_and_checked() {
        var url = URI.create("https://localhost/x");
        assertThat(guard("FATHI_OUTBOUND_ALLOW", "127.0.0.0/8,::1/128")
                        .resolve(url)
                        .await()
                        .isLoopbackAddress())
                .isTrue();
        // With some network let through the name passes, its addresses do not, however often they are asked for.
        var guard = guard("FATHI_OUTBOUND_ALLOW", "10.0.0.0/8");
        assertThat(guard.fault(url)).isEmpty();
        for (int time = 0; time < 2; time++) {
            assertThatThrownBy(() -> guard.resolve(url).await())
                    .isInstanceOf(OutboundGuard.RefusedAddressException.class);
        }
    }

    @Test
    void one_bad_address_among_good_ones_closes_a_name() throws UnknownHostException {
        for (var bad : List.of("10.0.0.1", "169.254.169.254", "fd00::1", "::1", "::ffff:10.0.0.1", "64:ff9b::1")) {
            var names = new Names(
                    InetAddress.getByName("8.8.8.8"),
                    InetAddress.getByName("2606:4700::1111"),
                    InetAddress.getByName(bad));
            assertThatThrownBy(() -> names.guard.resolve(PUSH).await())
                    .as(bad)
                    .isInstanceOf(OutboundGuard.RefusedAddressException.class);
        }
    }

    @Test
    void an_ipv4_address_is_preferred_and_ipv6_alone_will_do() throws UnknownHostException {
        var ipv4 = InetAddress.getByName("8.8.8.8");
        var ipv6 = InetAddress.getByName("2606:4700::1111");
        assertThat(new Names(ipv6, ipv4).guard.resolve(PUSH).await()).isEqualTo(ipv4);
        assertThat(new Names(ipv6).guard.resolve(PUSH).await()).isEqualTo(ipv6);
    }

    @Test
    void many_who_ask_at_once_share_one_lookup_and_its_answer_is_used_again() throws UnknownHostException {
        var names = new Names();
        var answers =
                Stream.generate(() -> names.guard.resolve(PUSH)).limit(100).toList();
        assertThat(names.asked).hasSize(1);
        assertThat(answers).noneMatch(Future::isComplete);
        var address = InetAddress.getByName("8.8.8.8");
        names.answer.complete(List.of(address));
        assertThat(answers).allSatisfy(answer -> assertThat(answer.await()).isSameAs(address));
        assertThat(names.guard
                        .resolve(URI.create("https://PUSH.example.com:8443/y"))
                        .await())
                .isSameAs(address);
        assertThat(names.asked).hasSize(1);
    }

    @Test
    void a_lookup_that_failed_is_made_again() {
        var names = new Names();
        var first = names.guard.resolve(PUSH);
        names.answer.fail(new UnknownHostException("push.example.com"));
        assertThatThrownBy(first::await).isInstanceOf(UnknownHostException.class);
        names.guard.resolve(PUSH);
        assertThat(names.asked).hasSize(2);
    }

    /** A thread for each would stop everybody else's. */
    @Test
    void name_servers_that_never_answer_keep_nobody_else_waiting() {
        try (var dns = new TestDns().name("good.test", "8.8.8.8")) {
            var vertx = Vertx.vertx(new VertxOptions().setAddressResolverOptions(dns.resolver()));
            var guard = new OutboundGuard(
                    vertx,
                    Config.of(Map.of("FATHI_OUTBOUND_CONNECT_TIMEOUT_SECONDS", "10"))
                            .outbound());
            var silent = IntStream.range(0, 200)
                    .mapToObj(i -> {
                        dns.name("silent-" + i + ".test", nth -> null);
                        return guard.resolve(URI.create("https://silent-" + i + ".test/x"));
                    })
                    .toList();
            assertThat(guard.resolve(URI.create("https://good.test/x")).await().getHostAddress())
                    .isEqualTo("8.8.8.8");
            assertThat(silent).allSatisfy(one -> assertThatThrownBy(one::await)
                    .isNotInstanceOf(OutboundGuard.RefusedAddressException.class));
            vertx.close().await();
        }
    }

    private static final URI PUSH = URI.create("https://push.example.com/x");

    /** A resolver in the test's hand; without addresses it answers when told. */
    private static final class Names {
        final List<String> asked = new ArrayList<>();
        final Promise<List<InetAddress>> answer = Promise.promise();
        final OutboundGuard guard = new OutboundGuard(Config.of(Map.of()).outbound(), host -> {
            asked.add(host);
            return answer.future();
        });

        Names(InetAddress... addresses) {
            if (addresses.length > 0) {
                answer.complete(List.of(addresses));
            }
        }
    }
}
