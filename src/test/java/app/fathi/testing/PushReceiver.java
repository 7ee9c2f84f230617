package app.fathi.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The browser's side of a subscription, written from RFC 8188 and RFC 8291 without a line of the sender's code. Picky: it
 * refuses what a browser could not read.
 */
public final class PushReceiver {
    private static final ECParameterSpec P256 = parameters();
    /** The JDK's own curve takes a millisecond, which bounds what a test can send. */
    private static final boolean NATIVE = AmazonCorrettoCryptoProvider.INSTANCE.getLoadingError() == null;

    private final ECPrivateKey privateKey;
    private final byte[] publicPoint;
    private final byte[] auth;

    private PushReceiver(ECPrivateKey privateKey, byte[] publicPoint, byte[] auth) {
        this.privateKey = privateKey;
        this.publicPoint = publicPoint;
        this.auth = auth;
    }

    /** A new browser. */
    public static PushReceiver create() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            byte[] auth = new byte[16];
            new SecureRandom().nextBytes(auth);
            return new PushReceiver((ECPrivateKey) pair.getPrivate(), encode((ECPublicKey) pair.getPublic()), auth);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A browser with known keys: big-endian scalar, uncompressed point, secret. */
    public static PushReceiver of(byte[] scalar, byte[] publicPoint, byte[] auth) {
        try {
            ECPrivateKey key = (ECPrivateKey)
                    KeyFactory.getInstance("EC").generatePrivate(new ECPrivateKeySpec(new BigInteger(1, scalar), P256));
            return new PushReceiver(key, publicPoint, auth);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The public key as {@code PushSubscription.toJSON()} shows it. */
    public String p256dh() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(publicPoint);
    }

    /** The secret as {@code PushSubscription.toJSON()} shows it. */
    public String auth() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(auth);
    }

    /** @throws Unreadable when a browser would drop the message */
    public byte[] decrypt(byte[] body) {
        if (body.length > 4096) {
            throw new Unreadable("the body has " + body.length + " octets");
        }
        if (body.length < 86 + 17) {
            throw new Unreadable("the body is shorter than an empty message");
        }
        ByteBuffer in = ByteBuffer.wrap(body);
        byte[] salt = new byte[16];
        in.get(salt);
        long recordSize = in.getInt() & 0xffffffffL;
        int idLength = in.get() & 0xff;
        if (idLength != 65) {
            throw new Unreadable("the key id has " + idLength + " octets");
        }
        byte[] senderPoint = new byte[65];
        in.get(senderPoint);
        byte[] record = new byte[in.remaining()];
        in.get(record);
        if (recordSize < 18 || record.length > recordSize) {
            throw new Unreadable("record size " + recordSize + " with " + record.length + " octets");
        }
        try {
            return unpad(open(salt, senderPoint, record));
        } catch (GeneralSecurityException e) {
            throw new Unreadable("it cannot be decrypted: " + e);
        }
    }

    private byte[] open(byte[] salt, byte[] senderPoint, byte[] record) throws GeneralSecurityException {
        KeyAgreement agreement = agreement();
        agreement.init(privateKey);
        agreement.doPhase(decode(senderPoint), true);
        byte[] ikmInfo = concat("WebPush: info\0".getBytes(US_ASCII), publicPoint, senderPoint);
        byte[] ikm = hkdf(auth, agreement.generateSecret(), ikmInfo, 32);
        byte[] key = hkdf(salt, ikm, "Content-Encoding: aes128gcm\0".getBytes(US_ASCII), 16);
        byte[] nonce = hkdf(salt, ikm, "Content-Encoding: nonce\0".getBytes(US_ASCII), 12);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
        return cipher.doFinal(record);
    }

    private static KeyAgreement agreement() throws GeneralSecurityException {
        return NATIVE
                ? KeyAgreement.getInstance("ECDH", AmazonCorrettoCryptoProvider.INSTANCE)
                : KeyAgreement.getInstance("ECDH");
    }

    private static byte[] unpad(byte[] padded) {
        int end = padded.length - 1;
        while (end >= 0 && padded[end] == 0) {
            end--;
        }
        if (end < 0 || padded[end] != 2) {
            throw new Unreadable("the delimiter of the last record is missing");
        }
        return Arrays.copyOf(padded, end);
    }

    /** RFC 5869 with one round of expansion. */
    private static byte[] hkdf(byte[] salt, byte[] ikm, byte[] info, int length) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(salt, "HmacSHA256"));
        byte[] prk = mac.doFinal(ikm);
        mac.init(new SecretKeySpec(prk, "HmacSHA256"));
        return Arrays.copyOf(mac.doFinal(concat(info, new byte[] {1})), length);
    }

    /** The public key of an uncompressed point. */
    static PublicKey decode(byte[] point) throws GeneralSecurityException {
        if (point.length != 65 || point[0] != 4) {
            throw new GeneralSecurityException("not an uncompressed point of P-256");
        }
        ECPoint w = new ECPoint(new BigInteger(1, point, 1, 32), new BigInteger(1, point, 33, 32));
        return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(w, P256));
    }

    private static byte[] encode(ECPublicKey key) {
        byte[] point = new byte[65];
        point[0] = 4;
        put(key.getW().getAffineX(), point, 1);
        put(key.getW().getAffineY(), point, 33);
        return point;
    }

    private static void put(BigInteger number, byte[] into, int at) {
        byte[] octets = number.toByteArray();
        for (int i = 0; i < 32 && i < octets.length; i++) {
            into[at + 31 - i] = octets[octets.length - 1 - i];
        }
    }

    private static byte[] concat(byte[]... parts) {
        ByteBuffer joined = ByteBuffer.allocate(
                Arrays.stream(parts).mapToInt(part -> part.length).sum());
        for (byte[] part : parts) {
            joined.put(part);
        }
        return joined.array();
    }

    private static ECParameterSpec parameters() {
        try {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
            parameters.init(new ECGenParameterSpec("secp256r1"));
            return parameters.getParameterSpec(ECParameterSpec.class);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A browser would drop this message. */
    public static final class Unreadable extends RuntimeException {
        Unreadable(String message) {
            super(message);
        }
    }
}
