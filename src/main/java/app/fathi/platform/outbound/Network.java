package app.fathi.platform.outbound;

import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;

/** A network in CIDR notation. IPv4 and IPv6 networks hold only addresses of their own kind. */
public record Network(byte[] prefix, int bits) {

    public static List<Network> all(String... networks) {
        return Arrays.stream(networks).map(Network::of).toList();
    }

    public static Network of(String cidr) {
        var slash = cidr.indexOf('/');
        var octets = NetUtil.createByteArrayFromIpAddressString(slash < 0 ? cidr : cidr.substring(0, slash));
        if (octets == null) {
            throw new IllegalArgumentException(cidr + " is no network");
        }
        return new Network(octets, slash < 0 ? octets.length * 8 : Integer.parseInt(cidr.substring(slash + 1)));
    }

    /** Java shows an IPv4-mapped IPv6 address as IPv4 already, so mapping hides nothing. */
    public boolean holds(InetAddress address) {
        var octets = address.getAddress();
        if (octets.length != prefix.length || (address instanceof Inet6Address) != (prefix.length == 16)) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            var mask = 0x80 >> (bit & 7);
            if ((octets[bit >> 3] & mask) != (prefix[bit >> 3] & mask)) {
                return false;
            }
        }
        return true;
    }
}
