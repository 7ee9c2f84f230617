package app.fathi.platform.jobs;

/** Somebody else may hold the job by now: whatever this run has not committed must not be committed. */
public final class LeaseLostException extends RuntimeException {
    LeaseLostException(Job job, long token) {
        super("Job " + job.id() + " (" + job.type() + ") is no longer ours under token " + token);
    }
}
