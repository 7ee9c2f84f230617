package app.fathi.cep.message;

import java.util.Locale;

/** How soon a device should be woken for a message: the values of RFC 8030 section 5.3. */
public enum Urgency {
    VERY_LOW,
    LOW,
    NORMAL,
    HIGH;

    /** As the {@code Urgency} header and the contract write it, for example {@code very-low}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The urgency that is written so; fails for anything else. */
    public static Urgency of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
    }
}
