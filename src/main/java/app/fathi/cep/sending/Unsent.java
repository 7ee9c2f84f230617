package app.fathi.cep.sending;

import app.fathi.cep.ledger.LedgerRow;
import app.fathi.cep.message.Channel.Attempt;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import java.util.EnumSet;
import java.util.Set;

/** Whether a delivery certainly never left. Pure; in doubt it did, so that nobody gets more than a cap allows. */
final class Unsent {
    /** What the other side says when it has not taken something. */
    private static final Set<Reason> REFUSED = EnumSet.of(
            Reason.GONE, Reason.PAYLOAD_TOO_LARGE, Reason.KEY_MISMATCH, Reason.RATE_LIMITED, Reason.BAD_REQUEST);

    private Unsent() {}

    /** After an attempt of which we know. */
    static boolean isCertain(LedgerRow attempted, Attempt attempt) {
        return hasNeverLeft(attempted)
                && (attempt.reason() == null
                        || attempt.reason() != Reason.ACCEPTED && !attempt.bodyWritten()
                        || isRefusal(attempt.reason(), attempt.httpStatus()));
    }

    /** By what the ledger says alone. */
    static boolean isCertain(LedgerRow row) {
        return row.state() != State.ATTEMPTING
                && hasNeverLeft(row)
                && (row.attempts() == 0
                        || row.reason() != null
                                && row.httpStatus() != null
                                && isRefusal(row.reason(), row.httpStatus()));
    }

    /** Before the last attempt. Of more than two the ledger does not know each. */
    private static boolean hasNeverLeft(LedgerRow row) {
        return row.retry() == null
                || row.attempts() <= 2
                        && row.retry().after() != null
                        && REFUSED.contains(row.retry().after());
    }

    private static boolean isRefusal(Reason reason, int httpStatus) {
        return REFUSED.contains(reason) && httpStatus >= 400 && httpStatus < 500;
    }
}
