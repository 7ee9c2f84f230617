package app.fathi.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Runs the demo's push service, and runs it again when it ends, whatever ended it. Says so. */
final class PushProcess implements AutoCloseable {
    /** Ctrl-C reaches both processes: before an end is called unexpected, we wait whether we are to end, too. */
    private static final long GRACE_MILLIS = 400;

    private static final long PROBE_MILLIS = 50;
    private static final int PROBES = 400;

    /** One that does not stay is not started for ever. */
    private static final int STARTS = 50;

    private final DemoFolder folder;
    private final Consumer<String> tell;
    private Process process;
    private int starts;
    private boolean closed;

    private PushProcess(DemoFolder folder, Consumer<String> tell) {
        this.folder = folder;
        this.tell = tell;
    }

    /** @param tell hears, in a line, when the service ended and when it is back */
    static PushProcess start(DemoFolder folder, Consumer<String> tell) throws IOException {
        var push = new PushProcess(folder, tell);
        push.start();
        return push;
    }

    private synchronized void start() throws IOException {
        if (closed) {
            return;
        }
        starts++;
        var said = folder.logs().resolve("push-service.out");
        Files.createDirectories(folder.logs());
        process = new ProcessBuilder(command(folder.path()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()))
                .start();
        process.onExit().thenAcceptAsync(this::ended, after(GRACE_MILLIS));
    }

    private static List<String> command(Path folder) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // Small, and quick to be back.
        command.addAll(List.of(
                "-Xms16m",
                "-Xmx128m",
                "-XX:MaxDirectMemorySize=64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED"));
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), PushService.class.getName(), folder.toString()));
        return command;
    }

    private void ended(Process ended) {
        boolean again;
        synchronized (this) {
            if (closed) {
                return;
            }
            again = starts < STARTS;
        }
        if (!again) {
            tell.accept("the push service ended " + STARTS + " times and is not started again: see " + folder.logs());
            return;
        }
        tell.accept("the push service has ended (exit code " + ended.exitValue() + "); starting it again");
        try {
            start();
            awaitListening()
                    .thenAccept(pid -> tell.accept(
                            "the push service is back as process " + pid + "; what it had not answered comes again"));
        } catch (IOException e) {
            tell.accept("the push service cannot be started again: " + e.getMessage());
        }
    }

    /** Its process id, once it takes connections; never, when it is closed before. */
    CompletableFuture<Long> awaitListening() {
        return probe(PROBES);
    }

    private CompletableFuture<Long> probe(int left) {
        return CompletableFuture.supplyAsync(this::isListening, after(PROBE_MILLIS))
                .thenCompose(listening -> {
                    if (listening) {
                        return CompletableFuture.completedFuture(pid());
                    }
                    return left == 0
                            ? CompletableFuture.failedFuture(
                                    new IOException("the push service does not come up: see " + folder.logs()))
                            : probe(left - 1);
                });
    }

    private boolean isListening() {
        try (var probe = new Socket()) {
            probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), folder.pushPort()), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static Executor after(long millis) {
        return CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS);
    }

    synchronized long pid() {
        return process.pid();
    }

    @Override
    public synchronized void close() {
        closed = true;
        process.destroy();
    }
}
