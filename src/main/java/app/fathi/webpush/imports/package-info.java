/**
 * Files of subscriptions, as other push servers export them: rows into what is known of a browser ({@link
 * app.fathi.webpush.imports.ImportedRow}). Pure; {@code app.fathi.webpush} says what becomes of it.
 */
package app.fathi.webpush.imports;
