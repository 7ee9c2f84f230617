/**
 * Browsers as a channel: push keys, subscriptions, encryption and sending.
 *
 * <p>Tables: {@code webpush_key}, {@code webpush_subscription}, {@code webpush_import} with {@code webpush_import_error}. Implements {@link app.fathi.cep.Channel}; what became of
 * a message stands in the ledger of {@code cep}.
 */
package app.fathi.webpush;
