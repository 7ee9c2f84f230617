/**
 * The operator's tool, {@code scripts/fathi}: one class for each command. It reads the settings as the server does and works on
 * the database over JDBC, beside running servers or without any; rules about messages stay with their domain ({@code
 * cep.OperatorSwitches}, {@code cep.OperatorHold}), copying a whole database with {@code platform.copy}.
 *
 * <p>Whatever is changed is written to the audit trail in the transaction of the change, under the account of the operating
 * system.
 */
package app.fathi.tool;
