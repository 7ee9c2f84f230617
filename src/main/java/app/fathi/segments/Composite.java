package app.fathi.segments;

import app.fathi.segments.rules.Rule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.roaringbitmap.RoaringBitmap;

/**
 * A rule that only speaks of kept segments: it is answered by their bitmaps, without asking anybody.
 *
 * @param numbers the small numbers of the segments that it names
 */
record Composite(Rule rule, Map<UUID, Integer> numbers) {

    /** What the bitmaps of one block come to. */
    record Answer(int block, RoaringBitmap people, int reachable) {
        /** The highest numbers, so many of them, the highest first. */
        List<Integer> newest(int limit) {
            var found = new ArrayList<Integer>();
            var bits = people.getReverseIntIterator();
            while (bits.hasNext() && found.size() < limit) {
                found.add(BlocksStore.profileNo(block, bits.next()));
            }
            return found;
        }
    }

    /** The segments that a rule names; empty when it speaks of anything else, too, and when it names none. */
    static Optional<Set<UUID>> names(Rule rule) {
        var names = new HashSet<UUID>();
        // Where no segment is kept, neither is who everybody is.
        return isComposite(rule, names) && !names.isEmpty() ? Optional.of(names) : Optional.empty();
    }

    private static boolean isComposite(Rule rule, Set<UUID> names) {
        return switch (rule) {
            case Rule.And(var rules) -> rules.stream().allMatch(one -> isComposite(one, names));
            case Rule.Or(var rules) -> rules.stream().allMatch(one -> isComposite(one, names));
            case Rule.Not(var negated) -> isComposite(negated, names);
            case Rule.Member(var segment) -> {
                names.add(segment);
                yield true;
            }
            default -> false;
        };
    }

    /**
     * The answers block by block, the highest numbers first.
     *
     * @param blocks by block and segment, with those of everybody and of whom web push reaches
     */
    List<Answer> answer(TreeMap<Integer, Map<Integer, RoaringBitmap>> blocks) {
        var answers = new ArrayList<Answer>();
        blocks.descendingMap().forEach((block, bits) -> {
            var everybody = bits.getOrDefault(LiveSegments.EVERYBODY, new RoaringBitmap());
            // Who became part of somebody else may still be in a bitmap that follows a moment later.
            var people = RoaringBitmap.and(answer(rule, bits, everybody), everybody);
            var reachable = bits.get(LiveSegments.SUBSCRIBED);
            answers.add(
                    new Answer(block, people, reachable == null ? 0 : RoaringBitmap.andCardinality(people, reachable)));
        });
        return answers;
    }

    private RoaringBitmap answer(Rule asked, Map<Integer, RoaringBitmap> bits, RoaringBitmap everybody) {
        return switch (asked) {
            case Rule.And(var rules) ->
                rules.stream()
                        .map(one -> answer(one, bits, everybody))
                        .reduce((one, other) -> RoaringBitmap.and(one, other))
                        .orElse(everybody);
            case Rule.Or(var rules) ->
                rules.stream()
                        .map(one -> answer(one, bits, everybody))
                        .reduce((one, other) -> RoaringBitmap.or(one, other))
                        .orElseGet(RoaringBitmap::new);
            case Rule.Not(var negated) -> RoaringBitmap.andNot(everybody, answer(negated, bits, everybody));
            case Rule.Member(var segment) -> bits.getOrDefault(numbers.get(segment), new RoaringBitmap());
            default -> throw new IllegalStateException("no composite: " + asked);
        };
    }
}
