package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.JWTOptions;
import io.vertx.ext.auth.User;
import io.vertx.ext.auth.authentication.TokenCredentials;
import io.vertx.ext.auth.jwt.JWTAuth;
import io.vertx.ext.auth.jwt.JWTAuthOptions;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Access tokens: JWTs (RFC 7519, hardened as RFC 8725 says) signed with ES256 and nothing else. A token names a session;
 * what its owner may do is looked up. {@code kid} only selects among our own keys.
 */
final class AccessTokens {
    static final String ISSUER = "fathi";
    static final String AUDIENCE = "fathi-api";

    private static final String ALGORITHM = "ES256";
    /** 64 octets of ES256 in base64url (RFC 7518 section 3.4). */
    private static final int SIGNATURE_LENGTH = 86;
    /** Of the last letter's six bits two are the signature's. */
    private static final String SIGNATURE_ENDS = "AQgw";

    private static final int MAX_LENGTH = 2_048;
    /** Clocks of nodes differ a little. */
    private static final int LEEWAY_SECONDS = 2;

    private static final int KNOWN_TOKENS = 10_000;
    /** A header with anything else (jku, jwk, x5u, crit …) is not from us. */
    private static final Set<String> HEADER = Set.of("alg", "typ", "kid");

    private final Vertx vertx;
    private final int seconds;
    private volatile Keys keys = new Keys(null, Map.of());

    /** What a valid token says. */
    record Claims(UUID account, UUID session, UUID workspace) {}

    /** @param known tokens whose signature one of these keys was found to have made: checking costs as much as the rest of a request */
    private record Keys(String signingKid, Map<String, JWTAuth> byKid, Cache<String, Known> known) {
        Keys(String signingKid, Map<String, JWTAuth> byKid) {
            this(
                    signingKid,
                    byKid,
                    Caffeine.newBuilder().maximumSize(KNOWN_TOKENS).build());
        }
    }

    private record Known(Claims claims, long expiresAtSeconds) {
        boolean isOver() {
            return System.currentTimeMillis() / 1_000 >= expiresAtSeconds + LEEWAY_SECONDS;
        }
    }

    /** @param seconds how long a token lives */
    AccessTokens(Vertx vertx, int seconds) {
        this.vertx = vertx;
        this.seconds = seconds;
    }

    /** @param jwks private keys as JWK (RFC 7517), the one that signs first; there is at least one */
    void use(List<JsonObject> jwks) {
        var byKid = new HashMap<String, JWTAuth>();
        for (var jwk : jwks) {
            byKid.put(
                    jwk.getString("kid"),
                    JWTAuth.create(
                            vertx,
                            new JWTAuthOptions()
                                    .addJwk(jwk)
                                    .setJWTOptions(new JWTOptions()
                                            .setAlgorithm(ALGORITHM)
                                            .setIssuer(ISSUER)
                                            .addAudience(AUDIENCE)
                                            .setLeeway(LEEWAY_SECONDS))));
        }
        keys = new Keys(jwks.getFirst().getString("kid"), Map.copyOf(byKid));
    }

    int seconds() {
        return seconds;
    }

    String issue(Claims claims) {
        var current = keys;
        return current.byKid
                .get(current.signingKid)
                .generateToken(
                        new JsonObject()
                                .put("sub", claims.account.toString())
                                .put("sid", claims.session.toString())
                                .put("ws", claims.workspace.toString())
                                .put("jti", UUID.randomUUID().toString()),
                        new JWTOptions()
                                .setAlgorithm(ALGORITHM)
                                .setHeader(new JsonObject().put("kid", current.signingKid))
                                .setIssuer(ISSUER)
                                .addAudience(AUDIENCE)
                                .setExpiresInSeconds(seconds));
    }

    /** Whether one of our keys may have signed it. */
    boolean isOurs(String token) {
        var current = keys;
        return current.known.getIfPresent(token) != null || keyOf(current, token) != null;
    }

    /** What the token says, or an {@code unauthenticated} problem whatever is wrong with it. */
    Future<Claims> verify(String token) {
        var current = keys;
        var known = current.known.getIfPresent(token);
        if (known != null) {
            return known.isOver() ? Future.failedFuture(refused()) : Future.succeededFuture(known.claims);
        }
        var key = keyOf(current, token);
        if (key == null) {
            return Future.failedFuture(refused());
        }
        // It throws over claims of a wrong type, such as an exp in words.
        return Future.<User>future(
                        promise -> key.authenticate(new TokenCredentials(token)).onComplete(promise))
                .map(user -> known(user.attributes().getJsonObject("accessToken")))
                .onSuccess(verified -> current.known.put(token, verified))
                .map(Known::claims)
                .recover(failure -> Future.failedFuture(refused()));
    }

    private static JWTAuth keyOf(Keys keys, String token) {
        var end = token.indexOf('.');
        // A lenient decoder would take a longer signature for the same one, or a last letter whose spare bits are set
        // (RFC 4648 section 3.5): a token has one spelling.
        if (token.length() > MAX_LENGTH
                || end < 0
                || token.length() - token.lastIndexOf('.') - 1 != SIGNATURE_LENGTH
                || SIGNATURE_ENDS.indexOf(token.charAt(token.length() - 1)) < 0) {
            return null;
        }
        try {
            var header = new JsonObject(
                    new String(Base64.getUrlDecoder().decode(token.substring(0, end)), StandardCharsets.UTF_8));
            var ours = HEADER.containsAll(header.fieldNames()) && ALGORITHM.equals(header.getValue("alg"));
            return ours && header.getValue("kid") instanceof String kid ? keys.byKid.get(kid) : null;
        } catch (RuntimeException e) {
            // Not base64url, or not JSON: not from us.
            return null;
        }
    }

    private static Known known(JsonObject token) {
        if (!(token.getValue("exp") instanceof Number) || !(token.getValue("jti") instanceof String)) {
            throw refused();
        }
        return new Known(
                new Claims(
                        UUID.fromString(token.getString("sub")),
                        UUID.fromString(token.getString("sid")),
                        UUID.fromString(token.getString("ws"))),
                token.getLong("exp"));
    }

    private static ProblemException refused() {
        return ProblemException.unauthenticated("The access token is not valid, or no longer. Sign in or refresh it.");
    }
}
