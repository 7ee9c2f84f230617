package app.fathi.platform.db;

import app.fathi.platform.config.StartException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** The PostgreSQL programs that travel in our class path as one archive: {@code initdb}, {@code pg_ctl}, {@code postgres}. */
final class PostgresBinaries {
    private PostgresBinaries() {}

    /** Unpacks the programs under {@code parent} unless that very archive is there already; the folder that holds {@code bin}. */
    static Path unpack(Path parent) {
        try {
            var folder = parent.resolve("postgresql-" + mark());
            if (Files.isExecutable(folder.resolve("bin/postgres"))) {
                return folder;
            }
            Files.createDirectories(parent);
            var half = Files.createTempDirectory(parent, "unpacking-");
            Archive.unpack(half);
            Files.setPosixFilePermissions(half, PosixFilePermissions.fromString("rwxr-xr-x"));
            rename(half, folder);
            return folder;
        } catch (IOException e) {
            throw new StartException(
                    "the embedded PostgreSQL cannot be unpacked to " + parent + ": " + e.getMessage(), e);
        }
    }

    /** Two processes may unpack at once: the first to rename wins, the other's copy goes. */
    private static void rename(Path half, Path folder) throws IOException {
        try {
            Files.move(half, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.isExecutable(folder.resolve("bin/postgres"))) {
                throw e;
            }
            Trees.delete(half);
        }
    }

    /** The archive's checksum as the jar states it: reading 15 MB at each start would cost more than all else here. */
    private static String mark() throws IOException {
        var connection = location().openConnection();
        var mark = connection instanceof JarURLConnection jar
                ? jar.getJarEntry().getCrc()
                : connection.getContentLengthLong();
        return Long.toHexString(mark);
    }

    private static URL location() {
        var machine = System.getProperty("os.arch").equals("aarch64") ? "arm_64" : "x86_64";
        var found = PostgresBinaries.class.getResource("/postgres-linux-" + machine + ".txz");
        if (found == null || !System.getProperty("os.name").equals("Linux")) {
            throw new StartException("there is no embedded PostgreSQL for " + System.getProperty("os.name") + " "
                    + System.getProperty("os.arch") + ": set FATHI_DB_URL to your own PostgreSQL");
        }
        return found;
    }

    /**
     * Loaded by the first start alone: the package of its library is sealed, so that classes of it that a cache of loaded
     * classes held would keep the JVM from starting in another folder.
     */
    private static final class Archive {
        static void unpack(Path folder) throws IOException {
            try (var tar = new TarArchiveInputStream(
                    new XZInputStream(new BufferedInputStream(location().openStream())))) {
                for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                    place(folder, entry, tar);
                }
            }
        }

        private static void place(Path folder, TarArchiveEntry entry, InputStream content) throws IOException {
            var target = folder.resolve(entry.getName()).normalize();
            if (!target.startsWith(folder)) {
                throw new IOException("the archive points outside its folder: " + entry.getName());
            }
            if (entry.isDirectory()) {
                Files.createDirectories(target);
                return;
            }
            Files.createDirectories(target.getParent());
            if (entry.isSymbolicLink()) {
                Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
                return;
            }
            Files.copy(content, target, StandardCopyOption.REPLACE_EXISTING);
            var executable = (entry.getMode() & 0100) != 0;
            Files.setPosixFilePermissions(
                    target, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
        }
    }
}
