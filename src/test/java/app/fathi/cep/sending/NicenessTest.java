package app.fathi.cep.sending;

import static app.fathi.crash.Eventually.eventually;

import app.fathi.platform.config.Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class NicenessTest {
    /** In {@code stat}, behind the name in parentheses (proc(5)). */
    private static final int NICE_FIELD = 16;

    @Test
    void threads_that_encrypt_give_way_to_all_others() {
        var settings = Config.of(Map.of()).send();
        try (var pool = new SendPool(settings)) {
            eventually("all threads of the pool are nice", () -> {
                var niceness = niceness();
                return niceness.size() >= settings.poolSize()
                        && niceness.stream().allMatch("10"::equals);
            });
        }
    }

    /** Of each thread of a pool. */
    private static List<String> niceness() {
        try (var threads = Files.list(Path.of("/proc/self/task"))) {
            return threads.map(NicenessTest::stat)
                    .filter(stat -> stat.contains("(" + SendPool.THREADS))
                    .map(stat -> stat.substring(stat.lastIndexOf(')') + 2).split(" ")[NICE_FIELD])
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String stat(Path thread) {
        try {
            return Files.readString(thread.resolve("stat"));
        } catch (IOException ended) {
            return "";
        }
    }
}
