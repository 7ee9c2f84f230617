package app.fathi.cep;

import java.time.Instant;

/**
 * What follows an attempt.
 *
 * @param state never {@link State#ATTEMPTING}
 * @param reason why it ended, or why the attempt failed
 * @param nextAt when to try again; null when final
 */
record NextStep(State state, Reason reason, Instant nextAt) {}
