package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.JWTOptions;
import io.vertx.ext.auth.User;
import io.vertx.ext.auth.authentication.TokenCredentials;
import io.vertx.ext.auth.jwt.JWTAuth;
import io.vertx.ext.auth.jwt.JWTAuthOptions;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * JWTs that others have signed (RFC 7519, checked as RFC 8725 says), by the keys that their issuer publishes (RFC 7517).
 * Algorithms are asymmetric, each with its own type of key; {@code kid} only selects among the issuer's keys; a key that
 * comes with the token is not looked at, nor one that it points to.
 */
final class ForeignTokens {
    private static final int MAX_LENGTH = 16_384;
    private static final int MAX_SUBJECT = 255;
    private static final int MAX_AUDIENCES = 10;
    private static final int MAX_KEYS = 100;
    private static final int MIN_RSA_BITS = 2_048;
    private static final int LEEWAY_SECONDS = 60;

    /** Algorithm (RFC 7518, RFC 8037) → the type of its keys, and their curve where there is one. */
    private static final Map<String, String> KEY_OF = Map.of(
            "RS256", "RSA",
            "RS384", "RSA",
            "RS512", "RSA",
            "PS256", "RSA",
            "PS384", "RSA",
            "PS512", "RSA",
            "ES256", "EC P-256",
            "ES384", "EC P-384",
            "ES512", "EC P-521",
            "EdDSA", "OKP Ed25519");

    /** They would bring a key along, or change what the rest means. */
    private static final Set<String> REFUSED_HEADERS = Set.of("jku", "jwk", "x5u", "x5c", "crit", "b64", "enc", "zip");

    /** What a public key consists of, whatever its type. */
    private static final List<String> KEY_PARTS = List.of("kty", "kid", "n", "e", "crv", "x", "y");

    private final Vertx vertx;
    private final ProviderDocuments documents;
    private final InstantSource clock;

    ForeignTokens(Vertx vertx, ProviderDocuments documents, InstantSource clock) {
        this.vertx = vertx;
        this.documents = documents;
        this.clock = clock;
    }

    /** What a token says of itself, which proves nothing yet. */
    record Unproved(String issuer, List<String> audiences) {}

    /** Empty when it is no JWT with an issuer and an audience. */
    static Optional<Unproved> unproved(String token) {
        var parts = token.split("\\.", -1);
        if (token.length() > MAX_LENGTH || parts.length != 3) {
            return Optional.empty();
        }
        var claims = json(parts[1]);
        if (claims == null || !(claims.getValue("iss") instanceof String issuer)) {
            return Optional.empty();
        }
        var audiences = audiences(claims);
        return audiences.isEmpty() ? Optional.empty() : Optional.of(new Unproved(issuer, audiences));
    }

    /** {@code aud} is one or a list; what is neither, or too long, is none. */
    static List<String> audiences(JsonObject claims) {
        var given = claims.getValue("aud") instanceof JsonArray several
                ? several
                : new JsonArray().add(claims.getValue("aud"));
        var audiences = new ArrayList<String>();
        for (var each : given) {
            if (!(each instanceof String audience) || audiences.size() == MAX_AUDIENCES) {
                return List.of();
            }
            audiences.add(audience);
        }
        return audiences;
    }

    /**
     * What the token says, once its signature, issuer and times are found good; an {@code unauthenticated} problem whatever
     * is wrong with it. Whom it is for is left to the caller.
     *
     * @param jwks where the issuer's keys are
     */
    Future<ForeignClaims> verify(String token, String issuer, URI jwks) {
        var parts = token.split("\\.", -1);
        var header = token.length() <= MAX_LENGTH && parts.length == 3 ? json(parts[0]) : null;
        if (header == null
                || header.fieldNames().stream().anyMatch(REFUSED_HEADERS::contains)
                || !(header.getValue("alg") instanceof String algorithm)
                || !KEY_OF.containsKey(algorithm)) {
            return Future.failedFuture(refused());
        }
        var kid = header.getValue("kid");
        return documents
                .read(jwks)
                .map(set -> key(set, kid, algorithm))
                .compose(found -> found.isPresent()
                        ? Future.succeededFuture(found)
                        // The issuer may have a new key.
                        : documents.readAgain(jwks).map(set -> key(set, kid, algorithm)))
                .compose(found ->
                        found.isPresent() ? signed(token, found.get()) : Future.<JsonObject>failedFuture(refused()))
                .map(claims -> checked(claims, issuer));
    }

    /** The key that the token names; where it names none, the only one that fits. */
    private static Optional<JsonObject> key(JsonObject set, Object kid, String algorithm) {
        if (!(set.getValue("keys") instanceof JsonArray keys)) {
            return Optional.empty();
        }
        var fitting = keys.stream()
                .limit(MAX_KEYS)
                .filter(JsonObject.class::isInstance)
                .map(JsonObject.class::cast)
                .filter(key -> kid == null || kid.equals(key.getValue("kid")))
                .filter(key -> fits(key, algorithm))
                .toList();
        return fitting.size() == 1 ? Optional.of(bare(fitting.getFirst(), algorithm)) : Optional.empty();
    }

    private static boolean fits(JsonObject key, String algorithm) {
        var type = key.getValue("kty") + (key.getValue("crv") instanceof String curve ? " " + curve : "");
        return type.equals(KEY_OF.get(algorithm))
                && algorithm.equals(key.getValue("alg", algorithm))
                && "sig".equals(key.getValue("use", "sig"))
                && (!type.equals("RSA") || bits(key.getValue("n")) >= MIN_RSA_BITS);
    }

    private static int bits(Object modulus) {
        try {
            return modulus instanceof String text ? Base64.getUrlDecoder().decode(text).length * 8 : 0;
        } catch (IllegalArgumentException e) {
            return 0;
        }
    }

    /** Without certificates and whatever else a set may hold. */
    private static JsonObject bare(JsonObject key, String algorithm) {
        var bare = new JsonObject().put("alg", algorithm);
        for (var part : KEY_PARTS) {
            if (key.getValue(part) instanceof String text) {
                bare.put(part, text);
            }
        }
        return bare;
    }

    private Future<JsonObject> signed(String token, JsonObject key) {
        // It throws over keys that are none, and over claims of a wrong type.
        return Future.<User>future(promise -> JWTAuth.create(
                                vertx,
                                new JWTAuthOptions()
                                        .addJwk(key)
                                        .setJWTOptions(new JWTOptions()
                                                .setAlgorithm(key.getString("alg"))
                                                .setIgnoreExpiration(true)))
                        .authenticate(new TokenCredentials(token))
                        .onComplete(promise))
                .map(user -> user.attributes().getJsonObject("accessToken"))
                .recover(failure -> Future.failedFuture(refused()));
    }

    private ForeignClaims checked(JsonObject claims, String issuer) {
        double now = clock.millis() / 1_000.0;
        var inTime = claims.getValue("exp") instanceof Number exp
                && exp.doubleValue() > now - LEEWAY_SECONDS
                && isPast(claims.getValue("nbf"), now)
                && isPast(claims.getValue("iat"), now);
        var named = claims.getValue("sub") instanceof String sub && !sub.isEmpty() && sub.length() <= MAX_SUBJECT;
        if (!inTime || !named || !issuer.equals(claims.getValue("iss"))) {
            throw refused();
        }
        return new ForeignClaims(claims);
    }

    private static boolean isPast(Object time, double now) {
        return time == null || time instanceof Number number && number.doubleValue() <= now + LEEWAY_SECONDS;
    }

    /** Null when it is none. */
    private static JsonObject json(String part) {
        try {
            return new JsonObject(new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException | DecodeException e) {
            return null;
        }
    }

    static ProblemException refused() {
        return ProblemException.unauthenticated(
                "This token is not valid, or no longer, or nobody here believes its issuer.");
    }
}
