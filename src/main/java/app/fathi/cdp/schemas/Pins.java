package app.fathi.cdp.schemas;

import app.fathi.platform.errors.Problem;
import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.util.List;
import java.util.Map;

/** Looks at events at the door whose schema somebody has pinned. What is pinned holds within a second on every node. */
public final class Pins {
    /** In the event as it is stored: what its pinned schema found in it. */
    public static final String FLAGS = "flags";

    private final Pool pool;
    private final SchemaObserver observer;
    private final EpochCache<Integer, Map<SchemaName, Pin>> known;
    private final SchemasStore store = new SchemasStore();

    public Pins(Pool pool, SecurityEpochs epochs, SchemaObserver observer) {
        this.pool = pool;
        this.observer = observer;
        this.known = new EpochCache<>(epochs);
    }

    /** What is pinned in the workspace, to be used for all events of a request. */
    public Future<Pinned> of(int ws) {
        return known.get(ws, () -> store.pins(pool, ws).map(pins -> EpochCache.found(ws, pins)))
                .map(pins -> new Pinned(ws, pins, observer));
    }

    /** What is pinned in a workspace. */
    public record Pinned(int ws, Map<?, ?> pins, SchemaObserver observer) {

        /**
         * Writes into the event what does not fit.
         *
         * @param at where the event stands in the body
         * @return why it is refused; empty when it is not
         */
        public List<Problem.Fault> look(JsonObject event, String at) {
            if (pins.isEmpty()) {
                return List.of();
            }
            var name = SchemaName.of(event);
            if (!(pins.get(name) instanceof Pin pin)) {
                return List.of();
            }
            var faults = pin.faults(Property.of(event), Property.holder(event));
            if (faults.isEmpty()) {
                return List.of();
            }
            if (pin.rejects()) {
                observer.rejected(ws, name);
                return faults.stream()
                        .map(fault -> new Problem.Fault(at + fault.pointer(), fault.detail()))
                        .toList();
            }
            var flags = new JsonArray();
            faults.forEach(fault ->
                    flags.add(new JsonObject().put("pointer", fault.pointer()).put("detail", fault.detail())));
            event.put(FLAGS, flags);
            return List.of();
        }
    }
}
