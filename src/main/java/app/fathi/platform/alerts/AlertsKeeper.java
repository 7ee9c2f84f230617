package app.fathi.platform.alerts;

import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.logging.Thrown;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.sqlclient.Pool;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks for alerts on behalf of people, on each worker node: asks for the mail about them, counts them, forgets old ones. */
public final class AlertsKeeper extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(AlertsKeeper.class);
    /** The first of them is mailed so soon. */
    private static final long LOOK_MILLIS = TimeUnit.SECONDS.toMillis(2);

    private static final long TIDY_MILLIS = TimeUnit.HOURS.toMillis(1);
    private static final int KEEP_DAYS = 30;

    private final Pool pool;
    private final Jobs jobs;
    private final boolean mailed;
    private final int spacingSeconds;
    private final Map<Alert.Kind, AtomicLong> active = new EnumMap<>(Alert.Kind.class);
    private boolean looking;

    /**
     * @param mailed whether there is somebody to write to, and a mail server
     * @param spacingSeconds between the mails about new ones
     */
    public AlertsKeeper(Pool pool, Jobs jobs, boolean mailed, int spacingSeconds, MeterRegistry registry) {
        this.pool = pool;
        this.jobs = jobs;
        this.mailed = mailed;
        this.spacingSeconds = spacingSeconds;
        for (var kind : Alert.Kind.values()) {
            var alerts = new AtomicLong();
            active.put(kind, alerts);
            Gauge.builder("alerts", alerts, AtomicLong::get)
                    .description("Things that operators were alerted to in the last day")
                    .tag("kind", kind.word())
                    .register(registry);
        }
    }

    @Override
    public Future<?> start() {
        vertx.setPeriodic(LOOK_MILLIS, tick -> look());
        vertx.setPeriodic(TIDY_MILLIS, tick -> run(() -> AlertsStore.forget(pool, KEEP_DAYS)));
        return Future.succeededFuture();
    }

    private void look() {
        if (looking) {
            return;
        }
        looking = true;
        Future.join(run(this::count), mailed ? run(this::mail) : Future.succeededFuture())
                .onComplete(done -> looking = false);
    }

    private Future<?> count() {
        return AlertsStore.active(pool)
                .onSuccess(counts ->
                        counts.forEach((kind, alerts) -> active.get(kind).set(alerts)));
    }

    private Future<?> mail() {
        return AlertsStore.isMailDue(pool, AlertMail.TYPE, spacingSeconds)
                .compose(due -> due ? jobs.enqueue(pool, List.of(AlertMail.job())) : Future.succeededFuture());
    }

    private Future<?> run(Supplier<Future<?>> work) {
        return work.get()
                .onFailure(failure -> LOG.warn("Alerts: {}", Thrown.text(failure)))
                .otherwiseEmpty();
    }
}
