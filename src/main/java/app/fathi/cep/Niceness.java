package app.fathi.cep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that only compute give way to those for which somebody waits, and to the database beside us. Linux schedules each
 * thread by a nice value of its own, which Java sets for root alone; {@code renice} lowers one's own threads for everybody.
 * Where there is none, nothing is lost but this.
 */
final class Niceness {
    private static final Logger LOG = LoggerFactory.getLogger(Niceness.class);
    private static final Path THREADS = Path.of("/proc/self/task");
    private static final String NICE = "10";

    private Niceness() {}

    /** Those that have started and whose names begin like this. */
    static void lower(String prefix) {
        try {
            var command = new ArrayList<>(List.of("renice", "-n", NICE, "-p"));
            int before = command.size();
            try (var threads = Files.newDirectoryStream(THREADS)) {
                for (var thread : threads) {
                    if (Files.readString(thread.resolve("comm")).startsWith(prefix)) {
                        command.add(thread.getFileName().toString());
                    }
                }
            }
            if (command.size() > before) {
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
            }
        } catch (IOException e) {
            LOG.debug("Threads {}… keep their priority: {}", prefix, e.toString());
        }
    }
}
