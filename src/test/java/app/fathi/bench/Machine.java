package app.fathi.bench;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What a run ran on, and what else ran there meanwhile. Linux only: it reads {@code /proc}. */
final class Machine {
    private static final int CORES = Runtime.getRuntime().availableProcessors();

    private final long startNanos = System.nanoTime();
    private final long busyAtStart = busyTicks();
    private final long ownAtStart = ownTicks();

    /** The machine in one line, as it stands above a table of results. */
    static String line() {
        return "%s, %d cores, %d GB; Linux %s; JDK %s"
                .formatted(
                        field("/proc/cpuinfo", "model name"),
                        CORES,
                        Math.round(Double.parseDouble(
                                        field("/proc/meminfo", "MemTotal").split(" ")[0])
                                / 1e6),
                        System.getProperty("os.version"),
                        System.getProperty("java.runtime.version"));
    }

    /**
     * The share of all cores that neither we nor our ended children used since this object was made: 0.02 is quiet. Ended
     * children only, so call it when all contenders are closed.
     */
    double othersShare() {
        double ticks = (System.nanoTime() - startNanos) / 1e9 * 100 * CORES;
        return Math.max(0, (busyTicks() - busyAtStart) - (ownTicks() - ownAtStart)) / ticks;
    }

    /** CPU that ended children of this process used, in seconds, in steps of 0.01. */
    static double endedChildrenSeconds() {
        var fields = ownStat();
        return (Long.parseLong(fields.get(13)) + Long.parseLong(fields.get(14))) / 100.0;
    }

    /** CPU that another process of ours has used, in seconds, in steps of 0.01. */
    static double processSeconds(long pid) {
        var fields = stat(Path.of("/proc", String.valueOf(pid), "stat"));
        return (Long.parseLong(fields.get(11)) + Long.parseLong(fields.get(12))) / 100.0;
    }

    /** The same with what its ended children used. */
    static double familySeconds(long pid) {
        var fields = stat(Path.of("/proc", String.valueOf(pid), "stat"));
        return fields.subList(11, 15).stream().mapToLong(Long::parseLong).sum() / 100.0;
    }

    JsonObject toJson() {
        return new JsonObject().put("machine", line()).put("othersShare", othersShare());
    }

    /** User, nice, system, interrupts and steal; not idle and not waiting. Ticks are 1/100 s (USER_HZ). */
    private static long busyTicks() {
        var fields = lines("/proc/stat").getFirst().trim().split("\\s+");
        long busy = 0;
        for (int i = 1; i <= 8; i++) {
            if (i != 4 && i != 5) {
                busy += Long.parseLong(fields[i]);
            }
        }
        return busy;
    }

    private static long ownTicks() {
        return ownStat().subList(11, 15).stream().mapToLong(Long::parseLong).sum();
    }

    private static List<String> ownStat() {
        return stat(Path.of("/proc/self/stat"));
    }

    /** Fields behind the name, which may hold spaces: 11 and 12 are its user and system ticks, 13 and 14 its children's. */
    private static List<String> stat(Path file) {
        var line = lines(file.toString()).getFirst();
        return Arrays.asList(line.substring(line.lastIndexOf(')') + 2).split(" "));
    }

    private static String field(String file, String name) {
        return lines(file).stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).trim())
                .findFirst()
                .orElse("unknown");
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
