package app.fathi.bench;

import app.fathi.bench.BenchServer.Account;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * B4: people with 20 traits each. A rule of five terms tried out by the API, against the best SQL that a hand can write for this
 * one question with an index made for it; what three kept segments have in common; and how long after an event people are in the
 * segments that it puts them into, with 200 segments live, 40 of them counting events.
 */
final class SegmentsBench {
    private static final int PEOPLE = 1_000_000;
    private static final int TRAITS = 20;
    private static final int TRAIT_SEGMENTS = 160;
    private static final int EVENT_SEGMENTS = 40;
    private static final int EVENTS_PER_SECOND = 5_000;
    private static final int BATCH = 250;
    private static final int SENDERS = 4;
    private static final int SECONDS = 30;
    private static final int WARM = 20;
    private static final int QUESTIONS = 40;
    /** Until code is compiled that takes a hundredth of the time of a question to many people. */
    private static final int WARM_KEPT = 1_000;

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final BenchServer server;
    private final Account admin;
    private final Connection database;
    private final int people;
    private final Report report;

    private SegmentsBench(BenchServer server, Connection database, int people, Report report) {
        this.server = server;
        this.admin = server.admin();
        this.database = database;
        this.people = people;
        this.report = report;
    }

    /** @param arguments how many people, when it is only to be tried */
    public static void main(String[] arguments) throws Exception {
        int people = arguments.length == 0 ? PEOPLE : Integer.parseInt(arguments[0]);
        var report = new Report("B4", "segments of %,d people with %d traits each".formatted(people, TRAITS));
        try (var server = BenchServer.start();
                var database = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + server.databasePort() + "/fathi",
                        "fathi",
                        server.databasePassword())) {
            new SegmentsBench(server, database, people, report).run();
        }
        report.finish();
    }

    private void run() throws Exception {
        fill();
        var asked = ask("preview of a rule of five terms", fiveTerms(), WARM);
        var written = byHand();
        report.add(asked.measure());
        report.add(written.measure());
        report.add(Measure.ratio("preview ÷ SQL by hand", asked.measure(), written.measure())
                .atMost(2));
        if (asked.people() != written.people()) {
            throw new IllegalStateException("the rule means " + asked.people() + ", by hand " + written.people());
        }
        live();
        events();
    }

    private record Answered(Measure measure, long people) {}

    // ---- the people ----

    /** Half of the traits are numbers, half are texts; each has values of its own spread, the last one a value of nearly everybody's own. */
    private void fill() throws SQLException {
        Report.progress("%,d people with %d traits are made", people, TRAITS);
        var words = new ArrayList<String>();
        var values = new ArrayList<String>();
        for (int trait = 1; trait <= TRAITS; trait++) {
            values.add("'t" + trait + "', " + value(trait));
            words.add("'t" + trait + "', jsonb_build_array(" + value(trait) + ", 0, 'm', 'bench')");
        }
        execute("INSERT INTO cdp_profile_number (ws, next) VALUES (1, " + (people + 1)
                + ") ON CONFLICT (ws) DO UPDATE SET next = excluded.next");
        execute("INSERT INTO cdp_profile (ws, profile_no, id, user_id, traits, first_seen_at, last_seen_at)"
                + " SELECT 1, g, gen_random_uuid(), 'u' || g, jsonb_build_object(" + String.join(", ", values)
                + "), now(), now() FROM generate_series(1, " + people + ") g");
        execute(
                "INSERT INTO cdp_identity (ws, kind, value, profile_no, address_no, own_no, first_seen_at, last_seen_at)"
                        + " SELECT 1, 0, 'u' || g, g, g, g, now(), now() FROM generate_series(1, " + people + ") g");
        execute(
                "INSERT INTO cdp_words (identity_no, ws, traits) SELECT no, 1, w.traits FROM cdp_identity i CROSS JOIN LATERAL ("
                        + "SELECT jsonb_build_object(" + String.join(", ", words)
                        + ") AS traits FROM (SELECT i.profile_no AS g) p) w");
        for (int trait = 1; trait <= TRAITS; trait++) {
            execute("INSERT INTO cdp_trait_name (ws, no, name) VALUES (1, " + trait + ", 't" + trait + "')");
            var number = trait <= TRAITS / 2;
            execute("INSERT INTO cdp_trait (ws, trait, profile_no, type, num, txt, fold) SELECT 1, " + trait + ", g, "
                    + (number
                            ? "1, " + value(trait) + ", NULL, NULL"
                            : "2, NULL, " + value(trait) + ", " + value(trait))
                    + " FROM generate_series(1, " + people + ") g");
        }
        execute("CREATE TABLE bench_person AS SELECT g AS no, " + value(1) + " AS t1, " + value(2) + " AS t2, "
                + value(3) + " AS t3, " + value(11) + " AS t11, " + value(12) + " AS t12 FROM generate_series(1, "
                + people + ") g");
        execute("CREATE INDEX bench_person_by ON bench_person (t1, t11, t2, t3, t12)");
        execute("VACUUM ANALYZE");
    }

    private static String value(int trait) {
        int spread = trait == TRAITS / 2 || trait == TRAITS ? 1_000_000 : 3 + 7 * (trait % 10);
        var hash = "abs(hashint4(g * " + (2 * trait + 1) + ")) % " + spread;
        return trait <= TRAITS / 2 ? "(" + hash + ")" : "'v' || (" + hash + ")";
    }

    // ---- questions ----

    private static JsonObject fiveTerms() {
        return and(
                trait("t1", "equals").put("value", 3),
                trait("t2", "gte").put("value", 4),
                trait("t3", "between").put("low", 2).put("high", 20),
                trait("t11", "in").put("values", JsonArray.of("v1", "v2", "v3")),
                trait("t12", "notEquals").put("value", "v5"));
    }

    private Answered byHand() throws SQLException {
        var sql = "SELECT count(*) FROM bench_person WHERE t1 = 3 AND t2 >= 4 AND t3 BETWEEN 2 AND 20"
                + " AND t11 IN ('v1', 'v2', 'v3') AND t12 <> 'v5'";
        long count = 0;
        var samples = new ArrayList<Double>();
        try (var statement = database.prepareStatement(sql)) {
            for (int i = 0; i < WARM + QUESTIONS; i++) {
                long began = System.nanoTime();
                try (var row = statement.executeQuery()) {
                    row.next();
                    count = row.getLong(1);
                }
                if (i >= WARM) {
                    samples.add((System.nanoTime() - began) / 1e6);
                }
            }
        }
        return new Answered(Measure.of("the same by hand, index only", "ms", samples), count);
    }

    private Answered ask(String name, JsonObject rule, int warm) {
        long count = 0;
        var samples = new ArrayList<Double>();
        for (int i = 0; i < warm + QUESTIONS; i++) {
            long began = System.nanoTime();
            count = admin.ask("POST", "/api/v1/segments/preview", new JsonObject().put("rule", rule))
                    .getLong("people");
            if (i >= warm) {
                samples.add((System.nanoTime() - began) / 1e6);
            }
        }
        return new Answered(Measure.of(name, "ms", samples), count);
    }

    // ---- live segments ----

    private void live() {
        Report.progress("%d segments are made", TRAIT_SEGMENTS + EVENT_SEGMENTS);
        var random = new Random(4);
        var ids = new ArrayList<String>();
        for (int i = 0; i < TRAIT_SEGMENTS; i++) {
            int number = 1 + random.nextInt(TRAITS / 2);
            int text = TRAITS / 2 + 1 + random.nextInt(TRAITS / 2);
            ids.add(create(and(
                    trait("t" + number, "gte").put("value", random.nextInt(10)),
                    trait("t" + text, "equals").put("value", "v" + random.nextInt(5)))));
        }
        for (int i = 0; i < EVENT_SEGMENTS; i++) {
            ids.add(create(new JsonObject()
                    .put("type", "did")
                    .put("event", "Event " + i)
                    .put("within", "P" + (1 + random.nextInt(30)) + "D")
                    .put("atLeast", 1 + i % 3)));
        }
        long began = System.nanoTime();
        for (var id : ids) {
            while (!admin.ask("GET", "/api/v1/segments/" + id, null)
                    .getString("state")
                    .equals("live")) {
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        report.add(Measure.of(
                "people asked by " + ids.size() + " new rules in one pass", "/s", List.of(people / seconds)));
        report.add(ask(
                        "what three kept segments have in common",
                        and(
                                in(ids.get(0)),
                                in(ids.get(1)),
                                new JsonObject().put("type", "not").put("rule", in(ids.get(2)))),
                        WARM_KEPT)
                .measure()
                .atMost(5));
    }

    private String create(JsonObject rule) {
        return admin.ask(
                        "POST",
                        "/api/v1/segments",
                        new JsonObject()
                                .put("name", UUID.randomUUID().toString())
                                .put("rule", rule))
                .getString("id");
    }

    /** Evenly, over all people; when each was sent stands in the event, and when it moved somebody in the fact. */
    private void events() throws Exception {
        // Until what a server that has just started compiles meanwhile has been caught up with.
        drive(SECONDS);
        Report.progress("%,d events a second for %d seconds", EVENTS_PER_SECOND, SECONDS);
        var from = now();
        double rate = drive(SECONDS);
        report.add(Measure.of("events taken", "/s", List.of(rate)).atLeast(EVENTS_PER_SECOND * 0.98));
        Thread.sleep(3_000);
        var delays = new ArrayList<Double>();
        try (var statement = database.prepareStatement(
                """
                SELECT extract(epoch FROM r.at - e.at) * 1000 AS millis
                FROM stream_record r
                JOIN cdp_identity i ON i.profile_no = (r.payload::jsonb ->> 'profileNo')::int AND i.ws = r.ws
                CROSS JOIN LATERAL (
                  SELECT max(e.at) AS at FROM cdp_event e WHERE e.ws = r.ws AND e.identity_no = i.no AND e.at <= r.at) e
                WHERE r.topic = 'facts' AND r.kind = 'segment.entered' AND r.at >= ?::timestamptz LIMIT 20000
                """)) {
            statement.setString(1, from.toString());
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    delays.add(rows.getDouble(1));
                }
            }
        }
        delays.sort(Double::compare);
        report.add(Measure.of("people who entered a segment, looked at", "", List.of((double) delays.size())));
        report.add(Measure.of("event → membership, p50", "ms", List.of(delays.get(delays.size() / 2))));
        report.add(Measure.of("event → membership, p99", "ms", List.of(delays.get(delays.size() * 99 / 100)))
                .atMost(500));
    }

    private double drive(int seconds) throws Exception {
        int batches = EVENTS_PER_SECOND * seconds / BATCH;
        long began = System.nanoTime();
        try (var senders = Executors.newFixedThreadPool(SENDERS)) {
            var work = new ArrayList<Callable<Void>>();
            for (int sender = 0; sender < SENDERS; sender++) {
                int mine = sender;
                work.add(() -> {
                    var random = new Random(mine);
                    for (int i = mine; i < batches; i += SENDERS) {
                        long due = began + (long) (i * 1e9 * BATCH / EVENTS_PER_SECOND);
                        LockSupport.parkNanos(Math.max(0, due - System.nanoTime()));
                        admin.ask("POST", "/v1/batch", batch(random));
                    }
                    return null;
                });
            }
            for (var each : senders.invokeAll(work)) {
                each.get();
            }
        }
        return batches * BATCH / ((System.nanoTime() - began) / 1e9);
    }

    private JsonObject batch(Random random) {
        var batch = new JsonArray();
        var at = now().toString();
        for (int i = 0; i < BATCH; i++) {
            batch.add(new JsonObject()
                    .put("type", "track")
                    .put("messageId", UUID.randomUUID().toString())
                    .put("userId", "u" + (1 + random.nextInt(people)))
                    .put("event", "Event " + random.nextInt(EVENT_SEGMENTS))
                    .put("timestamp", at)
                    .put("properties", new JsonObject().put("total", random.nextInt(100))));
        }
        return new JsonObject().put("batch", batch).put("sentAt", at);
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    private void execute(String sql) throws SQLException {
        try (var statement = database.createStatement()) {
            statement.execute(sql);
        }
    }

    private static JsonObject and(JsonObject... rules) {
        var all = new JsonArray();
        List.of(rules).forEach(all::add);
        return new JsonObject().put("type", "and").put("rules", all);
    }

    private static JsonObject in(String segment) {
        return new JsonObject().put("type", "segment").put("segment", segment);
    }

    private static JsonObject trait(String name, String operator) {
        return new JsonObject().put("type", "trait").put("trait", name).put("operator", operator);
    }
}
