package app.fathi.platform.security;

import com.password4j.Argon2Function;
import com.password4j.types.Argon2;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A file that opens with a passphrase only, of any size, written and read piece by piece. What was cut off, put in another
 * order or changed does not open.
 *
 * <p>Format, numbers big endian: {@code FATHISEAL} and version 1 (10 octets) | Argon2id: memory in KiB (4), iterations (4),
 * parallelism (4), salt (16) | octets of a piece (4), which together are the header; then pieces, each AES-256-GCM with its
 * tag of 16 octets, all but the last of full length. The key is Argon2id (RFC 9106, version 0x13) of the passphrase in
 * UTF-8 after NFC, 32 octets. A piece's nonce is its number from 0 (11 octets) and 1 for the last piece, else 0 (1 octet);
 * its additional data is the header.
 */
public final class SealedFile {
    static final int MEMORY_KIB = 65_536;
    static final int ITERATIONS = 3;
    static final int PARALLELISM = 1;

    /** A header that asks for more would only keep us busy. */
    private static final int MEMORY_LIMIT_KIB = 1_048_576;

    private static final int ITERATIONS_LIMIT = 64;

    private static final byte[] MAGIC = "FATHISEAL\u0001".getBytes(StandardCharsets.US_ASCII);
    private static final int SALT_OCTETS = 16;
    private static final int KEY_OCTETS = 32;
    private static final int NONCE_OCTETS = 12;
    private static final int TAG_OCTETS = 16;
    private static final int PIECE_OCTETS = 65_536;
    private static final int HEADER_OCTETS = MAGIC.length + 4 * Integer.BYTES + SALT_OCTETS;

    private final byte[] header;
    private final SecretKeySpec key;
    private final byte[] pending = new byte[PIECE_OCTETS];
    private int length;
    private long number;

    private SealedFile(byte[] header, SecretKeySpec key) {
        this.header = header;
        this.key = key;
    }

    /** Takes a tenth of a second and 64 MiB: not for an event loop. */
    public static SealedFile begin(String passphrase) {
        var salt = new byte[SALT_OCTETS];
        new SecureRandom().nextBytes(salt);
        var header = ByteBuffer.allocate(HEADER_OCTETS)
                .put(MAGIC)
                .putInt(MEMORY_KIB)
                .putInt(ITERATIONS)
                .putInt(PARALLELISM)
                .put(salt)
                .putInt(PIECE_OCTETS)
                .array();
        return new SealedFile(header, key(passphrase, MEMORY_KIB, ITERATIONS, PARALLELISM, salt));
    }

    /** What the file begins with. */
    public byte[] header() {
        return header.clone();
    }

    /** What is to be written now; some of it may wait for more. */
    public byte[] add(byte[] plain) {
        int pieces = (length + plain.length - 1) / PIECE_OCTETS;
        var sealed = ByteBuffer.allocate(Math.max(0, pieces) * (PIECE_OCTETS + TAG_OCTETS));
        int from = 0;
        while (from < plain.length) {
            if (length == PIECE_OCTETS) {
                sealed.put(seal(false));
            }
            int some = Math.min(PIECE_OCTETS - length, plain.length - from);
            System.arraycopy(plain, from, pending, length, some);
            length += some;
            from += some;
        }
        return Arrays.copyOf(sealed.array(), sealed.position());
    }

    /** The last piece. Nothing may be added after it. */
    public byte[] end() {
        return seal(true);
    }

    private byte[] seal(boolean last) {
        try {
            var sealed =
                    cipher(Cipher.ENCRYPT_MODE, key, header, number++, last).doFinal(pending, 0, length);
            length = 0;
            return sealed;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM does not work on this JVM", e);
        }
    }

    /**
     * Opens a sealed file, piece by piece: what was written to {@code plain} is to be believed only when this returns.
     *
     * @throws IOException when it is none, was cut off or changed, or the passphrase is another one
     */
    public static void open(InputStream sealed, String passphrase, OutputStream plain) throws IOException {
        var in = new DataInputStream(sealed);
        var header = new byte[HEADER_OCTETS];
        try {
            in.readFully(header);
        } catch (EOFException e) {
            throw new IOException("This is no sealed file", e);
        }
        var fields = ByteBuffer.wrap(header, MAGIC.length, HEADER_OCTETS - MAGIC.length);
        int memory = fields.getInt();
        int iterations = fields.getInt();
        int parallelism = fields.getInt();
        var salt = new byte[SALT_OCTETS];
        fields.get(salt);
        int pieceOctets = fields.getInt();
        if (!Arrays.equals(header, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new IOException("This is no sealed file of a version that is known");
        }
        if (memory < 8
                || memory > MEMORY_LIMIT_KIB
                || iterations < 1
                || iterations > ITERATIONS_LIMIT
                || parallelism < 1
                || parallelism > 16
                || pieceOctets != PIECE_OCTETS) {
            throw new IOException("This sealed file asks for what no file of ours does");
        }
        var key = key(passphrase, memory, iterations, parallelism, salt);
        var piece = in.readNBytes(PIECE_OCTETS + TAG_OCTETS);
        for (long number = 0; ; number++) {
            var next =
                    piece.length < PIECE_OCTETS + TAG_OCTETS ? new byte[0] : in.readNBytes(PIECE_OCTETS + TAG_OCTETS);
            boolean last = next.length == 0;
            try {
                plain.write(
                        cipher(Cipher.DECRYPT_MODE, key, header, number, last).doFinal(piece));
            } catch (GeneralSecurityException e) {
                throw new IOException("It does not open: another passphrase, or the file was changed or cut off", e);
            }
            if (last) {
                return;
            }
            piece = next;
        }
    }

    private static Cipher cipher(int mode, SecretKeySpec key, byte[] header, long number, boolean last)
            throws GeneralSecurityException {
        var nonce = ByteBuffer.allocate(NONCE_OCTETS)
                .putLong(3, number)
                .put(NONCE_OCTETS - 1, (byte) (last ? 1 : 0))
                .array();
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_OCTETS * 8, nonce));
        cipher.updateAAD(header);
        return cipher;
    }

    private static SecretKeySpec key(String passphrase, int memory, int iterations, int parallelism, byte[] salt) {
        var octets = Normalizer.normalize(passphrase, Normalizer.Form.NFC).getBytes(StandardCharsets.UTF_8);
        var function = Argon2Function.getInstance(memory, iterations, parallelism, KEY_OCTETS, Argon2.ID);
        return new SecretKeySpec(function.hash(octets, salt).getBytes(), "AES");
    }

    /**
     * What {@code scripts/open-sealed} runs: opens the first file into the second, with the passphrase in {@code
     * FATHI_PASSPHRASE}. What does not open leaves no second file.
     */
    public static void main(String[] files) throws IOException {
        var passphrase = System.getenv("FATHI_PASSPHRASE");
        if (files.length != 2 || passphrase == null) {
            throw new IOException("Name the sealed file and the one to write, and set FATHI_PASSPHRASE");
        }
        var to = Path.of(files[1]);
        try (var sealed = Files.newInputStream(Path.of(files[0]));
                var plain = Files.newOutputStream(to, java.nio.file.StandardOpenOption.CREATE_NEW)) {
            open(sealed, passphrase, plain);
        } catch (IOException e) {
            if (!(e instanceof java.nio.file.FileAlreadyExistsException)) {
                Files.deleteIfExists(to);
            }
            throw e;
        }
    }
}
