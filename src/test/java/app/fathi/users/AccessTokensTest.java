package app.fathi.users;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.users.AccessTokens.Claims;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A token that was found good is not checked again, and is still good for no longer than itself and its key. */
class AccessTokensTest {
    private static final Claims CLAIMS = new Claims(UUID.randomUUID(), UUID.randomUUID(), UUID.randomUUID());

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() {
        vertx.close().await();
    }

    @Test
    void a_token_that_is_known_says_the_same_as_at_first() {
        var tokens = tokens(60);
        var token = tokens.issue(CLAIMS);
        assertThat(tokens.verify(token).await()).isEqualTo(CLAIMS);
        assertThat(tokens.verify(token).await()).isEqualTo(CLAIMS);
    }

    @Test
    void a_token_has_one_spelling() {
        var tokens = tokens(60);
        var token = tokens.issue(CLAIMS);
        assertThat(isRefused(tokens, token + "A")).isTrue();
        var last = token.charAt(token.length() - 1);
        for (var other : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=".toCharArray()) {
            assertThat(isRefused(tokens, token.substring(0, token.length() - 1) + other))
                    .as("ends with %s instead of %s", other, last)
                    .isEqualTo(other != last);
        }
    }

    @Test
    void a_known_token_is_refused_once_it_has_expired() {
        var tokens = tokens(1);
        var token = tokens.issue(CLAIMS);
        assertThat(tokens.verify(token).await()).isEqualTo(CLAIMS);
        vertx.timer(Duration.ofSeconds(4).toMillis()).await();
        assertThat(isRefused(tokens, token)).isTrue();
    }

    @Test
    void a_known_token_is_refused_once_its_key_has_gone() {
        var tokens = tokens(60);
        var token = tokens.issue(CLAIMS);
        assertThat(tokens.verify(token).await()).isEqualTo(CLAIMS);
        tokens.use(List.of(SigningKeys.generate()));
        assertThat(isRefused(tokens, token)).isTrue();
    }

    // --- forged
    // -------------------------------------------------------------------------------------------------------

    /** What a token of ours says; the tests change one thing each. */
    private static JsonObject payload() {
        long now = Instant.now().getEpochSecond();
        return new JsonObject()
                .put("sub", CLAIMS.account().toString())
                .put("sid", CLAIMS.session().toString())
                .put("ws", CLAIMS.workspace().toString())
                .put("jti", UUID.randomUUID().toString())
                .put("iss", AccessTokens.ISSUER)
                .put("aud", new JsonArray().add(AccessTokens.AUDIENCE))
                .put("iat", now)
                .put("exp", now + 60);
    }

    private static JsonObject header(JsonObject jwk) {
        return new JsonObject().put("typ", "JWT").put("alg", "ES256").put("kid", jwk.getString("kid"));
    }

    private static String part(JsonObject json) {
        return part(json.encode().getBytes(US_ASCII));
    }

    private static String part(byte[] octets) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }

    /** By the JDK, so that the tests know how to make a good one. */
    private static String signed(JsonObject header, JsonObject payload, JsonObject by) {
        try {
            var curve = AlgorithmParameters.getInstance("EC");
            curve.init(new ECGenParameterSpec("secp256r1"));
            var key = KeyFactory.getInstance("EC")
                    .generatePrivate(new ECPrivateKeySpec(
                            new BigInteger(1, Base64.getUrlDecoder().decode(by.getString("d"))),
                            curve.getParameterSpec(ECParameterSpec.class)));
            var signature = Signature.getInstance("SHA256withECDSAinP1363Format");
            signature.initSign(key);
            var text = part(header) + "." + part(payload);
            signature.update(text.getBytes(US_ASCII));
            return text + "." + part(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String hmac(JsonObject header, JsonObject payload, byte[] key) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            var text = part(header) + "." + part(payload);
            return text + "." + part(mac.doFinal(text.getBytes(US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_forged_token_is_refused_however_it_was_made() {
        var ours = SigningKeys.generate();
        var theirs = SigningKeys.generate();
        var tokens = tokens(60, ours);
        var good = signed(header(ours), payload(), ours);
        assertThat(tokens.verify(good).await())
                .as("the forger's tools are sharp: what they make with our key is good")
                .isEqualTo(CLAIMS);
        var publicJwk = theirs.copy();
        publicJwk.remove("d");
        long now = Instant.now().getEpochSecond();
        var end = good.lastIndexOf('.');

        var forged = new LinkedHashMap<String, String>();
        forged.put("alg none, unsigned", part(header(ours).put("alg", "none")) + "." + part(payload()) + ".");
        forged.put(
                "alg none, with a signature",
                part(header(ours).put("alg", "none")) + "." + part(payload()) + good.substring(end));
        for (var none : List.of("None", "NONE", "")) {
            forged.put("alg " + none, signed(header(ours).put("alg", none), payload(), ours));
        }
        forged.put("no alg", signed(without(header(ours), "alg"), payload(), ours));
        for (var key : List.of(
                ours.getString("x").getBytes(US_ASCII),
                Base64.getUrlDecoder().decode(ours.getString("x")),
                without(ours, "d").encode().getBytes(US_ASCII),
                new byte[] {0})) {
            forged.put(
                    "HS256 with what is public, " + key.length,
                    hmac(header(ours).put("alg", "HS256"), payload(), key));
        }
        forged.put("another key, our kid", signed(header(ours), payload(), theirs));
        forged.put("another key, its kid", signed(header(theirs), payload(), theirs));
        forged.put("no kid", signed(without(header(ours), "kid"), payload(), ours));
        forged.put(
                "a kid that leads elsewhere", signed(header(ours).put("kid", "../../etc/passwd"), payload(), theirs));
        forged.put("a kid that is no text", signed(header(ours).put("kid", 1), payload(), ours));
        forged.put("an embedded key", signed(header(ours).put("jwk", publicJwk), payload(), theirs));
        for (var pointer : List.of("jku", "x5u")) {
            forged.put(pointer, signed(header(ours).put(pointer, "https://evil.example/keys"), payload(), theirs));
        }
        forged.put("x5c", signed(header(ours).put("x5c", new JsonArray().add("MIIB")), payload(), theirs));
        forged.put("crit", signed(header(ours).put("crit", new JsonArray().add("b64")), payload(), ours));
        forged.put("expired", signed(header(ours), payload().put("exp", now - 10), ours));
        forged.put("never expires", signed(header(ours), without(payload(), "exp"), ours));
        forged.put("expires in words", signed(header(ours), payload().put("exp", "tomorrow"), ours));
        forged.put("not valid yet", signed(header(ours), payload().put("nbf", now + 600), ours));
        forged.put("made in the future", signed(header(ours), payload().put("iat", now + 600), ours));
        forged.put("another audience", signed(header(ours), payload().put("aud", new JsonArray().add("else")), ours));
        forged.put("no audience", signed(header(ours), without(payload(), "aud"), ours));
        forged.put("another issuer", signed(header(ours), payload().put("iss", "else"), ours));
        forged.put("no issuer", signed(header(ours), without(payload(), "iss"), ours));
        forged.put("no id", signed(header(ours), without(payload(), "jti"), ours));
        forged.put("nobody", signed(header(ours), without(payload(), "sub"), ours));
        forged.put("a subject that is no id", signed(header(ours), payload().put("sub", "admin"), ours));
        forged.put("no session", signed(header(ours), without(payload(), "sid"), ours));
        forged.put("no workspace", signed(header(ours), without(payload(), "ws"), ours));
        forged.put("a refresh token", Tokens.token(Tokens.REFRESH));
        forged.put("without its signature", good.substring(0, end + 1));
        forged.put("without its end", good.substring(0, good.length() - 1));
        forged.put("without its payload", part(header(ours)) + ".." + good.substring(end + 1));
        forged.put("two parts", good.substring(0, end));
        forged.put("four parts", good + "." + good.substring(end + 1));
        forged.put("a signature of zeros", good.substring(0, end + 1) + part(new byte[64]));
        forged.put("another payload", part(header(ours)) + "." + part(payload()) + good.substring(end));
        forged.put("padded", good + "==");
        forged.put("nothing", "");
        forged.put("too long", good + "A".repeat(100_000));

        forged.forEach(
                (how, token) -> assertThat(isRefused(tokens, token)).as(how).isTrue());
    }

    private static JsonObject without(JsonObject json, String name) {
        var copy = json.copy();
        copy.remove(name);
        return copy;
    }

    private static boolean isRefused(AccessTokens tokens, String token) {
        var verified = tokens.verify(token);
        try {
            verified.await();
            return false;
        } catch (ProblemException refused) {
            // Anything else would be a fault of ours, and 500 to whoever sent it.
            return refused.problem().kind() == Kind.UNAUTHENTICATED;
        }
    }

    private AccessTokens tokens(int seconds) {
        return tokens(seconds, SigningKeys.generate());
    }

    private AccessTokens tokens(int seconds, JsonObject key) {
        var tokens = new AccessTokens(vertx, seconds);
        tokens.use(List.of(key));
        return tokens;
    }
}
