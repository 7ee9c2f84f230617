package app.fathi.cep.message;

import java.util.Locale;

/** Where a run stands. */
public enum RunState {
    QUEUED,
    SENDING,
    COMPLETED,
    CANCELLED;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static RunState of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
