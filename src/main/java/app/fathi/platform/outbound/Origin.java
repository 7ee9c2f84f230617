package app.fathi.platform.outbound;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;

/** Scheme, host and port as browsers serialise them: lower case, no default port (RFC 6454, section 6.2). */
public final class Origin {
    private Origin() {}

    /** Of an absolute URL. */
    public static String of(URI url) {
        var scheme = url.getScheme();
        var host = url.getHost();
        if (scheme == null || host == null) {
            throw new IllegalArgumentException("an absolute URL is needed");
        }
        scheme = scheme.toLowerCase(Locale.ROOT);
        host = host.toLowerCase(Locale.ROOT);
        int port = url.getPort();
        boolean usual = port < 0 || port == (scheme.equals("https") ? 443 : 80);
        return usual ? scheme + "://" + host : scheme + "://" + host + ":" + port;
    }

    /** What somebody wrote as an origin, serialised; empty when it is none, or more than one. */
    public static Optional<String> parse(String text) {
        try {
            var url = new URI(text);
            boolean web = "https".equalsIgnoreCase(url.getScheme()) || "http".equalsIgnoreCase(url.getScheme());
            boolean bare = url.getRawUserInfo() == null
                    && url.getRawQuery() == null
                    && url.getRawFragment() == null
                    && (url.getRawPath().isEmpty() || url.getRawPath().equals("/"));
            return web && bare && url.getHost() != null && url.getPort() <= 65_535
                    ? Optional.of(of(url))
                    : Optional.empty();
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }
}
