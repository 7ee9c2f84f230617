package app.fathi.platform.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.config.Config;
import io.vertx.core.Future;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The guard against every spelling of an address that is not public. */
class OutboundSpellingsTest {
    private static final OutboundGuard GUARD = guard("");

    /** Written out here again, from the registries of RFC 6890: what the guard holds closed is not asked of the guard. */
    private static final Map<String, List<String>> PRIVATE_IPV4 = Map.ofEntries(
            Map.entry("this network", List.of("0.0.0.0", "0.255.255.255")),
            Map.entry("private", List.of("10.0.0.0", "10.255.255.255")),
            Map.entry("shared by carriers", List.of("100.64.0.0", "100.127.255.255")),
            Map.entry("loopback", List.of("127.0.0.0", "127.255.255.255")),
            Map.entry("link-local", List.of("169.254.0.0", "169.254.255.255")),
            Map.entry("private, too", List.of("172.16.0.0", "172.31.255.255")),
            Map.entry("protocol assignments", List.of("192.0.0.0", "192.0.0.255")),
            Map.entry("documentation 1", List.of("192.0.2.0", "192.0.2.255")),
            Map.entry("6to4 relays", List.of("192.88.99.0", "192.88.99.255")),
            Map.entry("private, as well", List.of("192.168.0.0", "192.168.255.255")),
            Map.entry("benchmarks", List.of("198.18.0.0", "198.19.255.255")),
            Map.entry("documentation 2", List.of("198.51.100.0", "198.51.100.255")),
            Map.entry("documentation 3", List.of("203.0.113.0", "203.0.113.255")),
            Map.entry("multicast", List.of("224.0.0.0", "239.255.255.255")),
            Map.entry("reserved", List.of("240.0.0.0", "255.255.255.255")));

    private static final List<String> PRIVATE_IPV6_PREFIXES = List.of(
            "::/128",
            "::1/128",
            "64:ff9b:1::/48",
            "100::/64",
            "100:0:0:1::/64",
            "2001:2::/48",
            "2001:10::/28",
            "2001:20::/28",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
            "fc00::/8",
            "fd00::/8",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
            "400::/16",
            "4000::/3",
            "e000::/4");

    private static OutboundGuard guard(String allow) {
        var settings = allow.isEmpty() ? Map.<String, String>of() : Map.of("FATHI_OUTBOUND_ALLOW", allow);
        return new OutboundGuard(
                Config.of(settings).outbound(), host -> Future.failedFuture(new AssertionError("asked for " + host)));
    }

    // --- spellings ------------------------------------------------------------------------------------------------

    @Provide
    Arbitrary<Long> privateIpv4() {
        return Arbitraries.of(PRIVATE_IPV4.values())
                .flatMap(range -> Arbitraries.longs().between(number(range.get(0)), number(range.get(1))));
    }

    @Provide
    Arbitrary<Long> publicIpv4() {
        return Arbitraries.longs().between(0, 0xffff_ffffL).filter(address -> PRIVATE_IPV4.values().stream()
                .noneMatch(range -> address >= number(range.get(0)) && address <= number(range.get(1))));
    }

    private static long number(String dotted) {
        return new BigInteger(1, address(dotted).getAddress()).longValue();
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static String dotted(long address) {
        return octets(address).map(String::valueOf).collect(Collectors.joining("."));
    }

    private static java.util.stream.Stream<Long> octets(long address) {
        return IntStream.of(24, 16, 8, 0).mapToObj(shift -> address >> shift & 0xff);
    }

    /** How inet_aton, browsers and libraries read it: any of one to four parts, each decimal, octal or hexadecimal. */
    @Provide
    Arbitrary<String> spellingOfPrivateIpv4() {
        return Combinators.combine(
                        privateIpv4(), Arbitraries.integers().between(1, 4), radices(), Arbitraries.of("", "."))
                .as((address, parts, radices, end) -> {
                    var written = new ArrayList<String>();
                    for (int part = 0; part < parts; part++) {
                        int shift = 24 - 8 * part;
                        long value = part == parts - 1 ? address & (1L << shift + 8) - 1 : address >> shift & 0xff;
                        written.add(radices.get(part).formatted(value));
                    }
                    return String.join(".", written) + end;
                });
    }

    private static Arbitrary<List<String>> radices() {
        return Arbitraries.of("%d", "0%o", "000%o", "0x%x", "0X%X", "0x00%x")
                .list()
                .ofSize(4);
    }

    @Property(tries = 2_000)
    void no_spelling_of_a_private_ipv4_address_passes(@ForAll @From("spellingOfPrivateIpv4") String host) {
        assertRefused(host);
    }

    @Provide
    Arbitrary<String> privateIpv4InsideIpv6() {
        return Combinators.combine(
                        privateIpv4(),
                        Arbitraries.of(
                                "::ffff:%2$s",
                                "::ffff:%1$s",
                                "0:0:0:0:0:FFFF:%1$s",
                                "::%2$s",
                                "::%1$s",
                                "64:ff9b::%2$s",
                                "64:ff9b::%1$s",
                                "64:FF9B:0:0:0:0:%1$s",
                                "64:ff9b:1::%1$s",
                                "::ffff:0:%1$s",
                                "2002:%1$s::",
                                "2002:%1$s::1",
                                "2001:0:%1$s:0:0:1:1",
                                "2001:0:4136:e378:8000:63bf:%1$s"))
                .as((address, pattern) -> {
                    var hex = HexFormat.of().toHexDigits(address, 8);
                    return "[" + pattern.formatted(hex.substring(0, 4) + ":" + hex.substring(4), dotted(address)) + "]";
                });
    }

    @Property(tries = 2_000)
    void no_private_ipv4_address_passes_inside_an_ipv6_one(@ForAll @From("privateIpv4InsideIpv6") String host) {
        assertRefused(host);
    }

    @Provide
    Arbitrary<String> privateIpv6() {
        return Combinators.combine(
                        Arbitraries.of(PRIVATE_IPV6_PREFIXES),
                        Arbitraries.bytes().array(byte[].class).ofSize(16))
                .as((prefix, noise) -> {
                    var network =
                            address(prefix.substring(0, prefix.indexOf('/'))).getAddress();
                    var bits = Integer.parseInt(prefix.substring(prefix.indexOf('/') + 1));
                    for (int bit = bits; bit < 128; bit++) {
                        network[bit >> 3] |= (byte) (noise[bit >> 3] & 0x80 >> (bit & 7));
                    }
                    return written(network);
                });
    }

    private static String written(byte[] address) {
        return IntStream.range(0, 8)
                .mapToObj(group -> HexFormat.of().formatHex(address, 2 * group, 2 * group + 2))
                .collect(Collectors.joining(":", "[", "]"));
    }

    @Property(tries = 2_000)
    void no_private_ipv6_address_passes(
            @ForAll @From("privateIpv6") String host, @ForAll @From("zones") String zone, @ForAll boolean upper) {
        var zoned = host.substring(0, host.length() - 1) + zone + "]";
        assertRefused(upper ? zoned.toUpperCase(java.util.Locale.ROOT) : zoned);
    }

    @Provide
    Arbitrary<String> zones() {
        return Arbitraries.of("", "%25eth0", "%eth0", "%251");
    }

    @Property
    void a_public_address_passes_and_only_in_its_usual_form(@ForAll @From("publicIpv4") long address) {
        assertThat(fault(dotted(address))).isEmpty();
        assertThat(GUARD.resolve(URI.create("https://" + dotted(address) + "/x"))
                        .await())
                .isEqualTo(address(dotted(address)));
        assertRefused(dotted(address) + ".");
        assertRefused("[::ffff:" + dotted(address) + "]");
        assertRefused(String.valueOf(address));
        assertRefused(octets(address).map("0%o"::formatted).collect(Collectors.joining(".")));
        assertRefused("0x" + HexFormat.of().toHexDigits(address, 8));
    }

    @Example
    void an_octet_with_a_leading_zero_is_no_address() {
        // Eight for some, ten for others.
        assertRefused("8.8.8.010");
        assertRefused("08.8.8.8");
        assertRefused("8.8.8.00");
    }

    @Example
    void a_global_address_with_a_zone_is_refused() {
        assertThat(fault("[2606:4700::1111]")).isEmpty();
        assertRefused("[2606:4700::1111%25lo]");
    }

    @Property(tries = 2_000)
    void a_name_that_only_looks_like_one_is_refused(
            @ForAll @From("trickyHosts") String host, @ForAll @From("privateIpv4") long address) {
        assertRefused(host.replace("IP", dotted(address)));
    }

    @Provide
    Arbitrary<String> trickyHosts() {
        return Arbitraries.of(
                "localhost",
                "LOCALHOST",
                "a.localhost",
                "localhost.",
                "localhost.localdomain.",
                "printer.local",
                "metadata.google.internal",
                "IP.",
                "IP..",
                ".IP",
                "push.example.com.",
                "push..example.com",
                "-push.example.com",
                "push-.example.com",
                "user@IP",
                "user:secret@push.example.com",
                "@push.example.com",
                "push.example.com@IP",
                "IP%2f",
                "IP%00",
                "IP%2e",
                "127%2e0%2e0%2e1",
                "%31%32%37.0.0.1",
                "push.example.com%20",
                "bücher.example",
                "ｌｏｃａｌｈｏｓｔ",
                "①②⑦.⓪.⓪.①",
                "127。0。0。1",
                "a b.example",
                "push_service",
                "[IP]",
                "[::IP",
                "[v1.IP]",
                "push.example.com:0",
                "push.example.com:65536",
                "push.example.com:99999999999",
                "push.example.com:-1",
                "push.example.com:443:443",
                "push.example.com:https",
                "push.example.com\\@IP",
                "push.example.com#@IP",
                "",
                "1",
                "0",
                "a".repeat(64) + ".example",
                "a.".repeat(127) + "example");
    }

    @Property(tries = 2_000)
    void whatever_is_given_is_judged_and_never_breaks_the_judge(@ForAll String text) {
        for (var url : List.of(text, "https://" + text, "https://push.example.com/" + text)) {
            parsed(url).ifPresent(GUARD::fault);
        }
    }

    @Property
    void a_path_beyond_ascii_is_refused(@ForAll @From("beyondAscii") char character) {
        // Narrowed to octets, U+010D U+010A is the end of a line.
        parsed("https://push.example.com/x" + character)
                .ifPresent(url -> assertThat(GUARD.fault(url)).isPresent());
    }

    @Provide
    Arbitrary<Character> beyondAscii() {
        return Arbitraries.chars().range('\u0080', '\ud7ff');
    }

    private static void assertRefused(String host) {
        for (var port : List.of("", ":443", ":8443")) {
            parsed("https://" + host + port + "/x")
                    .ifPresent(url ->
                            assertThat(GUARD.fault(url)).as(url.toString()).isPresent());
        }
    }

    private static Optional<String> fault(String host) {
        return GUARD.fault(URI.create("https://" + host + "/x"));
    }

    /** What is no URL never reaches the guard. */
    private static Optional<URI> parsed(String url) {
        try {
            return Optional.of(new URI(url));
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }
}
