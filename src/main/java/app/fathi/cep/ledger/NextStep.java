package app.fathi.cep.ledger;

import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import java.time.Instant;

/**
 * What follows an attempt.
 *
 * @param state never {@link State#ATTEMPTING}
 * @param reason why it ended, or why the attempt failed
 * @param nextAt when to try again; null when final
 */
public record NextStep(State state, Reason reason, Instant nextAt) {}
