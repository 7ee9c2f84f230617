package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.outbound.Network;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientAddressTest {
    private static final List<Network> PROXIES = Network.all("10.0.0.0/8", "2001:db8:ffff::/48");

    private static String client(String peer, String... forwarded) {
        return ClientAddress.of(peer, List.of(forwarded), PROXIES).text();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    203.0.113.9                       | 203.0.113.9
                    198.51.100.1, 203.0.113.9         | 203.0.113.9
                    10.9.9.9, 203.0.113.9             | 203.0.113.9
                    203.0.113.9, 10.1.1.1             | 203.0.113.9
                    203.0.113.9 , 10.1.1.1,10.2.2.2   | 203.0.113.9
                    203.0.113.9:4711                  | 203.0.113.9
                    203.0.113.9:0, 10.1.1.1:443       | 203.0.113.9
                    2001:db8:0:7::9                   | 2001:db8:0:7:0:0:0:9
                    [2001:db8:0:7::9]                 | 2001:db8:0:7:0:0:0:9
                    [2001:db8:0:7::9]:4711, 10.1.1.1  | 2001:db8:0:7:0:0:0:9
                    2001:db8:0:7::9, 2001:db8:ffff::1 | 2001:db8:0:7:0:0:0:9
                    ::ffff:203.0.113.9                | 203.0.113.9
                    ::ffff:203.0.113.9, ::ffff:10.1.1.1 | 203.0.113.9
                    """)
    void the_client_is_the_last_that_is_no_proxy_of_ours(String forwarded, String client) {
        assertThat(client("10.0.0.1", forwarded)).isEqualTo(client);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    ''                       | 10.0.0.1
                    ' '                      | 10.0.0.1
                    ,,,                      | 10.0.0.1
                    unknown                  | 10.0.0.1
                    _hidden, 10.1.1.1        | 10.1.1.1
                    203.0.113.9, unknown     | 10.0.0.1
                    203.0.113.9, , 10.1.1.1  | 10.1.1.1
                    [                        | 10.0.0.1
                    []                       | 10.0.0.1
                    [2001:db8::1             | 10.0.0.1
                    :                        | 10.0.0.1
                    :::::                    | 10.0.0.1
                    999.1.1.1                | 10.0.0.1
                    203.0.113                | 10.0.0.1
                    0xCB007109               | 10.0.0.1
                    localhost                | 10.0.0.1
                    203.0.113.9 10.1.1.1     | 10.0.0.1
                    """)
    void behind_what_is_no_address_nothing_is_believed(String forwarded, String client) {
        assertThat(client("10.0.0.1", forwarded)).isEqualTo(client);
    }

    @Test
    void several_headers_are_one_list() {
        assertThat(client("10.0.0.1", "198.51.100.1", "203.0.113.9", "10.1.1.1"))
                .isEqualTo("203.0.113.9");
    }

    @Test
    void whoever_comes_without_a_proxy_may_say_what_they_like() {
        assertThat(client("203.0.113.9", "198.51.100.1")).isEqualTo("203.0.113.9");
        assertThat(client("::ffff:203.0.113.9", "10.0.0.1")).isEqualTo("203.0.113.9");
        assertThat(ClientAddress.of("10.0.0.1", List.of("203.0.113.9"), List.of())
                        .text())
                .as("no proxy is trusted")
                .isEqualTo("10.0.0.1");
    }

    /** And the work for it is bounded. */
    @Test
    void of_an_endless_chain_of_proxies_only_the_end_is_read() {
        var chain = String.join(",", Collections.nCopies(5_000, "10.1.1.1"));
        assertThat(client("10.0.0.1", "203.0.113.9," + chain)).isEqualTo("10.1.1.1");
    }

    @Test
    void an_ipv6_site_is_one_party_and_an_ipv4_address_another_each() {
        assertThat(ClientAddress.of("2001:db8:1:2:3:4:5:6", List.of(), PROXIES).network())
                .isEqualTo(
                        ClientAddress.of("2001:db8:1:2::7", List.of(), PROXIES).network())
                .isNotEqualTo(
                        ClientAddress.of("2001:db8:1:3::7", List.of(), PROXIES).network());
        assertThat(ClientAddress.of("::ffff:203.0.113.9", List.of(), PROXIES).network())
                .isEqualTo("203.0.113.9");
    }
}
