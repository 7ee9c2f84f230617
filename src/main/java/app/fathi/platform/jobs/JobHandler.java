package app.fathi.platform.jobs;

/**
 * Does the jobs of one type. One instance serves all workers of the node, so it keeps no state of a run.
 *
 * <p>A job may run again after a crash, from the start, beside nobody: the handler finds in the database how far it came.
 */
public interface JobHandler {
    /** The type it does, as in {@link NewJob#type()}. */
    String type();

    /**
     * Runs on a virtual thread, so it may {@code Future.await()}; it must not block otherwise. An exception means a
     * retry after a back-off, and a dead job when the attempts are used up. Long work looks at {@link Lease#stopping()}
     * between its steps and then returns {@link JobOutcome#again}.
     */
    JobOutcome run(Job job, Lease lease) throws Exception;
}
