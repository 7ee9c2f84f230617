package app.fathi.bench;

import app.fathi.platform.config.Config;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Requests without a pause, from two kinds of callers. Reads {@code <workload> <millis>}:
 *
 * <ul>
 *   <li>{@code steady}: as many in flight as there are streams, each answer followed by the next request on the event
 *       loop that brought it;
 *   <li>{@code jobs}: as the sending pipeline asks: as many virtual threads as it has workers, each refilling its window
 *       when half of it is free.
 * </ul>
 *
 * <p>It answers requests per second, and the CPU and allocation of one request: of the whole process, so compilers and
 * collectors count.
 */
public final class ClientLoad {
    public static final byte[] BODY = body();
    public static final String AUTHORIZATION = "vapid t=" + text(256) + ", k=" + text(87);
    /** A campaign's recipients: each has an endpoint and a topic of its own, which header compression cannot remember. */
    public static final List<String> PATHS =
            Stream.generate(() -> "/wpush/v2/" + text(150)).limit(1000).toList();

    public static final List<String> TOPICS =
            Stream.generate(() -> text(22)).limit(1000).toList();

    private static final com.sun.management.OperatingSystemMXBean PROCESS =
            (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Vertx vertx;
    private final Config config;
    private final IntFunction<Future<Integer>> request;
    private final AtomicInteger started = new AtomicInteger();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile long endNanos;

    private ClientLoad(Vertx vertx, Config config, IntFunction<Future<Integer>> request) {
        this.vertx = vertx;
        this.config = config;
        this.request = request;
    }

    /** 400 octets that do not compress. */
    private static byte[] body() {
        var body = new byte[400];
        ThreadLocalRandom.current().nextBytes(body);
        return body;
    }

    private static String text(int characters) {
        var octets = new byte[characters];
        ThreadLocalRandom.current().nextBytes(octets);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets).substring(0, characters);
    }

    /** @param request starts one to the nth recipient; its status */
    public static void serve(Vertx vertx, Config config, IntFunction<Future<Integer>> request) throws Exception {
        var load = new ClientLoad(vertx, config, request);
        var orders = new BufferedReader(new InputStreamReader(System.in));
        for (var order = orders.readLine(); order != null; order = orders.readLine()) {
            var words = order.split(" ");
            System.out.println(load.run(words[0], Long.parseLong(words[1])).encode());
        }
        System.exit(0);
    }

    private JsonObject run(String workload, long millis) throws Exception {
        accepted.set(0);
        refused.set(0);
        long allocated = THREADS.getTotalThreadAllocatedBytes();
        long cpu = PROCESS.getProcessCpuTime();
        long start = System.nanoTime();
        endNanos = start + millis * 1_000_000;
        if (workload.equals("jobs")) {
            jobs();
        } else {
            steady();
        }
        double operations = accepted.get();
        return new JsonObject()
                .put("operations", accepted.get())
                .put("refused", refused.get())
                .put("perSecond", operations * 1e9 / (System.nanoTime() - start))
                .put("cpuMicros", (PROCESS.getProcessCpuTime() - cpu) / 1e3 / operations)
                .put("allocatedBytes", (THREADS.getTotalThreadAllocatedBytes() - allocated) / operations);
    }

    private void count(int status) {
        (status == 201 ? accepted : refused).incrementAndGet();
    }

    private int recipient() {
        return Math.floorMod(started.getAndIncrement(), PATHS.size());
    }

    private boolean ended() {
        return System.nanoTime() - endNanos > 0;
    }

    // --- steady ---------------------------------------------------------------------------------------------------

    private void steady() {
        int inFlight =
                config.outbound().connectionsPerOrigin() * config.outbound().streamsPerConnection();
        var left = new AtomicInteger(inFlight);
        var done = Promise.<Void>promise();
        vertx.getOrCreateContext().runOnContext(turn -> {
            for (int i = 0; i < inFlight; i++) {
                next(left, done);
            }
        });
        done.future().await();
    }

    private void next(AtomicInteger left, Promise<Void> done) {
        request.apply(recipient()).onComplete(result -> {
            count(result.succeeded() ? result.result() : 0);
            if (!ended()) {
                next(left, done);
            } else if (left.decrementAndGet() == 0) {
                done.complete();
            }
        });
    }

    // --- jobs -----------------------------------------------------------------------------------------------------

    private void jobs() {
        var jobs = new ArrayList<Future<String>>();
        for (int i = 0; i < config.jobs().workers(); i++) {
            jobs.add(vertx.deployVerticle(
                    new Job(), new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD)));
        }
        for (var job : jobs) {
            vertx.undeploy(job.await()).await();
        }
    }

    private final class Job extends VerticleBase {
        private final int window = config.send().windowMessages();
        private final AtomicInteger inFlight = new AtomicInteger();
        private volatile Promise<Void> bell;

        /** Ends when all is answered. */
        @Override
        public Future<?> start() {
            while (!ended()) {
                bell = Promise.promise();
                for (int free = window - inFlight.get(); free > 0; free--) {
                    send();
                }
                bell.future().await();
            }
            while (inFlight.get() > 0) {
                bell = Promise.promise();
                if (inFlight.get() > 0) {
                    bell.future().await();
                }
            }
            return Future.succeededFuture();
        }

        private void send() {
            inFlight.incrementAndGet();
            request.apply(recipient()).onComplete(result -> {
                count(result.succeeded() ? result.result() : 0);
                int left = inFlight.decrementAndGet();
                if (left == window / 2 || left == 0) {
                    bell.tryComplete();
                }
            });
        }
    }
}
