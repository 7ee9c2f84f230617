package app.fathi.cep.message;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Base64;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Positive;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TrackingTokensTest {
    private static final Instant NOW = Instant.parse("2026-11-02T10:00:00Z");
    private final TrackingTokens tokens = new TrackingTokens(new byte[32]);

    @Property
    void what_was_signed_is_read_back(
            @ForAll @Positive int ws,
            @ForAll @LongRange(min = 1) long run,
            @ForAll @IntRange(max = Short.MAX_VALUE) int step,
            @ForAll @IntRange int profileNo,
            @ForAll @IntRange(max = 255) int rank) {
        var delivery = new DeliveryKey(ws, run, step, profileNo, rank);
        var token = tokens.sign(delivery, NOW);
        assertThat(token).matches("[A-Za-z0-9_-]{52}");
        assertThat(tokens.verify(token, NOW)).contains(delivery);
    }

    @Property
    void a_token_with_any_bit_changed_is_refused(@ForAll @IntRange(max = 39 * 8 - 1) int bit) {
        var octets = Base64.getUrlDecoder().decode(tokens.sign(new DeliveryKey(1, 2, 0, 3, 0), NOW));
        octets[bit / 8] ^= (byte) (1 << bit % 8);
        assertThat(tokens.verify(Base64.getUrlEncoder().encodeToString(octets), NOW))
                .isEmpty();
    }

    @Property
    void arbitrary_text_is_refused(@ForAll @Size(max = 80) String text) {
        assertThat(tokens.verify(text, NOW)).isEmpty();
    }

    @Test
    void a_token_of_another_key_is_refused() {
        var key = new byte[32];
        key[0] = 1;
        var token = new TrackingTokens(key).sign(new DeliveryKey(1, 2, 0, 3, 0), NOW);
        assertThat(tokens.verify(token, NOW)).isEmpty();
    }

    @Test
    void a_token_is_refused_once_its_last_minute_has_passed() {
        var token = tokens.sign(new DeliveryKey(1, 2, 0, 3, 0), NOW.plusSeconds(1));
        assertThat(tokens.verify(token, NOW.plusSeconds(60))).isPresent();
        assertThat(tokens.verify(token, NOW.plusSeconds(61))).isEmpty();
    }
}
