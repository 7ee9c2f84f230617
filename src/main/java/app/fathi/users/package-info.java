/**
 * Workspaces, the staff who sign in to them, and the keys of servers and sites.
 *
 * <p>Tables: {@code users_workspace}, {@code users_account}, {@code users_membership}, {@code users_session}, {@code
 * users_refresh_token}, {@code users_one_time}, {@code users_totp}, {@code users_recovery_code}, {@code users_login_attempt}, {@code users_signing_key}, {@code users_api_key}, {@code
 * users_write_key}, {@code users_identity_provider}, {@code users_provider_audience}, {@code users_external_identity}, {@code
 * users_sign_in}. Implements {@link app.fathi.platform.security.Credentials} and {@link
 * app.fathi.platform.security.Identities}. What workspaces lay down for others is {@link
 * app.fathi.platform.security.Tenancy} and the view {@code users_quota}. Others know a workspace only as a number.
 */
package app.fathi.users;
