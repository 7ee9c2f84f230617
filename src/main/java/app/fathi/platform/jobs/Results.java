package app.fathi.platform.jobs;

import app.fathi.platform.alerts.Alert;
import app.fathi.platform.alerts.Alerts;
import app.fathi.platform.jobs.ResultsStore.Ended;
import app.fathi.platform.jobs.ResultsStore.Fate;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what became of the jobs. Results that end while others are being written share the next statement; what the
 * database refuses is tried again for as long as the lease is ours. Belongs to one event loop.
 */
final class Results {
    private static final Logger LOG = LoggerFactory.getLogger(Results.class);
    private static final int AT_ONCE = 200;
    private static final long RETRY_MILLIS = 250;

    /** Hears what became of a result: written with its fate, or fenced. */
    interface Listener {
        void ended(Lease lease, Verdict verdict, Fate fate);
    }

    private record Result(Lease lease, Verdict verdict) {}

    private final Vertx vertx;
    private final Pool pool;
    private final Map<String, JobHandler> handlers;
    private final Listener listener;

    private List<Result> waiting = new ArrayList<>();
    private boolean writing;

    Results(Vertx vertx, Pool pool, Map<String, JobHandler> handlers, Listener listener) {
        this.vertx = vertx;
        this.pool = pool;
        this.handlers = handlers;
        this.listener = listener;
    }

    void add(Lease lease, Verdict verdict) {
        waiting.add(new Result(lease, verdict));
        write();
    }

    private void write() {
        if (writing || waiting.isEmpty()) {
            return;
        }
        writing = true;
        var batch = List.copyOf(waiting.subList(0, Math.min(waiting.size(), AT_ONCE)));
        waiting = new ArrayList<>(waiting.subList(batch.size(), waiting.size()));
        write(batch).onComplete(written -> {
            writing = false;
            if (written.failed()) {
                LOG.warn("{} results could not be written: {}", batch.size(), Thrown.text(written.cause()));
                retry(batch);
            } else {
                var busy = batch.stream()
                        .filter(result -> fate(written.result(), result) == Fate.BUSY)
                        .toList();
                batch.stream()
                        .filter(result -> !busy.contains(result))
                        .forEach(
                                result -> listener.ended(result.lease, result.verdict, fate(written.result(), result)));
                retry(busy);
            }
            write();
        });
    }

    private static Fate fate(Map<UUID, Fate> fates, Result result) {
        return fates.get(result.lease.job().id());
    }

    private Future<Map<UUID, Fate>> write(List<Result> batch) {
        var rows = batch.stream()
                .map(result -> Ended.of(result.lease, result.verdict))
                .toList();
        boolean deaths = batch.stream().anyMatch(result -> result.verdict instanceof Verdict.Dead);
        return deaths
                ? pool.withTransaction(tx -> ResultsStore.end(tx, rows)
                        .compose(fates -> afterDeaths(tx, batch, fates).map(fates)))
                : ResultsStore.end(pool, rows);
    }

    /** Operators are told, and what has to be done in place of those that died is asked for. */
    private Future<Void> afterDeaths(SqlConnection tx, List<Result> batch, Map<UUID, Fate> fates) {
        var dead = batch.stream()
                .filter(result -> fate(fates, result) == Fate.DEAD)
                .toList();
        var jobs = dead.stream()
                .map(result -> result.lease.job())
                .flatMap(job -> handlers.get(job.type()).afterDeath(job).stream())
                .toList();
        return Alerts.raise(tx, dead.stream().map(Results::alert).toList())
                .compose(raised -> jobs.isEmpty()
                        ? Future.succeededFuture()
                        : JobsStore.enqueue(tx, jobs, null, null).mapEmpty());
    }

    /** Of a workspace's jobs of one type the last: many die of one cause. */
    private static Alert alert(Result dead) {
        var job = dead.lease.job();
        return new Alert(
                job.ws(),
                Alert.Kind.JOB_DIED,
                job.type(),
                "Job " + job.id() + " is dead after " + job.attempt() + " attempts: "
                        + (dead.verdict instanceof Verdict.Dead verdict ? verdict.reason() : dead.verdict.word()));
    }

    /** Until the lease is over; then somebody else begins again, and this result counts no more. */
    private void retry(List<Result> batch) {
        if (batch.isEmpty()) {
            return;
        }
        var byHope = batch.stream()
                .collect(Collectors.partitioningBy(result -> result.lease.stillMine(), Collectors.toList()));
        byHope.get(false).forEach(result -> listener.ended(result.lease, result.verdict, Fate.FENCED));
        vertx.setTimer(RETRY_MILLIS, later -> {
            waiting.addAll(byHope.get(true));
            write();
        });
    }

    /** Forgets results of leases that were given up. */
    void forget(Set<Lease> leases) {
        waiting.removeIf(result -> leases.contains(result.lease));
    }
}
