package app.fathi.bench;

import app.fathi.testing.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * B9: from {@code scripts/start} to the line that says it is ready, with the embedded database of a start before; and the
 * memory in use after a minute without work, server and database together.
 */
final class StartBench {
    private static final int ROUNDS = 5;
    private static final int IDLE_SECONDS = 60;

    private StartBench() {}

    public static void main(String[] arguments) throws Exception {
        var report = new Report("B9", "start and idle memory");
        var folder = Files.createTempDirectory("start");
        var seconds = new ArrayList<Double>();
        for (int round = 0; round <= ROUNDS; round++) {
            Report.progress(round == 0 ? "first start" : "round %d of %d", round, ROUNDS);
            long start = System.nanoTime();
            try (var server = start(folder)) {
                server.awaitReady();
                if (round > 0) {
                    seconds.add((System.nanoTime() - start) / 1e9);
                }
                server.terminate();
                server.awaitExit();
            }
        }
        report.add(Measure.of("start to ready, warm", "s", seconds).atMost(4));
        Report.progress("idle for %d s", IDLE_SECONDS);
        try (var server = start(folder)) {
            server.awaitReady();
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(IDLE_SECONDS));
            double jvm = Processes.megabytes(List.of(server.pid()));
            double database = Processes.megabytes(Processes.database(server.pid()));
            report.add(Measure.of("memory after a minute idle (PSS): server", "MB", List.of(jvm)));
            report.add(Measure.of("memory after a minute idle (PSS): database", "MB", List.of(database)));
            report.add(Measure.of("memory after a minute idle (PSS): both", "MB", List.of(jvm + database))
                    .atMost(400));
            server.terminate();
            server.awaitExit();
        }
        report.finish();
    }

    private static ServerProcess start(Path folder) {
        return ServerProcess.startPackaged(folder, Map.of("FATHI_VAPID_SUBJECT", "mailto:bench@fathi.app"));
    }
}
