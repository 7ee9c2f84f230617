/**
 * Who may do what: the built-in roles, and which account holds which.
 *
 * <p>Table: {@code roles_assignment}. Implements {@link app.fathi.platform.security.Authorities}.
 */
package app.fathi.roles;
