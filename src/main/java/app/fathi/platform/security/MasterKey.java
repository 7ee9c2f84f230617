package app.fathi.platform.security;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.ConfigException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key behind all others: 32 octets from the environment or from {@code <dataDir>/master.key}. Nothing is encrypted
 * with it directly; each use has its own key, derived by HKDF-SHA256 (RFC 5869) under a label.
 */
public final class MasterKey {
    static final int OCTETS = 32;
    static final String DERIVED = "derived|";
    private static final byte[] KNOWN = "Fathi opens this with its own master key".getBytes(StandardCharsets.UTF_8);
    private static final int FINGERPRINT_OCTETS = 6;

    private final byte[] pseudoRandomKey;

    private final SecretKey wrapping;
    private final SecretKey knowing;

    private MasterKey(byte[] pseudoRandomKey) {
        this.pseudoRandomKey = pseudoRandomKey.clone();
        this.wrapping = deriveAes("data-keys");
        this.knowing = deriveAes("known-text");
    }

    /** From what {@link #octets} gave. */
    static MasterKey of(byte[] pseudoRandomKey) {
        return new MasterKey(pseudoRandomKey);
    }

    private static MasterKey ofSecret(byte[] secret) {
        return new MasterKey(hmac(new byte[OCTETS], secret));
    }

    /** One that nobody has. */
    static MasterKey random() {
        return new MasterKey(octets(new SecureRandom()));
    }

    private static byte[] octets(SecureRandom random) {
        var octets = new byte[OCTETS];
        random.nextBytes(octets);
        return octets;
    }

    /** The configured key, else the one in the file, else none. */
    static Optional<MasterKey> find(Config config) {
        return text(config).map(text -> decode(text, source(config)));
    }

    /** The same as it is written, 32 octets in base64: for backups, which are sealed. */
    public static Optional<String> text(Config config) {
        if (!config.masterKey().isEmpty()) {
            return Optional.of(config.masterKey());
        }
        var file = file(config);
        try {
            return Optional.of(Files.readString(file, StandardCharsets.US_ASCII).strip());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new ConfigException("The master key " + file + " cannot be read: " + e.getMessage());
        }
    }

    /** Where it comes from, in words for the operator. */
    public static String source(Config config) {
        return config.masterKey().isEmpty() ? file(config).toString() : "masterKey (FATHI_MASTER_KEY)";
    }

    /** Makes a new key and its file. */
    static MasterKey make(Config config) {
        var text = make();
        write(file(config), text);
        return decode(text, "the key");
    }

    /** A new key, as it is written. */
    static String make() {
        return Base64.getEncoder().encodeToString(octets(new SecureRandom()));
    }

    /** Writes a key's file whole or not at all, readable by us alone and on the disk before anything is sealed with it. */
    public static void write(Path file, String key) {
        var text = key + "\n";
        var half = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.createDirectories(file.getParent());
            Files.deleteIfExists(half);
            try (var channel = FileChannel.open(
                    half,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
                channel.force(true);
            }
            // Fails when there is one already: a key is never replaced.
            Files.move(half, file);
            onDisk(file.getParent());
        } catch (IOException e) {
            throw new UncheckedIOException("The master key " + file + " cannot be written", e);
        }
    }

    /** What was renamed in the folder stays so, even if the machine loses its power now. */
    static void onDisk(Path folder) throws IOException {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    public static Path file(Config config) {
        return file(config.dataPath());
    }

    public static Path file(Path dataFolder) {
        return dataFolder.resolve("master.key");
    }

    byte[] derive(String label) {
        var info = label.getBytes(StandardCharsets.UTF_8);
        return hmac(
                pseudoRandomKey,
                ByteBuffer.allocate(info.length + 1).put(info).put((byte) 1).array());
    }

    private SecretKey deriveAes(String label) {
        return new SecretKeySpec(derive(label), "AES");
    }

    /** Seals with this key itself; such columns are few, and {@link MasterRotation} knows them all. */
    byte[] seal(String place, byte[] plain) {
        return WorkspaceKey.seal(wrapping, 1, place, plain);
    }

    /** @throws IllegalStateException when it was not sealed with this key for this place */
    byte[] open(String place, byte[] sealed) {
        try {
            return WorkspaceKey.open(wrapping, place, sealed);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("What was sealed with the master key at " + place + " does not open", e);
        }
    }

    byte[] sealKnown() {
        return WorkspaceKey.seal(knowing, 1, SealedMaster.KNOWN_PLACE, KNOWN);
    }

    boolean opensKnown(byte[] known) {
        try {
            WorkspaceKey.open(knowing, SealedMaster.KNOWN_PLACE, known);
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /** To be sealed with another key: who has it has this one. */
    byte[] octets() {
        return pseudoRandomKey.clone();
    }

    /** A name for it that tells nothing of it. */
    String fingerprint() {
        return HexFormat.of().formatHex(derive("fingerprint"), 0, FINGERPRINT_OCTETS);
    }

    static MasterKey decode(String text, String source) {
        try {
            var secret = Base64.getDecoder().decode(text);
            if (secret.length == OCTETS) {
                return ofSecret(secret);
            }
        } catch (IllegalArgumentException e) {
            // Told below, without the text: it may be most of a key.
        }
        throw new ConfigException(source + " is not a master key: 32 bytes in base64 (44 characters) are needed");
    }

    private static byte[] hmac(byte[] key, byte[] data) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(data);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }
}
