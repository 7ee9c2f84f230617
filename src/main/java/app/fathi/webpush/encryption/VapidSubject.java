package app.fathi.webpush.encryption;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The contact in a VAPID token (RFC 8292, section 2.1): whom a push service's operator writes to. Apple answers
 * {@code 403 BadJwtToken} to contacts that lead nowhere, and Mozilla and Google cannot warn us; so they are refused here.
 */
public final class VapidSubject {
    private static final int LENGTH_LIMIT = 254;
    private static final Pattern LOCAL_PART = Pattern.compile("[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}");
    private static final Pattern HOST =
            Pattern.compile("(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])");

    /** Names that never lead to a person (RFC 2606, RFC 6761, RFC 6762, RFC 8375) and what samples are filled with. */
    private static final List<String> NOWHERE = List.of(
            "localhost",
            "localdomain",
            "local",
            "internal",
            "test",
            "invalid",
            "example",
            "example.com",
            "example.net",
            "example.org",
            "home.arpa",
            "yourdomain.com",
            "your-domain.com",
            "yourdomain.org",
            "domain.tld",
            "mydomain.com");

    private VapidSubject() {}

    /**
     * Accepts {@code mailto:} with one address or an {@code https:} URL, of a host that can exist.
     *
     * @throws IllegalArgumentException saying what is wrong
     */
    public static void require(String subject) {
        if (subject == null || subject.isBlank()) {
            throw new IllegalArgumentException(
                    "a VAPID subject is needed: mailto:you@your.domain or https://your.domain");
        }
        if (subject.length() > LENGTH_LIMIT) {
            throw new IllegalArgumentException("the VAPID subject is longer than " + LENGTH_LIMIT + " characters");
        }
        String host;
        if (subject.startsWith("mailto:")) {
            host = mailHost(subject.substring("mailto:".length()));
        } else if (subject.startsWith("https://")) {
            host = urlHost(subject);
        } else {
            throw new IllegalArgumentException("the VAPID subject must begin with mailto: or https://");
        }
        requireReachable(host.toLowerCase(Locale.ROOT));
    }

    private static String mailHost(String address) {
        int at = address.lastIndexOf('@');
        if (at < 1 || !LOCAL_PART.matcher(address.substring(0, at)).matches()) {
            throw new IllegalArgumentException("the VAPID subject is not one e-mail address after mailto:");
        }
        return address.substring(at + 1);
    }

    private static String urlHost(String url) {
        try {
            URI parsed = URI.create(url);
            if (parsed.getHost() != null && parsed.getRawUserInfo() == null) {
                return parsed.getHost();
            }
        } catch (IllegalArgumentException notUrl) {
            // Refused below.
        }
        throw new IllegalArgumentException("the VAPID subject is not a URL with a host");
    }

    private static void requireReachable(String host) {
        for (String nowhere : NOWHERE) {
            if (host.equals(nowhere) || host.endsWith("." + nowhere)) {
                throw new IllegalArgumentException(
                        "the VAPID subject's host " + host + " is a placeholder; push services refuse it");
            }
        }
        if (!HOST.matcher(host).matches()) {
            throw new IllegalArgumentException("the VAPID subject needs the name of a public host");
        }
    }
}
