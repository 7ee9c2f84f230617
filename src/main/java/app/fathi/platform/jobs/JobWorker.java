package app.fathi.platform.jobs;

import app.fathi.platform.logging.LogContext;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.ContextInternal;
import java.util.function.Supplier;

/** One slot for jobs: runs one handler at a time on a virtual thread. */
final class JobWorker extends VerticleBase {
    private final Supplier<Future<Void>> drain;

    /** @param drain ends when no job runs any more, or the time for that is up */
    JobWorker(Supplier<Future<Void>> drain) {
        this.drain = drain;
    }

    @Override
    public Future<?> stop() {
        return drain.get();
    }

    /** The future ends on the worker's thread. */
    Future<JobOutcome> run(JobHandler handler, Job job, Lease lease) {
        var promise = Promise.<JobOutcome>promise();
        // A context of its own: log lines of this run name its request and workspace, those of the next do not.
        var own = ((ContextInternal) context).duplicate();
        own.runOnContext(turn -> {
            LogContext.set(job.requestId(), job.ws(), job.type());
            try {
                promise.complete(handler.run(job, lease));
            } catch (Throwable failure) {
                promise.fail(failure);
            }
        });
        return promise.future();
    }
}
