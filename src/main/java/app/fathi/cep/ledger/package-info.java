/**
 * What became of each message to each person: claim, decision and delivery in one lean row, and what devices report of it.
 *
 * <p>Tables: {@code cep_message} (the ledger), {@code cep_week} (its partitions).
 */
package app.fathi.cep.ledger;
