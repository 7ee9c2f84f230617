package app.fathi.platform.stream;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Where records of one append belong.
 *
 * @param parts the partition of each record
 * @param places its place among those of its partition, from 0
 * @param moved the partitions that get some, ascending
 * @param counts how many each of these gets
 */
record Places(Short[] parts, Integer[] places, Short[] moved, Integer[] counts) {

    static Places of(List<StreamRecord> records) {
        var parts = new Short[records.size()];
        var places = new Integer[records.size()];
        var counts = new int[Streams.PARTITIONS];
        for (int i = 0; i < records.size(); i++) {
            int part = Streams.partition(records.get(i));
            parts[i] = (short) part;
            places[i] = counts[part]++;
        }
        var moved = IntStream.range(0, Streams.PARTITIONS)
                .filter(part -> counts[part] > 0)
                .toArray();
        return new Places(
                parts,
                places,
                IntStream.of(moved).mapToObj(part -> (short) part).toArray(Short[]::new),
                IntStream.of(moved).mapToObj(part -> counts[part]).toArray(Integer[]::new));
    }
}
