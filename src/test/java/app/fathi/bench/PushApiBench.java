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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * B0: the push API. How many personalised messages a batch of 1,000 takes in per second, answered after the commit, against
 * inserting the same words as rows with {@code unnest} into the same database; and how long a single message takes from the
 * request to the push service, at half the rate at which single messages saturate the machine.
 */
final class PushApiBench {
    private static final int PEOPLE = 1_000;
    private static final int ROUNDS = 5;
    private static final int BATCHES = 20;
    private static final int BATCHES_AT_ONCE = 2;
    private static final int SINGLES_AT_ONCE = 16;
    /** Taken and not yet at the push service: more would only wait. */
    private static final int UNDER_WAY = 64;

    private static final Duration WARM_UP = Duration.ofSeconds(60);
    private static final Duration SATURATED = Duration.ofSeconds(10);
    private static final Duration HALF = Duration.ofSeconds(15);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final Duration ARRIVAL = Duration.ofSeconds(20);

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
        try (var push = FakePushService.start(FakePushService.Options.usual().unread());
                var server = BenchServer.start()) {
            push.answerAlways(Answer.status(201));
            var key = server.vapidKey();
            var devices = new ArrayList<String>();
            for (int i = 0; i < PEOPLE; i++) {
                devices.add(
                        push.subscribe(key).toJson().put("userId", person(i)).encode());
            }
            server.subscribe(devices);
            var bench = new PushApiBench(server, push);
            var database = database(vertx, server.folder());
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
        batchRate();
        rowRate(database);
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
                    .put("content", content("Your code is {{ data.code }}"))
                    .put("items", items);
            var answer = server.ask("POST", "/api/v1/webpush/messages/batch", batch);
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

    private static Pool database(Vertx vertx, Path folder) throws Exception {
        var data = folder.resolve("data");
        var location =
                Path.of(Files.readString(data.resolve("postgres.location")).strip());
        int port = Integer.parseInt(
                Files.readAllLines(location.resolve("cluster/postmaster.pid")).get(3));
        var pool = PgBuilder.pool()
                .with(new PoolOptions().setMaxSize(BATCHES_AT_ONCE))
                .connectingTo(new PgConnectOptions()
                        .setHost("127.0.0.1")
                        .setPort(port)
                        .setDatabase("fathi")
                        .setUser("fathi")
                        .setPassword(Files.readString(data.resolve("postgres.password"))
                                .strip())
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
        Report.progress("single messages, as many as go");
        saturate(WARM_UP);
        double saturation = saturate(SATURATED);
        Report.progress("single messages, %.0f/s", saturation / 2);
        var millis = millisAt(saturation / 2);
        report.add(Measure.of("single messages taken and sent at saturation", "/s", List.of(saturation)));
        report.add(Measure.of("request → push service at half of it, p50", "ms", List.of(quantile(millis, 0.5)))
                .atMost(15));
        report.add(Measure.of("request → push service at half of it, p99", "ms", List.of(quantile(millis, 0.99)))
                .atMost(60));
    }

    /** What goes in and arrives, each asker with its next request when the last was answered and not too many are under way. */
    private double saturate(Duration length) throws Exception {
        long before = push.requests();
        long start = System.nanoTime();
        long end = start + length.toNanos();
        var asked = new AtomicInteger();
        try (var threads = Executors.newFixedThreadPool(SINGLES_AT_ONCE)) {
            var askers = IntStream.range(0, SINGLES_AT_ONCE)
                    .mapToObj(i -> threads.submit(() -> {
                        while (System.nanoTime() < end) {
                            if (before + asked.get() - push.requests() > UNDER_WAY) {
                                LockSupport.parkNanos(PAUSE_NANOS);
                                continue;
                            }
                            send(next.getAndIncrement());
                            asked.incrementAndGet();
                        }
                    }))
                    .toList();
            for (var asker : askers) {
                asker.get();
            }
        }
        awaitArrival(before + asked.get());
        double rate = asked.get() * 1e9 / (System.nanoTime() - start);
        push.awaitReceipts(asked.get());
        push.forgetReceipts();
        return rate;
    }

    /** From before each request to its arrival at the push service, when requests come evenly. */
    private List<Double> millisAt(double rate) throws Exception {
        int count = (int) (rate * HALF.toSeconds());
        int first = next.getAndAdd(count);
        var asked = new Instant[count];
        long before = push.requests();
        long start = System.nanoTime();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < count; i++) {
                int number = i;
                LockSupport.parkNanos(start + (long) (i * 1e9 / rate) - System.nanoTime());
                threads.submit(() -> {
                    asked[number] = Instant.now();
                    send(first + number);
                });
            }
        }
        awaitArrival(before + count);
        push.awaitReceipts(count);
        var arrived = new HashMap<String, Instant>();
        push.receipts().forEach(receipt -> arrived.putIfAbsent(receipt.headers().get("topic"), receipt.at()));
        var millis = new ArrayList<Double>();
        for (int i = 0; i < count; i++) {
            var at = arrived.get(topic(first + i));
            millis.add(Duration.between(asked[i], at).toNanos() / 1e6);
        }
        return millis;
    }

    private void send(int number) {
        var draft = new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray().add(person(number))))
                .put("purpose", "transactional")
                .put("topic", topic(number))
                .put("content", content("Your order {{ traits.firstName | default: 'there' }}"));
        server.ask("POST", "/api/v1/webpush/messages", draft);
    }

    private static String topic(int number) {
        return "order-" + number;
    }

    private static JsonObject content(String title) {
        return new JsonObject()
                .put("title", title)
                .put("body", "It is on its way.")
                .put("url", "https://shop.example/orders");
    }

    private void awaitArrival(long requests) {
        long end = System.nanoTime() + ARRIVAL.toNanos();
        while (push.requests() < requests) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException((requests - push.requests()) + " messages did not arrive");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private static double quantile(List<Double> values, double share) {
        var sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[Math.min(sorted.length - 1, (int) (sorted.length * share))];
    }
}
