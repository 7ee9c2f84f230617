package app.fathi.cep;

import app.fathi.cep.Channel.Composed;
import app.fathi.cep.Channel.Outgoing;
import java.time.Instant;

/** What was decided: a reason not to send, not to try before an instant, or what to send. */
record Decided(Candidate candidate, Reason fault, Instant heldUntil, Outgoing outgoing, Composed composed) {
    static Decided not(Candidate candidate, Reason fault) {
        return new Decided(candidate, fault, null, null, null);
    }

    /** Nothing was made for it: it is asked for again from then on. */
    static Decided later(Candidate candidate, Instant heldUntil) {
        return new Decided(candidate, null, heldUntil, null, null);
    }
}
