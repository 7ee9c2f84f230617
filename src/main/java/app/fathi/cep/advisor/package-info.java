/**
 * A workspace's own service that is asked before messages leave: who should be told what, where, or not at all. It is asked of many
 * people at once, in bounded time; whatever it does or fails to do, what is decided without it stands.
 *
 * <p>Tables: {@code cep_advisor} (where it is, and its secret), {@code cep_advisor_node} (how it does).
 */
package app.fathi.cep.advisor;
