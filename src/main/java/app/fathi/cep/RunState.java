package app.fathi.cep;

import java.util.Locale;

/** Where a run stands. */
enum RunState {
    QUEUED,
    SENDING,
    COMPLETED,
    CANCELLED;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static RunState of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
