package app.fathi.platform.jobs;

import app.fathi.platform.config.Config;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the jobs of all nodes need done, by whichever node comes first: parents go on,
 * schedules ask for their jobs, what nobody needs is forgotten.
 */
final class JobsKeeper extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(JobsKeeper.class);
    private static final long TIDY_MILLIS = Duration.ofHours(1).toMillis();

    private final Pool pool;
    private final Config.Jobs config;
    private final Jobs jobs;
    private Schedules schedules;
    private boolean busy;
    private boolean stopping;

    JobsKeeper(Pool pool, Config.Jobs config, Jobs jobs) {
        this.pool = pool;
        this.config = config;
        this.jobs = jobs;
    }

    @Override
    public Future<?> start() {
        vertx.setPeriodic(config.pollMillis(), tick -> keep());
        vertx.setPeriodic(TIDY_MILLIS, tick -> {
            run("Shares", () -> ClaimsStore.forgetShares(pool));
            run("Slots", () -> SchedulesStore.forgetSlots(pool));
        });
        schedules = new Schedules(vertx, pool, Duration.ofSeconds(config.missedSeconds()));
        return Future.succeededFuture();
    }

    @Override
    public Future<?> stop() {
        stopping = true;
        return Future.succeededFuture();
    }

    private void keep() {
        if (busy) {
            return;
        }
        busy = true;
        Future.join(
                        run("Parents", () -> wakeFor(pool.withTransaction(ChildrenStore::fold))),
                        run("Schedules", () -> wakeFor(schedules.fire())))
                .onComplete(done -> busy = false);
    }

    private Future<?> wakeFor(Future<Integer> due) {
        return due.onSuccess(count -> {
            if (count > 0) {
                jobs.wake();
            }
        });
    }

    private Future<?> run(String what, Supplier<Future<?>> work) {
        return work.get()
                .onFailure(failure -> {
                    if (!stopping) {
                        LOG.warn("{}: {}", what, Thrown.text(failure));
                    }
                })
                .otherwiseEmpty();
    }
}
