/**
 * People and what they do. Owns {@code cdp_profile, cdp_identity, cdp_words, cdp_link, cdp_bond, cdp_identity_rules, cdp_trait, cdp_trait_name, cdp_group, cdp_event,
 * cdp_profile_number, cdp_suppression, cdp_suppression_salt, cdp_erasure, ingest_seen}; hears {@code ingest}; tells {@code
 * profile.merged, profile.unmerged, profile.erased}. Permissions: {@code events:write|read, profiles:read|update|export|erase, consents:read|update,
 * suppressions:read|update}.
 *
 * <p><b>Words.</b> Traits, tags (the {@code track} events {@code Tag Added} and {@code Tag Removed}), groups and what a browser
 * tells of itself (names that begin with {@code $}) are words that were said of an id; of each the latest by (corrected time,
 * messageId) is in force, of traits that the workspace names the first. What staff change is said in the same way. Traits in force are kept twice: whole with the person, and
 * typed, a row each, for rules ({@code cdp_trait}). What is computed of events stands in place of words ({@link app.fathi.cdp.traits}).
 *
 * <p><b>Leaving people alone.</b> What somebody has refused ({@code Consent}) and who is on the list of suppressions stands with
 * the profile, so that senders ask one question ({@code Profiles.refusals}), when they decide and once more when they commit to
 * send. Who was erased is known by hashes only: events under such an id are dropped.
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
 *
 * <p>Where a workspace names other kinds of ids, such as e-mail addresses ({@link IdentityRules}), known people of whom a server tells the same one
 * are one person, too ({@link Bonding}).
 *
 * <p>Operators merge profiles and part them again ({@code MergesService}); of an id that they have decided about no event says
 * otherwise. Each id remembers the profile that it was made with, and {@code cdp_link} what holds it to others, so what was one
 * becomes two as if it had never been one ({@code Parting}). Who keeps something of profiles hears of every id that has gone from
 * one to another in one place, {@code DerivedBatch.moved()}.
 *
 * <p><b>Limits.</b> A person has at most 50 userIds and the 200 visitor ids that they have claimed last ({@code Crowds}); a visitor's
 * id that more than 10 known people claim is a shared device and nobody's.
 *
 * <p><b>Preferences</b> are consents in force, asked for by the API or changed on the page behind a signed link ({@code
 * PreferencesService}); quiet hours are a word like a trait.
 */
package app.fathi.cdp;
