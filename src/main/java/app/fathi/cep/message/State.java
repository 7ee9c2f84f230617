package app.fathi.cep.message;

import java.util.Locale;

/** Where a delivery stands. The ordinal is what the ledger stores: new states go to the end. */
public enum State {
    /** To be attempted, now or at {@code next_at}. */
    WAITING,
    /** Claimed by a sender; ambiguous if that sender dies. */
    ATTEMPTING,
    ACCEPTED,
    FAILED,
    SKIPPED;

    private static final State[] BY_CODE = values();

    public short code() {
        return (short) ordinal();
    }

    public static State of(int code) {
        return BY_CODE[code];
    }

    /** No state follows. */
    public boolean isFinal() {
        return this != WAITING && this != ATTEMPTING;
    }

    /** As the contract writes it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The state that is written so; fails for anything else. */
    public static State of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
