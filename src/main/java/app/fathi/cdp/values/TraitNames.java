package app.fathi.cdp.values;

/**
 * How many names of traits a workspace has rows for, which rules read. Anybody with a browser's key may invent names: what comes beyond is known
 * of people all the same, and whoever asks for it has to look at each of them. Names that nobody has any more make room.
 */
public final class TraitNames {
    /** Of one workspace. */
    public static final int MOST = 2_000;

    private static final int MAX_LENGTH = 200;

    private TraitNames() {}

    /** Whether a name has no rows however few names there are. */
    public static boolean isTooLong(String name) {
        return name.length() > MAX_LENGTH;
    }
}
