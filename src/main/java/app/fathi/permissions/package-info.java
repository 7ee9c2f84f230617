/**
 * The catalogue of permissions: what the contract's operations ask for, and the few that the code asks for inside an
 * operation; who holds them, and why. Owns no table; asks {@code roles} through {@link app.fathi.permissions.RoleHolders}.
 */
package app.fathi.permissions;
