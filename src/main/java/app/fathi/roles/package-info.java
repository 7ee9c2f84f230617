/**
 * Who may do what: the built-in roles, those that a workspace makes with parents and permissions, and which account holds
 * which.
 *
 * <p>Tables: {@code roles_role}, {@code roles_assignment} and {@code roles_mapping}. Permissions: {@code roles:…}. Implements {@link
 * app.fathi.platform.security.Authorities} and {@link app.fathi.permissions.RoleHolders}.
 */
package app.fathi.roles;
