package app.fathi.platform.jobs;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.ClaimsStore.Claimed;
import app.fathi.platform.jobs.JobsStore.Begun;
import app.fathi.platform.jobs.ResultsStore.Fate;
import app.fathi.platform.jobs.Scheduler.Seat;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs of one node: has due jobs claimed, gives them to free workers, and has their results written. Deploy one
 * instance on each node with the role worker; it deploys its workers and its keeper itself.
 *
 * <p>All state here lives on this verticle's event loop and may be lost at any moment: the rows are the truth.
 */
public final class JobsVerticle extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(JobsVerticle.class);
    private static final long PROGRESS_MILLIS = 1_000;
    private static final int MAX_REASON_LENGTH = 1_000;

    private final Pool pool;
    private final Jobs jobs;
    private final Config.Jobs config;
    private final UUID node;
    private final Duration drainLimit;
    private final Map<String, JobHandler> handlers;
    private final Duration leaseLength;
    private final JobLife life;
    private final JobsMetrics metrics;

    private final Workers workers = new Workers();
    private final Map<UUID, Lease> held = new HashMap<>();
    private final AtomicInteger running = new AtomicInteger();
    /** Places for jobs whose transactions have not ended yet. */
    private int reserved;

    /** Tests freeze it. */
    Context loop;

    private Claims claims;
    private Results results;
    private Heartbeat heartbeat;
    private Promise<Void> drained;

    /**
     * @param jobs hears that somebody works in this process
     * @param node this process, as in the table {@code node}
     * @param drainLimit how long a stop waits for running handlers
     */
    public JobsVerticle(
            Pool pool,
            Jobs jobs,
            Config.Jobs config,
            UUID node,
            Duration drainLimit,
            List<JobHandler> handlers,
            MeterRegistry registry) {
        this.pool = pool;
        this.jobs = jobs;
        this.config = config;
        this.node = node;
        this.drainLimit = drainLimit;
        this.handlers = handlers.stream().collect(Collectors.toUnmodifiableMap(JobHandler::type, Function.identity()));
        this.leaseLength = Duration.ofSeconds(config.leaseSeconds());
        this.life = new JobLife(RetryPolicy.of(config), leaseLength);
        this.metrics = new JobsMetrics(registry, running::get, this.handlers.keySet());
    }

    @Override
    public Future<?> start() {
        loop = context;
        claims = new Claims(pool, handlers.keySet(), config, leaseLength, node, workers, metrics, this::begin);
        results = new Results(vertx, pool, handlers, this::ended);
        heartbeat = new Heartbeat(pool, leaseLength, held, this::fenced);
        vertx.eventBus().<JsonObject>consumer(Jobs.WAKE_ADDRESS, hint -> claims.look());
        vertx.eventBus().<JsonArray>consumer(Jobs.CANCEL_ADDRESS, hint -> cancel(hint.body()));
        vertx.setPeriodic(config.pollMillis(), tick -> claims.look());
        vertx.setPeriodic(leaseLength.toMillis() / 3, tick -> heartbeat.renew());
        vertx.setPeriodic(PROGRESS_MILLIS, tick -> heartbeat.tell());
        var options = new DeploymentOptions()
                .setThreadingModel(ThreadingModel.VIRTUAL_THREAD)
                .setInstances(config.workers());
        return vertx.deployVerticle(new JobsKeeper(pool, config, jobs), new DeploymentOptions())
                .compose(done -> vertx.deployVerticle(
                        () -> {
                            var worker = new JobWorker(this::drain);
                            workers.add(worker);
                            return worker;
                        },
                        options))
                .onSuccess(deployed -> {
                    jobs.workHere(this);
                    claims.look();
                });
    }

    @Override
    public Future<?> stop() {
        return drain();
    }

    /**
     * Takes no more jobs and waits for those that run, at most the drain limit. What ended by then is written; what a
     * handler gave back is free for others at once. A handler that did not end keeps its lease until it runs out, because
     * it may still be at work.
     */
    public Future<Void> drain() {
        var done = Promise.<Void>promise();
        loop.runOnContext(turn -> {
            if (drained == null) {
                drained = Promise.promise();
                claims.end();
                held.values().forEach(Lease::stop);
                long timer = vertx.setTimer(Math.max(1, drainLimit.toMillis()), late -> giveUp());
                drained.future().onComplete(ended -> vertx.cancelTimer(timer));
                drainedWhenIdle();
            }
            drained.future().onComplete(done);
        });
        return done.future();
    }

    /** Workers that do something or are kept for something. */
    int busy() {
        return workers.busy().values().stream().mapToInt(Integer::intValue).sum();
    }

    private boolean stopping() {
        return drained != null;
    }

    private void drainedWhenIdle() {
        if (stopping() && held.isEmpty() && reserved == 0 && !claims.isLooking()) {
            drained.tryComplete();
        }
    }

    private void giveUp() {
        if (!held.isEmpty()) {
            LOG.warn(
                    "{} jobs did not end in {} s; their leases run out by themselves",
                    held.size(),
                    drainLimit.toSeconds());
        }
        held.values().forEach(Lease::lose);
        results.forget(Set.copyOf(held.values()));
        held.clear();
        drained.tryComplete();
    }

    private void cancel(JsonArray ids) {
        ids.forEach(id -> {
            var lease = held.get(UUID.fromString((String) id));
            if (lease != null) {
                lease.cancel();
            }
        });
    }

    // --- beginning ------------------------------------------------------------------------------------------------

    private void begin(Claimed claimed, long beforeNanos) {
        metrics.claimed(claimed);
        var job = claimed.job();
        var lease = hold(job, claimed.token(), beforeNanos);
        if (claimed.cancelled()) {
            lease.cancel();
        }
        if (stopping()) {
            results.add(lease, new Verdict.Released());
        } else if (claimed.cancelled() && !handlers.get(job.type()).settles()) {
            results.add(lease, new Verdict.Cancelled());
        } else if (claimed.usedUp()) {
            results.add(lease, new Verdict.Dead(JobLife.WORKER_LOST));
        } else {
            if (claimed.takenOver()) {
                LOG.info("Job {} {} is taken over: the lease of its worker ran out", job.id(), job.type());
            }
            run(lease, workers.takeFor(Seat.of(job)));
        }
    }

    private Lease hold(Job job, long token, long beforeNanos) {
        var lease = new Lease(job, token, leaseLength, beforeNanos, System::nanoTime);
        held.put(job.id(), lease);
        return lease;
    }

    /**
     * Keeps a worker for a job that is about to be written; null when none is free for it, or when others wait. Called from
     * any thread, answered on the caller's context.
     */
    Future<Place> reserve(NewJob job) {
        var answer = ((ContextInternal) vertx.getOrCreateContext()).<Place>promise();
        var seat = new Seat(job.lane(), job.ws());
        loop.runOnContext(turn -> {
            if (stopping() || !handlers.containsKey(job.type()) || !claims.mayBegin(seat)) {
                answer.complete(null);
            } else {
                reserved++;
                answer.complete(new Place(seat, workers.takeFor(seat)));
            }
        });
        return answer.future();
    }

    /** A worker that is kept for a job until its transaction has ended: then the job begins, or the worker is released. */
    final class Place {
        private final Seat seat;
        private final JobWorker worker;

        private Place(Seat seat, JobWorker worker) {
            this.seat = seat;
            this.worker = worker;
        }

        /** Empty when such a job was live already. */
        Future<Optional<Begun>> write(SqlClient tx, NewJob job, String requestId) {
            return JobsStore.enqueueBegun(tx, job, requestId, node, leaseLength);
        }

        /** @param beforeNanos before it was written: since then its lease is running */
        void begin(Begun begun, long beforeNanos) {
            loop.runOnContext(turn -> {
                reserved--;
                metrics.begun(begun.job());
                var lease = hold(begun.job(), begun.token(), beforeNanos);
                if (stopping()) {
                    workers.giveBack(worker, seat);
                    results.add(lease, new Verdict.Released());
                } else {
                    run(lease, worker);
                }
            });
        }

        void release() {
            loop.runOnContext(turn -> {
                reserved--;
                workers.giveBack(worker, seat);
                claims.lookIfMore();
                drainedWhenIdle();
            });
        }
    }

    private void run(Lease lease, JobWorker worker) {
        var job = lease.job();
        running.incrementAndGet();
        long started = System.nanoTime();
        worker.run(handlers.get(job.type()), job, lease)
                .onComplete(outcome -> loop.runOnContext(turn -> {
                    running.decrementAndGet();
                    workers.giveBack(worker, Seat.of(job));
                    metrics.ran(job, Duration.ofNanos(System.nanoTime() - started));
                    if (held.get(job.id()) == lease) {
                        results.add(
                                lease,
                                outcome.succeeded()
                                        ? verdict(lease, outcome.result())
                                        : failure(lease, outcome.cause()));
                    } else {
                        // Fenced before: counted then, or given up at the end of the drain.
                        drainedWhenIdle();
                    }
                    claims.lookIfMore();
                }));
    }

    // --- ending ---------------------------------------------------------------------------------------------------

    /** Whom somebody wants to end is not run again, unless to settle. */
    private Verdict verdict(Lease lease, JobOutcome outcome) {
        var verdict = JobLife.verdict(outcome);
        boolean goesOn = verdict instanceof Verdict.Again || verdict instanceof Verdict.Join;
        return goesOn && endsUnfinished(lease) ? new Verdict.Cancelled() : verdict;
    }

    private boolean endsUnfinished(Lease lease) {
        return lease.cancelled() && !handlers.get(lease.job().type()).settles();
    }

    private Verdict failure(Lease lease, Throwable cause) {
        var job = lease.job();
        if (stopping()) {
            // A pool that is closing or an interrupted wait is no fault of the job's.
            return new Verdict.Released();
        }
        if (endsUnfinished(lease)) {
            return new Verdict.Cancelled();
        }
        LOG.warn(
                "Job {} {} of workspace {} failed in attempt {}", job.id(), job.type(), job.ws(), job.attempt(), cause);
        return life.failure(
                job.attempt(), reason(cause), ThreadLocalRandom.current().nextDouble());
    }

    /** Shown to people for as long as the job is kept, so an exception's text stays in the log: it may quote anybody. */
    private static String reason(Throwable cause) {
        String text = cause instanceof ProblemException e
                ? e.problem().detail()
                : "It failed unexpectedly. The log says why, in the lines with this job's id.";
        return text.length() <= MAX_REASON_LENGTH ? text : text.substring(0, MAX_REASON_LENGTH);
    }

    private void ended(Lease lease, Verdict verdict, Fate fate) {
        if (fate == Fate.FENCED) {
            fenced(lease);
        } else if (held.remove(lease.job().id(), lease)) {
            metrics.ended(lease.job(), verdict);
            if (fate == Fate.DEAD) {
                died(lease.job(), verdict);
            } else {
                soon(verdict);
            }
        }
        drainedWhenIdle();
    }

    /** The one place where a dead letter is told: once for each, after it was written. */
    private void died(Job job, Verdict verdict) {
        metrics.died(job);
        LOG.error(
                "Job {} {} of workspace {} is dead after {} attempts: {}",
                job.id(),
                job.type(),
                job.ws(),
                job.attempt(),
                verdict instanceof Verdict.Dead dead ? dead.reason() : verdict.word());
    }

    /** Only a hint: should it be lost with this process, the slow poll of another finds the row. */
    private void soon(Verdict verdict) {
        long delay =
                switch (verdict) {
                    case Verdict.Again again ->
                        Duration.between(Instant.now(), again.at()).toMillis();
                    case Verdict.Retry retry -> retry.delay().toMillis();
                    default -> Long.MAX_VALUE;
                };
        if (delay < config.pollMillis()) {
            vertx.setTimer(Math.max(1, delay), due -> claims.look());
        }
    }

    /** Heard by the heartbeat or by a result, or by both: told once. */
    private void fenced(Lease lease) {
        lease.lose();
        if (!held.remove(lease.job().id(), lease)) {
            return;
        }
        metrics.fenced(lease.job());
        LOG.warn(
                "Job {} {}: a result under token {} was dropped",
                lease.job().id(),
                lease.job().type(),
                lease.token());
    }
}
