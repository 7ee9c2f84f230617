package app.fathi.testing;

import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands between a client and a server of 127.0.0.1, to let their connections die without a word. */
public final class TcpProxy implements AutoCloseable {
    private final Vertx vertx = Vertx.vertx();
    private final List<NetSocket> open = new CopyOnWriteArrayList<>();
    private final NetServer server;

    public TcpProxy(int port) {
        var client = vertx.createNetClient();
        server = vertx.createNetServer().connectHandler(near -> {
            near.pause();
            open.add(near);
            client.connect(port, "127.0.0.1")
                    .onSuccess(far -> {
                        open.add(far);
                        near.handler(far::write).closeHandler(closed -> far.close());
                        far.handler(near::write).closeHandler(closed -> near.close());
                        near.resume();
                    })
                    .onFailure(refused -> near.close());
        });
        server.listen(0, "127.0.0.1").await();
    }

    public int port() {
        return server.actualPort();
    }

    /** From now on nothing passes on the connections that are open, and neither side is told. New ones are fine. */
    public void freeze() {
        open.forEach(socket -> socket.handler(lost -> {}).closeHandler(closed -> {}));
        open.clear();
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}
