package app.fathi.cep.policies;

import app.fathi.cep.message.Plan;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a person got lately: at most {@link #MOST} messages, the oldest first. One entry stands for one message, however many
 * devices it went to and however often it is tried. Immutable.
 */
public record Ring(List<Sent> sent) {
    /** Messages that are remembered of a person; no cap is above it. */
    static final int MOST = 64;

    public static final Ring EMPTY = new Ring(List.of());

    private static final int OCTETS = Integer.BYTES + Long.BYTES + Byte.BYTES + Integer.BYTES;

    /** The upper octet of a run's number is never used: it has how far the priority is from the usual one. */
    private static final int PRIORITY_SHIFT = 56;

    public Ring {
        sent = List.copyOf(sent);
    }

    /**
     * One message.
     *
     * @param second since 1970; when it was about to leave
     * @param run by which it is known: the same message is never counted twice
     * @param tag {@link #tag(String)}
     * @param priority see {@link Plan#priority}
     */
    public record Sent(long second, long run, int channel, int tag, int priority) {

        /** One as important as others. */
        Sent(long second, long run, int channel, int tag) {
            this(second, run, channel, tag, Plan.USUAL_PRIORITY);
        }

        private static Sent read(ByteBuffer in) {
            long second = Integer.toUnsignedLong(in.getInt());
            long marked = in.getLong();
            return new Sent(
                    second,
                    marked & (1L << PRIORITY_SHIFT) - 1,
                    in.get(),
                    in.getInt(),
                    Plan.USUAL_PRIORITY + (byte) (marked >> PRIORITY_SHIFT));
        }

        private void write(ByteBuffer out) {
            out.putInt((int) second)
                    .putLong(run | (long) (priority - Plan.USUAL_PRIORITY) << PRIORITY_SHIFT)
                    .put((byte) channel)
                    .putInt(tag);
        }

        public Instant at() {
            return Instant.ofEpochSecond(second);
        }
    }

    /** The tag as it is kept; 0 for none. Two tags in four thousand million are the same. */
    public static int tag(String word) {
        return word == null ? 0 : Math.max(1, word.hashCode() & Integer.MAX_VALUE);
    }

    public boolean has(long run) {
        return sent.stream().anyMatch(one -> one.run == run);
    }

    /**
     * With one more. Where there are too many the oldest goes that no cap counts.
     *
     * @param needs what caps count; the sum of their limits is at most {@link #MOST}
     */
    public Ring with(Sent one, List<Need> needs) {
        var all = new ArrayList<>(sent);
        all.add(one);
        return of(all, needs);
    }

    public Ring without(long run) {
        return new Ring(sent.stream().filter(one -> one.run != run).toList());
    }

    /** What two people got who are one. */
    public Ring and(Ring other) {
        var all = new ArrayList<>(sent);
        other.sent.stream().filter(one -> !has(one.run)).forEach(all::add);
        return of(all, List.of());
    }

    /** So many of the latest messages must not be forgotten. */
    record Need(Scope scope, int limit) {}

    private static Ring of(List<Sent> all, List<Need> needs) {
        all.sort(Comparator.comparingLong(Sent::second));
        if (all.size() > MOST) {
            var needed = needed(all, needs);
            for (int i = 0; all.size() > MOST; ) {
                if (needed.contains(all.get(i))) {
                    i++;
                } else {
                    all.remove(i);
                }
            }
        }
        return new Ring(all);
    }

    private static Set<Sent> needed(List<Sent> all, List<Need> needs) {
        var needed = new HashSet<Sent>();
        for (var need : needs) {
            all.reversed().stream().filter(need.scope::counts).limit(need.limit).forEach(needed::add);
        }
        return needed;
    }

    static Ring of(byte[] octets) {
        var in = ByteBuffer.wrap(octets);
        var all = new ArrayList<Sent>(octets.length / OCTETS);
        while (in.remaining() >= OCTETS) {
            all.add(Sent.read(in));
        }
        return all.isEmpty() ? EMPTY : new Ring(all);
    }

    byte[] octets() {
        var out = ByteBuffer.allocate(sent.size() * OCTETS);
        sent.forEach(one -> one.write(out));
        return out.array();
    }
}
