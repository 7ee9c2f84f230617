package app.fathi.platform.health;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.micrometer.Label;
import io.vertx.micrometer.MetricsDomain;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * The counters and gauges of this process, for Prometheus. All names begin with {@code fathi_} and are in base units;
 * no label takes values that grow without bound.
 */
public final class Metrics implements AutoCloseable {
    private static final String PREFIX = "fathi.";
    private static final int METHODS = 16;
    /** What is worth its cost on each request; the bus and our own client would be counted per message. */
    private static final Set<MetricsDomain> DOMAINS = EnumSet.of(MetricsDomain.HTTP_SERVER, MetricsDomain.NAMED_POOLS);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final AtomicInteger ready = new AtomicInteger();

    public Metrics() {
        registry.config()
                .meterFilter(new Prefixed())
                // The one label that a client chooses: unknown methods beyond the first few are not counted.
                .meterFilter(MeterFilter.maximumAllowableTags(
                        PREFIX + "vertx.http.server", "method", METHODS, MeterFilter.deny()));
        registry.gauge("ready", ready);
        collections.bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    /** Where the domains count: names without prefix, in lower case with dots. */
    public MeterRegistry registry() {
        return registry;
    }

    /** Has Vert.x count its requests and pools here. */
    public VertxBuilder measure(VertxBuilder builder, VertxOptions options) {
        var disabled = EnumSet.complementOf(EnumSet.copyOf(DOMAINS)).stream()
                .map(MetricsDomain::toCategory)
                .collect(Collectors.toSet());
        // The pools are counted by name; the database client's own figures would add up all of them.
        disabled.add("sql");
        options.setMetricsOptions(new MicrometerMetricsOptions()
                .setEnabled(true)
                .setDisabledMetricsCategories(disabled)
                .setLabels(EnumSet.of(
                        Label.HTTP_ROUTE, Label.HTTP_METHOD, Label.HTTP_CODE, Label.POOL_TYPE, Label.POOL_NAME)));
        return builder.with(options).withMetrics(new MicrometerMetricsFactory(registry));
    }

    /**
     * All of it in Prometheus' text format.
     *
     * @param ready whether this node can serve now, told as {@code fathi_ready}
     */
    String scrape(boolean ready) {
        this.ready.set(ready ? 1 : 0);
        return registry.scrape();
    }

    @Override
    public void close() {
        collections.close();
        registry.close();
    }

    private static final class Prefixed implements MeterFilter {
        @Override
        public Meter.Id map(Meter.Id id) {
            return id.getName().startsWith(PREFIX) ? id : id.withName(PREFIX + id.getName());
        }
    }
}
