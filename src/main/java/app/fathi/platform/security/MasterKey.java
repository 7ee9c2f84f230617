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

    private final byte[] pseudoRandomKey;

    private MasterKey(byte[] secret) {
        this.pseudoRandomKey = hmac(new byte[OCTETS], secret);
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

    /**
     * Whether it is the key that a database was sealed with.
     *
     * @param known what {@code secret_master.known} holds
     */
    public static boolean opens(String text, byte[] known) {
        return Secrets.opens(decode(text, "the key"), known);
    }

    /** What {@link Secrets#derivedKey} gives under this key. */
    public static byte[] derivedKey(String text, String label) {
        return decode(text, "the key").derive(DERIVED + label);
    }

    /** Makes a new key and its file. */
    static MasterKey make(Config config) {
        var secret = new byte[OCTETS];
        new SecureRandom().nextBytes(secret);
        write(file(config), Base64.getEncoder().encodeToString(secret));
        return new MasterKey(secret);
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
        } catch (IOException e) {
            throw new UncheckedIOException("The master key " + file + " cannot be written", e);
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

    SecretKey deriveAes(String label) {
        return new SecretKeySpec(derive(label), "AES");
    }

    private static MasterKey decode(String text, String source) {
        try {
            var secret = Base64.getDecoder().decode(text);
            if (secret.length == OCTETS) {
                return new MasterKey(secret);
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
