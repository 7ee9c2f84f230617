package app.fathi.platform.security;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * Seals and opens the secrets of one workspace: AES-256-GCM under the workspace's data key. A sealed value is bound to
 * its place, so a ciphertext that somebody moves to another row, column or workspace does not open.
 *
 * <p>Format: version of the key (2 octets, big endian) | nonce (12, random) | ciphertext and tag. Random nonces allow
 * 2^32 values under one key (NIST SP 800-38D section 8.3).
 */
public final class WorkspaceKey {
    static final int VERSION_OCTETS = 2;
    static final int NONCE_OCTETS = 12;
    static final int TAG_OCTETS = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final int ws;
    private final int version;
    private final Map<Integer, SecretKey> keys;

    /** @param version the key that seals; all of {@code keys}, by version, open */
    WorkspaceKey(int ws, int version, Map<Integer, SecretKey> keys) {
        this.ws = ws;
        this.version = version;
        this.keys = Map.copyOf(keys);
    }

    /** @param place {@code table.column|row id}: where the sealed value will lie, and from where alone it opens */
    public byte[] seal(String place, byte[] plain) {
        return seal(keys.get(version), version, additionalData(version, place), plain);
    }

    /**
     * @throws IllegalStateException when the value was not sealed by us for this place: a damaged or moved row, never a
     *     fault of who asks
     */
    public byte[] open(String place, byte[] sealed) {
        if (sealed.length < VERSION_OCTETS + NONCE_OCTETS + TAG_OCTETS) {
            throw new IllegalStateException(
                    "The sealed value at " + column(place) + " of workspace " + ws + " is cut short");
        }
        int usedVersion = Short.toUnsignedInt(ByteBuffer.wrap(sealed).getShort());
        var key = keys.get(usedVersion);
        if (key == null) {
            throw new IllegalStateException("The sealed value at " + column(place) + " of workspace " + ws
                    + " names an unknown key " + usedVersion);
        }
        try {
            return open(key, additionalData(usedVersion, place), sealed);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(
                    "The sealed value at " + column(place) + " of workspace " + ws + " does not open there", e);
        }
    }

    private String additionalData(int usedVersion, String place) {
        return ws + "|" + usedVersion + "|" + place;
    }

    /** Without the row's id, which may be personal. */
    private static String column(String place) {
        var end = place.indexOf('|');
        return end < 0 ? place : place.substring(0, end);
    }

    static byte[] seal(SecretKey key, int version, String additionalData, byte[] plain) {
        var nonce = new byte[NONCE_OCTETS];
        RANDOM.nextBytes(nonce);
        try {
            var cipher = cipher(Cipher.ENCRYPT_MODE, key, nonce, 0, additionalData);
            var sealed = ByteBuffer.allocate(VERSION_OCTETS + NONCE_OCTETS + plain.length + TAG_OCTETS);
            sealed.putShort((short) version).put(nonce).put(cipher.doFinal(plain));
            return sealed.array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM does not work on this JVM", e);
        }
    }

    static byte[] open(SecretKey key, String additionalData, byte[] sealed) throws GeneralSecurityException {
        var start = VERSION_OCTETS + NONCE_OCTETS;
        return cipher(Cipher.DECRYPT_MODE, key, sealed, VERSION_OCTETS, additionalData)
                .doFinal(sealed, start, sealed.length - start);
    }

    private static Cipher cipher(int mode, SecretKey key, byte[] nonce, int offset, String additionalData)
            throws GeneralSecurityException {
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_OCTETS * 8, nonce, offset, NONCE_OCTETS));
        cipher.updateAAD(additionalData.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
