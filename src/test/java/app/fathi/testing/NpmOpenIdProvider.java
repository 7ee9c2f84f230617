package app.fathi.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Path;

/** npm {@code oidc-provider}: an identity provider that nobody here wrote, so it shares none of our misreadings. */
public final class NpmOpenIdProvider implements AutoCloseable {
    private static final Path SCRIPT = Path.of("src/test/js/openid-provider.mjs");

    private final String issuer;
    private final Process process;

    private NpmOpenIdProvider(String issuer, Process process) {
        this.issuer = issuer;
        this.process = process;
    }

    /** @param redirectUri the only place that it sends people to */
    public static NpmOpenIdProvider start(String redirectUri) {
        try {
            int port;
            try (var free = new ServerSocket(0)) {
                port = free.getLocalPort();
            }
            var process = new ProcessBuilder("node", SCRIPT.toString(), "" + port, redirectUri)
                    .redirectErrorStream(true)
                    .start();
            var output = process.inputReader();
            var said = new StringBuilder();
            for (var line = output.readLine(); !"ready".equals(line); line = output.readLine()) {
                if (line == null) {
                    throw new IllegalStateException(
                            "oidc-provider does not start (scripts/test installs it):\n" + said);
                }
                said.append(line).append('\n');
            }
            // What it prints later must not fill the pipe.
            Thread.ofVirtual().start(() -> output.lines().forEach(ignored -> {}));
            return new NpmOpenIdProvider("http://127.0.0.1:" + port, process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String issuer() {
        return issuer;
    }

    @Override
    public void close() {
        process.destroy();
    }
}
