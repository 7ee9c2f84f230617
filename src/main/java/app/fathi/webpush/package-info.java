/**
 * Browsers as a channel: push keys, subscriptions, encryption and sending.
 *
 * <p>Tables: {@code webpush_key} and {@code webpush_subscription}. Implements {@link app.fathi.cep.Channel}; what became of
 * a message stands in the ledger of {@code cep}.
 */
package app.fathi.webpush;
