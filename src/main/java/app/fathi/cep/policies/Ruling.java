package app.fathi.cep.policies;

import app.fathi.cep.message.Reason;
import java.time.Instant;

/**
 * What stands against a message to a person.
 *
 * @param reason why it is skipped; null: it waits
 * @param heldUntil the first instant at which this would not stand against it any more; null: it is skipped
 * @param factors by which policy; null where none has a say
 */
public record Ruling(Reason reason, Instant heldUntil, Factors factors) {

    public static Ruling skipped(Reason reason) {
        return new Ruling(reason, null, null);
    }

    public static Ruling held(Instant until) {
        return new Ruling(null, until, null);
    }

    public static Ruling skipped(Reason reason, Factors factors) {
        return new Ruling(reason, null, factors);
    }

    /** As long as the factors say; who would have to wait until the limit or longer is skipped at once. */
    public static Ruling held(Factors factors, Instant limit) {
        return factors.until().isBefore(limit)
                ? new Ruling(null, factors.until(), factors)
                : skipped(Reason.QUEUE_EXPIRED, factors);
    }

    public boolean isHeld() {
        return heldUntil != null;
    }

    /** Of what stands against it all at once: whatever skips it, else what has it wait longest. */
    static Ruling worse(Ruling one, Ruling other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        if (!one.isHeld() || !other.isHeld()) {
            return one.isHeld() ? other : one;
        }
        return other.heldUntil.isAfter(one.heldUntil) ? other : one;
    }
}
