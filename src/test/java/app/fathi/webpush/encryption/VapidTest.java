package app.fathi.webpush.encryption;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.outbound.Origin;
import app.fathi.testing.VapidChecker;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class VapidTest {
    private static final CryptoProviders PROVIDERS = new CryptoProviders();
    private static final URI ENDPOINT = URI.create("https://push.somewhere.net/send/abc");
    private static final String SUBJECT = "mailto:ops@fathi.app";
    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    private Instant now = NOON;
    private final InstantSource clock = () -> now;
    private final Vapid vapid = new Vapid(PROVIDERS, clock, Duration.ofHours(12));
    private final VapidKey key = VapidKey.generate(PROVIDERS);

    static List<String> providers() {
        return CryptoProviders.available();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void a_push_service_accepts_the_tokens_of_every_provider(String name) {
        CryptoProviders providers = new CryptoProviders(name);
        VapidChecker service = new VapidChecker();
        for (int i = 0; i < 100; i++) { // Short r or s, which DER shortens, come once in 128 signatures.
            VapidKey some = VapidKey.generate(providers);
            String header = new Vapid(providers, clock, Duration.ofHours(12)).authorization(ENDPOINT, some, SUBJECT);
            assertThat(service.fault(header, "https://push.somewhere.net", some.publicKey(), now))
                    .isEmpty();
        }
    }

    @Test
    void the_token_names_audience_contact_and_an_end_twelve_hours_ahead() {
        String header = vapid.authorization(ENDPOINT, key, SUBJECT);
        assertThat(header).startsWith("vapid t=").endsWith(", k=" + key.publicKey());
        assertThat(claims(header))
                .isEqualTo(new JsonObject()
                        .put("aud", "https://push.somewhere.net")
                        .put("exp", NOON.plus(Duration.ofHours(12)).getEpochSecond())
                        .put("sub", SUBJECT));
    }

    @Test
    void one_token_serves_an_origin_until_half_of_its_life() {
        String first = vapid.authorization(ENDPOINT, key, SUBJECT);
        now = NOON.plus(Duration.ofHours(6)).minusMillis(1);
        assertThat(vapid.authorization(URI.create("https://push.somewhere.net/other"), key, SUBJECT))
                .isSameAs(first);
        now = NOON.plus(Duration.ofHours(6));
        String second = vapid.authorization(ENDPOINT, key, SUBJECT);
        assertThat(second).isNotEqualTo(first);
        assertThat(claims(second).getLong("exp"))
                .isEqualTo(NOON.plus(Duration.ofHours(18)).getEpochSecond());
    }

    @Test
    void another_origin_key_or_contact_gets_its_own_token() {
        String token = vapid.authorization(ENDPOINT, key, SUBJECT);
        assertThat(List.of(
                        vapid.authorization(URI.create("https://push.somewhere.net:8443/"), key, SUBJECT),
                        vapid.authorization(ENDPOINT, VapidKey.generate(PROVIDERS), SUBJECT),
                        vapid.authorization(ENDPOINT, key, "https://fathi.app")))
                .doesNotContain(token)
                .doesNotHaveDuplicates();
    }

    @Test
    void the_cache_forgets_the_least_recently_used() {
        Vapid small = new Vapid(PROVIDERS, clock, Duration.ofHours(12), 2);
        String a = small.authorization(URI.create("https://a.net/"), key, SUBJECT);
        String b = small.authorization(URI.create("https://b.net/"), key, SUBJECT);
        assertThat(small.authorization(URI.create("https://a.net/"), key, SUBJECT))
                .isSameAs(a);
        small.authorization(URI.create("https://c.net/"), key, SUBJECT);
        assertThat(small.authorization(URI.create("https://a.net/"), key, SUBJECT))
                .isSameAs(a);
        assertThat(small.authorization(URI.create("https://b.net/"), key, SUBJECT))
                .isNotSameAs(b);
    }

    @Test
    void the_longest_life_stays_off_the_limit_of_push_services() {
        String header = new Vapid(PROVIDERS, clock, Duration.ofHours(24)).authorization(ENDPOINT, key, SUBJECT);
        assertThat(claims(header).getLong("exp"))
                .isEqualTo(NOON.plus(Duration.ofHours(24))
                        .minus(Duration.ofMinutes(10))
                        .getEpochSecond());
        assertThatThrownBy(() -> new Vapid(PROVIDERS, clock, Duration.ofHours(25)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "https://Push.Example/x, https://push.example",
        "HTTPS://push.example:443/x?y=1, https://push.example",
        "https://push.example:444/x, https://push.example:444",
        "http://127.0.0.1:80/x, http://127.0.0.1",
        "http://127.0.0.1:8443/x, http://127.0.0.1:8443",
        "https://[2001:db8::1]/x, https://[2001:db8::1]"
    })
    void an_origin_is_written_as_browsers_write_it(String url, String origin) {
        assertThat(Origin.of(URI.create(url))).isEqualTo(origin);
    }

    @ParameterizedTest
    @CsvSource({
        // SEQUENCE { r, s } of: full 32 octets; leading zero; short numbers.
        "3044 0220 %1$s 0220 %2$s, %1$s %2$s",
        "3046 022100 %3$s 022100 %3$s, %3$s %3$s",
        "3006 020101 02017f, %4$s01 %4$s7f",
    })
    void signatures_lose_their_der_frame(String der, String raw) {
        Object[] numbers = {"11".repeat(32), "22".repeat(32), "f0".repeat(32), "00".repeat(31)};
        assertThat(Vapid.rawSignature(hex(der.formatted(numbers)))).isEqualTo(hex(raw.formatted(numbers)));
    }

    @Test
    void a_key_comes_back_from_its_stored_and_its_exported_form() {
        assertThat(VapidKey.of(key.privateKey(), key.point())).isEqualTo(key);
        assertThat(VapidKey.parse(Base64.getUrlEncoder().encodeToString(key.privateKey()), key.publicKey()))
                .isEqualTo(key);
        assertThat(key.publicKey()).hasSize(87);
        assertThat(key.toString())
                .doesNotContain(Base64.getUrlEncoder().withoutPadding().encodeToString(key.privateKey()));
    }

    @Test
    void halves_of_different_keys_are_refused() {
        VapidKey other = VapidKey.generate(PROVIDERS);
        assertThatThrownBy(() -> VapidKey.of(key.privateKey(), other.point()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the private and the public key do not belong together");
        assertThatThrownBy(() -> VapidKey.of(new byte[32], key.point())).hasMessage("the private key is out of range");
        assertThatThrownBy(() -> VapidKey.of(new byte[31], key.point()))
                .hasMessage("the private key has 31 octets; 32 are needed");
        assertThatThrownBy(() -> VapidKey.parse("no base64!", key.publicKey()))
                .hasMessage("the private key is not base64url");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mailto:ops@fathi.app",
                "mailto:push+web@mail.shop.co.uk",
                "https://fathi.app",
                "https://shop.co.uk/contact?about=push"
            })
    void a_real_contact_is_accepted(String subject) {
        VapidSubject.require(subject);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ops@fathi.app",
                "http://fathi.app",
                "mailto:",
                "mailto:ops",
                "mailto:a@b@fathi.app",
                "mailto:ops@fathi.app,me@fathi.app",
                "mailto: ops@fathi.app",
                "mailto:ops@fathi.app ",
                "mailto:<ops@fathi.app>",
                "mailto:Ops <ops@fathi.app>",
                "<mailto:ops@fathi.app>",
                "https://<fathi.app>",
                " ",
                "mailto:ops@localhost",
                "mailto:admin@localhost",
                "mailto:ops@example.com",
                "mailto:ops@mail.EXAMPLE.org",
                "mailto:you@yourdomain.com",
                "mailto:ops@fathi",
                "mailto:ops@fathi.test",
                "mailto:ops@127.0.0.1",
                "https://localhost:8080",
                "https://127.0.0.1",
                "https://[::1]/",
                "https://example.net/contact",
                "https://printer.local",
                "https://user@fathi.app/",
                "https://",
                "https://a b.app"
            })
    void a_contact_that_leads_nowhere_is_refused(String subject) {
        assertThatThrownBy(() -> VapidSubject.require(subject))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("VAPID subject");
    }

    private static JsonObject claims(String header) {
        return new JsonObject(new String(Base64.getUrlDecoder().decode(header.split("\\.")[1]), UTF_8));
    }

    private static byte[] hex(String spaced) {
        return HexFormat.of().parseHex(spaced.replace(" ", ""));
    }
}
