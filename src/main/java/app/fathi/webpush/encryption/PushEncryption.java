package app.fathi.webpush.encryption;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Message encryption for Web Push (RFC 8291) in the {@code aes128gcm} content coding (RFC 8188): one record, a fresh
 * key pair and a fresh salt for every message.
 *
 * <p>An instance may be shared; each thread keeps its own ciphers in it. Meant for a small pool of platform threads:
 * a message is 50 to 600 µs of pure computation, depending on {@link CryptoProviders}.
 */
public final class PushEncryption {
    /** What every push service must accept (RFC 8030, section 7.2), in octets. */
    public static final int BODY_LIMIT_OCTETS = 4096;

    /** Salt, record size, length of the key id and the key id, our public key (RFC 8188, section 2.1; RFC 8291, 4). */
    static final int HEADER_OCTETS = 16 + 4 + 1 + P256.POINT_OCTETS;

    /** Longest plaintext: the body less header, delimiter and tag (RFC 8291, section 4). */
    public static final int PLAINTEXT_LIMIT_OCTETS = BODY_LIMIT_OCTETS - HEADER_OCTETS - 1 - 16;

    /** Octets of the salt (RFC 8188, section 2.1). */
    static final int SALT_OCTETS = 16;

    /** Of the header's record size (RFC 8188, section 2.1): the whole body fits, so the last record is the first. */
    private static final int RECORD_SIZE_OCTETS = BODY_LIMIT_OCTETS;

    /** Marks the last record (RFC 8188, section 2). */
    private static final byte LAST_RECORD = 2;

    private static final int TAG_BITS = 128;

    /** HKDF infos end with the expansion counter 0x01: each of ours is shorter than one hash (RFC 5869, 2.3). */
    private static final byte[] KEY_INFO_START = "WebPush: info\0".getBytes(US_ASCII);

    private static final byte[] CEK_INFO = "Content-Encoding: aes128gcm\0\1".getBytes(US_ASCII);
    private static final byte[] NONCE_INFO = "Content-Encoding: nonce\0\1".getBytes(US_ASCII);

    private final ThreadLocal<Tools> tools;

    public PushEncryption(CryptoProviders providers) {
        tools = ThreadLocal.withInitial(() -> new Tools(providers));
    }

    /**
     * The body of a push request with {@code Content-Encoding: aes128gcm}.
     *
     * @param plaintext at most {@link #PLAINTEXT_LIMIT_OCTETS}
     * @throws IllegalArgumentException when the plaintext is longer
     */
    public byte[] encrypt(SubscriptionKeys keys, byte[] plaintext) {
        Tools mine = tools.get();
        byte[] salt = new byte[SALT_OCTETS];
        mine.random.nextBytes(salt);
        return encrypt(mine, keys, plaintext, mine.generator.generateKeyPair(), salt);
    }

    /** With a given key pair and salt, for the vectors of RFC 8291: never use either for two messages. */
    byte[] encrypt(SubscriptionKeys keys, byte[] plaintext, KeyPair sender, byte[] salt) {
        return encrypt(tools.get(), keys, plaintext, sender, salt);
    }

    private static byte[] encrypt(Tools mine, SubscriptionKeys keys, byte[] plaintext, KeyPair sender, byte[] salt) {
        if (plaintext.length > PLAINTEXT_LIMIT_OCTETS) {
            throw new IllegalArgumentException(
                    "the message has " + plaintext.length + " octets; at most " + PLAINTEXT_LIMIT_OCTETS + " fit");
        }
        byte[] body = new byte[HEADER_OCTETS + plaintext.length + 1 + TAG_BITS / 8];
        byte[] ourPoint = P256.pointOf(sender.getPublic().getEncoded());
        writeHeader(body, salt, ourPoint);
        System.arraycopy(plaintext, 0, body, HEADER_OCTETS, plaintext.length);
        body[HEADER_OCTETS + plaintext.length] = LAST_RECORD;
        try {
            mine.sealInPlace(body, plaintext.length + 1, keys, sender, ourPoint, salt);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a push message could not be encrypted", e);
        }
        return body;
    }

    private static void writeHeader(byte[] body, byte[] salt, byte[] ourPoint) {
        System.arraycopy(salt, 0, body, 0, SALT_OCTETS);
        body[16] = (byte) (RECORD_SIZE_OCTETS >>> 24);
        body[17] = (byte) (RECORD_SIZE_OCTETS >>> 16);
        body[18] = (byte) (RECORD_SIZE_OCTETS >>> 8);
        body[19] = (byte) RECORD_SIZE_OCTETS;
        body[20] = P256.POINT_OCTETS;
        System.arraycopy(ourPoint, 0, body, 21, P256.POINT_OCTETS);
    }

    /** What one thread uses again for every message: looking an algorithm up costs more than most of its operations. */
    private static final class Tools {
        final KeyPairGenerator generator;
        final SecureRandom random = CryptoProviders.random();
        private final KeyFactory keyFactory;
        private final KeyAgreement agreement;
        private final Mac hmac;
        private final Cipher aesGcm;

        Tools(CryptoProviders providers) {
            generator = providers.keyPairGenerator();
            keyFactory = providers.keyFactory();
            agreement = providers.keyAgreement();
            try {
                hmac = Mac.getInstance("HmacSHA256");
                aesGcm = Cipher.getInstance("AES/GCM/NoPadding");
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("this JDK lacks HMAC-SHA-256 or AES-GCM", e);
            }
        }

        /** Encrypts {@code length} octets that stand after the header and puts the tag behind them. */
        void sealInPlace(byte[] body, int length, SubscriptionKeys keys, KeyPair sender, byte[] ourPoint, byte[] salt)
                throws GeneralSecurityException {
            byte[] theirPoint = keys.p256dh();
            agreement.init(sender.getPrivate());
            agreement.doPhase(keyFactory.generatePublic(new X509EncodedKeySpec(P256.spki(theirPoint))), true);
            byte[] secret = agreement.generateSecret();

            // RFC 8291, section 3.4, HKDF written out: extract is one HMAC, each expansion another.
            byte[] prkKey = hmac(keys.auth(), secret);
            hmac.init(new SecretKeySpec(prkKey, "HmacSHA256"));
            hmac.update(KEY_INFO_START);
            hmac.update(theirPoint);
            hmac.update(ourPoint);
            hmac.update((byte) 1);
            byte[] ikm = hmac.doFinal();
            byte[] prk = hmac(salt, ikm);
            hmac.init(new SecretKeySpec(prk, "HmacSHA256"));
            byte[] cek = hmac.doFinal(CEK_INFO);
            byte[] nonce = hmac.doFinal(NONCE_INFO);

            aesGcm.init(
                    Cipher.ENCRYPT_MODE,
                    new SecretKeySpec(cek, 0, 16, "AES"),
                    new GCMParameterSpec(TAG_BITS, nonce, 0, 12));
            aesGcm.doFinal(body, HEADER_OCTETS, length, body, HEADER_OCTETS);
            Arrays.fill(secret, (byte) 0);
        }

        private byte[] hmac(byte[] key, byte[] data) throws GeneralSecurityException {
            hmac.init(new SecretKeySpec(key, "HmacSHA256"));
            return hmac.doFinal(data);
        }
    }
}
