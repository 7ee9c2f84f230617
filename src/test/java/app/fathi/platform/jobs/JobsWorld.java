package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.config.Config;
import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** Nodes that are Vert.x instances with pools of their own: nothing but the database is common to them. */
final class JobsWorld implements AutoCloseable {
    static final String TYPE = "test.work";
    private static final Duration DRAIN = Duration.ofSeconds(5);

    private final List<Node> nodes = new ArrayList<>();
    final Vertx vertx = Vertx.vertx();
    final TestDatabase database = TestDatabase.create();
    final Pool pool = database.pool(vertx);

    interface JobRun {
        JobOutcome run(Job job, Lease lease) throws Exception;
    }

    /** A handler of {@link #TYPE}. */
    static JobHandler handler(JobRun run) {
        return handler(TYPE, false, run);
    }

    static JobHandler handler(String type, boolean settles, JobRun run) {
        return new JobHandler() {
            @Override
            public String type() {
                return type;
            }

            @Override
            public boolean settles() {
                return settles;
            }

            @Override
            public JobOutcome run(Job job, Lease lease) throws Exception {
                return run.run(job, lease);
            }
        };
    }

    record Node(Vertx vertx, Pool pool, Jobs jobs, JobsVerticle verticle, SimpleMeterRegistry registry) {
        int counter(String name) {
            return (int) registry.find(name).counters().stream()
                    .mapToDouble(counter -> counter.count())
                    .sum();
        }
    }

    Node node(JobRun run, String... environment) {
        return node(DRAIN, run, environment);
    }

    Node node(Duration drain, JobRun run, String... environment) {
        return node(drain, List.of(handler(run)), environment);
    }

    Node node(List<JobHandler> handlers, String... environment) {
        return node(DRAIN, handlers, environment);
    }

    private Node node(Duration drain, List<JobHandler> handlers, String... environment) {
        var settings = new HashMap<>(
                Map.of("FATHI_JOBS_LEASE_SECONDS", "2", "FATHI_JOBS_POLL_MILLIS", "50", "FATHI_JOBS_WORKERS", "8"));
        for (int i = 0; i < environment.length; i += 2) {
            settings.put(environment[i], environment[i + 1]);
        }
        var own = Vertx.vertx();
        var ownPool = database.pool(own);
        var registry = new SimpleMeterRegistry();
        var jobs = new Jobs(own);
        var verticle = new JobsVerticle(
                ownPool, jobs, Config.of(settings).jobs(), UUID.randomUUID(), drain, handlers, registry);
        own.deployVerticle(verticle).await();
        var node = new Node(own, ownPool, jobs, verticle, registry);
        nodes.add(node);
        return node;
    }

    static NewJob due(String key) {
        return due(1, TYPE, Lane.TRANSACTIONAL, key);
    }

    static NewJob due(int ws, String type, Lane lane, String key) {
        return new NewJob(ws, type, lane, key, new JsonObject(), Instant.now().minusSeconds(1));
    }

    void enqueue(int count) {
        enqueue(IntStream.range(0, count).mapToObj(n -> due("k" + n)).toList());
    }

    void enqueue(List<NewJob> jobs) {
        new Jobs(vertx).enqueue(pool, jobs).await();
    }

    /** Of the only job with this key. */
    UUID id(String key) {
        return pool.query("SELECT id FROM jobs WHERE key = '" + key + "'")
                .execute()
                .await()
                .iterator()
                .next()
                .getUUID(0);
    }

    /** As somebody does over the API; answers which run. */
    List<UUID> cancel(UUID id, String... settling) {
        var jobs = new Jobs(vertx);
        return pool.withTransaction(tx -> jobs.cancel(tx, id, List.of(settling)))
                .await();
    }

    Instant dueAt() {
        return pool.query("SELECT due_at FROM jobs")
                .execute()
                .await()
                .iterator()
                .next()
                .getOffsetDateTime(0)
                .toInstant();
    }

    int count(String sql) {
        return pool.query(sql).execute().await().iterator().next().getInteger(0);
    }

    String text(String sql) {
        return pool.query(sql).execute().await().iterator().next().getString(0);
    }

    /** On a worker's virtual thread: gives the thread back, as a handler should. */
    static void pause(long millis) {
        Vertx.currentContext().owner().timer(millis).await();
    }

    /** Waits for something that must come. */
    static void until(BooleanSupplier condition) {
        long limit = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited 30 s").isLessThan(limit);
            LockSupport.parkNanos(10_000_000);
        }
    }

    @Override
    public void close() {
        // The pool of a Vert.x instance closes with it: results are written before.
        nodes.forEach(node -> node.verticle.drain().await());
        nodes.forEach(node -> Closing.close(node.vertx));
        Closing.close(vertx);
        database.close();
    }
}
