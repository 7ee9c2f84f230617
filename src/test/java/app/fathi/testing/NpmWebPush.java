package app.fathi.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import app.fathi.testing.FakePushService.VirtualSubscription;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** npm {@code web-push}: a sender that nobody here wrote, with its own encryption and tokens. */
public final class NpmWebPush {
    private static final Path SCRIPT = Path.of("src/test/js/npm-web-push.mjs");

    private NpmWebPush() {}

    /** Sends one message and gives the status that the service answered. */
    public static int send(FakePushService service, VirtualSubscription browser, String payload) {
        var builder = new ProcessBuilder("node", SCRIPT.toString()).redirectErrorStream(true);
        builder.environment().put("NODE_EXTRA_CA_CERTS", service.certificate().toString());
        try {
            var process = builder.start();
            try (var order = process.getOutputStream()) {
                order.write(new JsonObject()
                        .put("subscription", browser.toJson())
                        .put("payload", payload)
                        .encode()
                        .getBytes(UTF_8));
            }
            var said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
            if (!said.matches("[0-9]{3}")) {
                throw new IllegalStateException("web-push does not send (scripts/test installs it):\n" + said);
            }
            return Integer.parseInt(said);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
