package app.fathi.webpush.imports;

import java.util.Locale;

/** What a file of subscriptions is written in. */
public enum ImportFormat {
    /** Comma-separated, with a header; the columns of OneSignal's export and our own names are known. */
    CSV,
    /** A JSON object in each line, as {@code PushSubscription.toJSON()} gives it, with what else is known beside. */
    NDJSON;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static ImportFormat of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
