/**
 * The words of the brain, which other domains speak, too: what a message is before it is sent, what became of it, and why. {@link
 * app.fathi.cep.message.Channel} is the port through which it leaves, implemented by {@code webpush}. Owns no tables and knows no other part.
 *
 * <p>{@code cep_reason} says in the database what {@link app.fathi.cep.message.Reason} says here.
 */
package app.fathi.cep.message;
