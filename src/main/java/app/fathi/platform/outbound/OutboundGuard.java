package app.fathi.platform.outbound;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.ProblemException;
import io.netty.util.NetUtil;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Decides where requests of ours may go: what customers name as push endpoint, webhook or connection must not lead into
 * our own network. A URL is checked when it is saved; its addresses are resolved before a connection is made, all of them
 * are checked, and the checked one is connected to, so a name that changes its mind in between gains nothing. What was
 * checked is used for 30 seconds.
 */
public final class OutboundGuard {
    private static final Pattern IPV4 = Pattern.compile("((0|[1-9][0-9]{0,2})\\.){3}(0|[1-9][0-9]{0,2})");

    private static final Pattern HOST_NAME =
            Pattern.compile("(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

    /**
     * What is not the public Internet (RFC 6890 and its registries). Of IPv6 only 2000::/3 is; that leaves out loopback,
     * local and multicast addresses and most ways to write an IPv4 address inside an IPv6 one, and the rest are named.
     */
    private static final List<Network> CLOSED = Network.all(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/3",
            "4000::/2",
            "8000::/1",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20");

    /** Long enough for a campaign, short enough for a service that moves. */
    private static final long CHECKED_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Function<String, Future<List<InetAddress>>> resolver;
    private final List<Network> allowed;
    private final boolean plaintext;
    private final int hosts;

    /** A campaign asks for the same few hosts a thousand times a second. */
    private final Map<String, Checked> checked = new ConcurrentHashMap<>();

    /** Lookups that are under way: who asks meanwhile waits for the same one. */
    private final Map<String, Future<InetAddress>> asked = new ConcurrentHashMap<>();

    public OutboundGuard(Vertx vertx, Config.Outbound config) {
        this(config, host -> addresses(vertx, host, config.connectTimeoutSeconds()));
    }

    /** @param resolver gives all addresses of a name that it knows */
    OutboundGuard(Config.Outbound config, Function<String, Future<List<InetAddress>>> resolver) {
        this.resolver = resolver;
        this.allowed = Network.all(config.allow().toArray(String[]::new));
        this.plaintext = config.plaintext();
        this.hosts = config.origins();
    }

    /** Without blocking a thread: hosts are named by strangers, whose name servers may never answer. */
    private static Future<List<InetAddress>> addresses(Vertx vertx, String host, int timeoutSeconds) {
        var found = Promise.<List<InetSocketAddress>>promise();
        ((VertxInternal) vertx).nameResolver().resolveAll(host, found::handle);
        return found.future().timeout(timeoutSeconds, TimeUnit.SECONDS).map(addresses -> addresses.stream()
                .map(InetSocketAddress::getAddress)
                .toList());
    }

    /** Refuses with 422 a URL that may never be asked, as far as the URL itself tells. */
    public void requireAllowedUrl(String pointer, URI url) {
        fault(url).ifPresent(fault -> {
            throw ProblemException.unprocessable(pointer, fault);
        });
    }

    /** What is wrong with the URL; empty when its host may be resolved. */
    Optional<String> fault(URI url) {
        return faultBesideHost(url).or(() -> faultOfHost(bare(url)));
    }

    private Optional<String> faultBesideHost(URI url) {
        var scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
        if (!scheme.equals("https") && !(plaintext && scheme.equals("http"))) {
            return Optional.of("The URL must be https.");
        }
        if (url.getRawUserInfo() != null || url.getRawFragment() != null) {
            return Optional.of("The URL must not hold credentials or a fragment.");
        }
        if (url.getHost() == null || url.getPort() == 0 || url.getPort() > 65_535) {
            return Optional.of("The URL needs a host.");
        }
        return isAscii(url.toString())
                ? Optional.empty()
                : Optional.of("The URL must be in ASCII: percent-encoded, its host in punycode.");
    }

    private Optional<String> faultOfHost(String host) {
        var literal = literal(host);
        if (literal.isPresent()) {
            return isAllowed(literal.get()) ? Optional.empty() : Optional.of("The URL must lead to a public address.");
        }
        if (!HOST_NAME.matcher(host).matches()) {
            // 127.1, 0x7f000001, 017.0.0.1, ::ffff:10.0.0.1, fe80::1%eth0, a trailing dot: nobody needs them, and
            // programs disagree about what they mean.
            return Optional.of("The host is neither a name nor a canonical address.");
        }
        var local = host.equals("localhost")
                || host.endsWith(".localhost")
                || host.endsWith(".local")
                || host.endsWith(".internal");
        return local && allowed.isEmpty() ? Optional.of("The URL must lead to a public host.") : Optional.empty();
    }

    /** The address to connect to; fails when the URL, or any address that its host has, is not allowed. */
    public Future<InetAddress> resolve(URI url) {
        var fault = faultBesideHost(url);
        if (fault.isPresent()) {
            return Future.failedFuture(new RefusedAddressException(fault.get()));
        }
        var host = bare(url);
        var known = checked.get(host);
        if (known != null && System.nanoTime() - known.atNanos < CHECKED_NANOS) {
            return Future.succeededFuture(known.address);
        }
        fault = faultOfHost(host);
        if (fault.isPresent()) {
            return Future.failedFuture(new RefusedAddressException(fault.get()));
        }
        var literal = literal(host);
        if (literal.isPresent()) {
            return Future.succeededFuture(choose(host, List.of(literal.get())));
        }
        var answer = Promise.<InetAddress>promise();
        var earlier = asked.putIfAbsent(host, answer.future());
        if (earlier != null) {
            return earlier;
        }
        resolver.apply(host).map(addresses -> choose(host, addresses)).onComplete(done -> {
            asked.remove(host);
            answer.handle(done);
        });
        return answer.future();
    }

    private InetAddress choose(String host, List<InetAddress> addresses) {
        if (!addresses.stream().allMatch(this::isAllowed)) {
            throw new RefusedAddressException("The host has an address that is not public.");
        }
        var chosen = addresses.stream()
                .filter(Inet4Address.class::isInstance)
                .findFirst()
                .orElse(addresses.getFirst());
        if (checked.size() >= hosts) {
            checked.clear();
        }
        checked.put(host, new Checked(chosen, System.nanoTime()));
        return chosen;
    }

    /** An address that was checked, and when. */
    private record Checked(InetAddress address, long atNanos) {}

    boolean isAllowed(InetAddress address) {
        return allowed.stream().anyMatch(network -> network.holds(address))
                || CLOSED.stream().noneMatch(network -> network.holds(address));
    }

    private static String bare(URI url) {
        var host = url.getHost().toLowerCase(Locale.ROOT);
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    /** An address written in its usual form; other spellings are no address here and no name either. */
    private static Optional<InetAddress> literal(String host) {
        var isIpv6 = host.contains(":");
        if (isIpv6 ? host.contains("%") : !IPV4.matcher(host).matches()) {
            return Optional.empty();
        }
        var octets = NetUtil.createByteArrayFromIpAddressString(host);
        try {
            return octets == null
                    ? Optional.empty()
                    : Optional.of(InetAddress.getByAddress(octets))
                            // Java makes an IPv4 address of a mapped one.
                            .filter(address -> address instanceof Inet6Address == isIpv6);
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }

    /** The request was not made because its target is not allowed. */
    public static final class RefusedAddressException extends RuntimeException {
        RefusedAddressException(String message) {
            super(message, null, false, false);
        }
    }
}
