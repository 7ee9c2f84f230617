package app.fathi.platform.security;

import com.password4j.Argon2Function;
import com.password4j.types.Argon2;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * How a file is sealed that leaves with secrets in it, a backup or an export, version 1. All numbers are big-endian; the
 * format is described for others in docs/guides/sealed-files.md.
 *
 * <pre>
 * octets  0– 7  "FATHISL" and the version of the format, 1
 *         8–19  Argon2id: memory in KiB, iterations, lanes (three times 4 octets)
 *        20–51  salt
 *        52–83  HMAC-SHA256 over octets 0–51
 *        then   chunks: 65,536 octets of AES-256-GCM ciphertext, the last one 0–65,536, each followed by its tag of 16 octets
 * </pre>
 *
 * <p>Argon2id over the passphrase (Unicode NFC, UTF-8) gives 64 octets: the key of the chunks and that of the HMAC. A chunk's
 * nonce is 1 for the last chunk and else 0, three octets 0, and the chunk's number (8 octets, from 0). So no chunk can be
 * changed, moved, left out or cut off unnoticed.
 */
final class Seal {
    static final int CHUNK_OCTETS = 65_536;
    static final int TAG_OCTETS = 16;
    static final int HEADER_OCTETS = 84;

    private static final byte[] MAGIC = {'F', 'A', 'T', 'H', 'I', 'S', 'L'};
    private static final byte VERSION = 1;
    private static final int SALT_OCTETS = 32;
    private static final int MAC_OCTETS = 32;
    private static final int KEY_OCTETS = 32;
    private static final int NONCE_OCTETS = 12;

    /** RFC 9106's second choice: a guess costs 64 MiB and some 100 ms. */
    private static final int MEMORY_KIB = 65_536;

    private static final int ITERATIONS = 3;
    private static final int LANES = 4;

    /** More is not ours, and would only take the machine's memory. */
    private static final int MEMORY_LIMIT_KIB = 262_144;

    private static final int ITERATIONS_LIMIT = 16;
    private static final int LANES_LIMIT = 16;

    private final byte[] header;
    private final SecretKeySpec key;

    private Seal(byte[] header, SecretKeySpec key) {
        this.header = header;
        this.key = key;
    }

    /** Of a new file. */
    static Seal make(String passphrase) {
        return make(passphrase, MEMORY_KIB, ITERATIONS, LANES);
    }

    /** The same, with a guess that costs something else. */
    static Seal make(String passphrase, int memory, int iterations, int lanes) {
        var salt = new byte[SALT_OCTETS];
        new SecureRandom().nextBytes(salt);
        var head = ByteBuffer.allocate(HEADER_OCTETS)
                .put(MAGIC)
                .put(VERSION)
                .putInt(memory)
                .putInt(iterations)
                .putInt(lanes)
                .put(salt);
        var keys = derive(passphrase, salt, memory, iterations, lanes);
        head.put(mac(keys, head.array()));
        return new Seal(head.array(), aes(keys));
    }

    /** Of the file that begins here; fails with one line when it is none of ours, or when the passphrase is another. */
    static Seal read(InputStream file, String passphrase) throws IOException {
        var header = file.readNBytes(HEADER_OCTETS);
        if (header.length < HEADER_OCTETS || !Arrays.equals(header, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new SealedException("it is no sealed file of Fathi, or cut off at its beginning");
        }
        if (header[MAGIC.length] != VERSION) {
            throw new SealedException("it has format " + header[MAGIC.length] + ", this version reads format " + VERSION
                    + ": use the version of Fathi that made it, or a newer one");
        }
        var head = ByteBuffer.wrap(header).position(MAGIC.length + 1);
        int memory = head.getInt();
        int iterations = head.getInt();
        int lanes = head.getInt();
        if (memory < 8 * lanes
                || memory > MEMORY_LIMIT_KIB
                || iterations < 1
                || iterations > ITERATIONS_LIMIT
                || lanes < 1
                || lanes > LANES_LIMIT) {
            throw new SealedException("its beginning was changed or is damaged");
        }
        var salt = new byte[SALT_OCTETS];
        head.get(salt);
        var keys = derive(passphrase, salt, memory, iterations, lanes);
        var said = Arrays.copyOfRange(header, HEADER_OCTETS - MAC_OCTETS, HEADER_OCTETS);
        if (!MessageDigest.isEqual(said, mac(keys, header))) {
            throw new SealedException("the passphrase is another one, or the file's beginning was changed");
        }
        return new Seal(header, aes(keys));
    }

    byte[] header() {
        return header.clone();
    }

    byte[] seal(long number, boolean last, byte[] plain, int length) {
        try {
            return cipher(Cipher.ENCRYPT_MODE, number, last).doFinal(plain, 0, length);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM does not work on this JVM", e);
        }
    }

    byte[] open(long number, boolean last, byte[] sealed) throws SealedException {
        try {
            return cipher(Cipher.DECRYPT_MODE, number, last).doFinal(sealed);
        } catch (GeneralSecurityException e) {
            throw new SealedException("it was changed, cut off or damaged after "
                    + (HEADER_OCTETS + number * (CHUNK_OCTETS + TAG_OCTETS)) + " octets");
        }
    }

    private Cipher cipher(int mode, long number, boolean last) throws GeneralSecurityException {
        var nonce = ByteBuffer.allocate(NONCE_OCTETS);
        nonce.put((byte) (last ? 1 : 0)).position(NONCE_OCTETS - Long.BYTES).putLong(number);
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_OCTETS * 8, nonce.array()));
        return cipher;
    }

    private static byte[] derive(String passphrase, byte[] salt, int memory, int iterations, int lanes) {
        var plain = Normalizer.normalize(passphrase, Normalizer.Form.NFC).getBytes(StandardCharsets.UTF_8);
        return Argon2Function.getInstance(memory, iterations, lanes, 2 * KEY_OCTETS, Argon2.ID)
                .hash(plain, salt)
                .getBytes();
    }

    private static SecretKeySpec aes(byte[] keys) {
        return new SecretKeySpec(keys, 0, KEY_OCTETS, "AES");
    }

    private static byte[] mac(byte[] keys, byte[] header) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(keys, KEY_OCTETS, KEY_OCTETS, "HmacSHA256"));
            mac.update(header, 0, HEADER_OCTETS - MAC_OCTETS);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }
}
