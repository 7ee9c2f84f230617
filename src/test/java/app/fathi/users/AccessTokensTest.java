package app.fathi.users;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.users.AccessTokens.Claims;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
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
    void a_token_that_is_known_says_the_same_as_at_first() throws Exception {
        var tokens = tokens(60);
        var token = tokens.issue(CLAIMS);
        assertThat(tokens.verify(token).await()).isEqualTo(CLAIMS);
        assertThat(tokens.verify(token).await()).isEqualTo(CLAIMS);
    }

    @Test
    void one_letter_more_or_other_than_a_known_token_is_refused() throws Exception {
        var tokens = tokens(60);
        var token = tokens.issue(CLAIMS);
        tokens.verify(token).await();
        var last = token.charAt(token.length() - 1);
        assertThat(isRefused(tokens, token + "A")).isTrue();
        assertThat(isRefused(tokens, token.substring(0, token.length() - 1) + (last == 'A' ? 'B' : 'A')))
                .isTrue();
    }

    @Test
    void a_known_token_is_refused_once_it_has_expired() throws Exception {
        var tokens = tokens(1);
        var token = tokens.issue(CLAIMS);
        assertThat(tokens.verify(token).await()).isEqualTo(CLAIMS);
        vertx.timer(Duration.ofSeconds(4).toMillis()).await();
        assertThat(isRefused(tokens, token)).isTrue();
    }

    @Test
    void a_known_token_is_refused_once_its_key_has_gone() throws Exception {
        var tokens = tokens(60);
        var token = tokens.issue(CLAIMS);
        assertThat(tokens.verify(token).await()).isEqualTo(CLAIMS);
        tokens.use(List.of(key("another")));
        assertThat(isRefused(tokens, token)).isTrue();
    }

    private static boolean isRefused(AccessTokens tokens, String token) {
        var verified = tokens.verify(token);
        try {
            verified.await();
            return false;
        } catch (RuntimeException refused) {
            return true;
        }
    }

    private AccessTokens tokens(int seconds) throws Exception {
        var tokens = new AccessTokens(vertx, seconds);
        tokens.use(List.of(key("first")));
        return tokens;
    }

    private static JsonObject key(String kid) throws Exception {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        var pair = generator.generateKeyPair();
        var point = ((ECPublicKey) pair.getPublic()).getW();
        return new JsonObject()
                .put("kty", "EC")
                .put("crv", "P-256")
                .put("alg", "ES256")
                .put("kid", kid)
                .put("x", number(point.getAffineX()))
                .put("y", number(point.getAffineY()))
                .put("d", number(((ECPrivateKey) pair.getPrivate()).getS()));
    }

    private static String number(BigInteger number) {
        var octets = new byte[32];
        var given = number.toByteArray();
        int length = Math.min(given.length, 32);
        System.arraycopy(given, given.length - length, octets, 32 - length, length);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }
}
