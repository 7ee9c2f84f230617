package app.fathi.platform.copy;

import app.fathi.platform.copy.CatalogStore.Sequence;
import app.fathi.platform.security.SealedException;
import app.fathi.platform.security.SealedInput;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Reads what {@link BackupWriter} wrote, from its beginning to its end. */
public final class BackupReader implements AutoCloseable {
    private static final int BUFFER_OCTETS = 1 << 17;
    private static final int JSON_LIMIT_OCTETS = 64 << 20;
    private static final long NOT_COUNTED = -1;

    private final Path file;
    private final DataInputStream in;
    private final Manifest manifest;

    private BackupReader(Path file, DataInputStream in, Manifest manifest) {
        this.file = file;
        this.in = in;
        this.manifest = manifest;
    }

    /** Fails with one line for a wrong passphrase, and for what is no backup. */
    public static BackupReader open(Path file, String passphrase) {
        return told(file, () -> {
            var in = new DataInputStream(
                    new SealedInput(new BufferedInputStream(Files.newInputStream(file), BUFFER_OCTETS), passphrase));
            try {
                return new BackupReader(file, in, Manifest.of(json(in)));
            } catch (IOException | RuntimeException e) {
                in.close();
                throw e;
            }
        });
    }

    /** Reads it to its end: whatever was changed or cut off is found before anything is done with it. How many rows it has. */
    public static long check(Path file, String passphrase) {
        try (var reader = open(file, passphrase)) {
            return told(file, () -> reader.read((table, rows) -> {
                        rows.transferTo(OutputStream.nullOutputStream());
                        return NOT_COUNTED;
                    })
                    .rows());
        }
    }

    public Manifest manifest() {
        return manifest;
    }

    /** Fills the database; how many rows were written. To be called once. */
    public long restore(Refill target) {
        return told(file, () -> {
            var end = read((table, rows) -> {
                long written = target.fill(table, rows);
                rows.transferTo(OutputStream.nullOutputStream());
                return written;
            });
            target.complete(end.sequences());
            return end.rows();
        });
    }

    private interface Use {
        /** How many rows the stream held, or {@link #NOT_COUNTED}. */
        long of(Layout.Table table, InputStream rows) throws IOException, SQLException;
    }

    private record End(long rows, List<Sequence> sequences) {}

    private End read(Use use) throws IOException, SQLException {
        long all = 0;
        for (var table : manifest.layout().tables()) {
            long used = use.of(table, new Pieces(in));
            long said = in.readLong();
            if (used != NOT_COUNTED && used != said) {
                throw new CopyException("the table " + table.name() + " has " + used + " rows instead of " + said);
            }
            all += said;
        }
        var end = json(in);
        if (end.getLong("rows") != all || in.read() >= 0) {
            throw new CopyException("it does not end as it says");
        }
        var sequences = new ArrayList<Sequence>();
        end.getJsonObject("sequences")
                .forEach(entry -> sequences.add(new Sequence(
                        entry.getKey(), entry.getValue() == null ? null : ((Number) entry.getValue()).longValue())));
        return new End(all, sequences);
    }

    private static JsonObject json(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > JSON_LIMIT_OCTETS) {
            throw new CopyException("it does not say what it holds");
        }
        return new JsonObject(new String(in.readNBytes(length), StandardCharsets.UTF_8));
    }

    private interface Reading<T> {
        T run() throws IOException, SQLException;
    }

    private static <T> T told(Path file, Reading<T> reading) {
        try {
            return reading.run();
        } catch (CopyException | SealedException e) {
            throw new CopyException("the backup " + file + " is refused: " + e.getMessage(), e);
        } catch (EOFException | DecodeException e) {
            throw new CopyException("the backup " + file + " is refused: it ends before its end", e);
        } catch (NoSuchFileException e) {
            throw new CopyException("there is no file " + file, e);
        } catch (IOException e) {
            throw new CopyException("the backup " + file + " cannot be read: " + e, e);
        } catch (SQLException e) {
            throw new CopyException("the database does not take what the backup holds: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            // All that we wanted was read.
        }
    }

    /** One table's octets; it ends where the table ends. */
    private static final class Pieces extends InputStream {
        private final DataInputStream in;
        private int left;
        private boolean ended;

        Pieces(DataInputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            var octet = new byte[1];
            return read(octet, 0, 1) < 0 ? -1 : octet[0] & 0xff;
        }

        @Override
        public int read(byte[] octets, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (left == 0 && !ended) {
                left = in.readInt();
                ended = left == 0;
            }
            if (ended) {
                return -1;
            }
            int taken = in.read(octets, offset, Math.min(length, left));
            if (taken < 0) {
                throw new EOFException();
            }
            left -= taken;
            return taken;
        }
    }
}
