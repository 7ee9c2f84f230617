package app.fathi.cep;

import app.fathi.cep.stops.HoldStore;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What was made before a restore waits to be released: the instance that made it may have sent it since. Senders read the
 * hold with the run's state, as they read kill switches; but what it holds is not over, it sleeps until it is released or
 * its time is up. Set and released by {@link app.fathi.cep.stops.OperatorHold}. Messages made afterwards know nothing of it.
 *
 * <p>A domain whose jobs or timers make messages of their own accord has to make them under the run order of when they were
 * asked for, or to ask here first.
 */
public final class Holds {
    private final Pool pool;
    private final AtomicInteger held = new AtomicInteger();

    /** For who makes a message of their own accord: whether it waits with the older ones, because it was asked for then. */
    public static Future<Boolean> concern(SqlClient client, Instant askedFor) {
        return HoldStore.heldAt(client).map(held -> held.isPresent() && !askedFor.isAfter(held.get()));
    }

    public Holds(Pool pool, MeterRegistry registry) {
        this.pool = pool;
        registry.gauge("sending.held", held);
    }

    /** Whether older messages wait; also what the metric says from then on. */
    public Future<Boolean> any() {
        return HoldStore.isHeld(pool).map(is -> {
            held.set(is ? 1 : 0);
            return is;
        });
    }
}
