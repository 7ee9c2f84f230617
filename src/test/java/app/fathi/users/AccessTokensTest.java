package app.fathi.users;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.users.AccessTokens.Claims;
import io.vertx.core.Vertx;
import java.time.Duration;
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

    private static boolean isRefused(AccessTokens tokens, String token) {
        var verified = tokens.verify(token);
        try {
            verified.await();
            return false;
        } catch (RuntimeException refused) {
            return true;
        }
    }

    private AccessTokens tokens(int seconds) {
        var tokens = new AccessTokens(vertx, seconds);
        tokens.use(List.of(SigningKeys.generate()));
        return tokens;
    }
}
