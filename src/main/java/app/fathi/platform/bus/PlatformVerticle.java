package app.fathi.platform.bus;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The door of the platform: answers the operations of its parts, each of which binds its own. */
public final class PlatformVerticle extends VerticleBase {
    private final Map<String, Function<Call, Future<Reply>>> operations;

    public PlatformVerticle(List<Map<String, Function<Call, Future<Reply>>>> parts) {
        var all = new HashMap<String, Function<Call, Future<Reply>>>();
        parts.forEach(all::putAll);
        this.operations = Map.copyOf(all);
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return operations;
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "platform", operations);
    }
}
