package app.fathi.cep.decisions;

import app.fathi.cep.message.Channel.Composed;
import app.fathi.cep.message.Channel.Outgoing;
import app.fathi.cep.message.Reason;
import java.time.Instant;

/** What was decided: a reason not to send, not to try before an instant, or what to send. */
public record Decided(Candidate candidate, Reason fault, Instant heldUntil, Outgoing outgoing, Composed composed) {
    public static Decided not(Candidate candidate, Reason fault) {
        return new Decided(candidate, fault, null, null, null);
    }

    /** Nothing was made for it: it is asked for again from then on. */
    public static Decided later(Candidate candidate, Instant heldUntil) {
        return new Decided(candidate, null, heldUntil, null, null);
    }
}
