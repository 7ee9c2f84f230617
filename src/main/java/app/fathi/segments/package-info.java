/**
 * Named sets of people: static ones, into which people are put, and dynamic ones, which a rule describes ({@link
 * app.fathi.segments.rules}) and which are as large as the rule says at the moment they are asked.
 *
 * <p>Tables: {@code segments_segment}, {@code segments_member}; views over what rules read of others: {@code
 * segments_event}, {@code segments_reachable}. Permissions: {@code segments:…}.
 */
package app.fathi.segments;
