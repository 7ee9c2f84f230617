/**
 * Durable jobs: work that must happen, at least once, by whichever node is alive.
 *
 * <p>Tables: {@code jobs} (what is not over), {@code jobs_done} and {@code jobs_dead} (what is, one partition a day),
 * {@code job_share} (what each workspace has had), {@code job_child_end}, {@code job_schedule} and {@code job_slot} (cron),
 * {@code node} (who is there).
 *
 * <p>A job is enqueued in the transaction of the change that asks for it. Due jobs are claimed under a lease, in fair turns
 * that {@code Scheduler} plans, and run on virtual threads; a result counts only while the lease's token is still the
 * row's. {@code JobLife} is the life of one job as a pure function, {@code Slots} what a cron schedule does at a moment;
 * the SQL is held to them by tests.
 */
package app.fathi.platform.jobs;
