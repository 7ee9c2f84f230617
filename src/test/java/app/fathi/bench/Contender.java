package app.fathi.bench;

import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One of the things compared, in a process of its own: none profits or suffers from how another warmed the compiler or
 * filled the heap. It works only while it is asked to; then it answers one line of JSON.
 */
public final class Contender implements AutoCloseable {
    private static final int END_SECONDS = 20;

    private final String name;
    private final Process process;
    private final Writer orders;
    private final BufferedReader answers;

    private Contender(String name, List<String> command) {
        this.name = name;
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        orders = process.outputWriter();
        answers = process.inputReader();
    }

    /** A JVM as the server's: its JDK, its options, and the class path of the tests. */
    public static Contender java(String name, Class<?> main, String... arguments) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@scripts/lib/jvm.options");
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        return new Contender(name, command);
    }

    /** A script in {@code src/test/js}, whose libraries lie beside it. */
    public static Contender node(String name, String script, String... arguments) {
        var command = new ArrayList<String>(
                List.of("node", Path.of("src", "test", "js", script).toString()));
        command.addAll(List.of(arguments));
        return new Contender(name, command);
    }

    public String name() {
        return name;
    }

    public long pid() {
        return process.pid();
    }

    /** Sends one line and waits for the answer. */
    public JsonObject ask(String order) {
        try {
            orders.write(order + "\n");
            orders.flush();
            return answer();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not answer to: " + order, e);
        }
    }

    /** The next line of JSON; other lines are what it wants to tell people. */
    public JsonObject answer() throws IOException {
        for (var line = answers.readLine(); line != null; line = answers.readLine()) {
            if (line.startsWith("{")) {
                return new JsonObject(line);
            }
            Report.progress("%s: %s", name, line);
        }
        throw new IOException("it has ended");
    }

    /** Ends it and waits for that, so that its CPU counts among {@link Machine#endedChildrenSeconds}. */
    @Override
    public void close() {
        try {
            orders.close();
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (IOException alreadyEnded) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
