package app.fathi.cdp.values;

import java.text.Normalizer;
import java.util.Locale;

/** Texts as they compare when case does not count. */
public final class Fold {
    private static final char COMBINING_DOT = '\u0307';

    private Fold() {}

    /**
     * Unicode's upper case and then its lower case, whatever the machine's language is, in the form NFC. So {@code ß} equals
     * {@code SS}, and every sigma another. The four Turkish letters {@code I İ i ı} are one: a list typed by people of several languages
     * holds {@code İstanbul}, {@code ISTANBUL} and {@code istanbul}, and means one town. Folding twice changes nothing.
     */
    public static String of(String text) {
        if (isPlain(text)) {
            return text;
        }
        var lower = text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
        var folded = new StringBuilder(lower.length());
        for (int i = 0; i < lower.length(); i++) {
            char c = lower.charAt(i);
            if (c == 'ς') {
                folded.append('σ');
            } else if (c != COMBINING_DOT || i == 0 || lower.charAt(i - 1) != 'i') {
                folded.append(c);
            }
        }
        return Normalizer.normalize(folded, Normalizer.Form.NFC);
    }

    /** Most texts are folded already, and need no copy. */
    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c > 127 || c >= 'A' && c <= 'Z') {
                return false;
            }
        }
        return true;
    }
}
