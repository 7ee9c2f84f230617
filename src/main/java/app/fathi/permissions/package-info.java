/**
 * The catalogue of permissions: what the contract's operations ask for, and the few that the code asks for inside an
 * operation. Owns no table.
 */
package app.fathi.permissions;
