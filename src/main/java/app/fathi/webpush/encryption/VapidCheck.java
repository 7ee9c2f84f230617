package app.fathi.webpush.encryption;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The push service's side of {@link Vapid} (RFC 8292): who sends, and whether it is meant for this service. Thread-safe. */
public final class VapidCheck {
    private static final Pattern HEADER =
            Pattern.compile("vapid t=([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+), ?k=([A-Za-z0-9_-]+)");

    private final String origin;

    /** The last header whose signature was good, and its claims: a sender uses one token for hours. */
    private volatile Known known = new Known("", null);

    private record Known(String authorization, JsonObject claims) {}

    /** @param origin the service's own, which tokens must name as their audience */
    public VapidCheck(String origin) {
        this.origin = origin;
    }

    /** What is wrong with an {@code Authorization} header; empty when it identifies its sender. */
    public Optional<String> fault(String authorization, Instant now) {
        try {
            var parts = HEADER.matcher(authorization == null ? "" : authorization);
            if (!parts.matches()) {
                return Optional.of("the Authorization header is not vapid t=<JWT>, k=<key>");
            }
            var claims = claims(authorization, parts);
            if (!origin.equals(claims.getString("aud"))) {
                return Optional.of("the token is for another push service");
            }
            var expires = Instant.ofEpochSecond(claims.getLong("exp"));
            return expires.isAfter(now) && Duration.between(now, expires).compareTo(Vapid.LIFE_LIMIT) <= 0
                    ? Optional.empty()
                    : Optional.of("the token is past, or good for more than 24 hours");
        } catch (GeneralSecurityException | RuntimeException e) {
            return Optional.of("the token cannot be verified");
        }
    }

    private JsonObject claims(String authorization, Matcher parts) throws GeneralSecurityException {
        var last = known;
        if (last.authorization.equals(authorization)) {
            return last.claims;
        }
        var base64 = Base64.getUrlDecoder();
        var point = base64.decode(parts.group(4));
        P256.requirePoint(point, "k");
        var signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initVerify(KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(P256.spki(point))));
        signature.update((parts.group(1) + "." + parts.group(2)).getBytes(US_ASCII));
        if (!signature.verify(base64.decode(parts.group(3)))) {
            throw new GeneralSecurityException("the signature is wrong");
        }
        var claims = new JsonObject(Buffer.buffer(base64.decode(parts.group(2))));
        known = new Known(authorization, claims);
        return claims;
    }
}
