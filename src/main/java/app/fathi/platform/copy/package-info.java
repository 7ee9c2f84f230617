/**
 * A database as a whole, for backups and moves. {@code Snapshot} reads all tables of one instant while servers go on, {@code
 * Refill} fills an empty database with them in one transaction; a backup is a sealed file of
 * {@code platform.security}. What the tables mean is nobody's concern
 * here: a table that is added later is copied like the others.
 *
 * <p>Everything blocks: this is for the operator's tool, not for servers.
 */
package app.fathi.platform.copy;
