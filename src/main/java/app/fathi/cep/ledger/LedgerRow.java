package app.fathi.cep.ledger;

import app.fathi.cep.advisor.Advice;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.cep.policies.Factors;
import app.fathi.cep.priorities.Score;
import java.time.Instant;
import java.util.UUID;

/**
 * A delivery as the sender writes it: a row of {@code cep_message}.
 *
 * @param rank 0 for the person's first device and for a person who gets none
 * @param id the delivery's public id; stays the same whatever happens
 * @param subscription null for a person without one
 * @param attempts begun so far, the present one included
 * @param reason of a final row, or of the last failed attempt of a waiting one; else null
 * @param retry why there was more than one attempt, null when there was not
 * @param httpStatus of the last answer, null before the first and when there was none
 * @param nextAt when a waiting row is due, else null
 * @param factors by which policy it waits or was skipped; null where none had a say, and where that is not asked
 * @param score how well its channel suits the person; null where that is not asked
 * @param advice what the workspace's own service said of the person; null where it was not asked
 */
public record LedgerRow(
        int profileNo,
        int rank,
        UUID id,
        UUID subscription,
        State state,
        int attempts,
        Reason reason,
        RetryReason retry,
        Integer httpStatus,
        Instant nextAt,
        Factors factors,
        Score score,
        Advice advice) {

    /** The row of a person or device that gets nothing, for this reason. */
    static LedgerRow ended(int profileNo, int rank, UUID id, UUID subscription, Reason reason) {
        return new LedgerRow(
                profileNo, rank, id, subscription, reason.finalState(), 0, reason, null, null, null, null, null, null);
    }

    public LedgerRow by(Factors policy) {
        return decided(policy, score, advice);
    }

    /** With what else was known of the person when it was decided. */
    public LedgerRow knowing(Score suits, Advice said) {
        return decided(factors, suits, said);
    }

    private LedgerRow decided(Factors policy, Score suits, Advice said) {
        return new LedgerRow(
                profileNo,
                rank,
                id,
                subscription,
                state,
                attempts,
                reason,
                retry,
                httpStatus,
                nextAt,
                policy,
                suits,
                said);
    }

    public LedgerRow end(Reason wanted) {
        var finalReason = of(wanted, retry);
        return new LedgerRow(
                profileNo,
                rank,
                id,
                subscription,
                finalReason.finalState(),
                attempts,
                finalReason,
                retry,
                httpStatus,
                null,
                factors,
                score,
                advice);
    }

    /** Whom a dead sender may have reached is not called skipped: it failed by our own fault, with the crash on record. */
    public static Reason of(Reason wanted, RetryReason retry) {
        return RetryReason.CRASH.equals(retry) && wanted.finalState() == State.SKIPPED ? Reason.INTERNAL : wanted;
    }

    /** The row after an attempt, as its next step says. */
    public LedgerRow after(NextStep next, int attemptsMade, Integer status) {
        return new LedgerRow(
                profileNo,
                rank,
                id,
                subscription,
                next.state(),
                attemptsMade,
                next.reason(),
                retry,
                status,
                next.nextAt(),
                factors,
                score,
                advice);
    }
}
