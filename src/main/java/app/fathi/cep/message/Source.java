package app.fathi.cep.message;

import java.util.Locale;

/** Where a message came from. */
public enum Source {
    /** The push API, one message at a time. */
    API,
    /** The push API, many personalised ones at once. */
    BATCH,
    /** Somebody who looks whether a subscription works. */
    TEST,
    /** An earlier message, of which not everything arrived. */
    RESEND,
    /** A campaign whose time has come. */
    CAMPAIGN;

    /** As the contract and {@code cep_run.kind} write it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The source that is written so; fails for anything else. */
    public static Source of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
