/**
 * Reading files of subscriptions, as other push servers export them: octets into rows ({@link
 * app.fathi.webpush.imports.RowCutter}), rows into what is known of a browser ({@link
 * app.fathi.webpush.imports.ImportedRow}). Pure, and bounded in memory whatever the file holds; {@code app.fathi.webpush}
 * says what becomes of it.
 */
package app.fathi.webpush.imports;
