/**
 * Durable jobs: work that must happen, at least once, by whichever node is alive.
 *
 * <p>Tables: {@code jobs} (live and dead), {@code jobs_done} (finished, one partition a day), {@code node} (who is there).
 * A job is enqueued in the transaction of the change that asks for it. {@code JobsVerticle} claims due jobs under a lease
 * and hands each to a {@code JobWorker} on a virtual thread; the result counts only while the lease's token is still the
 * row's. {@code JobLife} is the whole behaviour as one pure function, and the SQL is held to it by a test.
 */
package app.fathi.platform.jobs;
