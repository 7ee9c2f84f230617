package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Identities;
import io.vertx.core.Future;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Identity tokens: short JWTs (RFC 7519) by which a site's backend says who its visitor is, signed with HS256 and the
 * workspace's identity key. No other algorithm is known here, so none can be chosen.
 */
final class IdentityTokens implements Identities {
    static final Duration LONGEST = Duration.ofHours(24);

    private static final Duration LEEWAY = Duration.ofSeconds(60);
    private static final int MAX_LENGTH = 2_000;
    private static final int MAX_USER_ID = 255;
    private static final Set<String> HEADER = Set.of("alg", "typ");

    private final Pool pool;
    private final Workspaces workspaces;
    private final InstantSource clock;

    IdentityTokens(Pool pool, Workspaces workspaces, InstantSource clock) {
        this.clock = clock;
        this.pool = pool;
        this.workspaces = workspaces;
    }

    @Override
    public Future<Policy> policy(int ws) {
        return workspaces.settings(pool, ws).map(WorkspaceSettings::identityVerification);
    }

    @Override
    public Future<String> verify(int ws, String pointer, String token) {
        return workspaces.opened(pool, ws).map(opened -> {
            var now = clock.instant();
            return subject(
                    pointer,
                    token,
                    opened.identityKeys().stream()
                            .filter(key -> key.works(now))
                            .map(Workspaces.IdentityKey::octets)
                            .toList(),
                    now);
        });
    }

    /**
     * The proved {@code userId}.
     *
     * @param keys any of which may have signed it
     */
    static String subject(String pointer, String token, List<byte[]> keys, Instant now) {
        var parts = token.split("\\.", -1);
        if (token.length() > MAX_LENGTH || parts.length != 3) {
            throw refused(pointer, "It is not a JWT.");
        }
        var header = json(pointer, parts[0]);
        if (!HEADER.containsAll(header.fieldNames()) || !"HS256".equals(header.getValue("alg"))) {
            throw refused(pointer, "Its header must be {\"alg\":\"HS256\",\"typ\":\"JWT\"}.");
        }
        var signature = decode(pointer, parts[2]);
        if (keys.stream().noneMatch(key -> MessageDigest.isEqual(hmac(key, parts[0] + "." + parts[1]), signature))) {
            throw refused(
                    pointer, "Its signature is wrong. Sign with the workspace's identityKey, decoded from base64.");
        }
        var claims = json(pointer, parts[1]);
        if (!(claims.getValue("exp") instanceof Number exp)
                || exp.doubleValue() <= now.getEpochSecond()
                || exp.doubleValue() > now.plus(LONGEST).plus(LEEWAY).getEpochSecond()) {
            throw refused(pointer, "It needs an exp in the future, at most 24 hours ahead.");
        }
        if (claims.containsKey("nbf")
                && !(claims.getValue("nbf") instanceof Number nbf
                        && nbf.doubleValue() <= now.plus(LEEWAY).getEpochSecond())) {
            throw refused(pointer, "It is not valid yet.");
        }
        if (!(claims.getValue("sub") instanceof String sub) || sub.isEmpty() || sub.length() > MAX_USER_ID) {
            throw refused(pointer, "Its sub must be the userId, 1 to " + MAX_USER_ID + " characters.");
        }
        return sub;
    }

    private static JsonObject json(String pointer, String part) {
        try {
            return new JsonObject(new String(decode(pointer, part), StandardCharsets.UTF_8));
        } catch (DecodeException e) {
            throw refused(pointer, "It is not a JWT.");
        }
    }

    private static byte[] decode(String pointer, String part) {
        try {
            return Base64.getUrlDecoder().decode(part);
        } catch (IllegalArgumentException e) {
            throw refused(pointer, "It is not a JWT.");
        }
    }

    private static byte[] hmac(byte[] key, String signed) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }

    private static ProblemException refused(String pointer, String why) {
        return ProblemException.unprocessable(pointer, "The identity token proves nobody. " + why);
    }
}
