package app.fathi.platform.http;

import app.fathi.platform.outbound.Network;
import io.netty.util.NetUtil;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Where a request came from: the socket's address, or what the trusted proxies in front say.
 *
 * @param text as it is audited and logged
 * @param network what one party owns: the address, or of an IPv6 address the /64 whose host part costs nothing to change
 */
record ClientAddress(String text, String network) {
    private static final int IPV6_NETWORK_OCTETS = 8;
    private static final int MAX_HOPS = 20;
    private static final ClientAddress UNKNOWN = new ClientAddress("", "");

    /** @param trusted whose {@code X-Forwarded-For} is believed */
    static ClientAddress of(HttpServerRequest request, List<Network> trusted) {
        return request.remoteAddress() == null
                ? UNKNOWN
                : of(
                        request.remoteAddress().hostAddress(),
                        trusted.isEmpty() ? List.of() : request.headers().getAll("X-Forwarded-For"),
                        trusted);
    }

    /**
     * @param peer who opened the connection
     * @param forwarded the values of {@code X-Forwarded-For}
     */
    static ClientAddress of(String peer, List<String> forwarded, List<Network> trusted) {
        var parsed = parse(peer);
        return parsed == null ? UNKNOWN : of(behind(parsed, forwarded, trusted));
    }

    /**
     * Each proxy appends whom it heard: read from the end, the first that is no proxy of ours is the client. What stands
     * before may be the client's invention.
     */
    private static InetAddress behind(InetAddress peer, List<String> forwarded, List<Network> trusted) {
        var hops = String.join(",", forwarded).split(",");
        var address = peer;
        for (int i = hops.length - 1; i >= Math.max(0, hops.length - MAX_HOPS) && isIn(trusted, address); i--) {
            var before = parse(hops[i].strip());
            if (before == null) {
                break;
            }
            address = before;
        }
        return address;
    }

    static boolean isIn(List<Network> networks, String address) {
        var parsed = parse(address);
        return parsed != null && isIn(networks, parsed);
    }

    private static boolean isIn(List<Network> networks, InetAddress address) {
        return networks.stream().anyMatch(network -> network.holds(address));
    }

    /** Some proxies add the port. */
    private static InetAddress parse(String text) {
        var bare = text;
        if (text.startsWith("[")) {
            bare = text.substring(1, Math.max(1, text.indexOf(']')));
        } else if (text.indexOf(':') > 0 && text.indexOf(':') == text.lastIndexOf(':')) {
            bare = text.substring(0, text.indexOf(':'));
        }
        var octets = NetUtil.createByteArrayFromIpAddressString(bare);
        try {
            return octets == null ? null : InetAddress.getByAddress(octets);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("Netty gave neither 4 nor 16 octets", e);
        }
    }

    private static ClientAddress of(InetAddress address) {
        var text = address.getHostAddress();
        var octets = address.getAddress();
        if (octets.length == 4) {
            return new ClientAddress(text, text);
        }
        var network = new StringBuilder();
        for (int i = 0; i < IPV6_NETWORK_OCTETS; i++) {
            network.append(Character.forDigit((octets[i] >> 4) & 15, 16))
                    .append(Character.forDigit(octets[i] & 15, 16));
        }
        return new ClientAddress(text, network.append("::/64").toString());
    }
}
