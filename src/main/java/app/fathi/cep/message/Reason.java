package app.fathi.cep.message;

import java.util.Locale;

/**
 * Why a delivery ended as it did, or what a person then did with it. Each reason belongs to exactly one final state, so
 * counting reasons counts states. Codes are what the ledger stores (table {@code cep_reason}); they are added, never
 * changed.
 */
public enum Reason {
    /** The push service took it (201). Never called delivered: whether it was shown only the device can tell. */
    ACCEPTED(1, State.ACCEPTED),

    SHOWN(2, null),
    CLICKED(3, null),
    CLOSED(4, null),
    CONVERTED(5, null),
    BOUNCED(6, null),
    COMPLAINED(7, null),

    NOT_IN_AUDIENCE(20, State.SKIPPED),
    NO_CONSENT(21, State.SKIPPED),
    SUPPRESSED(22, State.SKIPPED),
    NO_SUBSCRIPTION(23, State.SKIPPED),
    DUPLICATE(24, State.SKIPPED),
    HOLDOUT(25, State.SKIPPED),
    GLOBAL_HOLDOUT(26, State.SKIPPED),
    LOWER_PRIORITY(27, State.SKIPPED),
    BLACKOUT(28, State.SKIPPED),
    QUIET_HOURS(29, State.SKIPPED),
    QUEUE_EXPIRED(30, State.SKIPPED),
    CAPPED(31, State.SKIPPED),
    MIN_GAP(32, State.SKIPPED),
    OTHER_CHANNEL(33, State.SKIPPED),
    TEMPLATE_ABORTED(34, State.SKIPPED),
    MISSING_VARIABLE(35, State.SKIPPED),
    PAYLOAD_TOO_LARGE(36, State.SKIPPED),
    CUTOFF_PASSED(37, State.SKIPPED),
    QUOTA_EXCEEDED(38, State.SKIPPED),
    KILL_SWITCH(39, State.SKIPPED),
    CANCELLED(40, State.SKIPPED),
    IDENTITY_UNVERIFIED(41, State.SKIPPED),
    /** The workspace's own decision service said: not now. */
    SERVICE_DECLINED(42, State.SKIPPED),

    BAD_REQUEST(60, State.FAILED),
    /** The push service refused our key or token; the subscription is kept. */
    KEY_MISMATCH(61, State.FAILED),
    /** The address no longer exists; it is ended with this result. */
    GONE(62, State.FAILED),
    RATE_LIMITED(63, State.FAILED),
    PUSH_SERVICE_ERROR(64, State.FAILED),
    CHANNEL_ERROR(65, State.FAILED),
    TTL_EXPIRED(66, State.FAILED),
    INTERNAL(67, State.FAILED);

    private static final Reason[] BY_CODE = new Reason[128];

    static {
        for (var reason : values()) {
            BY_CODE[reason.code] = reason;
        }
    }

    private final short code;
    private final State finalState;

    Reason(int code, State finalState) {
        this.code = (short) code;
        this.finalState = finalState;
    }

    public short code() {
        return code;
    }

    /** The state of a delivery that ended for this reason; null for what happens after acceptance. */
    public State finalState() {
        return finalState;
    }

    /** As the contract and events write it, for example {@code no_subscription}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The reason that is written so; fails for anything else. */
    public static Reason of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }

    public static Reason of(int code) {
        if (code < 0 || code >= BY_CODE.length || BY_CODE[code] == null) {
            throw new IllegalArgumentException("No reason has the code " + code);
        }
        return BY_CODE[code];
    }
}
