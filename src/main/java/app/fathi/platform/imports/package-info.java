/**
 * Reading files of any size: octets into rows ({@link app.fathi.platform.imports.RowCutter}), rows into text. Pure, and
 * bounded in memory whatever a file holds; what a row means is the domain's.
 */
package app.fathi.platform.imports;
