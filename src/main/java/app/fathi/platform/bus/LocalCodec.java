package app.fathi.platform.bus;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.MessageCodec;

/** Passes immutable values by reference over the local bus. They never leave the node. */
final class LocalCodec<T> implements MessageCodec<T, T> {
    private final Class<T> type;

    private LocalCodec(Class<T> type) {
        this.type = type;
    }

    static <T> void register(Vertx vertx, Class<T> type) {
        vertx.eventBus().registerDefaultCodec(type, new LocalCodec<>(type));
    }

    @Override
    public void encodeToWire(Buffer buffer, T value) {
        throw new IllegalStateException(type.getSimpleName() + " never leaves its node");
    }

    @Override
    public T decodeFromWire(int position, Buffer buffer) {
        throw new IllegalStateException(type.getSimpleName() + " never leaves its node");
    }

    @Override
    public T transform(T value) {
        return value;
    }

    @Override
    public String name() {
        return "fathi.local." + type.getSimpleName();
    }

    @Override
    public byte systemCodecID() {
        return -1;
    }
}
