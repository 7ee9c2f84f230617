package app.fathi.platform.security;

import app.fathi.platform.config.Config;
import app.fathi.platform.logging.Thrown;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes revocations work within a second on every node. Each change that takes a right away bumps its workspace's epoch
 * in its own transaction; every node reads the epochs twice a second and forgets what it knew under another number. A
 * node that could not read them for a second trusts nothing that it remembers. Thread-safe.
 */
public final class SecurityEpochs {
    private static final Logger LOG = LoggerFactory.getLogger(SecurityEpochs.class);

    private final Vertx vertx;
    private final Pool pool;
    private final long pollMillis;
    private final long staleNanos;
    private volatile Known known;
    private volatile long timer = -1;

    /** @param readNanos {@link System#nanoTime()} before the epochs were asked for */
    private record Known(Map<Integer, Long> epochs, long readNanos) {}

    public SecurityEpochs(Vertx vertx, Pool pool, Config.Security settings) {
        this.vertx = vertx;
        this.pool = pool;
        this.pollMillis = settings.epochPollMillis();
        this.staleNanos = TimeUnit.MILLISECONDS.toNanos(settings.epochStaleMillis());
        this.known = new Known(Map.of(), System.nanoTime() - staleNanos - 1);
    }

    /** Reads the epochs once, then keeps reading them until {@link #stop}. */
    public Future<Void> start() {
        timer = vertx.setPeriodic(pollMillis, id -> refresh()
                .onFailure(failure -> LOG.warn("Security epochs cannot be read: {}", Thrown.text(failure))));
        return refresh();
    }

    public void stop() {
        vertx.cancelTimer(timer);
    }

    /** How old what this node knows is: beyond {@code security.epochStaleMillis} it looks up rights at each request. */
    public void measure(MeterRegistry registry) {
        Gauge.builder("security.epochs.age", this, epochs -> (System.nanoTime() - epochs.known.readNanos) / 1e9)
                .baseUnit("seconds")
                .register(registry);
    }

    /** To be called in the transaction of every revocation, role, key or policy change. */
    public static Future<Void> bump(SqlClient tx, int ws) {
        return tx.preparedQuery(
                        """
                        INSERT INTO security_epoch AS e (ws, epoch) VALUES ($1, 1)
                        ON CONFLICT (ws) DO UPDATE SET epoch = e.epoch + 1
                        """)
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    /** To be called after such a transaction committed: this node knows at once. */
    public Future<Void> refresh() {
        long before = System.nanoTime();
        return pool.preparedQuery("SELECT ws, epoch FROM security_epoch")
                .execute()
                .map(rows -> {
                    var epochs = new HashMap<Integer, Long>();
                    rows.forEach(row -> epochs.put(row.getInteger("ws"), row.getLong("epoch")));
                    take(new Known(Map.copyOf(epochs), before));
                    return null;
                });
    }

    /** Answers may overtake each other: the one that was asked last counts. */
    private synchronized void take(Known read) {
        if (read.readNanos - known.readNanos > 0) {
            known = read;
        }
    }

    /** What was read last; a cache remembers the numbers it looked up under. */
    Map<Integer, Long> snapshot() {
        return known.epochs;
    }

    static long epoch(Map<Integer, Long> snapshot, int ws) {
        return snapshot.getOrDefault(ws, 0L);
    }

    /** Whether something looked up under this epoch may still be believed. */
    boolean holds(int ws, long epoch) {
        var now = known;
        return epoch(now.epochs, ws) == epoch && System.nanoTime() - now.readNanos < staleNanos;
    }
}
