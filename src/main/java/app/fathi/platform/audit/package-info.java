/**
 * The audit trail: every change, in its own transaction, and every denied attempt, in batches.
 *
 * <p>Tables: {@code audit_event} and {@code audit_detail}, whose rows erasure and retention may blank.
 */
package app.fathi.platform.audit;
