package app.fathi.platform.http;

import app.fathi.platform.config.Config;
import app.fathi.platform.outbound.Network;
import io.micrometer.core.instrument.MeterRegistry;
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
