package app.fathi.segments;

import app.fathi.segments.BlocksStore.Version;
import app.fathi.segments.BlocksStore.Versioned;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.roaringbitmap.RoaringBitmap;

/**
 * The bitmaps of segments, those at hand that were read last. The database is asked each time which of them are as they were, so
 * an answer is never older than the database's; only what has changed is read.
 */
public final class Bitmaps {
    private record Key(int ws, int segment) {}

    /** The blocks of one segment as they were read; never changed. */
    private record Kept(List<Versioned> blocks, int octets) {
        static Kept of(List<Versioned> blocks) {
            return new Kept(
                    List.copyOf(blocks),
                    blocks.stream()
                            .mapToInt(block -> block.bits().getSizeInBytes())
                            .sum());
        }
    }

    private final BlocksStore store = new BlocksStore();
    private final Cache<Key, Kept> cache;

    /**
     * One for the node.
     *
     * @param cacheBytes so much is kept at hand
     */
    public Bitmaps(int cacheBytes) {
        cache = Caffeine.newBuilder()
                .maximumWeight(cacheBytes)
                .weigher((Key key, Kept kept) -> kept.octets())
                .build();
    }

    /** All blocks of these segments in which somebody is, by block and segment. Nobody may change these bitmaps. */
    Future<TreeMap<Integer, Map<Integer, RoaringBitmap>>> read(SqlClient client, int ws, Collection<Integer> segments) {
        var known = new HashMap<Version, Versioned>();
        segments.stream()
                .map(segment -> cache.getIfPresent(new Key(ws, segment)))
                .filter(Objects::nonNull)
                .forEach(kept -> kept.blocks().forEach(block -> known.put(block.version(), block)));
        return store.read(client, ws, segments, known.keySet()).map(found -> {
            var bySegment = new HashMap<Integer, List<Versioned>>();
            var byBlock = new TreeMap<Integer, Map<Integer, RoaringBitmap>>();
            for (var one : found) {
                var version = one.version();
                var block = one.bits() == null ? known.get(version) : one;
                bySegment
                        .computeIfAbsent(version.segment(), none -> new ArrayList<>())
                        .add(block);
                byBlock.computeIfAbsent(version.block(), none -> new HashMap<>())
                        .put(version.segment(), block.bits());
            }
            bySegment.forEach((segment, blocks) -> cache.put(new Key(ws, segment), Kept.of(blocks)));
            return byBlock;
        });
    }
}
