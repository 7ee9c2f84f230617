package app.fathi.cep.sending;

import app.fathi.platform.logging.Thrown;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that only compute give way to those for which somebody waits, and to the database beside us. Linux schedules each
 * thread by a nice value of its own, which Java sets for root alone; {@code renice} lowers one's own threads for everybody.
 * Where there is none, nothing is lost but this.
 */
final class Niceness {
    private static final Logger LOG = LoggerFactory.getLogger(Niceness.class);
    private static final Path THREAD = Path.of("/proc/thread-self");
    private static final String NICE = "10";

    private Niceness() {}

    /** Of the calling platform thread. */
    static void lower() {
        try {
            var id = THREAD.toRealPath().getFileName().toString();
            new ProcessBuilder("renice", "-n", NICE, "-p", id)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            LOG.debug("{} keeps its priority: {}", Thread.currentThread().getName(), Thrown.text(e));
        }
    }
}
