package app.fathi.chaos;

import app.fathi.platform.db.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A PostgreSQL of a test's own that forces to disk what it commits, and stays at its address when it restarts. The one
 * that other tests share would forget commits in an immediate shutdown.
 */
final class DurablePostgres implements AutoCloseable {
    private static final int CONNECTIONS = 100;

    private final Path cluster;
    private final EmbeddedPostgres server;

    private DurablePostgres(Path cluster, EmbeddedPostgres server) {
        this.cluster = cluster;
        this.server = server;
    }

    static DurablePostgres start(Path folder) throws IOException {
        // As root the database runs as somebody else, who has to get to it.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        var data = Files.createDirectories(folder.resolve("database"));
        return new DurablePostgres(data.resolve("postgres/cluster"), EmbeddedPostgres.start(data, CONNECTIONS));
    }

    Map<String, String> environment() {
        var address = server.address();
        return Map.of(
                "FATHI_DB_URL", "postgresql://" + address.host() + ":" + address.port() + "/" + address.database(),
                "FATHI_DB_USER", address.user(),
                "FATHI_DB_PASSWORD", address.password());
    }

    /**
     * Returns when it takes connections again.
     *
     * @param mode {@code fast}: transactions are rolled back; {@code immediate}: as after a crash
     */
    void restart(String mode) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        int owner = (int) Files.getAttribute(cluster, "unix:uid");
        if (owner != (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid")) {
            command.addAll(List.of("setpriv", "--reuid", "" + owner, "--regid", "" + owner, "--clear-groups"));
        }
        command.addAll(List.of(programs().resolve("bin/pg_ctl").toString(), "restart"));
        command.addAll(List.of("-m", mode, "-w", "-D", cluster.toString(), "-l", "/dev/null"));
        int exit = new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        if (exit != 0) {
            throw new AssertionError("pg_ctl restart -m " + mode + " ended with " + exit);
        }
    }

    private Path programs() throws IOException {
        try (var beside = Files.newDirectoryStream(cluster.getParent(), "postgresql-*")) {
            return beside.iterator().next();
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
