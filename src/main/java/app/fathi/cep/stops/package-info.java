/**
 * What keeps messages from leaving, whatever they say: the emergency stop, what is older than a restore, and what a workspace may begin in a
 * day and a month.
 *
 * <p>Tables: {@code cep_kill_switch} (what must not be sent), {@code cep_hold} (what is older than a restore and waits), {@code cep_quota_use} (how
 * much of its quota a workspace has used).
 */
package app.fathi.cep.stops;
