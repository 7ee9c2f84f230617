package app.fathi.webpush.encryption;

import java.util.Arrays;
import java.util.Base64;

/**
 * The keys of one browser subscription (Push API, {@code PushSubscription.getKey}). An instance exists only with a
 * valid point: the check against invalid-curve attacks is made here, once, for every way in.
 *
 * @param p256dh the browser's public key: an uncompressed point on P-256, 65 octets (RFC 8291, section 3.1)
 * @param auth the authentication secret shared with the browser, 16 octets (RFC 8291, section 3.2); never shown
 */
public record SubscriptionKeys(byte[] p256dh, byte[] auth) {
    /** Octets of the authentication secret (RFC 8291, section 3.2). */
    public static final int AUTH_OCTETS = 16;

    /** Longest text that is looked at: the point in base64 is 88 characters. */
    private static final int TEXT_LIMIT = 128;

    public SubscriptionKeys {
        p256dh = p256dh.clone();
        auth = auth.clone();
        P256.requirePoint(p256dh, "p256dh");
        if (auth.length != AUTH_OCTETS) {
            throw new IllegalArgumentException("auth has " + auth.length + " octets; " + AUTH_OCTETS + " are needed");
        }
    }

    /**
     * Reads what {@code PushSubscription.toJSON()} writes: base64url, with or without padding. The standard alphabet is
     * read, too, because some exports of other push servers use it.
     *
     * @throws IllegalArgumentException saying which of the two is wrong and how; it never repeats the value
     */
    public static SubscriptionKeys parse(String p256dh, String auth) {
        return new SubscriptionKeys(decode(p256dh, "p256dh"), decode(auth, "auth"));
    }

    private static byte[] decode(String text, String name) {
        if (text == null || text.isEmpty()) {
            throw new IllegalArgumentException(name + " is missing");
        }
        if (text.length() > TEXT_LIMIT) {
            throw new IllegalArgumentException(name + " is too long");
        }
        try {
            return Base64.getUrlDecoder().decode(text.replace('+', '-').replace('/', '_'));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + " is not base64url", e);
        }
    }

    /** The browser's public key, a copy. */
    @Override
    public byte[] p256dh() {
        return p256dh.clone();
    }

    /** The authentication secret, a copy. */
    @Override
    public byte[] auth() {
        return auth.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SubscriptionKeys(byte[] otherP256dh, byte[] otherAuth)
                && Arrays.equals(p256dh, otherP256dh)
                && Arrays.equals(auth, otherAuth);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(p256dh);
    }

    @Override
    public String toString() {
        return "SubscriptionKeys[hidden]";
    }
}
