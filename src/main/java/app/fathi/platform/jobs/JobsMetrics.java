package app.fathi.platform.jobs;

import app.fathi.platform.jobs.ClaimsStore.Claimed;
import app.fathi.platform.jobs.Scheduler.Ready;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/** Counters and times of this node's jobs. */
final class JobsMetrics {
    private final MeterRegistry registry;
    private final Map<Lane, AtomicLong> oldestMillis = new EnumMap<>(Lane.class);

    /** @param types of all jobs that are done here */
    JobsMetrics(MeterRegistry registry, Supplier<Number> running, Collection<String> types) {
        this.registry = registry;
        // A counter that begins with its first increment hides it from whoever computes a rate.
        types.forEach(type -> {
            ended(type, new Verdict.Done());
            died(type);
            fenced(type);
        });
        // Strong: nobody else holds the supplier, and once it is collected the gauge says NaN.
        Gauge.builder("jobs.running", running).strongReference(true).register(registry);
        for (var lane : Lane.IN_ORDER) {
            var oldest = new AtomicLong();
            oldestMillis.put(lane, oldest);
            Gauge.builder("jobs.oldest", oldest, millis -> millis.get() / 1_000.0)
                    .baseUnit("seconds")
                    .tag("lane", lane.word())
                    .register(registry);
        }
    }

    /** What the last look saw: how long the oldest due job of each lane has been due. */
    void ready(List<Ready> ready) {
        var oldest = new EnumMap<Lane, Long>(Lane.class);
        ready.forEach(one -> oldest.merge(one.lane(), one.age().toMillis(), Math::max));
        oldestMillis.forEach((lane, value) -> value.set(oldest.getOrDefault(lane, 0L)));
    }

    void claimed(Claimed claimed) {
        claimed(claimed.job(), claimed.lag());
        if (claimed.takenOver()) {
            registry.counter("jobs.taken.over", "type", claimed.job().type()).increment();
        }
    }

    /** Nobody had to look for it. */
    void begun(Job job) {
        claimed(job, Duration.ZERO);
    }

    private void claimed(Job job, Duration lag) {
        registry.counter("jobs.claimed", "type", job.type(), "lane", job.lane().word())
                .increment();
        registry.timer("jobs.lag", "lane", job.lane().word()).record(lag);
    }

    void ran(Job job, Duration time) {
        registry.timer("jobs.run", "type", job.type()).record(time);
    }

    void ended(Job job, Verdict verdict) {
        ended(job.type(), verdict).increment();
    }

    private Counter ended(String type, Verdict verdict) {
        return registry.counter("jobs.ended", "type", type, "verdict", verdict.word());
    }

    /** Alarms are made from it: somebody has to look. */
    void died(Job job) {
        died(job.type()).increment();
    }

    private Counter died(String type) {
        return registry.counter("jobs.died", "type", type);
    }

    /** A result or a heartbeat came too late and changed nothing. */
    void fenced(Job job) {
        fenced(job.type()).increment();
    }

    private Counter fenced(String type) {
        return registry.counter("jobs.fenced", "type", type);
    }
}
