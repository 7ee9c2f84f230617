package app.fathi.templates;

import java.util.Locale;

/** What becomes of a message for somebody of whom a variable is not known. */
enum Missing {
    /** The variable is its default; without one it is empty. */
    DEFAULT,
    /** The variable is empty, whatever its default. */
    EMPTY,
    /** This person gets no message. */
    SKIP,
    /** As {@link #SKIP}; and a message that could know it, and does not, is not taken at all. */
    FAIL;

    static Missing of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
