/**
 * The database: the embedded PostgreSQL or an operator's own, migrations, pools, transactions that happen once per
 * idempotency key, and list cursors.
 */
package app.fathi.platform.db;
