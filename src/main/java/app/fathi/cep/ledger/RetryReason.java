package app.fathi.cep.ledger;

import app.fathi.cep.message.Reason;

/**
 * Why a delivery was attempted more than once.
 *
 * @param after the reason of the attempt before; null when its sender died, so that nobody knows what came of it
 */
public record RetryReason(Reason after) {
    public static final RetryReason CRASH = new RetryReason(null);

    /** 0 for a crash, else the reason's code. */
    short code() {
        return after == null ? 0 : after.code();
    }

    static RetryReason of(Integer code) {
        if (code == null) {
            return null;
        }
        return code == 0 ? CRASH : new RetryReason(Reason.of(code));
    }

    String word() {
        return after == null ? "crash" : after.word();
    }
}
