package app.fathi.platform.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutboundGuardTest {
    private static final Vertx VERTX = Vertx.vertx();

    @AfterAll
    static void close() {
        VERTX.close().await();
    }

    private static OutboundGuard guard(String... environment) {
        var settings = environment.length == 0 ? Map.<String, String>of() : Map.of(environment[0], environment[1]);
        return new OutboundGuard(VERTX, Config.of(settings).outbound());
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
    void a_name_is_resolved_checked_and_its_checked_address_used_again() throws UnknownHostException {
        var guard = guard("FATHI_OUTBOUND_ALLOW", "127.0.0.0/8,::1/128");
        var url = URI.create("https://localhost/x");
        var address = guard.resolve(url).await();
        assertThat(address.isLoopbackAddress()).isTrue();
        assertThat(guard.resolve(url).await()).isSameAs(address);
        assertThat(guard().isAllowed(InetAddress.getByName("127.0.0.1"))).isFalse();
    }

    /** Names are not trusted for what they are called: each of their addresses is looked at. */
    @Test
    void a_name_with_a_private_address_is_refused_each_time() {
        // The machine's own name and everything under localhost lead to itself; only 10.0.0.0/8 is let through.
        var guard = guard("FATHI_OUTBOUND_ALLOW", "10.0.0.0/8");
        var url = URI.create("https://localhost/x");
        assertThat(guard.fault(url)).isEmpty();
        for (int time = 0; time < 2; time++) {
            assertThatThrownBy(() -> guard.resolve(url).await())
                    .isInstanceOf(OutboundGuard.RefusedAddressException.class);
        }
    }
}
