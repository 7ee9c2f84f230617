package app.fathi.platform.jobs;

import app.fathi.platform.config.Config;
import app.fathi.platform.jobs.ClaimsStore.Claimed;
import app.fathi.platform.jobs.Scheduler.Load;
import app.fathi.platform.jobs.Scheduler.Ready;
import app.fathi.platform.jobs.Scheduler.Seat;
import app.fathi.platform.jobs.Scheduler.Take;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds due jobs for free workers: looks who has some, plans by the {@link Scheduler}, claims what was planned. One look
 * at a time; what is asked for meanwhile is looked for right after. Belongs to one event loop.
 */
final class Claims {
    private static final Logger LOG = LoggerFactory.getLogger(Claims.class);

    /** Gets what was claimed, and the moment before it was. */
    interface Taker {
        void take(Claimed claimed, long beforeNanos);
    }

    private final Pool pool;
    private final Set<String> types;
    private final Config.Jobs config;
    private final Duration lease;
    private final UUID node;
    private final Workers workers;
    private final Scheduler scheduler;
    private final JobsMetrics metrics;
    private final Taker taker;

    private Scheduler.Turns turns = Scheduler.Turns.NONE;
    /** What is being claimed now: these slots are promised. */
    private Map<Seat, Integer> promised = Map.of();

    private boolean looking;
    /** Somebody asked for a look while one was under way. */
    private boolean asked;
    /** There was more to do than hands. */
    private boolean more;

    private boolean ended;

    Claims(
            Pool pool,
            Set<String> types,
            Config.Jobs config,
            Duration lease,
            UUID node,
            Workers workers,
            JobsMetrics metrics,
            Taker taker) {
        this.pool = pool;
        this.types = types;
        this.config = config;
        this.lease = lease;
        this.node = node;
        this.workers = workers;
        this.scheduler = new Scheduler(config.workers());
        this.metrics = metrics;
        this.taker = taker;
    }

    /** For a hint or a poll. */
    void look() {
        if (ended || types.isEmpty()) {
            return;
        }
        if (looking || workers.free() == 0) {
            asked |= looking;
            more |= workers.free() == 0;
            return;
        }
        looking = true;
        asked = false;
        claim().onComplete(claimed -> {
            looking = false;
            if (claimed.failed()) {
                LOG.warn("No jobs could be claimed: {}", Thrown.text(claimed.cause()));
            } else if (asked || more && claimed.result() > 0) {
                look();
            }
        });
    }

    /** For a worker that came free: only worth a look when there was more to do than hands. */
    void lookIfMore() {
        if (more) {
            look();
        }
    }

    /** Nothing is claimed any more; what is on its way is still handed over. */
    void end() {
        ended = true;
    }

    boolean isLooking() {
        return looking;
    }

    /**
     * Whether somebody may begin at once, ahead of nobody: in a lane where none waits, on a slot that this lane and workspace
     * may have. Costs them no turn, because it takes none from others.
     */
    boolean mayBegin(Seat seat) {
        if (ended || turns.waiting().contains(seat.lane())) {
            return false;
        }
        var busy = new HashMap<>(workers.busy());
        promised.forEach((promise, count) -> busy.merge(promise, count, Integer::sum));
        var one = new Ready(seat.lane(), seat.ws(), 1, 0, Duration.ZERO);
        return !scheduler
                .plan(new Load(busy, Scheduler.Turns.NONE), List.of(one))
                .takes()
                .isEmpty();
    }

    private Future<Integer> claim() {
        // One more than there are hands: so it is known whether there is more.
        return ClaimsStore.ready(pool, types, workers.free() + 1).compose(ready -> {
            metrics.ready(ready);
            var plan = scheduler.plan(new Load(workers.busy(), turns), ready);
            more = plan.more();
            turns = plan.turns();
            if (ended || plan.takes().isEmpty()) {
                return Future.succeededFuture(0);
            }
            promised = plan.takes().stream()
                    .collect(Collectors.toMap(take -> new Seat(take.lane(), take.ws()), Take::jobs));
            long before = System.nanoTime();
            return ClaimsStore.claim(pool, types, plan.takes(), config.attempts(), lease, node)
                    .onComplete(done -> promised = Map.of())
                    .map(claimed -> handOver(claimed, before));
        });
    }

    private int handOver(List<Claimed> claimed, long before) {
        claimed.forEach(one -> taker.take(one, before));
        return claimed.size();
    }
}
