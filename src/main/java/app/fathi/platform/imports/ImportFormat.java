package app.fathi.platform.imports;

import java.util.Locale;

/** What a file is written in. */
public enum ImportFormat {
    /** Comma-separated, with a header. */
    CSV,
    /** A JSON object in each line. */
    NDJSON;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** By the media type of a body, which the contract has checked. */
    public static ImportFormat ofBody(String contentType) {
        return contentType.toLowerCase(Locale.ROOT).startsWith("text/csv") ? CSV : NDJSON;
    }

    public static ImportFormat of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
