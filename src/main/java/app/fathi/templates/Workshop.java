package app.fathi.templates;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** The few threads on which templates are tried out and images are read, away from event loops and from what is being sent. */
final class Workshop {
    private static final int THREADS = 2;
    private static final long LONGEST_SECONDS = 60;

    private final WorkerExecutor executor;

    /** All with the same Vert.x share the threads. */
    Workshop(Vertx vertx) {
        executor = vertx.createSharedWorkerExecutor("templates", THREADS, LONGEST_SECONDS, TimeUnit.SECONDS);
    }

    <T> Future<T> work(Callable<T> work) {
        return executor.executeBlocking(work, false);
    }
}
