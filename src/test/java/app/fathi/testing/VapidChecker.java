package app.fathi.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.json.JsonObject;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A push service's check of the {@code Authorization} header (RFC 8292), as strict as the strictest of them. */
public final class VapidChecker {
    private static final Pattern HEADER =
            Pattern.compile("vapid t=([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+), ?k=([A-Za-z0-9_-]+)");

    /** Headers whose signature was found good: one token serves many messages. */
    private final Map<String, JsonObject> verified = new ConcurrentHashMap<>();

    /**
     * What is wrong, or empty.
     *
     * @param origin the service's own
     * @param applicationServerKey the key that the subscription was made with, base64url; null: any
     */
    public Optional<String> fault(String authorization, String origin, String applicationServerKey, Instant now) {
        if (authorization == null) {
            return Optional.of("no Authorization header");
        }
        Matcher parts = HEADER.matcher(authorization);
        if (!parts.matches()) {
            return Optional.of("the Authorization header is not vapid t=<jwt>, k=<key>");
        }
        if (applicationServerKey != null && !applicationServerKey.equals(parts.group(4))) {
            return Optional.of("k is not the key of the subscription");
        }
        JsonObject claims;
        try {
            claims = verify(authorization, parts);
        } catch (GeneralSecurityException | RuntimeException e) {
            return Optional.of("the token does not verify: " + e.getMessage());
        }
        return claimFault(claims, origin, now);
    }

    private JsonObject verify(String authorization, Matcher parts) throws GeneralSecurityException {
        JsonObject known = verified.get(authorization);
        if (known != null) {
            return known;
        }
        Base64.Decoder base64 = Base64.getUrlDecoder();
        JsonObject header = new JsonObject(new String(base64.decode(parts.group(1)), UTF_8));
        if (!"ES256".equals(header.getString("alg")) || !"JWT".equals(header.getString("typ"))) {
            throw new GeneralSecurityException("its header is " + header.encode());
        }
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initVerify(PushReceiver.decode(base64.decode(parts.group(4))));
        signature.update((parts.group(1) + "." + parts.group(2)).getBytes(US_ASCII));
        if (!signature.verify(base64.decode(parts.group(3)))) {
            throw new GeneralSecurityException("wrong signature");
        }
        JsonObject claims = new JsonObject(new String(base64.decode(parts.group(2)), UTF_8));
        verified.put(authorization, claims);
        return claims;
    }

    private static Optional<String> claimFault(JsonObject claims, String origin, Instant now) {
        if (!origin.equals(claims.getString("aud"))) {
            return Optional.of("aud is " + claims.getString("aud") + ", not " + origin);
        }
        Long exp = claims.getLong("exp");
        if (exp == null || exp <= now.getEpochSecond()) {
            return Optional.of("exp is missing or past");
        }
        if (exp > now.getEpochSecond() + 24 * 3600) {
            return Optional.of("exp is more than 24 hours ahead");
        }
        String sub = claims.getString("sub");
        if (sub == null || !(sub.startsWith("mailto:") || sub.startsWith("https://"))) {
            return Optional.of("sub is " + sub);
        }
        return Optional.empty();
    }
}
