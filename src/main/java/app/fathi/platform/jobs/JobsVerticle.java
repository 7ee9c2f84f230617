package app.fathi.platform.jobs;

import app.fathi.platform.config.Config;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs of one node: claims what is due, gives it to free workers, renews the leases, writes the results. Deploy one
 * instance on each node with the role worker; it deploys its workers itself.
 *
 * <p>All state here lives on this verticle's event loop and may be lost at any moment: the rows are the truth.
 */
public final class JobsVerticle extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(JobsVerticle.class);
    private static final int RESULTS_AT_ONCE = 200;
    private static final long PARTITIONS_MILLIS = Duration.ofHours(1).toMillis();
    private static final long RETRY_RESULTS_MILLIS = 250;
    private static final int MAX_REASON_LENGTH = 1_000;

    private final Pool pool;
    private final Config.Jobs config;
    private final UUID node;
    private final Duration drainLimit;
    private final Map<String, JobHandler> handlers;
    private final Duration leaseLength;
    private final JobLife life;
    private final JobsMetrics metrics;

    private final Deque<JobWorker> free = new ArrayDeque<>();
    private final Map<Long, Lease> held = new HashMap<>();
    private final AtomicInteger running = new AtomicInteger();
    private List<JobsStore.Ended> results = new ArrayList<>();
    /** Tests freeze it. */
    Context loop;

    private boolean claiming;
    private boolean claimAgain;
    private boolean writing;
    private boolean renewing;
    private Promise<Void> drained;

    /**
     * @param node this process, as in the table {@code node}
     * @param drainLimit how long a stop waits for running handlers
     */
    public JobsVerticle(
            Pool pool,
            Config.Jobs config,
            UUID node,
            Duration drainLimit,
            List<JobHandler> handlers,
            MeterRegistry registry) {
        this.pool = pool;
        this.config = config;
        this.node = node;
        this.drainLimit = drainLimit;
        this.handlers = handlers.stream().collect(Collectors.toUnmodifiableMap(JobHandler::type, Function.identity()));
        this.leaseLength = Duration.ofSeconds(config.leaseSeconds());
        this.life = new JobLife(RetryPolicy.of(config), leaseLength);
        this.metrics = new JobsMetrics(registry, running::get);
    }

    @Override
    public Future<?> start() {
        loop = context;
        vertx.eventBus().<JsonObject>consumer(Jobs.WAKE_ADDRESS, hint -> claim());
        vertx.setPeriodic(config.pollMillis(), tick -> claim());
        vertx.setPeriodic(leaseLength.toMillis() / 3, tick -> renew());
        vertx.setPeriodic(PARTITIONS_MILLIS, tick -> partitions());
        var options = new DeploymentOptions()
                .setThreadingModel(ThreadingModel.VIRTUAL_THREAD)
                .setInstances(config.workers());
        return partitions()
                .compose(done -> vertx.deployVerticle(
                        () -> {
                            var worker = new JobWorker(this::drain);
                            free.add(worker);
                            return worker;
                        },
                        options))
                .onSuccess(deployed -> claim());
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
                held.values().forEach(Lease::stop);
                long timer = vertx.setTimer(Math.max(1, drainLimit.toMillis()), late -> giveUp());
                drained.future().onComplete(ended -> vertx.cancelTimer(timer));
                drainedWhenIdle();
            }
            drained.future().onComplete(done);
        });
        return done.future();
    }

    private boolean stopping() {
        return drained != null;
    }

    private void drainedWhenIdle() {
        if (stopping() && held.isEmpty() && !claiming) {
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
        held.clear();
        drained.tryComplete();
    }

    private void claim() {
        if (stopping() || free.isEmpty() || handlers.isEmpty()) {
            return;
        }
        if (claiming) {
            // Something was enqueued after the running claim looked.
            claimAgain = true;
            return;
        }
        claiming = true;
        claimAgain = false;
        int limit = Math.min(free.size(), config.claim());
        long before = System.nanoTime();
        JobsStore.claim(pool, handlers.keySet(), limit, config.attempts(), leaseLength, node)
                .onComplete(claimed -> {
                    claiming = false;
                    if (claimed.failed()) {
                        LOG.warn("No jobs could be claimed: {}", claimed.cause().toString());
                    } else {
                        claimed.result().forEach(one -> begin(one, before));
                        // A full hand: there may be more.
                        claimAgain |= claimed.result().size() == limit;
                    }
                    if (claimAgain && claimed.succeeded()) {
                        claim();
                    }
                    drainedWhenIdle();
                });
    }

    private void begin(JobsStore.Claimed claimed, long beforeNanos) {
        metrics.claimed(claimed);
        var job = claimed.job();
        if (claimed.buried()) {
            metrics.buried(job);
            LOG.error(
                    "Job {} {} of workspace {} is dead after {} attempts: {}",
                    job.id(),
                    job.type(),
                    job.ws(),
                    job.attempt(),
                    JobLife.WORKER_LOST);
            return;
        }
        var lease = new Lease(job, claimed.token(), leaseLength, beforeNanos, System::nanoTime);
        held.put(job.id(), lease);
        if (stopping()) {
            end(lease, new Verdict.Released());
            return;
        }
        if (claimed.takenOver()) {
            LOG.info("Job {} {} is taken over: the lease of its worker ran out", job.id(), job.type());
        }
        // There is one: no more are claimed than are free.
        var worker = free.pop();
        running.incrementAndGet();
        long started = System.nanoTime();
        worker.run(handlers.get(job.type()), job, lease)
                .onComplete(outcome -> loop.runOnContext(turn -> {
                    running.decrementAndGet();
                    free.push(worker);
                    metrics.ran(job, Duration.ofNanos(System.nanoTime() - started));
                    end(lease, outcome.succeeded() ? life.verdict(outcome.result()) : failure(lease, outcome.cause()));
                    if (claimAgain) {
                        claim();
                    }
                }));
    }

    private Verdict failure(Lease lease, Throwable cause) {
        var job = lease.job();
        if (stopping()) {
            // A pool that is closing or an interrupted wait is no fault of the job's.
            return new Verdict.Released();
        }
        var verdict = life.failure(
                job.attempt(), reason(cause), ThreadLocalRandom.current().nextDouble());
        switch (verdict) {
            case Verdict.Dead dead ->
                LOG.error(
                        "Job {} {} of workspace {} is dead after {} attempts",
                        job.id(),
                        job.type(),
                        job.ws(),
                        job.attempt(),
                        cause);
            default ->
                LOG.warn(
                        "Job {} {} of workspace {} failed in attempt {}: {}",
                        job.id(),
                        job.type(),
                        job.ws(),
                        job.attempt(),
                        cause.toString());
        }
        return verdict;
    }

    /** Kept in a text column: PostgreSQL takes no NUL, and a page of it is enough. */
    private static String reason(Throwable cause) {
        String text = cause.toString().replace('\u0000', '\uFFFD');
        return text.length() <= MAX_REASON_LENGTH ? text : text.substring(0, MAX_REASON_LENGTH);
    }

    private void end(Lease lease, Verdict verdict) {
        if (held.get(lease.job().id()) != lease) {
            // Fenced before: counted then, or given up at the end of the drain.
            drainedWhenIdle();
            return;
        }
        results.add(new JobsStore.Ended(lease, verdict));
        write();
    }

    /** Results that end while others are being written share the next statement. */
    private void write() {
        if (writing || results.isEmpty()) {
            return;
        }
        writing = true;
        var batch = results.size() <= RESULTS_AT_ONCE ? results : results.subList(0, RESULTS_AT_ONCE);
        var rest = new ArrayList<>(results.subList(batch.size(), results.size()));
        results = rest;
        JobsStore.end(pool, batch).onComplete(written -> {
            writing = false;
            if (written.failed()) {
                LOG.warn(
                        "{} results could not be written: {}",
                        batch.size(),
                        written.cause().toString());
                retry(batch);
                return;
            }
            batch.forEach(result -> written(
                    result, written.result().contains(result.lease().job().id())));
            write();
            drainedWhenIdle();
        });
    }

    /** Until the lease is over; then somebody else begins again, and this result counts no more. */
    private void retry(List<JobsStore.Ended> batch) {
        for (var result : batch) {
            if (result.lease().stillMine()) {
                results.add(result);
            } else {
                fenced(result.lease());
            }
        }
        vertx.setTimer(RETRY_RESULTS_MILLIS, later -> write());
    }

    private void written(JobsStore.Ended result, boolean mine) {
        var job = result.lease().job();
        if (!mine) {
            fenced(result.lease());
            return;
        }
        held.remove(job.id(), result.lease());
        metrics.ended(job, result.verdict());
        soon(result.verdict());
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
            vertx.setTimer(Math.max(1, delay), due -> claim());
        }
    }

    private void fenced(Lease lease) {
        lease.lose();
        held.remove(lease.job().id(), lease);
        metrics.fenced(lease.job());
        LOG.warn(
                "Job {} {}: a result under token {} was dropped",
                lease.job().id(),
                lease.job().type(),
                lease.token());
    }

    private void renew() {
        if (renewing || held.isEmpty()) {
            return;
        }
        renewing = true;
        long before = System.nanoTime();
        var leases = List.copyOf(held.values());
        JobsStore.renew(pool, leases, leaseLength).onComplete(renewed -> {
            renewing = false;
            if (renewed.failed()) {
                LOG.warn(
                        "{} leases could not be renewed: {}",
                        leases.size(),
                        renewed.cause().toString());
                return;
            }
            for (var lease : leases) {
                if (renewed.result().renewed().contains(lease.job().id())) {
                    lease.renewed(before);
                } else if (renewed.result().fenced().contains(lease.job().id())
                        && held.get(lease.job().id()) == lease) {
                    fenced(lease);
                }
            }
        });
    }

    private Future<Void> partitions() {
        return JobsStore.partitions(pool, config.keepDays())
                .onFailure(failure -> LOG.warn("Partitions of jobs_done: {}", failure.toString()))
                .otherwiseEmpty();
    }
}
