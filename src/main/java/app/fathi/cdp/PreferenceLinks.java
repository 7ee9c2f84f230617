package app.fathi.cdp;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What stands in a link to somebody's preferences: whose they are and until when it works, signed with a key that only the server has.
 * Whoever holds the link may change these preferences and see nothing else. Thread-safe.
 */
final class PreferenceLinks {
    /** Whose preferences. */
    record Holder(int ws, UUID profileId) {}

    private static final int BODY_OCTETS = 4 + 16 + 4;
    private static final int MAC_OCTETS = 16;
    private static final int TEXT_LENGTH = (int) Math.ceil((BODY_OCTETS + MAC_OCTETS) * 4 / 3.0);
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
    private static final Base64.Decoder DECODER = Base64.getUrlDecoder();

    private final SecretKeySpec key;

    /** @param key {@code Secrets.derivedKey("preferences")} */
    PreferenceLinks(byte[] key) {
        this.key = new SecretKeySpec(key, "HmacSHA256");
    }

    /** Works until this instant, rounded up to a minute. */
    String sign(Holder holder, Instant until) {
        var token = ByteBuffer.allocate(BODY_OCTETS + MAC_OCTETS)
                .putInt(holder.ws())
                .putLong(holder.profileId().getMostSignificantBits())
                .putLong(holder.profileId().getLeastSignificantBits())
                .putInt(Math.toIntExact(Math.ceilDiv(until.getEpochSecond(), 60)));
        token.put(mac(token.array()), 0, MAC_OCTETS);
        return ENCODER.encodeToString(token.array());
    }

    /** Empty when it is not ours, was altered, or has expired. */
    Optional<Holder> verify(String token, Instant now) {
        if (token.length() != TEXT_LENGTH) {
            return Optional.empty();
        }
        byte[] octets;
        try {
            octets = DECODER.decode(token);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        // One spelling only: bits beyond the last octet would be another text for the same link.
        if (!ENCODER.encodeToString(octets).equals(token)
                || !MessageDigest.isEqual(
                        Arrays.copyOf(mac(octets), MAC_OCTETS),
                        Arrays.copyOfRange(octets, BODY_OCTETS, octets.length))) {
            return Optional.empty();
        }
        var body = ByteBuffer.wrap(octets);
        var holder = new Holder(body.getInt(), new UUID(body.getLong(), body.getLong()));
        return now.getEpochSecond() > body.getInt() * 60L ? Optional.empty() : Optional.of(holder);
    }

    private byte[] mac(byte[] octets) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(octets, 0, BODY_OCTETS);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }
}
