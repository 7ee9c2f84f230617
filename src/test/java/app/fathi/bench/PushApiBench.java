package app.fathi.bench;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * B0: the push API. How many personalised messages a batch of 1,000 takes in per second, answered after the commit, against
 * inserting the same words as rows with {@code unnest} into the same database; and how long a single message takes from the
 * request to the push service, at half the rate at which single messages saturate the machine.
 */
final class PushApiBench {
    private static final int PEOPLE = 1_000;
    private static final int ROUNDS = 5;
    private static final int BATCHES = 60;
    private static final int BATCHES_AT_ONCE = 2;

    private static final Duration WARM_UP = Duration.ofSeconds(60);
    private static final Duration SATURATED = Duration.ofSeconds(10);
    private static final Duration HALF = Duration.ofSeconds(15);

    private final BenchServer server;
    private final FakePushService push;
    private final AtomicInteger next = new AtomicInteger();

    private PushApiBench(BenchServer server, FakePushService push) {
        this.server = server;
        this.push = push;
    }

    public static void main(String[] arguments) throws Exception {
        var report = new Report("B0", "the push API, answered after the commit");
        var vertx = Vertx.vertx();
        try (var push = FakePushService.start(FakePushService.Options.usual().passing());
                var server = BenchServer.start()) {
            push.answerAlways(Answer.status(201));
            var key = server.admin().vapidKey();
            var devices = new ArrayList<String>();
            for (int i = 0; i < PEOPLE; i++) {
                devices.add(
                        push.subscribe(key).toJson().put("userId", person(i)).encode());
            }
            server.admin().subscribe(devices);
            var bench = new PushApiBench(server, push);
            var database = database(vertx, server);
            bench.batches(report, database);
            database.close().await();
            bench.singles(report);
        } finally {
            vertx.close().await();
        }
        report.finish();
    }

    private static String person(int number) {
        return "person-" + number % PEOPLE;
    }

    // --- batches --------------------------------------------------------------------------------------------------

    private void batches(Report report, Pool database) throws Exception {
        Report.progress("warming up");
        // The compiler is busy for half a minute with what it meets here.
        for (long end = System.nanoTime() + WARM_UP.toNanos(); System.nanoTime() < end; ) {
            batchRate();
            rowRate(database);
        }
        var taken = new ArrayList<Double>();
        var inserted = new ArrayList<Double>();
        for (int round = 1; round <= ROUNDS; round++) {
            Report.progress("batches, round %d of %d", round, ROUNDS);
            taken.add(batchRate());
            inserted.add(rowRate(database));
        }
        var messages = report.add(Measure.of("batches of 1,000: messages taken", "/s", taken));
        var rows = report.add(Measure.of("limit: the same words by unnest, rows", "/s", inserted));
        report.add(Measure.ratio("Fathi ÷ limit", messages, rows).atLeast(0.5));
    }

    /** To be sent tomorrow, so that taking alone is measured. */
    private double batchRate() throws Exception {
        var tomorrow = Instant.now().plus(Duration.ofDays(1)).toString();
        return rate(number -> {
            var items = new JsonArray();
            for (int i = 0; i < PEOPLE; i++) {
                items.add(new JsonObject()
                        .put("userId", person(i))
                        .put("data", new JsonObject().put("code", code(number, i))));
            }
            var batch = new JsonObject()
                    .put("purpose", "marketing")
                    .put("sendAt", tomorrow)
                    .put(
                            "content",
                            new JsonObject()
                                    .put("title", "Your code is {{ data.code }}")
                                    .put("body", "It is on its way.")
                                    .put("url", "https://shop.example/orders"))
                    .put("items", items);
            var answer = server.admin().ask("POST", "/api/v1/webpush/messages/batch", batch);
            if (answer.getInteger("queued") != PEOPLE) {
                throw new IllegalStateException("queued " + answer.getInteger("queued"));
            }
        });
    }

    private double rowRate(Pool database) throws Exception {
        long run = next.incrementAndGet() * 1_000_000L;
        return rate(number -> database.preparedQuery(
                        """
                        INSERT INTO bench_row (run, profile_no, id, data)
                        SELECT $1, * FROM unnest($2::int[], $3::uuid[], $4::jsonb[])
                        """)
                .execute(Tuple.of(
                        run + number,
                        IntStream.range(0, PEOPLE).boxed().toArray(Integer[]::new),
                        IntStream.range(0, PEOPLE)
                                .mapToObj(i -> UUID.randomUUID())
                                .toArray(UUID[]::new),
                        IntStream.range(0, PEOPLE)
                                .mapToObj(i -> new JsonObject().put("code", code(number, i)))
                                .toArray(JsonObject[]::new)))
                .await());
    }

    private static String code(int number, int i) {
        return String.valueOf(100_000 + number * 1_000 + i);
    }

    private interface Step {
        void run(int number) throws Exception;
    }

    /** Items per second of so many steps of 1,000 items. */
    private static double rate(Step step) throws Exception {
        long start = System.nanoTime();
        try (var threads = Executors.newFixedThreadPool(BATCHES_AT_ONCE)) {
            var all = IntStream.range(0, BATCHES)
                    .mapToObj(number -> threads.submit(() -> {
                        step.run(number);
                        return null;
                    }))
                    .toList();
            for (var one : all) {
                one.get();
            }
        }
        return BATCHES * PEOPLE * 1e9 / (System.nanoTime() - start);
    }

    private static Pool database(Vertx vertx, BenchServer server) throws Exception {
        var pool = PgBuilder.pool()
                .with(new PoolOptions().setMaxSize(BATCHES_AT_ONCE))
                .connectingTo(new PgConnectOptions()
                        .setHost("127.0.0.1")
                        .setPort(server.databasePort())
                        .setDatabase("fathi")
                        .setUser("fathi")
                        .setPassword(server.databasePassword())
                        .setCachePreparedStatements(true))
                .using(vertx)
                .build();
        pool.query(
                        "CREATE TABLE bench_row (run bigint, profile_no int, id uuid, data jsonb, PRIMARY KEY (run, profile_no))")
                .execute()
                .await();
        return pool;
    }

    // --- single messages ------------------------------------------------------------------------------------------

    private void singles(Report report) throws Exception {
        var singles = new Singles(server.admin(), "transactional", PushApiBench::person);
        push.whenTaken(singles::arrived);
        Report.progress("single messages, as many as go");
        singles.saturate(WARM_UP);
        double saturation = singles.saturate(SATURATED);
        Report.progress("single messages, %.0f/s", saturation / 2);
        var millis = singles.millisAt(saturation / 2, HALF);
        report.add(Measure.of("single messages taken and sent at saturation", "/s", List.of(saturation)));
        report.add(Measure.of("request → push service at half of it, p50", "ms", List.of(Singles.quantile(millis, 0.5)))
                .atMost(15));
        report.add(
                Measure.of("request → push service at half of it, p99", "ms", List.of(Singles.quantile(millis, 0.99)))
                        .atMost(60));
    }
}
