package app.fathi.platform.security;

import io.vertx.core.Future;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What a node remembers about credentials and rights: at most 10,000 entries, each believed until its workspace's
 * security epoch moves, and for 30 seconds at most. Thread-safe.
 */
public final class EpochCache<K, V> {
    private static final int MAX_ENTRIES = 10_000;
    private static final long MAX_AGE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** What a look-up found, and in which workspace. */
    public record Found<V>(int ws, V value) {}

    private record Remembered<V>(int ws, long epoch, long atNanos, V value) {}

    private final SecurityEpochs epochs;
    private final Map<K, Remembered<V>> entries = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, Remembered<V>> eldest) {
            return size() > MAX_ENTRIES;
        }
    };

    public EpochCache(SecurityEpochs epochs) {
        this.epochs = epochs;
    }

    public static <V> Found<V> found(int ws, V value) {
        return new Found<>(ws, value);
    }

    /** The remembered value, else what the look-up finds; a look-up that finds nothing gives null, which is not remembered. */
    public Future<V> get(K key, Supplier<Future<Found<V>>> lookUp) {
        var entry = entry(key);
        if (entry != null && believed(entry)) {
            return Future.succeededFuture(entry.value);
        }
        // The epoch is noted before the look-up: what changes meanwhile makes the entry old, never wrong.
        var snapshot = epochs.snapshot();
        long now = System.nanoTime();
        return lookUp.get().map(found -> {
            if (found == null) {
                forget(key);
                return null;
            }
            remember(key, new Remembered<>(found.ws, SecurityEpochs.epoch(snapshot, found.ws), now, found.value));
            return found.value;
        });
    }

    /** Whether the value is remembered and still believed. */
    public boolean has(K key) {
        var entry = entry(key);
        return entry != null && believed(entry);
    }

    private boolean believed(Remembered<V> entry) {
        return System.nanoTime() - entry.atNanos < MAX_AGE_NANOS && epochs.holds(entry.ws, entry.epoch);
    }

    private Remembered<V> entry(K key) {
        synchronized (entries) {
            return entries.get(key);
        }
    }

    private void remember(K key, Remembered<V> entry) {
        synchronized (entries) {
            entries.put(key, entry);
        }
    }

    private void forget(K key) {
        synchronized (entries) {
            entries.remove(key);
        }
    }
}
