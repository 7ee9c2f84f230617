package app.fathi.testing;

import java.util.Locale;

/**
 * The language of this JVM. The tests may speak Turkish; a server never does: libraries spell names by the language of the
 * machine, so {@code Main} takes it from them, and so does this as long as there is a server.
 */
public final class Language {
    private static Locale ofTests;
    private static int servers;

    private Language() {}

    public static synchronized void aServerIsThere() {
        if (servers++ == 0) {
            ofTests = Locale.getDefault();
            Locale.setDefault(Locale.ROOT);
        }
    }

    public static synchronized void aServerIsGone() {
        if (--servers == 0) {
            Locale.setDefault(ofTests);
        }
    }
}
