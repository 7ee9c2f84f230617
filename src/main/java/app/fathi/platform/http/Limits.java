package app.fathi.platform.http;

import app.fathi.platform.config.Config;
import app.fathi.platform.outbound.Network;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.util.List;

/** What bounds that which comes in. One for the node, shared by all instances of the HTTP verticle. */
public final class Limits {
    private final List<Network> trustedProxies;
    private final Connections connections;
    private final Admission admission;
    private final Rates rates;

    public Limits(Config config, MeterRegistry registry) {
        trustedProxies = Network.all(config.http().trustedProxies().toArray(String[]::new));
        connections = new Connections(config.http(), trustedProxies);
        admission = new Admission(config.admission());
        rates = new Rates(config.rates(), registry);
    }

    /**
     * Where several nodes serve, their callers' rates are of them all together.
     *
     * @param key {@code Secrets.derivedKey("rates")}: the same on all nodes
     */
    public void share(Vertx vertx, Pool pool, byte[] key, MeterRegistry registry) {
        rates.whenHungry(new RateLeases(vertx, pool, key, rates, registry)::wake);
    }

    /** @param serving how many nodes serve now, this one included */
    public void serving(int serving) {
        rates.share(serving);
    }

    /** Whose {@code X-Forwarded-For} is believed. */
    List<Network> trustedProxies() {
        return trustedProxies;
    }

    Connections connections() {
        return connections;
    }

    Admission admission() {
        return admission;
    }

    Rates rates() {
        return rates;
    }
}
