/**
 * The audit trail: every change, in its own transaction; every denied attempt and every look at personal data, in batches.
 * Each workspace's lines are a chain of hashes whose end is signed, so that what somebody does to the rows is found out.
 *
 * <p>Tables: {@code audit_event} and {@code audit_detail}, whose rows erasure may blank; {@code audit_chain}, {@code
 * audit_head}, {@code audit_checkpoint} and {@code audit_position}.
 */
package app.fathi.platform.audit;
