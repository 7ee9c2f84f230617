package app.fathi.platform.outbound;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.buffer.Buffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signatures as Standard Webhooks 1.0 wants them: whoever has the secret knows that a request is ours, whole and of now. */
public final class WebhookSignature {
    /** Before the Base64 of a secret. */
    public static final String PREFIX = "whsec_";

    private static final int OCTETS = 32;
    private static final String ALGORITHM = "HmacSHA256";

    private WebhookSignature() {}

    /** Another secret: 256 random bits. */
    public static byte[] secret() {
        var secret = new byte[OCTETS];
        new SecureRandom().nextBytes(secret);
        return secret;
    }

    /** A secret as people keep it. */
    public static String text(byte[] secret) {
        return PREFIX + Base64.getEncoder().encodeToString(secret);
    }

    /**
     * The headers of a request.
     *
     * @param id the same for each try of the same thing
     * @param at when it is sent; receivers refuse what is minutes old
     * @param secrets all that are in force: while one takes the place of another, either is enough for the receiver
     */
    public static Map<String, String> headers(String id, Instant at, Buffer body, List<byte[]> secrets) {
        var second = String.valueOf(at.getEpochSecond());
        var headers = new LinkedHashMap<String, String>();
        headers.put("webhook-id", id);
        headers.put("webhook-timestamp", second);
        headers.put(
                "webhook-signature",
                secrets.stream()
                        .map(secret -> signature(secret, id, second, body))
                        .collect(Collectors.joining(" ")));
        return headers;
    }

    private static String signature(byte[] secret, String id, String second, Buffer body) {
        try {
            var mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret, ALGORITHM));
            mac.update((id + "." + second + ".").getBytes(UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body.getBytes()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256 does not work on this JVM", e);
        }
    }
}
