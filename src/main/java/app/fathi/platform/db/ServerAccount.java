package app.fathi.platform.db;

import app.fathi.platform.config.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * As whom the programs of PostgreSQL run. They refuse to be root, so as root they get a uid of their own; otherwise they
 * run as we do.
 *
 * @param command what stands before the program's own command line
 * @param uid the numeric user and group, -1 when it is ours
 */
record ServerAccount(List<String> command, int uid) {
    /** Between the ranges that Debian, systemd and container engines hand out, so that it is nobody else's. */
    private static final int OWN_UID = 60_732;

    private static final int NOBODY_UID = 65_534;

    /** For the server: an uid that owns nothing but the cluster. It dies with us, so a killed JVM leaves no orphan. */
    static ServerAccount forServer() {
        var detached = found("setsid") ? List.of("setsid") : List.<String>of();
        var setpriv = found("setpriv") && output(List.of("setpriv", "--help")).contains("--pdeathsig");
        if (!root()) {
            return new ServerAccount(setpriv ? join(detached, List.of("setpriv", "--pdeathsig", "INT")) : detached, -1);
        }
        if (setpriv) {
            for (var uid : List.of(OWN_UID, NOBODY_UID)) {
                var command = setpriv(uid);
                if (succeeds(join(command, List.of("true")))) {
                    return new ServerAccount(join(detached, join(command, List.of("--pdeathsig", "INT"))), uid);
                }
            }
        }
        return new ServerAccount(join(detached, asNobody()), NOBODY_UID);
    }

    /** For {@code initdb}, which insists on a user that the system knows by name. */
    static ServerAccount forInitdb(ServerAccount server) {
        if (!root() || server.uid() == NOBODY_UID) {
            return server;
        }
        return new ServerAccount(setpriv(NOBODY_UID), NOBODY_UID);
    }

    /** Whether the account can enter the folder: others may have closed one above it. */
    boolean reaches(Path folder) {
        return uid == -1 || succeeds(join(command, List.of("sh", "-c", "cd \"$0\"", folder.toString())));
    }

    List<String> command(String... program) {
        return join(command, List.of(program));
    }

    private static List<String> setpriv(int uid) {
        return List.of(
                "setpriv",
                "--reuid",
                "" + uid,
                "--regid",
                "" + uid,
                "--clear-groups",
                "--no-new-privs",
                "--inh-caps",
                "-all");
    }

    private static List<String> asNobody() {
        var runuser = List.of("runuser", "-u", "nobody", "--");
        if (found("runuser") && succeeds(join(runuser, List.of("true")))) {
            return runuser;
        }
        throw new StartException(
                "PostgreSQL refuses to run as root, and neither setpriv nor runuser lets it run as another user"
                        + " here: start Fathi as an ordinary user, or set FATHI_DB_URL to your own PostgreSQL");
    }

    private static boolean root() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException e) {
            return System.getProperty("user.name").equals("root");
        }
    }

    private static boolean found(String program) {
        for (var folder : System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":")) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
                return true;
            }
        }
        return false;
    }

    private static boolean succeeds(List<String> command) {
        try {
            var process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static String output(List<String> command) {
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            return new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    private static List<String> join(List<String> first, List<String> second) {
        var all = new ArrayList<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }
}
