package app.fathi.bench;

import app.fathi.testing.TestCertificate;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.OpenSSLEngineOptions;

/**
 * What a client is measured against: takes any POST over TLS and HTTP/2, looks at nothing and answers 201, as cheaply as
 * Vert.x can. Says where it listens, then runs until its standard input ends.
 */
final class PushSink {
    private static final int STREAMS = 100;

    private PushSink() {}

    public static void main(String[] arguments) throws Exception {
        var vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        var options = new HttpServerOptions()
                .setHost("127.0.0.1")
                .setPort(0)
                .setSsl(true)
                .setKeyCertOptions(TestCertificate.get().keyCertOptions())
                .setUseAlpn(true);
        options.getInitialSettings().setMaxConcurrentStreams(STREAMS);
        if (OpenSSLEngineOptions.isAvailable()) {
            options.setSslEngineOptions(new OpenSSLEngineOptions());
        }
        var server = vertx.createHttpServer(options)
                .requestHandler(request -> request.endHandler(
                        end -> request.response().setStatusCode(201).end()))
                .listen()
                .await();
        System.out.println(new JsonObject()
                .put("url", "https://localhost:" + server.actualPort())
                .encode());
        while (System.in.read() >= 0) {
            // Its parent lives.
        }
        System.exit(0);
    }
}
