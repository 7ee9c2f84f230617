package app.fathi.platform.bus;

import io.vertx.core.Vertx;

/** What has to be done once on each Vert.x instance before anything is sent: the codecs of the values that pass by reference. */
public final class Bus {
    private Bus() {}

    public static void prepare(Vertx vertx) {
        LocalCodec.register(vertx, Call.class);
        LocalCodec.register(vertx, Reply.class);
    }
}
