package app.fathi.bench;

import app.fathi.platform.config.Config;
import io.netty.handler.ssl.OpenSsl;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.SocketAddress;
import java.net.URI;
import java.util.Map;

/** The library under {@code PushClient} without it: the same request to one known address, nothing checked, nothing told. */
final class BareClientLoad {
    private BareClientLoad() {}

    public static void main(String[] arguments) throws Exception {
        var config = Config.of(Map.of());
        var vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        var client = vertx.createHttpClient(
                new HttpClientOptions()
                        .setProtocolVersion(HttpVersion.HTTP_2)
                        .setUseAlpn(true)
                        .setSsl(true)
                        .setTrustAll(true)
                        .setVerifyHost(false)
                        .setSslEngineOptions(
                                OpenSsl.isAvailable() ? new OpenSSLEngineOptions() : new JdkSSLEngineOptions())
                        .setHttp2MultiplexingLimit(config.outbound().streamsPerConnection()),
                new PoolOptions().setHttp2MaxSize(config.outbound().connectionsPerOrigin()));
        var url = URI.create(arguments[0]);
        var server = SocketAddress.inetSocketAddress(url.getPort(), "127.0.0.1");
        var body = Buffer.buffer(ClientLoad.BODY);
        ClientLoad.serve(vertx, config, recipient -> client.request(new RequestOptions()
                        .setMethod(HttpMethod.POST)
                        .setServer(server)
                        .setHost(url.getHost())
                        .setPort(url.getPort())
                        .setURI(ClientLoad.PATHS.get(recipient)))
                .compose(request -> request.putHeader("ttl", "86400")
                        .putHeader("urgency", "normal")
                        .putHeader("topic", ClientLoad.TOPICS.get(recipient))
                        .putHeader("content-type", "application/octet-stream")
                        .putHeader("content-encoding", "aes128gcm")
                        .putHeader("authorization", ClientLoad.AUTHORIZATION)
                        .send(body))
                .map(HttpClientResponse::statusCode));
    }
}
