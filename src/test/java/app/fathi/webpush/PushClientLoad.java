package app.fathi.webpush;

import app.fathi.bench.ClientLoad;
import app.fathi.cep.message.Channel.Gate;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.config.Config;
import app.fathi.platform.health.Metrics;
import app.fathi.platform.outbound.OutboundGuard;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.URI;
import java.time.Clock;
import java.util.Map;
import java.util.UUID;

/** The contender that is Fathi's own client, with the settings, metrics and guard of the server. */
final class PushClientLoad {
    private static final UUID KEY_ID = UUID.randomUUID();
    private static final Gate OPEN = () -> true;

    private PushClientLoad() {}

    public static void main(String[] arguments) throws Exception {
        var config = Config.of(
                Map.of("FATHI_OUTBOUND_ALLOW", "127.0.0.0/8", "FATHI_OUTBOUND_TRUSTED_CERTIFICATE", arguments[1]));
        var vertx = new Metrics()
                .measure(Vertx.builder(), new VertxOptions().setPreferNativeTransport(true))
                .build();
        var client = new PushClient(vertx, config, new OutboundGuard(vertx, config.outbound()), Clock.systemUTC());
        var endpoints = ClientLoad.PATHS.stream()
                .map(path -> URI.create(arguments[0] + path))
                .toList();
        ClientLoad.serve(vertx, config, recipient -> client.send(
                        new PushRequest(
                                endpoints.get(recipient),
                                ClientLoad.BODY,
                                ClientLoad.AUTHORIZATION,
                                KEY_ID,
                                true,
                                false,
                                86_400,
                                Urgency.NORMAL,
                                ClientLoad.TOPICS.get(recipient)),
                        OPEN)
                .map(PushAnswer::httpStatus));
    }
}
