package app.fathi.platform.jobs;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Supplier;

/** Counters and times of this node's jobs. */
final class JobsMetrics {
    private final MeterRegistry registry;

    JobsMetrics(MeterRegistry registry, Supplier<Number> running) {
        this.registry = registry;
        registry.gauge("fathi_jobs_running", running, value -> value.get().doubleValue());
    }

    void claimed(JobsStore.Claimed claimed) {
        registry.counter(
                        "fathi_jobs_claimed",
                        "type",
                        claimed.job().type(),
                        "lane",
                        word(claimed.job().lane()))
                .increment();
        registry.timer("fathi_jobs_lag", "lane", word(claimed.job().lane())).record(claimed.lag());
        if (claimed.takenOver()) {
            registry.counter("fathi_jobs_taken_over", "type", claimed.job().type())
                    .increment();
        }
    }

    void ran(Job job, Duration time) {
        registry.timer("fathi_jobs_run", "type", job.type()).record(time);
    }

    void ended(Job job, Verdict verdict) {
        ended(job, verdict.word());
    }

    void buried(Job job) {
        ended(job, "dead");
    }

    private void ended(Job job, String verdict) {
        registry.counter("fathi_jobs_ended", "type", job.type(), "verdict", verdict)
                .increment();
    }

    /** A result or a heartbeat came too late and changed nothing. */
    void fenced(Job job) {
        registry.counter("fathi_jobs_fenced", "type", job.type()).increment();
    }

    private static String word(Lane lane) {
        return lane.name().toLowerCase(Locale.ROOT);
    }
}
