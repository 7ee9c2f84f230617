/**
 * What can go wrong, as one catalogue of kinds with status and stable code, and the chain that finds the kind of any
 * failure. Nothing internal leaves through it.
 */
package app.fathi.platform.errors;
