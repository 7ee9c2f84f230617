/**
 * Who gets a message, and at which instant each: people of a segment or a rule are found page by page when it is sent.
 *
 * <p>Tables: {@code cep_expansion} (how far the people of a segment or a rule are found).
 */
package app.fathi.cep.audiences;
