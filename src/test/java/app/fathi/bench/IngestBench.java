package app.fathi.bench;

import app.fathi.bench.BenchServer.Account;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;

/**
 * B3: events taken in batches and answered after the commit, against {@code COPY} of the same records into the same table, one
 * {@code unnest} statement for each batch, and a handler that reads requests and forgets them; how many of them are taken
 * for good, with all stages at work, 50 live segments and nothing older than a second waiting; and how long a single
 * {@code track} takes at two thirds of the rate at which they saturate the machine.
 */
final class IngestBench {
    private static final int PEOPLE = 20_000;
    private static final int BATCH = 250;
    private static final int ROUNDS = 3;
    private static final int BATCHES = 160;
    private static final int SENDERS = 4;
    private static final int SEGMENTS = 50;
    private static final int NAMES = 20;
    private static final Duration SUSTAINED = Duration.ofSeconds(20);
    private static final Duration SATURATED = Duration.ofSeconds(8);
    private static final Duration STEADY = Duration.ofSeconds(15);
    private static final int WARM_UP_ROUNDS = 15;
    private static final double NO_LONGER_GROWING = 1.02;
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** Of what {@code COPY} reaches: tried until one is too many. */
    private static final List<Double> SHARES =
            List.of(0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3);

    private final BenchServer server;
    private final Account admin;
    private final Connection database;
    private final Report report;
    private final AtomicLong copied = new AtomicLong();

    private IngestBench(BenchServer server, Connection database, Report report) {
        this.server = server;
        this.admin = server.admin();
        this.database = database;
        this.report = report;
    }

    public static void main(String[] arguments) throws Exception {
        var report = new Report("B3", "events, answered after the commit");
        try (var server = BenchServer.start();
                var database = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + server.databasePort() + "/fathi",
                        "fathi",
                        server.databasePassword())) {
            new IngestBench(server, database, report).run();
        }
        report.finish();
    }

    private void run() throws Exception {
        var vertx = Vertx.vertx();
        var idle = discarding(vertx);
        var forgets = URI.create("http://127.0.0.1:" + idle.actualPort() + "/v1/batch");
        Report.progress("warming up");
        steady(() -> {
            double rate = taken();
            derived();
            return rate;
        });
        steady(() -> forgotten(forgets));
        var taken = new ArrayList<Double>();
        var copies = new ArrayList<Double>();
        var inserts = new ArrayList<Double>();
        var forgotten = new ArrayList<Double>();
        for (int round = 1; round <= ROUNDS; round++) {
            Report.progress("batches, round %d of %d", round, ROUNDS);
            taken.add(taken());
            derived();
            copies.add(copy());
            inserts.add(insert());
            forgotten.add(forgotten(forgets));
        }
        vertx.close().await();
        var events = report.add(Measure.of("batches of 250: events taken", "/s", taken));
        var limit = report.add(Measure.of("limit: COPY into the same table", "/s", copies));
        report.add(Measure.of("the same by unnest, a statement for each batch", "/s", inserts));
        report.add(Measure.of("a handler that forgets them", "/s", forgotten));
        report.add(Measure.ratio("Fathi ÷ COPY", events, limit).atLeast(0.4));
        segments();
        sustained(limit);
        singles();
    }

    // --- batches ----------------------------------------------------------------------------------------------------

    private double taken() throws Exception {
        return rate(number -> admin.ask("POST", "/v1/batch", batch(new Random())));
    }

    private static HttpServer discarding(Vertx vertx) {
        return vertx.createHttpServer()
                .requestHandler(request ->
                        request.body().onSuccess(body -> request.response().end("{\"success\":true}")))
                .listen(0, "127.0.0.1")
                .await();
    }

    private static double forgotten(URI url) throws Exception {
        var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        return rate(number -> http.send(
                HttpRequest.newBuilder(url)
                        .POST(BodyPublishers.ofString(batch(new Random()).encode()))
                        .build(),
                BodyHandlers.ofString()));
    }

    /** As one connection can: nothing is cut up, nothing waits for an answer. */
    private double copy() throws Exception {
        var lines = new StringBuilder();
        int rows = BATCHES * BATCH;
        var random = new Random();
        for (int i = 0; i < rows; i++) {
            lines.append("bench\t0\t0\t")
                    .append(copied.incrementAndGet())
                    .append("\t2026-01-01T00:00:00Z\t1\t")
                    .append("u")
                    .append(random.nextInt(PEOPLE))
                    .append("\ttrack\t")
                    .append(record(random))
                    .append('\n');
        }
        table();
        long began = System.nanoTime();
        database.unwrap(PGConnection.class)
                .getCopyAPI()
                .copyIn("COPY bench_record FROM STDIN", new StringReader(lines.toString()));
        return rows * 1e9 / (System.nanoTime() - began);
    }

    private double insert() throws Exception {
        table();
        var random = new Random();
        long began = System.nanoTime();
        try (var statement = database.prepareStatement(
                """
                INSERT INTO bench_record
                SELECT 'bench', 0, 0, r.pos, now(), 1, r.key, 'track', r.payload FROM unnest(?::bigint[], ?::text[], ?::text[]) r (pos, key, payload)
                """)) {
            for (int i = 0; i < BATCHES; i++) {
                statement.setArray(
                        1,
                        database.createArrayOf(
                                "bigint",
                                IntStream.range(0, BATCH)
                                        .mapToObj(n -> copied.incrementAndGet())
                                        .toArray()));
                statement.setArray(
                        2,
                        database.createArrayOf(
                                "text",
                                IntStream.range(0, BATCH)
                                        .mapToObj(n -> "u" + random.nextInt(PEOPLE))
                                        .toArray()));
                statement.setArray(
                        3,
                        database.createArrayOf(
                                "text",
                                IntStream.range(0, BATCH)
                                        .mapToObj(n -> record(random).encode())
                                        .toArray()));
                statement.executeUpdate();
            }
        }
        return BATCHES * BATCH * 1e9 / (System.nanoTime() - began);
    }

    /** Like an hour of the stream's table, with its index. */
    private void table() throws SQLException {
        execute("DROP TABLE IF EXISTS bench_record");
        execute("CREATE TABLE bench_record (LIKE stream_record INCLUDING ALL)");
    }

    private interface Step {
        void run(int number) throws Exception;
    }

    private interface Rate {
        double measure() throws Exception;
    }

    /** Until it is no faster than before: the JIT of a server that has just started takes most of the machine. */
    private static double steady(Rate rate) throws Exception {
        double best = 0;
        int still = 0;
        for (int round = 0; round < WARM_UP_ROUNDS && still < 2; round++) {
            double now = rate.measure();
            still = now < best * NO_LONGER_GROWING ? still + 1 : 0;
            best = Math.max(now, best);
        }
        return best;
    }

    private static double rate(Step step) throws Exception {
        long began = System.nanoTime();
        try (var threads = Executors.newFixedThreadPool(SENDERS)) {
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
        return BATCHES * BATCH * 1e9 / (System.nanoTime() - began);
    }

    // --- for good ---------------------------------------------------------------------------------------------------

    private void segments() {
        Report.progress("%d segments are made", SEGMENTS);
        var ids = IntStream.range(0, SEGMENTS)
                .mapToObj(i -> admin.ask(
                                "POST",
                                "/api/v1/segments",
                                new JsonObject()
                                        .put("name", "Segment " + i)
                                        .put(
                                                "rule",
                                                i % 2 == 0
                                                        ? new JsonObject()
                                                                .put("type", "did")
                                                                .put("event", "Event " + i % NAMES)
                                                                .put("within", "P" + (1 + i) + "D")
                                                                .put("atLeast", 1 + i % 3)
                                                        : new JsonObject()
                                                                .put("type", "trait")
                                                                .put("trait", "plan")
                                                                .put("operator", "equals")
                                                                .put("value", "plan " + i)))
                        .getString("id"))
                .toList();
        for (var id : ids) {
            while (!admin.ask("GET", "/api/v1/segments/" + id, null)
                    .getString("state")
                    .equals("live")) {
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }

    private void sustained(Measure limit) throws Exception {
        double best = 0;
        double waited = 0;
        for (double share : SHARES) {
            double rate = limit.median() * share;
            Report.progress("%.0f events a second for %d seconds", rate, SUSTAINED.toSeconds());
            double lag = lagAt(rate);
            derived();
            if (lag > 1) {
                break;
            }
            best = share;
            waited = lag;
        }
        report.add(
                Measure.of("events for good, all stages and 50 live segments", "/s", List.of(best * limit.median())));
        report.add(
                Measure.of("the oldest that waited then", "s", List.of(waited)).atMost(1));
        report.add(Measure.of("for good ÷ COPY", "", List.of(best)).atLeast(0.2));
    }

    /** How old, at worst, the oldest event was that nobody had derived, in seconds; over the second half, when all is under way. */
    private double lagAt(double rate) throws Exception {
        int batches = (int) (rate * SUSTAINED.toSeconds() / BATCH);
        double worst = 0;
        long began = System.nanoTime();
        var sent = new AtomicInteger();
        try (var senders = Executors.newFixedThreadPool(SENDERS)) {
            for (int sender = 0; sender < SENDERS; sender++) {
                int mine = sender;
                senders.submit(() -> {
                    for (int i = mine; i < batches; i += SENDERS) {
                        LockSupport.parkNanos(Math.max(0, began + (long) (i * 1e9 * BATCH / rate) - System.nanoTime()));
                        admin.ask("POST", "/v1/batch", batch(new Random(i)));
                        sent.incrementAndGet();
                    }
                });
            }
            while (sent.get() < batches) {
                LockSupport.parkNanos(POLL_NANOS);
                if (System.nanoTime() - began > SUSTAINED.toNanos() / 2) {
                    worst = Math.max(worst, oldest());
                }
            }
        }
        double took = (System.nanoTime() - began) * 1e-9;
        // Who could not even be taken at this rate was late before anybody derived.
        return Math.max(worst, took - SUSTAINED.toSeconds());
    }

    private double oldest() throws SQLException {
        try (var statement = database.createStatement();
                var row = statement.executeQuery(
                        """
                        SELECT coalesce(max(extract(epoch FROM clock_timestamp() - r.at)), 0) FROM stream_offset o CROSS JOIN LATERAL (
                          SELECT at FROM stream_record r WHERE r.topic = o.topic AND r.part = o.part AND r.period >= o.period AND r.pos >= o.pos
                          ORDER BY r.period, r.pos LIMIT 1) r WHERE o.topic = 'ingest'
                        """)) {
            row.next();
            return row.getDouble(1);
        }
    }

    private void derived() throws SQLException {
        while (oldest() > 0) {
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    // --- single events ----------------------------------------------------------------------------------------------

    private void singles() throws Exception {
        Report.progress("single events, as many as go");
        double saturation = steady(this::saturate);
        derived();
        double rate = saturation * 2 / 3;
        Report.progress("single events, %.0f/s", rate);
        int count = (int) (rate * STEADY.toSeconds());
        var millis = Collections.synchronizedList(new ArrayList<Double>());
        long began = System.nanoTime();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < count; i++) {
                long due = began + (long) (i * 1e9 / rate);
                LockSupport.parkNanos(due - System.nanoTime());
                threads.submit(() -> {
                    // From when it was due: who waits for a place is late, too.
                    admin.ask("POST", "/v1/track", event(new Random()));
                    millis.add((System.nanoTime() - due) / 1e6);
                });
            }
        }
        report.add(Measure.of("single events at saturation", "/s", List.of(saturation)));
        report.add(Measure.of("single event at two thirds of it, p50", "ms", List.of(Singles.quantile(millis, 0.5))));
        report.add(Measure.of("single event at two thirds of it, p99", "ms", List.of(Singles.quantile(millis, 0.99)))
                .atMost(20));
    }

    private double saturate() throws Exception {
        var count = new AtomicInteger();
        long began = System.nanoTime();
        long end = began + SATURATED.toNanos();
        try (var threads = Executors.newFixedThreadPool(4 * SENDERS)) {
            for (int i = 0; i < 4 * SENDERS; i++) {
                threads.submit(() -> {
                    var random = new Random();
                    while (System.nanoTime() < end) {
                        admin.ask("POST", "/v1/track", event(random));
                        count.incrementAndGet();
                    }
                });
            }
        }
        return count.get() * 1e9 / (System.nanoTime() - began);
    }

    // --- events -----------------------------------------------------------------------------------------------------

    private static JsonObject batch(Random random) {
        var events = new JsonArray();
        for (int i = 0; i < BATCH; i++) {
            events.add(event(random).put("type", "track"));
        }
        return new JsonObject().put("batch", events).put("sentAt", now());
    }

    private static JsonObject event(Random random) {
        return new JsonObject()
                .put("messageId", UUID.randomUUID().toString())
                .put("userId", "u" + random.nextInt(PEOPLE))
                .put("event", "Event " + random.nextInt(NAMES))
                .put("timestamp", now())
                .put(
                        "properties",
                        new JsonObject()
                                .put("productId", "p" + random.nextInt(1_000))
                                .put("price", random.nextInt(10_000) / 100.0)
                                .put("currency", "EUR"))
                .put("context", new JsonObject().put("library", new JsonObject().put("name", "bench")));
    }

    /** About what is written of an event. */
    private static JsonObject record(Random random) {
        return event(random)
                .put("at", now())
                .put("receivedAt", now())
                .put("source", "user")
                .put("verified", true);
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private void execute(String sql) throws SQLException {
        try (var statement = database.createStatement()) {
            statement.execute(sql);
        }
    }
}
