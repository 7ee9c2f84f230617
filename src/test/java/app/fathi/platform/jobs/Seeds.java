package app.fathi.platform.jobs;

import java.util.Random;
import java.util.SplittableRandom;

/** Random histories by number. */
final class Seeds {
    private Seeds() {}

    /** Neighbouring seeds of {@link Random} begin alike: its first boolean is the same for thousands of them. */
    static Random random(long seed) {
        return new Random(new SplittableRandom(seed).nextLong());
    }
}
