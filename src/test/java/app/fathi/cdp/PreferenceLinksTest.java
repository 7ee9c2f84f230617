package app.fathi.cdp;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.PreferenceLinks.Holder;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PreferenceLinksTest {
    private static final Instant NOON = Instant.parse("2026-11-02T12:00:00Z");
    private static final Holder ADA = new Holder(7, UUID.fromString("01932f11-21f0-7b00-9000-1a1b1c1d1e1f"));

    private final PreferenceLinks links = new PreferenceLinks(new byte[32]);

    @Test
    void a_link_is_of_one_person_and_works_until_its_minute_is_over() {
        var token = links.sign(ADA, NOON.plus(Duration.ofDays(1)));
        assertThat(links.verify(token, NOON)).contains(ADA);
        assertThat(links.verify(token, NOON.plus(Duration.ofDays(1)))).contains(ADA);
        assertThat(links.verify(token, NOON.plus(Duration.ofDays(1)).plusSeconds(61)))
                .isEmpty();
        assertThat(token).doesNotContain(ADA.profileId().toString()).matches("[A-Za-z0-9_-]+");
    }

    @Test
    void no_octet_of_it_can_be_another_and_it_has_one_spelling() {
        var token = links.sign(ADA, NOON);
        var octets = Base64.getUrlDecoder().decode(token);
        for (int i = 0; i < octets.length; i++) {
            for (int bit = 0; bit < 8; bit++) {
                var other = octets.clone();
                other[i] ^= (byte) (1 << bit);
                assertThat(links.verify(Base64.getUrlEncoder().withoutPadding().encodeToString(other), NOON))
                        .isEmpty();
            }
        }
        for (char last = 'A'; last <= 'z'; last++) {
            var other = token.substring(0, token.length() - 1) + last;
            assertThat(links.verify(other, NOON).isPresent()).isEqualTo(other.equals(token));
        }
        for (var no : new String[] {"", "a", token + "A", token.substring(1), token.replace(token.charAt(3), '!')}) {
            assertThat(links.verify(no, NOON)).isEmpty();
        }
    }

    @Test
    void another_servers_key_signs_nothing_for_us() {
        var key = new byte[32];
        key[0] = 1;
        assertThat(links.verify(new PreferenceLinks(key).sign(ADA, NOON), NOON)).isEmpty();
    }
}
