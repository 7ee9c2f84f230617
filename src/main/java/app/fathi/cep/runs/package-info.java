/**
 * What is sent, as rows: a run is one message, a chunk some of its people and the work of one job.
 *
 * <p>Tables: {@code cep_run} (each thing sent), {@code cep_chunk} (its frozen audience), {@code cep_run_delta} (counts as increments), {@code
 * cep_series} (campaigns of which many messages go out one after another) with {@code cep_series_delta} (their counts together), {@code
 * cep_throttle} (how fast a run may go), {@code cep_dedupe} (who got one of the messages that are the same thing), {@code cep_united} (whose
 * addresses became whose lately).
 */
package app.fathi.cep.runs;
