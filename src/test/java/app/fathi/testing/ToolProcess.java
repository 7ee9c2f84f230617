package app.fathi.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The operator's tool in a process of its own, as {@code scripts/fathi} runs it, with the settings of a {@link ServerProcess}. */
public final class ToolProcess {
    private static final int EXIT_SECONDS = 120;

    private static StartCache cache;

    private ToolProcess() {}

    /** What a command answered. */
    public record Answer(int exit, String out, String err) {
        public Answer mustSucceed() {
            if (exit != 0) {
                throw new AssertionError("exit code " + exit + "\n" + out + err);
            }
            return this;
        }
    }

    /** Begins a command, for a test that ends it half way. */
    public static Process start(Path folder, Map<String, String> environment, String... arguments) {
        try {
            return builder(cache(), folder, environment, arguments)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ProcessBuilder builder(
            StartCache cache, Path folder, Map<String, String> environment, String... arguments) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(cache.options());
        command.addAll(List.of("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djdk.console=java.base"));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Dfathi.from=" + folder));
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of("-cp", cache.classPath(), "app.fathi.tool.Tool"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("FATHI_") || name.contains("JAVA_"));
        builder.environment().put("FATHI_DATA_DIR", folder.resolve("data").toString());
        builder.environment().put("FATHI_LOG_DIR", folder.resolve("logs").toString());
        builder.environment().putAll(environment);
        return builder.redirectInput(
                ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    }

    private static synchronized StartCache cache() {
        if (cache == null) {
            cache = StartCache.of("tool", ToolProcess::train);
        }
        return cache;
    }

    /** The doctor looks at most of what there is. */
    private static void train(List<String> options, String classPath) {
        try (var database = TestDatabase.create()) {
            builder(
                            new StartCache(classPath, options),
                            Files.createTempDirectory("tool-training"),
                            database.environment(),
                            "doctor")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor(EXIT_SECONDS, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs a command to its end in the folder of a server. */
    public static Answer run(Path folder, Map<String, String> environment, String... arguments) {
        try {
            var process = builder(cache(), folder, environment, arguments).start();
            var err = new StringBuilder();
            var reader = Thread.ofPlatform().daemon().start(() -> process.errorReader()
                    .lines()
                    .forEach(line -> err.append(line).append('\n')));
            var out = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (!process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(
                        "still running after " + EXIT_SECONDS + " s: " + List.of(arguments) + "\n" + out);
            }
            reader.join();
            return new Answer(process.exitValue(), out, err.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
