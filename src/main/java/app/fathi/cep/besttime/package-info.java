/**
 * When people react to messages: counted by the hours of their week, learned of the ledger some time after messages have gone. Owns {@code
 * cep_habits}, {@code cep_habits_all}, {@code cep_habits_run} and {@code cep_habits_cursor}. Others ask {@link app.fathi.cep.besttime.BestTimes}.
 */
package app.fathi.cep.besttime;
