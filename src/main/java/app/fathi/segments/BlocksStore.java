package app.fathi.segments;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.roaringbitmap.RoaringBitmap;

/**
 * All SQL over {@code segments_block}: membership as bitmaps of 65,536 profile numbers each. They are written under their own
 * lock, from what people's rows say once it is held: whoever changes a row later tells so, and then it is written again.
 */
final class BlocksStore {
    private static final int BLOCK_BITS = 16;
    private static final int IN_BLOCK = (1 << BLOCK_BITS) - 1;

    /** A person in, or no longer in, a segment, by their numbers. */
    record Place(int segment, int profileNo) implements Comparable<Place> {
        int block() {
            return profileNo >> BLOCK_BITS;
        }

        @Override
        public int compareTo(Place other) {
            return segment != other.segment
                    ? Integer.compare(segment, other.segment)
                    : Integer.compare(profileNo, other.profileNo);
        }
    }

    private record Block(int segment, int block) implements Comparable<Block> {
        @Override
        public int compareTo(Block other) {
            return segment != other.segment
                    ? Integer.compare(segment, other.segment)
                    : Integer.compare(block, other.block);
        }
    }

    /** Puts down for these places what the people's rows say. */
    Future<Void> turn(SqlConnection tx, int ws, Set<Place> places) {
        var byBlock = new TreeMap<Block, List<Place>>();
        places.forEach(
                place -> byBlock.computeIfAbsent(new Block(place.segment(), place.block()), block -> new ArrayList<>())
                        .add(place));
        return lock(tx, ws, byBlock.keySet()).compose(bits -> members(
                        tx, ws, places.stream().map(Place::profileNo).toList())
                .compose(members -> {
                    byBlock.forEach((block, all) -> all.forEach(place -> {
                        var in = Arrays.binarySearch(
                                members.getOrDefault(place.profileNo(), new int[0]), place.segment());
                        if (in >= 0) {
                            bits.get(block).add(place.profileNo() & IN_BLOCK);
                        } else {
                            bits.get(block).remove(place.profileNo() & IN_BLOCK);
                        }
                    }));
                    return write(tx, ws, bits);
                }));
    }

    private Future<Map<Block, RoaringBitmap>> lock(SqlConnection tx, int ws, Collection<Block> blocks) {
        var segments = blocks.stream().map(Block::segment).toArray(Integer[]::new);
        var numbers = blocks.stream().map(Block::block).toArray(Integer[]::new);
        var empty = encode(new RoaringBitmap());
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_block (ws, segment, block, people, bits)
                        SELECT $1, b.segment, b.block, 0, $4 FROM unnest($2::int[], $3::int[]) AS b (segment, block) ORDER BY 2, 3
                        ON CONFLICT DO NOTHING
                        """)
                .execute(Tuple.of(ws, segments, numbers, empty))
                .compose(done -> tx.preparedQuery(
                                """
                                SELECT s.segment, s.block, s.bits FROM segments_block s
                                JOIN unnest($2::int[], $3::int[]) AS b (segment, block) ON s.segment = b.segment AND s.block = b.block
                                WHERE s.ws = $1 ORDER BY s.segment, s.block FOR UPDATE OF s
                                """)
                        .execute(Tuple.of(ws, segments, numbers)))
                .map(rows -> {
                    var bits = new TreeMap<Block, RoaringBitmap>();
                    rows.forEach(row -> bits.put(
                            new Block(row.getInteger("segment"), row.getInteger("block")),
                            decode(row.getBuffer("bits"))));
                    return bits;
                });
    }

    private Future<Map<Integer, int[]>> members(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(
                        "SELECT profile_no, members FROM segments_person WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) people.stream().distinct().toArray(Integer[]::new)))
                .map(rows -> {
                    var found = new HashMap<Integer, int[]>();
                    rows.forEach(row -> found.put(
                            row.getInteger("profile_no"),
                            Arrays.stream(row.getArrayOfIntegers("members"))
                                    .mapToInt(Integer::intValue)
                                    .toArray()));
                    return found;
                });
    }

    private Future<Void> write(SqlConnection tx, int ws, Map<Block, RoaringBitmap> bits) {
        bits.values().forEach(RoaringBitmap::runOptimize);
        return tx.preparedQuery(
                        """
                        UPDATE segments_block s SET people = c.people, bits = c.bits
                        FROM unnest($2::int[], $3::int[], $4::int[], $5::bytea[]) AS c (segment, block, people, bits)
                        WHERE s.ws = $1 AND s.segment = c.segment AND s.block = c.block
                        """)
                .execute(Tuple.of(
                        ws,
                        bits.keySet().stream().map(Block::segment).toArray(Integer[]::new),
                        bits.keySet().stream().map(Block::block).toArray(Integer[]::new),
                        bits.values().stream()
                                .map(RoaringBitmap::getCardinality)
                                .toArray(Integer[]::new),
                        bits.values().stream().map(BlocksStore::encode).toArray(Buffer[]::new)))
                .mapEmpty();
    }

    /** Counts a block of these segments anew: after everybody in it was asked. */
    Future<Void> recount(SqlConnection tx, int ws, Collection<Integer> segments, int block) {
        var fresh = new TreeMap<Block, RoaringBitmap>();
        segments.forEach(segment -> fresh.put(new Block(segment, block), new RoaringBitmap()));
        return lock(tx, ws, fresh.keySet())
                .compose(locked -> tx.preparedQuery(
                                """
                                SELECT profile_no, members FROM segments_person
                                WHERE ws = $1 AND profile_no BETWEEN $2 AND $3 AND members && $4::int[]
                                """)
                        .execute(Tuple.of(
                                ws,
                                block << BLOCK_BITS,
                                (block << BLOCK_BITS) + IN_BLOCK,
                                segments.toArray(Integer[]::new))))
                .compose(rows -> {
                    for (var row : rows) {
                        for (var segment : row.getArrayOfIntegers("members")) {
                            var bits = fresh.get(new Block(segment, block));
                            if (bits != null) {
                                bits.add(row.getInteger("profile_no") & IN_BLOCK);
                            }
                        }
                    }
                    return write(tx, ws, fresh);
                });
    }

    /** In which version a bitmap is known; a version is never used again while a process runs. */
    record Version(int segment, int block, long number) {}

    /** @param bits null where they are known in this version */
    record Versioned(Version version, RoaringBitmap bits) {}

    /** All blocks of these segments in which somebody is; octets come only of what is not known as it is now. */
    Future<List<Versioned>> read(SqlClient client, int ws, Collection<Integer> segments, Collection<Version> known) {
        return client.preparedQuery(
                        """
                        SELECT s.segment, s.block, s.xmin::text::bigint AS version,
                               CASE WHEN (s.segment, s.block, s.xmin::text::bigint) IN (
                                 SELECT k.segment, k.block, k.version FROM unnest($3::int[], $4::int[], $5::bigint[]) AS k (segment, block, version))
                               THEN NULL ELSE s.bits END AS bits
                        FROM segments_block s WHERE s.ws = $1 AND s.segment = ANY ($2) AND s.people > 0
                        """)
                .execute(Tuple.of(
                        ws,
                        segments.toArray(Integer[]::new),
                        known.stream().map(Version::segment).toArray(Integer[]::new),
                        known.stream().map(Version::block).toArray(Integer[]::new),
                        known.stream().map(Version::number).toArray(Long[]::new)))
                .map(rows -> {
                    var found = new ArrayList<Versioned>();
                    for (var row : rows) {
                        var octets = row.getBuffer("bits");
                        found.add(new Versioned(
                                new Version(row.getInteger("segment"), row.getInteger("block"), row.getLong("version")),
                                octets == null ? null : decode(octets)));
                    }
                    return found;
                });
    }

    static int profileNo(int block, int bit) {
        return (block << BLOCK_BITS) + bit;
    }

    static int block(int profileNo) {
        return profileNo >> BLOCK_BITS;
    }

    Future<Void> delete(SqlClient tx, int ws, int segment) {
        return tx.preparedQuery("DELETE FROM segments_block WHERE ws = $1 AND segment = $2")
                .execute(Tuple.of(ws, segment))
                .mapEmpty();
    }

    /** How many people are in each of these segments; none for those of which nothing is kept yet. */
    Future<Map<Integer, Long>> people(SqlClient client, int ws, Collection<Integer> segments) {
        return client.preparedQuery(
                        """
                        SELECT segment, sum(people) AS people FROM segments_block
                        WHERE ws = $1 AND segment = ANY ($2) GROUP BY segment
                        """)
                .execute(Tuple.of(ws, (Object) segments.toArray(Integer[]::new)))
                .map(rows -> {
                    var people = new HashMap<Integer, Long>();
                    rows.forEach(row -> people.put(row.getInteger("segment"), row.getLong("people")));
                    return people;
                });
    }

    /** How many people are in a segment, and how many of them web push reaches. */
    record Size(long people, long reachable) {}

    /** Of each of these segments in which somebody is. A block is read at once for all of them, so memory is bounded. */
    Future<Map<Integer, Size>> sizes(SqlClient client, int ws, Collection<Integer> segments) {
        var sizes = new HashMap<Integer, Size>();
        return client.preparedQuery(
                        "SELECT DISTINCT block FROM segments_block WHERE ws = $1 AND segment = ANY ($2) AND people > 0")
                .execute(Tuple.of(ws, (Object) segments.toArray(Integer[]::new)))
                .compose(rows -> {
                    Future<Void> chain = Future.succeededFuture();
                    for (var row : rows) {
                        int block = row.getInteger("block");
                        chain = chain.compose(done -> block(client, ws, segments, block))
                                .map(bits -> {
                                    add(sizes, segments, bits);
                                    return null;
                                });
                    }
                    return chain.map(sizes);
                });
    }

    private Future<Map<Integer, RoaringBitmap>> block(
            SqlClient client, int ws, Collection<Integer> segments, int block) {
        return client.preparedQuery(
                        """
                        SELECT segment, bits FROM segments_block
                        WHERE ws = $1 AND (segment = ANY ($2) OR segment = $3) AND block = $4 AND people > 0
                        """)
                .execute(Tuple.of(ws, segments.toArray(Integer[]::new), LiveSegments.SUBSCRIBED, block))
                .map(rows -> {
                    var bits = new HashMap<Integer, RoaringBitmap>();
                    rows.forEach(row -> bits.put(row.getInteger("segment"), decode(row.getBuffer("bits"))));
                    return bits;
                });
    }

    private static void add(Map<Integer, Size> sizes, Collection<Integer> segments, Map<Integer, RoaringBitmap> bits) {
        var reached = bits.getOrDefault(LiveSegments.SUBSCRIBED, new RoaringBitmap());
        for (int segment : segments) {
            var people = bits.get(segment);
            if (people != null) {
                sizes.merge(
                        segment,
                        new Size(people.getLongCardinality(), RoaringBitmap.andCardinality(people, reached)),
                        (one, other) -> new Size(one.people + other.people, one.reachable + other.reachable));
            }
        }
    }

    /** The highest numbers below {@code before} that are in the segment, the highest first. */
    Future<List<Integer>> page(SqlClient client, int ws, int segment, int before, int limit) {
        return page(client, ws, segment, before, before == 0 ? -1 : block(before - 1), limit, new ArrayList<>());
    }

    private Future<List<Integer>> page(
            SqlClient client, int ws, int segment, int before, int from, int limit, List<Integer> found) {
        return client.preparedQuery(
                        """
                        SELECT block, bits FROM segments_block
                        WHERE ws = $1 AND segment = $2 AND block <= $3 AND people > 0 ORDER BY block DESC LIMIT 1
                        """)
                .execute(Tuple.of(ws, segment, from))
                .compose(rows -> {
                    for (var row : rows) {
                        int block = row.getInteger("block");
                        var numbers = decode(row.getBuffer("bits")).getReverseIntIterator();
                        while (numbers.hasNext() && found.size() < limit) {
                            int no = profileNo(block, numbers.next());
                            if (no < before) {
                                found.add(no);
                            }
                        }
                        return found.size() < limit && block > 0
                                ? page(client, ws, segment, before, block - 1, limit, found)
                                : Future.succeededFuture(found);
                    }
                    return Future.succeededFuture(found);
                });
    }

    private static RoaringBitmap decode(Buffer octets) {
        var bits = new RoaringBitmap();
        try {
            bits.deserialize(ByteBuffer.wrap(octets.getBytes()));
        } catch (IOException e) {
            throw new UncheckedIOException("A block of segments_block cannot be read", e);
        }
        return bits;
    }

    private static Buffer encode(RoaringBitmap bits) {
        var octets = ByteBuffer.allocate(bits.serializedSizeInBytes());
        bits.serialize(octets);
        return Buffer.buffer(octets.array());
    }
}
