package app.fathi.webpush.encryption;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.webpush.encryption.PushDecryption.UnreadableException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PushDecryptionTest {
    // RFC 8291, appendix A.
    private static final BrowserKeys BROWSER = new BrowserKeys(
            P256.pkcs8(bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")),
            SubscriptionKeys.parse(
                    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                    "BTBZMqHH6r4Tts7J_aSIgg"));
    private static final byte[] BODY =
            bytes("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3v"
                    + "CYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Q"
                    + "ulcy4a-fN");

    private static final CryptoProviders PROVIDERS = new CryptoProviders();

    static List<String> providers() {
        return CryptoProviders.available();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void the_vector_of_rfc_8291_is_read_with_every_provider(String name) throws Exception {
        assertThat(new PushDecryption(new CryptoProviders(name)).decrypt(BROWSER, BODY))
                .isEqualTo("When I grow up, I want to be a watermelon".getBytes(UTF_8));
    }

    @ParameterizedTest
    @MethodSource("providers")
    void a_new_browser_reads_what_was_encrypted_for_it_and_no_other_does(String name) throws Exception {
        var providers = new CryptoProviders(name);
        var browser = BrowserKeys.make(providers);
        var other = BrowserKeys.make(providers);
        for (int length : new int[] {0, 1, 1000, PushEncryption.PLAINTEXT_LIMIT_OCTETS}) {
            var body = new PushEncryption(providers).encrypt(browser.shared(), new byte[length]);
            assertThat(new PushDecryption(providers).decrypt(browser, body)).isEqualTo(new byte[length]);
            assertThatThrownBy(() -> new PushDecryption(providers).decrypt(other, body))
                    .isInstanceOf(UnreadableException.class);
        }
    }

    /** Salt, length of the key, key, ciphertext, tag. */
    @ParameterizedTest
    @ValueSource(ints = {0, 20, 21, 60, 86, 100, 143})
    void a_changed_octet_makes_a_message_unreadable(int position) {
        var changed = BODY.clone();
        changed[position] ^= 1;
        assertThatThrownBy(() -> new PushDecryption(PROVIDERS).decrypt(BROWSER, changed))
                .isInstanceOf(UnreadableException.class);
    }

    @Test
    void a_message_of_several_records_is_unreadable() {
        var several = BODY.clone();
        Arrays.fill(several, 16, 19, (byte) 0);
        several[19] = 18;
        assertThatThrownBy(() -> new PushDecryption(PROVIDERS).decrypt(BROWSER, several))
                .isInstanceOf(UnreadableException.class)
                .hasMessageContaining("record");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 86, 102, 4097})
    void a_body_of_an_impossible_length_is_unreadable(int octets) {
        assertThatThrownBy(() -> new PushDecryption(PROVIDERS).decrypt(BROWSER, Arrays.copyOf(BODY, octets)))
                .isInstanceOf(UnreadableException.class);
    }

    private static byte[] bytes(String base64) {
        return Base64.getUrlDecoder().decode(base64);
    }
}
