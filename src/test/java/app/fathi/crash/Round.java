package app.fathi.crash;

/** What one fault looked like from outside, in a line. */
public final class Round {
    private final CrashWorld world;
    private final long requests;
    private final long began = System.nanoTime();

    private Round(CrashWorld world) {
        this.world = world;
        this.requests = world.push.requests();
    }

    public static Round of(CrashWorld world) {
        return new Round(world);
    }

    /** @param what the fault, and what is particular to it */
    public void saw(Oracle oracle, String what, Object... values) {
        saw(oracle.duplicates(), what, values);
    }

    public void saw(long duplicates, String what, Object... values) {
        System.out.printf(
                "%s; %d requests, %d came twice, %.1f s, seed %d%n",
                what.formatted(values),
                world.push.requests() - requests,
                duplicates,
                (System.nanoTime() - began) * 1e-9,
                Seeded.SEED);
    }
}
