package app.fathi.platform.http;

import app.fathi.platform.logging.Thrown;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Pool;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes leases of the rates' common budgets for a node that is not alone: one statement for all callers that need more, ten a
 * second at most, one at a time, and none while nobody does. No request waits for it.
 */
final class RateLeases {
    private static final Logger LOG = LoggerFactory.getLogger(RateLeases.class);
    private static final long PAUSE_MILLIS = 100;
    private static final int MAX_CALLERS = 1_000;
    private static final long FORGET_NANOS = TimeUnit.MINUTES.toNanos(10);

    private final Vertx vertx;
    private final Pool pool;
    private final SecretKeySpec key;
    private final Rates rates;
    private final Counter statements;
    private final Counter failures;
    private final AtomicBoolean busy = new AtomicBoolean();
    private long forgotNanos = System.nanoTime();
    private boolean cut;

    /** @param key {@code Secrets.derivedKey("rates")}: the same on all nodes */
    RateLeases(Vertx vertx, Pool pool, byte[] key, Rates rates, MeterRegistry registry) {
        this.vertx = vertx;
        this.pool = pool;
        this.key = new SecretKeySpec(key, "HmacSHA256");
        this.rates = rates;
        this.statements = registry.counter("http.rates.leases");
        this.failures = registry.counter("http.rates.leases.failed");
    }

    /** Somebody needs more. */
    void wake() {
        if (busy.compareAndSet(false, true)) {
            // Not in the course of a request.
            vertx.setTimer(1, turn -> lease());
        }
    }

    private void lease() {
        var asking = new LinkedHashMap<Buffer, Rates.Hungry>();
        rates.hungry(MAX_CALLERS).forEach(each -> asking.put(keyed(each.name()), each));
        if (asking.isEmpty()) {
            rest();
            return;
        }
        var wanted = new ArrayList<RateBudgetStore.Wanted>();
        asking.forEach((name, each) -> wanted.add(new RateBudgetStore.Wanted(name, each.ask())));
        statements.increment();
        RateBudgetStore.lease(pool, wanted)
                .onSuccess(leases -> {
                    asking.forEach((name, each) -> each.granted(
                            leases.get(name).granted(), leases.get(name).left()));
                    cut = false;
                    forgetFull();
                })
                .onFailure(failure -> {
                    asking.values().forEach(Rates.Hungry::failed);
                    failures.increment();
                    if (!cut) {
                        LOG.warn("Rates are this node's part until the database answers: {}", Thrown.text(failure));
                    }
                    cut = true;
                })
                .onComplete(done -> vertx.setTimer(PAUSE_MILLIS, pause -> rest()));
    }

    private void rest() {
        busy.set(false);
        if (rates.isAnybodyHungry()) {
            wake();
        }
    }

    private void forgetFull() {
        if (System.nanoTime() - forgotNanos > FORGET_NANOS) {
            forgotNanos = System.nanoTime();
            RateBudgetStore.forgetFull(pool);
        }
    }

    private Buffer keyed(String name) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return Buffer.buffer(mac.doFinal(name.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }
}
