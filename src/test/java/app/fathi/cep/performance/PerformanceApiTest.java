package app.fathi.cep.performance;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import app.fathi.testing.Closing;
import app.fathi.testing.TestServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A workspace with a holdout of a fifth, two messages to 1,000 people, and orders of some of them. */
class PerformanceApiTest {
    private static final String PERFORMANCE = "/api/v1/cep/performance?event=Order%20Completed";
    private static final int PEOPLE = 1_000;

    private static final Random RANDOM = new Random(20261127);

    private static TestServer server;
    private static Vertx vertx;
    private static Pool pool;
    private static String message;
    private static String second;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
        vertx = Vertx.vertx();
        pool = server.database().pool(vertx);
        var etag = server.admin("GET", "/api/v1/cep/policies", null).header("ETag");
        server.admin(
                "PUT",
                "/api/v1/cep/policies",
                new JsonObject().put("holdout", new JsonObject().put("percent", 20)),
                "If-Match",
                etag);
        var users = new JsonArray();
        var known = new ArrayList<JsonObject>();
        for (int i = 0; i < PEOPLE; i++) {
            users.add("u" + i);
            known.add(new JsonObject()
                    .put("type", "identify")
                    .put("userId", "u" + i)
                    .put("messageId", "i" + i));
        }
        batches(known);
        count("SELECT count(*)::int AS n FROM cdp_profile WHERE user_id LIKE 'u%'", PEOPLE);
        message = send(users, "spring");
        second = send(users, "other");
        // They were decided ten days ago.
        execute("UPDATE cep_run SET created_at = created_at - interval '10 days'");
        execute("UPDATE cep_message SET created_at = created_at - interval '10 days'");
        var control = new ArrayList<String>();
        for (var row : rows(
                "SELECT p.user_id FROM cep_message m JOIN cep_run r ON r.run = m.run JOIN cdp_profile p ON p.profile_no = m.profile_no AND p.ws = m.ws WHERE m.reason = 26 AND r.id = '"
                        + message + "'")) {
            control.add(row.getString("user_id"));
        }
        assertThat(control).hasSizeBetween(150, 250);
        var orders = new ArrayList<JsonObject>();
        for (int i = 0; i < PEOPLE; i++) {
            if (RANDOM.nextInt(100) < (control.contains("u" + i) ? 5 : 15)) {
                orders.add(order(i, "o" + i, 9));
                orders.add(order(i, "again" + i, 8));
            } else if (RANDOM.nextInt(10) == 0) {
                orders.add(order(i, "before" + i, 11));
                orders.add(order(i, "after" + i, 2));
            }
        }
        batches(orders);
        count("SELECT count(*)::int AS n FROM cdp_event WHERE name = 'Order Completed'", orders.size());
    }

    private static JsonObject order(int who, String id, int daysAgo) {
        return new JsonObject()
                .put("type", "track")
                .put("event", "Order Completed")
                .put("userId", "u" + who)
                .put("messageId", id)
                .put("timestamp", Instant.now().minusSeconds(daysAgo * 86_400L).toString());
    }

    private static void batches(List<JsonObject> events) {
        for (int from = 0; from < events.size(); from += 500) {
            var part = events.subList(from, Math.min(events.size(), from + 500));
            assertThat(server.admin(
                                    "POST",
                                    "/v1/batch",
                                    new JsonObject()
                                            .put("writeKey", server.writeKey())
                                            .put("batch", new JsonArray(part)))
                            .status())
                    .isEqualTo(200);
        }
    }

    private static String send(JsonArray users, String tag) {
        var id = server.admin(
                        "POST",
                        "/api/v1/webpush/messages",
                        new JsonObject()
                                .put("audience", new JsonObject().put("userIds", users))
                                .put("purpose", "marketing")
                                .put("tag", tag)
                                .put("content", new JsonObject().put("title", "Spring")))
                .json()
                .getString("id");
        count(
                "SELECT count(*)::int AS n FROM cep_message m JOIN cep_run r ON r.run = m.run WHERE r.id = '" + id
                        + "' AND m.state = 4",
                PEOPLE);
        return id;
    }

    private static void count(String sql, int wanted) {
        eventually(sql, () -> rows(sql).getFirst().getInteger("n"), n -> n == wanted);
    }

    private static void execute(String sql) {
        pool.query(sql).execute().await();
    }

    private static List<Row> rows(String sql) {
        return pool.query(sql).execute().await().stream().toList();
    }

    @AfterAll
    static void stop() {
        Closing.close(vertx);
        server.close();
    }

    /** Person by person, of what the tables hold. */
    private static Map<String, Integer> counted(String tag) {
        var people = new TreeMap<String, Boolean>();
        for (var row : rows(
                "SELECT p.user_id, m.reason = 26 AS held FROM cep_message m JOIN cep_run r ON r.run = m.run JOIN cdp_profile p ON p.profile_no = m.profile_no AND p.ws = m.ws WHERE m.rank = 0 AND r.tag = '"
                        + tag + "'")) {
            people.put(row.getString("user_id"), row.getBoolean("held"));
        }
        var did = new TreeMap<String, Integer>();
        people.forEach((user, held) -> {
            boolean bought =
                    !rows("SELECT FROM cdp_event e JOIN cdp_identity i ON i.no = e.identity_no WHERE e.name = 'Order Completed' AND i.value = '"
                                    + user
                                    + "' AND e.at > now() - interval '9 days 12 hours' AND e.at < now() - interval '3 days'")
                            .isEmpty();
            did.merge(held ? "control" : "messaged", 1, Integer::sum);
            did.merge(held ? "controlDid" : "messagedDid", bought ? 1 : 0, Integer::sum);
        });
        return did;
    }

    private static Map<String, Integer> told(JsonObject answer) {
        return new TreeMap<>(Map.of(
                "control", answer.getJsonObject("control").getInteger("people"),
                "controlDid", answer.getJsonObject("control").getInteger("did"),
                "messaged", answer.getJsonObject("messaged").getInteger("people"),
                "messagedDid", answer.getJsonObject("messaged").getInteger("did")));
    }

    @Test
    void a_planted_uplift_is_found_with_the_numbers_that_the_tables_hold() {
        var answer =
                server.admin("GET", PERFORMANCE + "&messageId=" + message, null).json();
        assertThat(told(answer)).isEqualTo(counted("spring"));
        assertThat(answer.getString("verdict")).isEqualTo("better");
        assertThat(answer.getBoolean("enough")).isTrue();
        assertThat(answer.getInteger("messages")).isEqualTo(1);
        assertThat(answer.getInteger("waiting")).isZero();
        var difference = answer.getJsonObject("difference");
        assertThat(0.10).isBetween(difference.getDouble("low"), difference.getDouble("high"));
        var uplift = answer.getJsonObject("uplift");
        assertThat(2.0).isBetween(uplift.getDouble("low"), uplift.getDouble("high"));

        assertThat(told(server.admin("GET", PERFORMANCE + "&tag=spring", null).json()))
                .isEqualTo(told(answer));
        var both = server.admin("GET", PERFORMANCE, null).json();
        assertThat(both.getInteger("messages")).isEqualTo(2);
        assertThat(told(both)).as("a person counts once").isEqualTo(told(answer));
    }

    @Test
    void who_became_part_of_another_counts_as_that_one() {
        execute(
                "UPDATE cdp_profile SET merged_into = (SELECT profile_no FROM cdp_profile WHERE user_id = 'u1') WHERE user_id = 'u2'");
        try {
            var answer = server.admin("GET", PERFORMANCE + "&messageId=" + second, null)
                    .json();
            var told = told(answer);
            assertThat(told.get("control") + told.get("messaged")).isEqualTo(PEOPLE - 1);
        } finally {
            execute("UPDATE cdp_profile SET merged_into = NULL WHERE user_id = 'u2'");
        }
    }

    @Test
    void whose_time_is_not_over_waits_and_who_was_out_before_the_draw_is_on_no_side() {
        var waiting = server.admin("GET", PERFORMANCE + "&within=P30D&messageId=" + message, null)
                .json();
        assertThat(waiting.getInteger("waiting")).isEqualTo(PEOPLE);
        assertThat(waiting.getString("verdict")).isEqualTo("inconclusive");
        assertThat(waiting.getValue("uplift")).isNull();
        var where =
                " WHERE rank = 0 AND profile_no IN (SELECT profile_no FROM cdp_profile WHERE user_id IN ('u7', 'u8', 'u9')) AND run = (SELECT run FROM cep_run WHERE id = '"
                        + second + "')";
        var before = rows("SELECT reason, profile_no FROM cep_message" + where);
        execute("UPDATE cep_message SET reason = 21" + where);
        try {
            var told = told(server.admin("GET", PERFORMANCE + "&messageId=" + second, null)
                    .json());
            assertThat(told.get("control") + told.get("messaged")).isEqualTo(PEOPLE - 3);
        } finally {
            before.forEach(row -> execute("UPDATE cep_message SET reason = " + row.getShort("reason") + where
                    + " AND profile_no = " + row.getInteger("profile_no")));
        }
    }

    @Test
    void at_the_best_hour_more_click_than_at_an_hour_by_chance() {
        var users = new JsonArray();
        for (int i = 0; i < PEOPLE; i++) {
            users.add("u" + i);
        }
        var id = server.admin(
                        "POST",
                        "/api/v1/webpush/messages",
                        new JsonObject()
                                .put("audience", new JsonObject().put("userIds", users))
                                .put("purpose", "marketing")
                                // Nothing of it is sent while it is looked at.
                                .put(
                                        "sendAt",
                                        Instant.now().plus(Duration.ofDays(10)).toString())
                                .put(
                                        "bestHour",
                                        new JsonObject().put("withinHours", 24).put("controlPercent", 30))
                                .put("content", new JsonObject().put("title", "Spring")))
                .json()
                .getString("id");
        var path = PERFORMANCE + "&messageId=" + id;
        assertThat(server.admin("GET", path, null).json().getValue("bestHour"))
                .as("not over")
                .isNull();
        var run = rows("SELECT run FROM cep_run WHERE id = '" + id + "'")
                .getFirst()
                .getLong("run");
        // It is as if all of it were over.
        execute("DELETE FROM jobs WHERE key LIKE '" + run + "/%'");
        execute(
                "UPDATE cep_run SET state = 'completed', chunks_left = 0, created_at = now() - interval '5 days', finished_at = now() - interval '2 days' WHERE run = "
                        + run);
        execute(
                ("INSERT INTO cep_message (run, token, ws, profile_no, step, rank, state, channel, attempts, reason, id)"
                                + " SELECT run, 0, ws, no, 0, 0, 4, 1, 0, 23, gen_random_uuid() FROM cep_chunk JOIN cep_run USING (run), unnest(profile_nos) AS no"
                                + " WHERE run = %d AND NOT EXISTS (SELECT FROM cep_message m WHERE m.run = cep_run.run AND m.profile_no = no)")
                        .formatted(run));
        execute(
                "UPDATE cep_message SET state = 2, reason = 1, accepted_at = now() - interval '3 days' WHERE reason <> 26 AND run = "
                        + run);
        int best = 0;
        int bestClicked = 0;
        int chance = 0;
        int chanceClicked = 0;
        var predicate = control(id);
        for (var row : rows("SELECT profile_no FROM cep_message WHERE reason = 1 AND run = " + run)) {
            int no = row.getInteger("profile_no");
            boolean byChance = predicate.test(no);
            boolean clicks = RANDOM.nextInt(100) < (byChance ? 10 : 30);
            if (clicks) {
                execute("UPDATE cep_message SET clicked_at = accepted_at + interval '1 hour' WHERE run = " + run
                        + " AND profile_no = " + no);
            }
            best += byChance ? 0 : 1;
            chance += byChance ? 1 : 0;
            bestClicked += !byChance && clicks ? 1 : 0;
            chanceClicked += byChance && clicks ? 1 : 0;
        }
        var hours = server.admin("GET", path, null).json().getJsonObject("bestHour");
        assertThat(hours.getString("verdict")).isEqualTo("better");
        assertThat(hours.getJsonObject("best").getInteger("people")).isEqualTo(best);
        assertThat(hours.getJsonObject("best").getInteger("did")).isEqualTo(bestClicked);
        assertThat(hours.getJsonObject("byChance").getInteger("people")).isEqualTo(chance);
        assertThat(hours.getJsonObject("byChance").getInteger("did")).isEqualTo(chanceClicked);
        assertThat(chance).as("three of ten").isBetween(240, 360);
        var difference = hours.getJsonObject("difference");
        double half = (difference.getDouble("high") - difference.getDouble("low")) / 2;
        assertThat(half).isBetween(0.03, 0.07);
        // One of twenty such intervals leaves out what is true; one of ten thousand is off by twice as much.
        assertThat(difference.getDouble("low") + half).isCloseTo(0.2, within(2 * half));
        execute("DELETE FROM cep_message WHERE run = " + run);
        execute("DELETE FROM cep_run WHERE run = " + run);
    }

    /** The lot as it is drawn, apart from the server. */
    private static IntPredicate control(String message) {
        var id = UUID.fromString(message);
        return no -> {
            long mixed = mix(id.getMostSignificantBits() ^ mix(id.getLeastSignificantBits() + no));
            return Long.remainderUnsigned(mixed >>> 32, 1_000) < 300;
        };
    }

    private static long mix(long seed) {
        long mixed = seed + 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }

    @Test
    void what_makes_no_sense_is_told() {
        var without = server.admin("GET", PERFORMANCE.substring(0, PERFORMANCE.indexOf('?')), null);
        assertThat(without.status()).isEqualTo(400);
        assertThat(without.json().getJsonArray("errors").getJsonObject(0))
                .isEqualTo(new JsonObject().put("pointer", "event").put("detail", "This parameter is missing."));
        assertThat(server.admin("GET", PERFORMANCE + "&messageId=" + UUID.randomUUID(), null)
                        .status())
                .isEqualTo(404);
        assertThat(server.admin("GET", PERFORMANCE + "&tag=a&messageId=" + message, null)
                        .json()
                        .getInteger("messages"))
                .as("all of it has to fit")
                .isZero();
        for (var within : List.of("P91D", "PT0H", "P", "P1Y", "PT", "soon")) {
            assertThat(server.admin("GET", PERFORMANCE + "&within=" + within, null)
                            .status())
                    .as(within)
                    .isEqualTo(400);
        }
        assertThat(server.admin("GET", PERFORMANCE + "&tag=nobodys", null)
                        .json()
                        .getInteger("messages"))
                .isZero();
    }
}
