package app.fathi.webpush.encryption;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class VapidCheckTest {
    private static final Instant NOW = Instant.parse("2026-11-26T10:00:00Z");
    private static final CryptoProviders PROVIDERS = new CryptoProviders();
    private static final String GOOD = new Vapid(PROVIDERS, InstantSource.fixed(NOW), Duration.ofHours(12))
            .authorization(
                    URI.create("https://push.test:8444/push/x"), VapidKey.generate(PROVIDERS), "mailto:a@b.test");

    private final VapidCheck check = new VapidCheck("https://push.test:8444");

    @Test
    void our_own_token_identifies_us_again_and_again_until_it_is_past() {
        assertThat(check.fault(GOOD, NOW)).isEmpty();
        assertThat(check.fault(GOOD, NOW.plus(Duration.ofHours(11)))).isEmpty();
        assertThat(check.fault(GOOD, NOW.plus(Duration.ofHours(13)))).isPresent();
    }

    @Test
    void a_token_for_another_push_service_is_refused() {
        assertThat(new VapidCheck("https://push.test").fault(GOOD, NOW)).isPresent();
    }

    @Test
    void a_token_that_is_good_for_longer_than_a_day_is_refused() {
        assertThat(check.fault(GOOD, NOW.minus(Duration.ofHours(13)))).isPresent();
    }

    @Test
    void a_token_with_a_changed_claim_or_of_another_key_is_refused() {
        var parts = GOOD.split("[.,]", 4);
        assertThat(check.fault(GOOD.replace(parts[1], parts[1] + "AA"), NOW)).isPresent();
        var other = VapidKey.generate(PROVIDERS).publicKey();
        assertThat(check.fault(GOOD.substring(0, GOOD.indexOf("k=") + 2) + other, NOW))
                .isPresent();
        assertThat(check.fault(GOOD, NOW)).as("what was refused spoils nothing").isEmpty();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "Bearer x", "vapid t=a.b.c, k=d", "vapid t=a.b.c", "WebPush a.b.c"})
    void what_is_no_token_is_refused(String header) {
        assertThat(check.fault(header, NOW)).isPresent();
    }
}
