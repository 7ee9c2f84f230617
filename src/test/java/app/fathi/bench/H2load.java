package app.fathi.bench;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * h2load of nghttp2 as the limit of a client: C, one thread, no application behind it. The same octets to the same paths,
 * as many streams on as many connections.
 */
final class H2load {
    private static final Pattern DONE = Pattern.compile("requests: .* (\\d+) done, (\\d+) succeeded");
    private static final Pattern RATE = Pattern.compile("finished in [^,]*, ([0-9.]+) req/s");
    /** It counts requests instead of time; about what two cores do, sink included. */
    private static final int REQUESTS_PER_MILLI = 50;

    private static final Path BODY = Report.FOLDER.resolve("h2load-body");
    private static final Path URLS = Report.FOLDER.resolve("h2load-urls");

    private final List<String> command;

    /** What Fathi's client and the bare one send. */
    H2load(String sink, int connections, int streams) throws IOException {
        this(
                ClientLoad.PATHS.stream().map(path -> sink + path).toList(),
                ClientLoad.BODY,
                ClientLoad.AUTHORIZATION,
                connections,
                streams);
    }

    H2load(List<String> urls, byte[] body, String authorization, int connections, int streams) throws IOException {
        Files.createDirectories(Report.FOLDER);
        Files.write(BODY, body);
        Files.write(URLS, urls);
        command = List.of(
                "h2load",
                "--threads=1",
                "--clients=" + connections,
                "--max-concurrent-streams=" + streams,
                "--data=" + BODY,
                "--input-file=" + URLS,
                "--header=ttl: 86400",
                "--header=urgency: normal",
                "--header=topic: " + ClientLoad.TOPICS.getFirst(),
                "--header=content-type: application/octet-stream",
                "--header=content-encoding: aes128gcm",
                "--header=authorization: " + authorization);
    }

    /** Requests for about so long: their rate and the CPU of one. */
    JsonObject run(int millis) {
        try {
            double before = Machine.endedChildrenSeconds();
            var line = new ArrayList<>(command);
            line.add("--requests=" + millis * REQUESTS_PER_MILLI);
            var process = new ProcessBuilder(line).redirectErrorStream(true).start();
            var said = new String(process.getInputStream().readAllBytes());
            int status = process.waitFor();
            var done = DONE.matcher(said);
            var rate = RATE.matcher(said);
            if (status != 0 || !done.find() || !rate.find() || !done.group(1).equals(done.group(2))) {
                throw new IllegalStateException("h2load failed:\n" + said);
            }
            long operations = Long.parseLong(done.group(1));
            return new JsonObject()
                    .put("operations", operations)
                    .put("perSecond", Double.parseDouble(rate.group(1)))
                    .put("cpuMicros", (Machine.endedChildrenSeconds() - before) * 1e6 / operations);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
