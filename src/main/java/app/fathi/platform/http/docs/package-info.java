/**
 * The documentation that the server serves of itself, {@code /docs}: pages made of the contract, of the catalogue of problems
 * and of the guides in {@code docs/guides}, when they are first asked for. They need nothing from elsewhere.
 */
package app.fathi.platform.http.docs;
