package app.fathi.users;

import io.vertx.core.buffer.Buffer;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/** Random secrets with a prefix that says what they are, and the hash that is kept of them. */
final class Tokens {
    static final String API_KEY = "fsk_";
    static final String REFRESH = "frt_";
    static final String INVITATION = "fin_";
    static final String RESET = "frs_";
    static final String BROWSER_KEY = "fwk_b_";
    static final String SERVER_KEY = "fwk_s_";

    private static final int KEY_OCTETS = 20;
    private static final int KEY_LETTERS = 27;
    private static final int TOKEN_OCTETS = 32;
    private static final String LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final BigInteger BASE = BigInteger.valueOf(LETTERS.length());
    private static final SecureRandom RANDOM = new SecureRandom();

    private Tokens() {}

    /** A key of 160 random bits, in 27 letters and digits so that a double click selects it whole. */
    static String key(String prefix) {
        var number = new BigInteger(1, random(KEY_OCTETS));
        var letters = new StringBuilder();
        for (int i = 0; i < KEY_LETTERS; i++) {
            var parts = number.divideAndRemainder(BASE);
            letters.append(LETTERS.charAt(parts[1].intValue()));
            number = parts[0];
        }
        return prefix + letters.reverse();
    }

    /** A token of 256 random bits, for programs and links. */
    static String token(String prefix) {
        return prefix + Base64.getUrlEncoder().withoutPadding().encodeToString(random(TOKEN_OCTETS));
    }

    /** What is kept of a token. Fast on purpose: there is nothing to guess in 160 bits. */
    static Buffer hash(String token) {
        try {
            return Buffer.buffer(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    static byte[] random(int octets) {
        var random = new byte[octets];
        RANDOM.nextBytes(random);
        return random;
    }
}
