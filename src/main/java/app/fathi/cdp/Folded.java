package app.fathi.cdp;

import java.text.Normalizer;
import java.util.Locale;

/**
 * Texts without their case, the same in memory and in the database, which stores what comes from here and folds nothing itself.
 * Upper case and then lower case by the rules of no language in particular, in Unicode's form NFC: {@code ß} is {@code ss}, the
 * dotless {@code ı} is {@code i} as {@code I} is, and {@code İ} is {@code i} with a dot above.
 */
public final class Folded {
    private Folded() {}

    public static String of(String text) {
        return Normalizer.normalize(text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT), Normalizer.Form.NFC);
    }
}
