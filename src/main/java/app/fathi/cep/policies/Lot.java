package app.fathi.cep.policies;

import java.util.UUID;

/** Draws by chance what always comes out the same: of a person, for one thing. */
public final class Lot {
    /** Parts of a hundred: shares are told to the tenth of a percent. */
    private static final int PARTS = 1_000;

    private Lot() {}

    /** Whether a person is among so many of a hundred; who is among few is among more. */
    public static boolean isAmong(UUID thing, int no, double percent) {
        // The upper bits, so that nothing else that is drawn for the thing goes with it.
        return percent > 0 && Long.remainderUnsigned(mixed(thing, no) >>> Integer.SIZE, PARTS) < percent * PARTS / 100;
    }

    /** From 0 to below {@code ends}. */
    public static int of(UUID thing, int no, int ends) {
        return (int) Long.remainderUnsigned(mixed(thing, no) & 0xFFFF_FFFFL, ends);
    }

    private static long mixed(UUID thing, int no) {
        return mix(thing.getMostSignificantBits() ^ mix(thing.getLeastSignificantBits() + no));
    }

    /** The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
    static long mix(long seed) {
        long mixed = seed + 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }
}
