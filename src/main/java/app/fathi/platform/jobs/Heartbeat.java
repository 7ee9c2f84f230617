package app.fathi.platform.jobs;

import app.fathi.platform.logging.Thrown;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Renews the leases that this node holds, hears of cancels, and tells how far the jobs are. Belongs to one event loop. */
final class Heartbeat {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);

    private final Pool pool;
    private final Duration length;
    private final Map<UUID, Lease> held;
    private final Consumer<Lease> fenced;

    private boolean renewing;
    private boolean telling;

    /** @param held the leases, as they come and go */
    Heartbeat(Pool pool, Duration length, Map<UUID, Lease> held, Consumer<Lease> fenced) {
        this.pool = pool;
        this.length = length;
        this.held = held;
        this.fenced = fenced;
    }

    void renew() {
        if (renewing || held.isEmpty()) {
            return;
        }
        renewing = true;
        long before = System.nanoTime();
        var leases = List.copyOf(held.values());
        ResultsStore.renew(pool, leases, length).onComplete(renewed -> {
            renewing = false;
            if (renewed.failed()) {
                LOG.warn("{} leases could not be renewed: {}", leases.size(), Thrown.text(renewed.cause()));
                return;
            }
            for (var lease : leases) {
                var id = lease.job().id();
                if (renewed.result().renewed().contains(id)) {
                    lease.renewed(before);
                } else if (renewed.result().fenced().contains(id) && held.get(id) == lease) {
                    fenced.accept(lease);
                }
                if (renewed.result().cancelled().contains(id)) {
                    lease.cancel();
                }
            }
        });
    }

    /** Writes the news of all jobs, if there are any. */
    void tell() {
        if (telling) {
            return;
        }
        var news = held.values().stream().filter(Lease::hasNews).toList();
        if (news.isEmpty()) {
            return;
        }
        telling = true;
        ResultsStore.progress(pool, news)
                .onFailure(failure -> LOG.warn("Progress of {} jobs: {}", news.size(), Thrown.text(failure)))
                .onComplete(done -> telling = false);
    }
}
