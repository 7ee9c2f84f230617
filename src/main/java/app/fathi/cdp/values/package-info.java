/**
 * Values of traits and properties, as everything that compares them sees them: numbers are doubles, texts compare by code
 * point or {@linkplain app.fathi.cdp.values.Fold folded}, moments are microseconds. What SQL cannot compute the same way
 * is computed here when a value is written, and stored beside it.
 */
package app.fathi.cdp.values;
