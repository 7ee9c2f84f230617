package app.fathi.webpush.encryption;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The browser's side of {@link PushEncryption} (RFC 8188, RFC 8291), for browsers that are ours: those of the demo. As
 * picky as a browser is, so that what it reads would be read everywhere. Thread-safe.
 */
public final class PushDecryption {
    private static final int TAG_OCTETS = 16;

    private final CryptoProviders providers;

    public PushDecryption(CryptoProviders providers) {
        this.providers = providers;
    }

    /**
     * The plaintext of a push request's body.
     *
     * @throws UnreadableException when a browser would drop the message
     */
    public byte[] decrypt(BrowserKeys browser, byte[] body) throws UnreadableException {
        if (body.length > PushEncryption.BODY_LIMIT_OCTETS
                || body.length < PushEncryption.HEADER_OCTETS + 1 + TAG_OCTETS) {
            throw new UnreadableException("the body has " + body.length + " octets");
        }
        var header = ByteBuffer.wrap(body);
        var salt = new byte[PushEncryption.SALT_OCTETS];
        header.get(salt);
        var recordSize = Integer.toUnsignedLong(header.getInt());
        var record = body.length - PushEncryption.HEADER_OCTETS;
        if (recordSize < record) {
            throw new UnreadableException("it has more than one record");
        }
        if (header.get() != P256.POINT_OCTETS) {
            throw new UnreadableException("the sender's key has another length than a point");
        }
        var sender = new byte[P256.POINT_OCTETS];
        header.get(sender);
        try {
            P256.requirePoint(sender, "the sender's key");
            return unpadded(open(browser, salt, sender, body, record));
        } catch (IllegalArgumentException e) {
            throw new UnreadableException(e.getMessage());
        } catch (GeneralSecurityException e) {
            throw new UnreadableException("it was made for other keys, or changed on its way");
        }
    }

    /** RFC 8291, section 3.4; each expansion is one HMAC whose info ends with the counter 1. */
    private byte[] open(BrowserKeys browser, byte[] salt, byte[] sender, byte[] body, int record)
            throws GeneralSecurityException {
        var keyFactory = providers.keyFactory();
        var agreement = providers.keyAgreement();
        agreement.init(keyFactory.generatePrivate(new PKCS8EncodedKeySpec(browser.privateKey())));
        agreement.doPhase(keyFactory.generatePublic(new X509EncodedKeySpec(P256.spki(sender))), true);
        var prkKey = hmac(browser.shared().auth(), agreement.generateSecret());
        var keyInfo = ByteBuffer.allocate(14 + 2 * P256.POINT_OCTETS + 1)
                .put("WebPush: info\0".getBytes(US_ASCII))
                .put(browser.shared().p256dh())
                .put(sender)
                .put((byte) 1);
        var prk = hmac(salt, hmac(prkKey, keyInfo.array()));
        var key = hmac(prk, "Content-Encoding: aes128gcm\0\1".getBytes(US_ASCII));
        var nonce = hmac(prk, "Content-Encoding: nonce\0\1".getBytes(US_ASCII));
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(
                Cipher.DECRYPT_MODE,
                new SecretKeySpec(key, 0, 16, "AES"),
                new GCMParameterSpec(TAG_OCTETS * 8, nonce, 0, 12));
        return cipher.doFinal(body, PushEncryption.HEADER_OCTETS, record);
    }

    private static byte[] hmac(byte[] key, byte[] data) throws GeneralSecurityException {
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(data);
    }

    /** Without the delimiter of the last record and the zeros behind it (RFC 8188, section 2). */
    private static byte[] unpadded(byte[] padded) throws UnreadableException {
        var end = padded.length - 1;
        while (end >= 0 && padded[end] == 0) {
            end--;
        }
        if (end < 0 || padded[end] != 2) {
            throw new UnreadableException("the delimiter of the last record is missing");
        }
        return Arrays.copyOf(padded, end);
    }

    /** A browser would drop this message; says why, and nothing of what it holds. */
    public static final class UnreadableException extends Exception {
        private static final long serialVersionUID = 1L;

        UnreadableException(String message) {
            super(message);
        }
    }
}
