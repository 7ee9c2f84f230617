package app.fathi.webpush.encryption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.testing.PushReceiver;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SubscriptionKeysTest {
    private static final String P256DH =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    private static final String AUTH = "BTBZMqHH6r4Tts7J_aSIgg";
    private static final BigInteger P =
            new BigInteger("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);

    @Test
    void what_browsers_write_is_read() {
        SubscriptionKeys keys = SubscriptionKeys.parse(P256DH, AUTH);
        assertThat(keys.p256dh()).hasSize(65).startsWith(4);
        assertThat(keys.auth()).hasSize(16);
    }

    @Test
    void padding_and_the_standard_alphabet_are_read_too() {
        SubscriptionKeys keys = SubscriptionKeys.parse(P256DH, AUTH);
        assertThat(SubscriptionKeys.parse(P256DH + "=", AUTH + "==")).isEqualTo(keys);
        assertThat(SubscriptionKeys.parse(
                        Base64.getEncoder().encodeToString(keys.p256dh()),
                        Base64.getEncoder().encodeToString(keys.auth())))
                .isEqualTo(keys);
    }

    @Test
    void missing_long_and_garbled_texts_are_refused_without_repeating_them() {
        assertRefused(null, AUTH, "p256dh is missing");
        assertRefused("", AUTH, "p256dh is missing");
        assertRefused(P256DH, null, "auth is missing");
        assertRefused("no base64!", AUTH, "p256dh is not base64url");
        assertRefused(P256DH, "###", "auth is not base64url");
        assertRefused("A".repeat(129), AUTH, "p256dh is too long");
    }

    @Test
    void wrong_lengths_are_refused() {
        assertRefused(encode(new byte[64]), AUTH, "p256dh has 64 octets; 65 are needed");
        assertRefused(encode(new byte[66]), AUTH, "p256dh has 66 octets; 65 are needed");
        assertRefused(P256DH, encode(new byte[15]), "auth has 15 octets; 16 are needed");
        assertRefused(P256DH, encode(new byte[17]), "auth has 17 octets; 16 are needed");
    }

    @Test
    void infinity_compressed_and_hybrid_points_are_refused() {
        byte[] point = SubscriptionKeys.parse(P256DH, AUTH).p256dh();
        byte[] compressed = Arrays.copyOf(point, 33);
        compressed[0] = 2;
        byte[] hybrid = point.clone();
        hybrid[0] = 6;
        assertRefused(encode(new byte[1]), AUTH, "p256dh is the point at infinity");
        assertRefused(encode(compressed), AUTH, "p256dh is a compressed point; the uncompressed one is needed");
        assertRefused(encode(hybrid), AUTH, "p256dh is not an uncompressed point: it does not begin with 0x04");
    }

    @Test
    void zero_zero_which_some_libraries_take_for_infinity_is_refused() {
        byte[] zero = new byte[65];
        zero[0] = 4;
        assertRefused(encode(zero), AUTH, "p256dh is not a point on the curve P-256");
    }

    @Property
    void a_point_with_one_flipped_bit_is_off_the_curve_and_refused(@ForAll @IntRange(min = 8, max = 519) int bit) {
        byte[] point = SubscriptionKeys.parse(P256DH, AUTH).p256dh();
        point[bit / 8] ^= (byte) (1 << bit % 8);
        assertRefused(encode(point), AUTH, "p256dh is not a point on the curve P-256");
    }

    @Test
    void points_of_small_order_on_other_curves_are_refused() {
        // y = 0 has order 2 on y² = x³ − 3x + b′ for a fitting b′: the classic invalid-curve attack learns d mod 2.
        for (int x = 1; x <= 50; x++) {
            assertRefused(
                    encode(point(BigInteger.valueOf(x), BigInteger.ZERO)),
                    AUTH,
                    "p256dh is not a point on the curve P-256");
        }
        // The generators of secp256k1 and brainpoolP256r1: right shape, other curves.
        assertRefused(
                encode(HexFormat.of()
                        .parseHex("04" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                                + "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")),
                AUTH,
                "p256dh is not a point on the curve P-256");
        assertRefused(
                encode(HexFormat.of()
                        .parseHex("04" + "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262"
                                + "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997")),
                AUTH,
                "p256dh is not a point on the curve P-256");
    }

    @Test
    void coordinates_beyond_the_field_are_refused_although_they_satisfy_the_equation() {
        BigInteger b = new BigInteger("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16);
        // x = 0: y = √b, a real point. x + p encodes the same point in a second way and must not pass.
        BigInteger y = b.modPow(P.add(BigInteger.ONE).shiftRight(2), P);
        assertThatCode(() -> SubscriptionKeys.parse(encode(point(BigInteger.ZERO, y)), AUTH))
                .doesNotThrowAnyException();
        assertRefused(encode(point(P, y)), AUTH, "p256dh is not a point on the curve P-256");
    }

    @Test
    void points_of_real_key_pairs_are_accepted() {
        for (int i = 0; i < 200; i++) {
            PushReceiver browser = PushReceiver.create();
            assertThatCode(() -> SubscriptionKeys.parse(browser.p256dh(), browser.auth()))
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void keys_cannot_be_changed_from_outside_and_are_not_printed() {
        SubscriptionKeys keys = SubscriptionKeys.parse(P256DH, AUTH);
        keys.p256dh()[1] ^= 1;
        keys.auth()[1] ^= 1;
        assertThat(keys).isEqualTo(SubscriptionKeys.parse(P256DH, AUTH));
        assertThat(keys).hasToString("SubscriptionKeys[hidden]");
    }

    private static byte[] point(BigInteger x, BigInteger y) {
        byte[] point = new byte[65];
        point[0] = 4;
        System.arraycopy(P256.octets(x), 0, point, 1, 32);
        System.arraycopy(P256.octets(y), 0, point, 33, 32);
        return point;
    }

    private static String encode(byte[] octets) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }

    private static void assertRefused(String p256dh, String auth, String message) {
        assertThatThrownBy(() -> SubscriptionKeys.parse(p256dh, auth))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
