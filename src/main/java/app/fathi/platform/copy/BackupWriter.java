package app.fathi.platform.copy;

import app.fathi.platform.security.SealedOutput;
import io.vertx.core.json.JsonObject;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.Set;

/**
 * Writes a backup. Inside the seal lie, one after the other:
 *
 * <pre>
 * manifest  4 octets length, JSON (see {@link Manifest})
 * tables    in the manifest's order, each PostgreSQL's binary COPY format in pieces (4 octets length, the octets; length 0
 *           ends the table), then 8 octets: how many rows
 * end       4 octets length, JSON: {"rows": of all tables, "sequences": {name: last value or null}}
 * </pre>
 */
public final class BackupWriter {
    private static final int PIECE_OCTETS = 65_536;

    private BackupWriter() {}

    /** What was written. */
    public record Written(int tables, long rows, long octets) {}

    /**
     * Writes the file whole or not at all, readable by its owner alone.
     *
     * @param file must not exist
     */
    public static Written write(Path file, String passphrase, Manifest manifest, Snapshot snapshot) {
        var half = file.resolveSibling(file.getFileName() + ".part");
        try {
            if (Files.exists(file)) {
                throw new CopyException(file + " exists already: name another file");
            }
            Files.deleteIfExists(half);
            Files.createFile(half, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            long rows;
            try (var sealed =
                    new SealedOutput(new BufferedOutputStream(Files.newOutputStream(half), PIECE_OCTETS), passphrase)) {
                rows = write(sealed, manifest, snapshot);
                sealed.finish();
            }
            try (var channel = FileChannel.open(half, Set.of(StandardOpenOption.WRITE))) {
                channel.force(true);
            }
            Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
            return new Written(manifest.layout().tables().size(), rows, Files.size(file));
        } catch (IOException e) {
            remove(half);
            throw new CopyException("the backup " + file + " cannot be written: " + e, e);
        } catch (SQLException e) {
            remove(half);
            throw new CopyException("the database cannot be read to its end: " + e.getMessage(), e);
        }
    }

    private static void remove(Path half) {
        try {
            Files.deleteIfExists(half);
        } catch (IOException e) {
            // What stays is no backup, and says so when it is opened.
        }
    }

    private static long write(OutputStream sealed, Manifest manifest, Snapshot snapshot)
            throws IOException, SQLException {
        var out = new DataOutputStream(sealed);
        json(out, manifest.toJson());
        long all = 0;
        for (var table : manifest.layout().tables()) {
            long rows;
            try (var pieces = new Pieces(out)) {
                rows = snapshot.copy(table, pieces);
            }
            out.writeLong(rows);
            all += rows;
        }
        var sequences = new JsonObject();
        snapshot.sequences().forEach(sequence -> sequences.put(sequence.name(), sequence.last()));
        json(out, new JsonObject().put("rows", all).put("sequences", sequences));
        out.flush();
        return all;
    }

    private static void json(DataOutputStream out, JsonObject json) throws IOException {
        var octets = json.encode().getBytes(StandardCharsets.UTF_8);
        out.writeInt(octets.length);
        out.write(octets);
    }

    /** A table's octets with their lengths, so that its end is known. */
    private static final class Pieces extends OutputStream {
        private final DataOutputStream out;
        private final byte[] piece = new byte[PIECE_OCTETS];
        private int filled;

        Pieces(DataOutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int octet) throws IOException {
            write(new byte[] {(byte) octet}, 0, 1);
        }

        @Override
        public void write(byte[] octets, int offset, int length) throws IOException {
            int done = 0;
            while (done < length) {
                int taken = Math.min(length - done, piece.length - filled);
                System.arraycopy(octets, offset + done, piece, filled, taken);
                filled += taken;
                done += taken;
                if (filled == piece.length) {
                    flushPiece();
                }
            }
        }

        private void flushPiece() throws IOException {
            if (filled > 0) {
                out.writeInt(filled);
                out.write(piece, 0, filled);
                filled = 0;
            }
        }

        @Override
        public void close() throws IOException {
            flushPiece();
            out.writeInt(0);
        }
    }
}
