/**
 * Browsers as a channel: push keys, sites and how they ask, subscriptions, encryption and sending.
 *
 * <p>Tables: {@code webpush_key}, {@code webpush_subscription}, {@code webpush_own_browser} (that staff have linked), {@code webpush_import} with {@code webpush_import_error},
 * {@code webpush_site} (of which {@code users} knows the view {@code webpush_bound_origin}), {@code webpush_prompt} with {@code
 * webpush_prompt_count} and {@code webpush_prompt_person}. Implements {@link app.fathi.cep.message.Channel}; what became of a message
 * stands in the ledger of {@code cep}. Hears the {@code track} events of prompts, as a {@link app.fathi.cdp.ProfileStage}; tells
 * {@code prompt.refused}.
 */
package app.fathi.webpush;
