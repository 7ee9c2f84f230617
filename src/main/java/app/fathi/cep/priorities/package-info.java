/**
 * What is more important goes first: what people are about to get instead of a message, and how well a channel suits them. Owns no tables; reads
 * what is to be sent, and what {@link app.fathi.cep.besttime} has learned.
 */
package app.fathi.cep.priorities;
