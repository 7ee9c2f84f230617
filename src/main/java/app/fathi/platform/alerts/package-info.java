/**
 * What operators have to be told because nothing heals it: one small place where code raises it, and from where it goes to the
 * log, the metrics, the stream {@code facts} and their mailboxes. Table: {@code alert}.
 */
package app.fathi.platform.alerts;
