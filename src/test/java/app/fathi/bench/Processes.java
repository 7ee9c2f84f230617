package app.fathi.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What processes use of the machine. Linux only: it reads {@code /proc}. */
final class Processes {
    private Processes() {}

    /** The embedded database of a server process: whatever it started. */
    static List<Long> database(long server) {
        return ProcessHandle.of(server)
                .orElseThrow()
                .descendants()
                .map(ProcessHandle::pid)
                .toList();
    }

    /**
     * CPU that the embedded database of a server process has used, in seconds. Its processes come and go: what those that
     * ended have used is counted with the one that started them.
     */
    static double databaseSeconds(long server) {
        return database(server).stream().mapToDouble(Processes::familySeconds).sum();
    }

    private static double familySeconds(long pid) {
        try {
            return Machine.familySeconds(pid);
        } catch (UncheckedIOException e) {
            // It ended just now.
            return 0;
        }
    }

    /** Their share of the memory in use, in megabytes: what is shared counts in parts (PSS). */
    static double megabytes(List<Long> pids) {
        return pids.stream().mapToDouble(Processes::kilobytes).sum() * 1_024 / 1e6;
    }

    private static double kilobytes(long pid) {
        try (var lines = Files.lines(Path.of("/proc", "" + pid, "smaps_rollup"))) {
            return lines.filter(line -> line.startsWith("Pss:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")))
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
