package app.fathi.testing;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A server in a process of its own, as an operator starts it: for what only a whole process shows, such as its exit code or
 * being killed. It listens on a free port and keeps everything in the given folder, unless the environment says otherwise.
 */
public final class ServerProcess implements AutoCloseable {
    private static final String READY = "Fathi is ready at ";
    private static final int READY_SECONDS = 90;
    private static final int EXIT_SECONDS = 45;
    private static final int TRAINING_SECONDS = 120;
    private static final boolean SHORT_RUN = Boolean.getBoolean("fathi.shortRun");

    private static StartCache cache;

    private final Process process;
    private final List<String> output = new ArrayList<>();
    private final List<String> errors = new ArrayList<>();
    private final CountDownLatch readyOrEnded = new CountDownLatch(1);
    private final List<Thread> readers;
    private volatile URI address;

    private ServerProcess(Process process) {
        this.process = process;
        this.readers = List.of(
                reader(() -> read(process.inputReader(), output)), reader(() -> read(process.errorReader(), errors)));
    }

    /** Not virtual: reading a pipe holds on to the thread beneath, and there are few of those. */
    private static Thread reader(Runnable reading) {
        return Thread.ofPlatform().daemon().name("server-output").start(reading);
    }

    /** Starts the process and returns at once. */
    public static ServerProcess start(Path folder, Map<String, String> environment) {
        return start(command(folder, cache()), folder, environment);
    }

    /** The same, with files in {@code overlay} instead of those that are packaged under the same name. */
    public static ServerProcess startWith(Path overlay, Path folder, Map<String, String> environment) {
        var classPath = overlay.toAbsolutePath() + File.pathSeparator + classPath();
        return start(command(folder, new StartCache(classPath, List.of())), folder, environment);
    }

    /**
     * As {@code scripts/start --demo} does: it takes no settings but the few that a demo knows, and keeps everything in
     * {@code data-demo} in the folder.
     */
    public static ServerProcess startDemo(Path folder, Map<String, String> environment, String... arguments) {
        var builder = command(folder, cache());
        builder.command().add("--demo");
        builder.command().addAll(List.of(arguments));
        return start(builder, environment);
    }

    private static ProcessBuilder command(Path folder, StartCache cache) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(cache.options());
        command.add("@" + Path.of("scripts/lib/jvm.options").toAbsolutePath());
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        // In the suite most live for seconds, and would spend half of that on compiling for the long run.
        if (SHORT_RUN) {
            command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        }
        command.addAll(List.of("-cp", cache.classPath(), "app.fathi.Main"));
        return new ProcessBuilder(command).directory(folder.toFile());
    }

    private static synchronized StartCache cache() {
        if (cache == null) {
            cache = SHORT_RUN ? StartCache.of("server", ServerProcess::train) : new StartCache(classPath(), List.of());
        }
        return cache;
    }

    /** On a database that is there: what unpacks one may not be kept, see {@code PostgresBinaries}. */
    private static void train(List<String> options, String classPath) {
        try (var database = TestDatabase.create()) {
            var folder = Files.createTempDirectory("server-training");
            var builder = command(folder, new StartCache(classPath, options));
            try (var server = start(builder, folder, database.environment())) {
                server.awaitReady();
                // Otherwise than by terminate(), which closes the pipes: the JVM has more to say, and dies of it.
                server.process.toHandle().destroy();
                server.process.waitFor(TRAINING_SECONDS, TimeUnit.SECONDS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As an operator starts it, from the package; it is built before where it is older than its sources. */
    public static ServerProcess startPackaged(Path folder, Map<String, String> environment) {
        return start(new ProcessBuilder("scripts/start"), folder, environment);
    }

    /** By this program, as it stands in the unpacked archive. */
    public static ServerProcess startUnpacked(Path program, Path folder, Map<String, String> environment) {
        return start(new ProcessBuilder(program.toString()).directory(folder.toFile()), folder, environment);
    }

    private static ServerProcess start(ProcessBuilder builder, Path folder, Map<String, String> environment) {
        var settings = new HashMap<String, String>();
        settings.put("FATHI_HTTP_PORT", "0");
        settings.put("FATHI_DATA_DIR", folder.resolve("data").toString());
        settings.put("FATHI_LOG_DIR", folder.resolve("logs").toString());
        // Tests ask more often than anybody should, all from one address.
        for (var category : List.of("API", "SEND", "ANALYTICS", "INGEST", "LOGIN", "BROWSER", "REFUSED")) {
            settings.put("FATHI_RATES_" + category + "_PER_MINUTE", "1000000");
        }
        settings.putAll(environment);
        return start(builder, settings);
    }

    private static ServerProcess start(ProcessBuilder builder, Map<String, String> settings) {
        builder.environment().keySet().removeIf(name -> name.startsWith("FATHI_") || name.contains("JAVA_"));
        builder.environment().putAll(settings);
        try {
            return new ServerProcess(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is packaged: without the tests' own classes and settings. */
    static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.endsWith("test-classes"))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    private void read(BufferedReader lines, List<String> into) {
        try (lines) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                synchronized (into) {
                    into.add(line);
                }
                if (into == output && line.startsWith(READY)) {
                    address = URI.create(line.substring(READY.length()).split("\\s")[0]);
                    readyOrEnded.countDown();
                }
            }
        } catch (IOException e) {
            // The process was killed: what was read is what there is.
        }
        if (into == output) {
            readyOrEnded.countDown();
        }
    }

    /** Waits until it can serve; where it serves. */
    public URI awaitReady() {
        await(readyOrEnded);
        if (address == null) {
            throw new AssertionError("the server did not become ready:\n" + said());
        }
        return address;
    }

    private void await(CountDownLatch latch) {
        try {
            if (!latch.await(READY_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("neither ready nor ended after " + READY_SECONDS + " s:\n" + said());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Waits until it has ended; its exit code. */
    public int awaitExit() {
        try {
            if (!process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("still running after " + EXIT_SECONDS + " s:\n" + said());
            }
            for (var reader : readers) {
                reader.join();
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Asks it to end (SIGTERM). */
    public void terminate() {
        process.destroy();
    }

    /** {@code kill -9}. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Stops it in the middle of whatever it does, as a paused virtual machine would (SIGSTOP). */
    public void freeze() {
        signal("STOP");
    }

    /** Lets it go on as if nothing had happened (SIGCONT). */
    public void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        try {
            int exit = new ProcessBuilder("kill", "-" + name, "" + process.pid())
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new AssertionError("kill -" + name + " ended with " + exit);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public long pid() {
        return process.pid();
    }

    /** Where each of its threads is, virtual ones included: what a test that waits in vain wants to tell. */
    public String threads() {
        try {
            var file = Files.createTempDirectory("threads").resolve("dump.txt");
            var jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
            new ProcessBuilder(jcmd, "" + process.pid(), "Thread.dump_to_file", file.toString())
                    .start()
                    .waitFor(EXIT_SECONDS, TimeUnit.SECONDS);
            return Files.exists(file) ? Files.readString(file) : "no dump of process " + process.pid();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Lines on stdout so far. */
    public List<String> output() {
        synchronized (output) {
            return List.copyOf(output);
        }
    }

    /** Lines on stderr so far. */
    public List<String> errors() {
        synchronized (errors) {
            return List.copyOf(errors);
        }
    }

    private String said() {
        return String.join("\n", output()) + "\n" + String.join("\n", errors());
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
    }
}
