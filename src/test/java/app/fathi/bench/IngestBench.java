package app.fathi.bench;

import app.fathi.bench.BenchServer.Account;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.StringReader;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;

/**
 * B3: events taken in batches and answered after the commit by a node that only serves requests, against {@code COPY} of the
 * same records into the same table, one {@code unnest} statement for each batch, and a handler that reads requests and forgets
 * them; how many of them are taken for good by a node that does all, with 50 live segments and nothing older than a second
 * waiting; and how long a single {@code track} takes at two thirds of the rate at which they saturate the machine.
 */
final class IngestBench {
    private static final int PEOPLE = 20_000;
    private static final int BATCH = 250;
    private static final int ROUNDS = 5;
    private static final int BATCHES = 400;
    private static final int SENDERS = 8;
    private static final int SINGLE_SENDERS = 64;
    private static final int SINGLES = 20_000;
    private static final int SEGMENTS = 50;
    private static final int NAMES = 20;
    private static final Duration SUSTAINED = Duration.ofSeconds(20);
    private static final Duration STEADY = Duration.ofSeconds(15);
    private static final int WARM_UP_ROUNDS = 15;
    private static final double NO_LONGER_GROWING = 1.02;
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** Of what {@code COPY} reaches: tried until one is too many. */
    private static final List<Double> SHARES =
            List.of(0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.12, 0.15, 0.2, 0.3);

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

    private interface Part {
        Measure of(IngestBench bench) throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        var report = new Report("B3", "events, answered after the commit");
        var limit = on(Map.of("FATHI_ROLES", "api"), report, IngestBench::acknowledged);
        on(Map.of(), report, bench -> bench.forGood(limit));
        report.finish();
    }

    private static Measure on(Map<String, String> settings, Report report, Part part) throws Exception {
        try (var server = BenchServer.start(settings);
                var database = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + server.databasePort() + "/fathi",
                        "fathi",
                        server.databasePassword())) {
            return part.of(new IngestBench(server, database, report));
        }
    }

    /** What can be taken by itself; what {@code COPY} reaches. */
    private Measure acknowledged() throws Exception {
        var vertx = Vertx.vertx();
        var idle = discarding(vertx);
        try (var fathi = load("/v1/batch", SENDERS);
                var forgets = new IngestLoad(
                        URI.create("http://127.0.0.1:" + idle.actualPort() + "/v1/batch"), "", SENDERS)) {
            Report.progress("warming up");
            steady(() -> taken(fathi));
            steady(() -> taken(forgets));
            steady(this::copy);
            var taken = new ArrayList<Double>();
            var copies = new ArrayList<Double>();
            var inserts = new ArrayList<Double>();
            var forgotten = new ArrayList<Double>();
            for (int round = 1; round <= ROUNDS; round++) {
                Report.progress("batches, round %d of %d", round, ROUNDS);
                taken.add(taken(fathi));
                copies.add(copy());
                inserts.add(insert());
                forgotten.add(taken(forgets));
            }
            var events = report.add(Measure.of("batches of 250: events taken", "/s", taken));
            var limit = report.add(Measure.of("limit: COPY into the same table", "/s", copies));
            report.add(Measure.of("the same by unnest, a statement for each batch", "/s", inserts));
            report.add(Measure.of("a handler that forgets them", "/s", forgotten));
            report.add(Measure.ratio("Fathi ÷ COPY", events, limit).atLeast(0.4));
            return limit;
        } finally {
            vertx.close().await();
        }
    }

    /** @return the same limit */
    private Measure forGood(Measure limit) throws Exception {
        Report.progress("warming up");
        try (var fathi = load("/v1/batch", SENDERS)) {
            steady(() -> {
                double rate = taken(fathi);
                derived();
                return rate;
            });
        }
        segments();
        sustained(limit);
        singles();
        return limit;
    }

    private IngestLoad load(String path, int connections) {
        return new IngestLoad(server.url().resolve(path), admin.token(), connections);
    }

    // --- batches ----------------------------------------------------------------------------------------------------

    /** Events a second. What is sent is made before, as for {@code COPY}. */
    private static double taken(IngestLoad load) {
        return load.rate(batches(BATCHES), SENDERS) * BATCH;
    }

    private static List<Buffer> batches(int count) {
        var random = new Random();
        return IntStream.range(0, count).mapToObj(i -> batch(random).toBuffer()).toList();
    }

    private static HttpServer discarding(Vertx vertx) {
        return vertx.createHttpServer()
                .requestHandler(request ->
                        request.body().onSuccess(body -> request.response().end("{\"success\":true}")))
                .listen(0, "127.0.0.1")
                .await();
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

    private interface Rate {
        double measure() throws Exception;
    }

    /** Until it is no faster than before: the JIT of a server that has just started takes most of the machine. */
    private static void steady(Rate rate) throws Exception {
        double best = 0;
        int still = 0;
        for (int round = 0; round < WARM_UP_ROUNDS && still < 2; round++) {
            double now = rate.measure();
            still = now < best * NO_LONGER_GROWING ? still + 1 : 0;
            best = Math.max(now, best);
        }
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
        var batches = batches((int) (rate * SUSTAINED.toSeconds() / BATCH));
        double worst = 0;
        long began = System.nanoTime();
        try (var fathi = load("/v1/batch", SENDERS);
                var thread = Executors.newSingleThreadExecutor()) {
            var sending = thread.submit(() -> fathi.millisAt(rate / BATCH, batches));
            while (!sending.isDone()) {
                LockSupport.parkNanos(POLL_NANOS);
                if (System.nanoTime() - began > SUSTAINED.toNanos() / 2) {
                    worst = Math.max(worst, oldest());
                }
            }
            sending.get();
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
        try (var fathi = load("/v1/track", SINGLE_SENDERS)) {
            steady(() -> saturate(fathi));
            // So long that what is taken has to be derived meanwhile.
            double saturation = fathi.rate(singles((int) (saturate(fathi) * STEADY.toSeconds())), SINGLE_SENDERS);
            derived();
            double rate = saturation * 2 / 3;
            Report.progress("single events, %.0f/s", rate);
            var millis = fathi.millisAt(rate, singles((int) (rate * STEADY.toSeconds())));
            report.add(Measure.of("single events at saturation", "/s", List.of(saturation)));
            report.add(
                    Measure.of("single event at two thirds of it, p50", "ms", List.of(Singles.quantile(millis, 0.5))));
            report.add(
                    Measure.of("single event at two thirds of it, p99", "ms", List.of(Singles.quantile(millis, 0.99)))
                            .atMost(20));
        }
    }

    private double saturate(IngestLoad load) throws SQLException {
        double rate = load.rate(singles(SINGLES), SINGLE_SENDERS);
        derived();
        return rate;
    }

    private static List<Buffer> singles(int count) {
        var random = new Random();
        return IntStream.range(0, count).mapToObj(i -> event(random).toBuffer()).toList();
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
