/**
 * A database as a whole, for backups and moves. {@code Snapshot} reads all tables of one instant while servers go on, {@code
 * Refill} fills an empty database with them in one transaction; {@code SealedOutput} and {@code SealedInput} are a file that
 * only a passphrase opens, and of which nothing can be changed or cut off unnoticed. What the tables mean is nobody's concern
 * here: a table that is added later is copied like the others.
 *
 * <p>Everything blocks: this is for the operator's tool, not for servers.
 */
package app.fathi.platform.copy;
