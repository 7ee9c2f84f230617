package app.fathi.platform.audit;

import app.fathi.platform.alerts.Alert;
import app.fathi.platform.alerts.Alerts;
import app.fathi.platform.logging.Thrown;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.sqlclient.Pool;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks after those who look after the trail, on each worker node: whether lines are chained, and when they were checked. */
public final class AuditWatch extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(AuditWatch.class);
    private static final long LOOK_MILLIS = TimeUnit.SECONDS.toMillis(15);
    /** The promise is a second; a database that was away for some is no fault of the chain. */
    private static final int LATE_SECONDS = 60;

    private final Pool pool;
    private final CheckStore store = new CheckStore();
    private volatile CheckStore.Standing standing = new CheckStore.Standing(0, 0, 0);
    private boolean looking;

    public AuditWatch(Pool pool, MeterRegistry registry) {
        this.pool = pool;
        gauge(
                registry,
                "audit.unchained.seconds",
                CheckStore.Standing::unchainedSeconds,
                "How long the oldest line waits for its place in the chain");
        gauge(
                registry,
                "audit.checked.seconds",
                CheckStore.Standing::checkedSeconds,
                "How long ago the chain was checked whose check is the oldest");
        gauge(registry, "audit.faults", CheckStore.Standing::faults, "What the last checks of all chains have found");
    }

    private void gauge(
            MeterRegistry registry, String name, ToDoubleFunction<CheckStore.Standing> value, String description) {
        Gauge.builder(name, this, watch -> value.applyAsDouble(watch.standing))
                .description(description)
                .register(registry);
    }

    @Override
    public Future<?> start() {
        vertx.setPeriodic(LOOK_MILLIS, tick -> look());
        return Future.succeededFuture();
    }

    private void look() {
        if (looking) {
            return;
        }
        looking = true;
        store.standing(pool)
                .compose(now -> {
                    standing = now;
                    return now.unchainedSeconds() > LATE_SECONDS ? late(now) : Future.succeededFuture();
                })
                .onFailure(failure -> LOG.warn("The audit trail cannot be watched: {}", Thrown.text(failure)))
                .onComplete(done -> looking = false);
    }

    private Future<Void> late(CheckStore.Standing now) {
        return Alerts.raise(
                pool,
                new Alert(
                        Alert.INSTALLATION,
                        Alert.Kind.AUDIT_LATE,
                        "the audit trail",
                        "Its oldest line has waited for " + Math.round(now.unchainedSeconds())
                                + " s to be chained, and whoever changes lines meanwhile is not found out. See whether a"
                                + " worker lives and what its log says of the trail."));
    }
}
