/**
 * Named sets of people: static ones, into which people are put, and dynamic ones, which a rule describes ({@link
 * app.fathi.segments.rules}). Who is in a dynamic one is kept: {@code Membership} asks people when something about them has
 * become other, {@code MembershipTimers} when time may have moved them, {@code RebuildJob} all of them when a rule is new, and
 * {@code MembershipFacts} turns their rows round into the bitmaps by which segments are counted and listed.
 *
 * <p>Others find the people of one by {@link app.fathi.segments.Audiences}.
 *
 * <p>Tables: {@code segments_segment}, {@code segments_version} (what each was), {@code
 * segments_size} (how many people were in it), {@code segments_member} (static ones), {@code
 * segments_import} (files of people) with {@code segments_import_error} and {@code segments_import_member}; {@code
 * segments_person}, {@code segments_moments}, {@code segments_block} (who is in dynamic ones), {@code segments_workspace},
 * {@code segments_atom} (their rules as numbers), {@code segments_group} (groups whose members are asked again); views over what is read of others: {@code segments_call}, {@code
 * segments_reachable}, {@code segments_address}, {@code segments_message}, {@code segments_campaign}, {@code segments_delivery}. Facts: {@code segment.entered}, {@code
 * segment.left}, {@code segment.rebuilt}. Permissions: {@code
 * segments:…}.
 */
package app.fathi.segments;
