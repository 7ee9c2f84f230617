/**
 * Who is told what and when: content, audience and schedule, looked at by a second person, sent once for each time that it is
 * due, and what came of it.
 *
 * <p>Tables: {@code campaigns_campaign}, {@code campaigns_run} (each time that one goes out), {@code campaigns_goal} (events that
 * are looked for after one) with {@code campaigns_goals_version}, {@code campaigns_conversion} (people who did them), {@code
 * campaigns_entry} (each time that people were entered into a triggered one), {@code campaigns_entrant} (who was, and when last); views over
 * what is read of others: {@code campaigns_workspace}, {@code campaigns_author}, {@code campaigns_accepted}, {@code campaigns_past}, {@code campaigns_identity},
 * {@code campaigns_message}. Jobs: {@code campaigns.launch}, {@code campaigns.watch}, {@code campaigns.close}. Tells on {@code facts}: {@code campaign.submitted}, {@code campaign.approved},
 * {@code campaign.rejected}, {@code campaign.started}, {@code campaign.paused}, {@code campaign.completed}, {@code
 * campaign.failed}. Hears: {@code track} events, and who became one, as a {@code ProfileStage}. Permissions: {@code campaigns:…}. Port:
 * {@link app.fathi.campaigns.Entries}, through which other domains enter people.
 */
package app.fathi.campaigns;
