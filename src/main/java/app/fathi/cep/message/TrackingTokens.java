package app.fathi.cep.message;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Tokens that travel with a message and prove a report about it: {@code base64url(run 8 | step 2 | profile 4 | rank 1 |
 * ws 4 | last valid minute 4 | HMAC-SHA256 of these, cut to 16)}, 52 characters. They hold no secret and name nobody to
 * an outsider. Whoever holds one may report on that delivery and on nothing else.
 */
public final class TrackingTokens {
    private static final int BODY_LENGTH = 8 + 2 + 4 + 1 + 4 + 4;
    private static final int MAC_LENGTH = 16;
    /** Characters of a token. */
    public static final int TEXT_LENGTH = (BODY_LENGTH + MAC_LENGTH) * 4 / 3;

    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
    private static final Base64.Decoder DECODER = Base64.getUrlDecoder();

    /** A Mac is not thread-safe and costs more to make than to use. */
    private final ThreadLocal<Mac> macs;

    /** @param key 32 octets, derived from the master key for this purpose alone */
    public TrackingTokens(byte[] key) {
        var secret = new SecretKeySpec(key, "HmacSHA256");
        macs = ThreadLocal.withInitial(() -> {
            try {
                var mac = Mac.getInstance("HmacSHA256");
                mac.init(secret);
                return mac;
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("Every JDK has HmacSHA256", e);
            }
        });
    }

    /** A token for reports until the given instant, rounded up to a minute. */
    public String sign(DeliveryKey delivery, Instant until) {
        var token = ByteBuffer.allocate(BODY_LENGTH + MAC_LENGTH)
                .putLong(delivery.run())
                .putShort((short) delivery.step())
                .putInt(delivery.profileNo())
                .put((byte) delivery.rank())
                .putInt(delivery.ws())
                .putInt(Math.toIntExact(Math.ceilDiv(until.getEpochSecond(), 60)));
        token.put(mac(token.array()), 0, MAC_LENGTH);
        return ENCODER.encodeToString(token.array());
    }

    /** The delivery that the token speaks for; empty when it is not ours, was altered, or has expired. */
    public Optional<DeliveryKey> verify(String token, Instant now) {
        if (token.length() != TEXT_LENGTH) {
            return Optional.empty();
        }
        byte[] octets;
        try {
            octets = DECODER.decode(token);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        var expected = Arrays.copyOf(mac(octets), MAC_LENGTH);
        if (!MessageDigest.isEqual(expected, Arrays.copyOfRange(octets, BODY_LENGTH, BODY_LENGTH + MAC_LENGTH))) {
            return Optional.empty();
        }
        var body = ByteBuffer.wrap(octets);
        var run = body.getLong();
        var step = body.getShort();
        var profileNo = body.getInt();
        var rank = Byte.toUnsignedInt(body.get());
        var ws = body.getInt();
        var lastMinute = body.getInt();
        return now.getEpochSecond() > lastMinute * 60L
                ? Optional.empty()
                : Optional.of(new DeliveryKey(ws, run, step, profileNo, rank));
    }

    private byte[] mac(byte[] octets) {
        var mac = macs.get();
        mac.update(octets, 0, BODY_LENGTH);
        return mac.doFinal();
    }
}
