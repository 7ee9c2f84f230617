package app.fathi.platform.db;

import app.fathi.platform.config.StartException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One process per data folder. The kernel lets go when the process ends in whatever way. */
final class DataLock implements AutoCloseable {
    private final FileChannel channel;

    private DataLock(FileChannel channel) {
        this.channel = channel;
    }

    static DataLock take(Path dataFolder) {
        try {
            Files.createDirectories(dataFolder);
            var file = file(dataFolder);
            var channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (lock(channel) == null) {
                var holder = holder(channel);
                channel.close();
                throw new InUseException("the data folder " + dataFolder + " is in use by another Fathi" + holder
                        + "; stop that one or set FATHI_DATA_DIR to another folder");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)),
                    0);
            return new DataLock(channel);
        } catch (IOException e) {
            throw new StartException(
                    "the data folder " + dataFolder + " cannot be used: " + e + " (FATHI_DATA_DIR)", e);
        }
    }

    /** Somebody else has it. */
    static final class InUseException extends StartException {
        private static final long serialVersionUID = 1L;

        private InUseException(String message) {
            super(message);
        }
    }

    /** Whether another process has the folder at this moment. */
    static boolean isTaken(Path dataFolder) {
        var file = file(dataFolder);
        if (!Files.exists(file)) {
            return false;
        }
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            return lock(channel) == null;
        } catch (IOException e) {
            throw new StartException(
                    "the data folder " + dataFolder + " cannot be used: " + e + " (FATHI_DATA_DIR)", e);
        }
    }

    /** It was made by whoever started Fathi there first. */
    static Path file(Path dataFolder) {
        return dataFolder.resolve("lock");
    }

    private static FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static String holder(FileChannel channel) throws IOException {
        var bytes = ByteBuffer.allocate(20);
        channel.read(bytes, 0);
        var pid = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
        return pid.matches("[0-9]+") ? " (process " + pid + ")" : "";
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
