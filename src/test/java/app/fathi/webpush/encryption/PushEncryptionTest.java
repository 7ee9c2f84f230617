package app.fathi.webpush.encryption;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.testing.PushReceiver;
import java.security.KeyPair;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PushEncryptionTest {
    // RFC 8291, appendix A.
    private static final byte[] PLAINTEXT = "When I grow up, I want to be a watermelon".getBytes(UTF_8);
    private static final String UA_PUBLIC =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    private static final String UA_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
    private static final String AUTH = "BTBZMqHH6r4Tts7J_aSIgg";
    private static final String AS_PUBLIC =
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
    private static final String AS_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    private static final String SALT = "DGv6ra1nlYgDCS1FRnbzlw";
    private static final String BODY = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3v"
            + "CYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Q"
            + "ulcy4a-fN";

    private static final PushEncryption ENCRYPTION = new PushEncryption(new CryptoProviders());

    static List<String> providers() {
        return CryptoProviders.available();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void the_vector_of_rfc_8291_is_met_byte_for_byte_by_every_provider(String name) throws Exception {
        CryptoProviders providers = new CryptoProviders(name);
        KeyPair sender = new KeyPair(
                providers.keyFactory().generatePublic(new X509EncodedKeySpec(P256.spki(bytes(AS_PUBLIC)))),
                providers.keyFactory().generatePrivate(new PKCS8EncodedKeySpec(P256.pkcs8(bytes(AS_PRIVATE)))));

        byte[] body = new PushEncryption(providers)
                .encrypt(SubscriptionKeys.parse(UA_PUBLIC, AUTH), PLAINTEXT, sender, bytes(SALT));

        assertThat(Base64.getUrlEncoder().withoutPadding().encodeToString(body)).isEqualTo(BODY);
    }

    @Test
    void the_receiver_of_our_tests_reads_the_vector_of_rfc_8291() {
        PushReceiver browser = PushReceiver.of(bytes(UA_PRIVATE), bytes(UA_PUBLIC), bytes(AUTH));
        assertThat(browser.decrypt(bytes(BODY))).isEqualTo(PLAINTEXT);
    }

    @ParameterizedTest
    @MethodSource("providers")
    void a_browser_reads_messages_of_every_length(String name) {
        PushEncryption encryption = new PushEncryption(new CryptoProviders(name));
        Random random = new Random(8291);
        for (int length : new int[] {0, 1, 2, 15, 16, 17, 41, 1000, 2700, 3992, 3993}) {
            PushReceiver browser = PushReceiver.create();
            byte[] plaintext = new byte[length];
            random.nextBytes(plaintext);

            byte[] body = encryption.encrypt(SubscriptionKeys.parse(browser.p256dh(), browser.auth()), plaintext);

            assertThat(body).hasSize(length + 103);
            assertThat(browser.decrypt(body)).isEqualTo(plaintext);
        }
    }

    @Test
    void a_message_that_would_not_fit_is_refused() {
        assertThat(PushEncryption.PLAINTEXT_LIMIT_OCTETS).isEqualTo(3993);
        assertThatThrownBy(() -> ENCRYPTION.encrypt(SubscriptionKeys.parse(UA_PUBLIC, AUTH), new byte[3994]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the message has 3994 octets; at most 3993 fit");
    }

    @Test
    void no_two_messages_share_a_key_pair_or_a_salt() {
        SubscriptionKeys keys = SubscriptionKeys.parse(UA_PUBLIC, AUTH);
        Set<String> salts = new HashSet<>();
        Set<String> points = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            byte[] body = ENCRYPTION.encrypt(keys, PLAINTEXT);
            salts.add(Arrays.toString(Arrays.copyOf(body, 16)));
            points.add(Arrays.toString(Arrays.copyOfRange(body, 21, 86)));
        }
        assertThat(salts).hasSize(1000);
        assertThat(points).hasSize(1000);
    }

    @Test
    void one_instance_serves_many_threads() throws Exception {
        PushReceiver browser = PushReceiver.create();
        SubscriptionKeys keys = SubscriptionKeys.parse(browser.p256dh(), browser.auth());
        Callable<byte[]> message = () -> ENCRYPTION.encrypt(keys, PLAINTEXT);
        try (var threads = Executors.newFixedThreadPool(8)) {
            for (Future<byte[]> body : threads.invokeAll(Collections.nCopies(200, message))) {
                assertThat(browser.decrypt(body.get())).isEqualTo(PLAINTEXT);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 15, 20, 21, 60, 86, 100, 143})
    void a_changed_octet_makes_a_message_unreadable(int position) {
        byte[] body = bytes(BODY);
        body[position] ^= 1;
        PushReceiver browser = PushReceiver.of(bytes(UA_PRIVATE), bytes(UA_PUBLIC), bytes(AUTH));
        assertThatThrownBy(() -> browser.decrypt(body)).isInstanceOf(PushReceiver.Unreadable.class);
    }

    private static byte[] bytes(String base64Url) {
        return Base64.getUrlDecoder().decode(base64Url);
    }
}
