package app.fathi.cep.message;

import java.time.Instant;
import java.util.Set;

/**
 * What of a message is to be sent again.
 *
 * @param states {@link State#FAILED}, {@link State#SKIPPED} or both
 * @param reasons only deliveries that ended for one of these; empty for all
 * @param ttlSeconds how long it makes sense from now on; null for as long as the message did
 * @param expiresAt nothing is sent later; null for what {@code ttlSeconds} says
 * @param dryRun count only
 */
public record Resend(Set<State> states, Set<Reason> reasons, Integer ttlSeconds, Instant expiresAt, boolean dryRun) {}
