/**
 * People and what they do. Owns {@code cdp_profile, cdp_identity, cdp_event, cdp_profile_number, ingest_seen}; hears
 * {@code ingest}; tells {@code profile.merged}. Permissions: {@code events:write, profiles:read}.
 *
 * <p><b>Tags.</b> The {@code track} events {@code Tag Added} and {@code Tag Removed} are words about a person as traits are.
 *
 * <p><b>Identity.</b> All that is known hangs on the id it was said of; a profile is the set of ids that point to it.
 * An {@code anonymousId} belongs to the {@code userId} that claimed it first by (corrected time, messageId), whatever
 * the order of arrival. A claim carries events and traits. It carries <em>addresses</em> only when it is verified: made
 * with a secret or server key, or over a browser key with a valid identity token (or when the workspace has switched
 * verification off). Until then who subscribed as a visitor is reached as that visitor, never as the person.
 *
 * <p>Known people become one by {@code alias}, when who says it is trusted with both (a secret or server key, or verification
 * off): then everything that pointed to the one profile points to the other. Which aliases there are decides who is one, not
 * their order; the latest decides which {@code userId} is shown.
 */
package app.fathi.cdp;
