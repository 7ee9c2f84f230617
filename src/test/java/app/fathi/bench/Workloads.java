package app.fathi.bench;

import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * The side of a {@link Contender} that works, when it is one of ours: reads orders {@code <workload> <threads> <millis>}
 * and answers each with one line of JSON, until its standard input ends.
 */
public final class Workloads {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What one thread does again and again. */
    @FunctionalInterface
    public interface Work {
        /** One operation; gives a value that depends on its result, so that no compiler leaves it out. */
        int once() throws Exception;
    }

    /** What one thread did; {@code trace} is the sum of all values of {@link Work#once}. */
    private record Done(long operations, long nanos, long cpuNanos, long allocatedBytes, int trace) {}

    private Workloads() {}

    /** @param workloads by name; each thread gets a work of its own */
    public static void serve(Map<String, Supplier<Work>> workloads) throws Exception {
        var orders = new BufferedReader(new InputStreamReader(System.in));
        for (var order = orders.readLine(); order != null; order = orders.readLine()) {
            var words = order.split(" ");
            System.out.println(run(workloads.get(words[0]), Integer.parseInt(words[1]), Long.parseLong(words[2]))
                    .encode());
        }
    }

    private static JsonObject run(Supplier<Work> workload, int threads, long millis) throws Exception {
        var tasks = new ArrayList<Callable<Done>>();
        for (int thread = 0; thread < threads; thread++) {
            var work = workload.get();
            tasks.add(() -> loop(work, millis * 1_000_000));
        }
        double perSecond = 0;
        long operations = 0;
        long cpuNanos = 0;
        long allocatedBytes = 0;
        int trace = 0;
        try (var pool = Executors.newFixedThreadPool(threads)) {
            for (var each : pool.invokeAll(tasks)) {
                var done = each.get();
                perSecond += done.operations * 1e9 / done.nanos;
                operations += done.operations;
                cpuNanos += done.cpuNanos;
                allocatedBytes += done.allocatedBytes;
                trace += done.trace;
            }
        }
        return new JsonObject()
                .put("operations", operations)
                .put("perSecond", perSecond)
                .put("cpuMicros", cpuNanos / 1e3 / operations)
                .put("allocatedBytes", (double) allocatedBytes / operations)
                .put("trace", trace);
    }

    private static Done loop(Work work, long forNanos) throws Exception {
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long cpu = THREADS.getCurrentThreadCpuTime();
        long start = System.nanoTime();
        long operations = 0;
        int trace = 0;
        long now = start;
        while (now - start < forNanos) {
            trace += work.once();
            operations++;
            now = System.nanoTime();
        }
        return new Done(
                operations,
                now - start,
                THREADS.getCurrentThreadCpuTime() - cpu,
                THREADS.getCurrentThreadAllocatedBytes() - allocated,
                trace);
    }
}
