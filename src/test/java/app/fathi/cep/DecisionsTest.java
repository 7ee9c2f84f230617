package app.fathi.cep;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.decisions.Stage;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Timing;
import app.fathi.cep.policies.NaiveRules;
import app.fathi.cep.policies.NaiveRules.Send;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.db.SqlTime;
import app.fathi.testing.FakeDecisionService;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is stored of a decision, what is explained before, and what the raw tables say by {@link NaiveRules}. */
class DecisionsTest {
    private static final int PEOPLE = 40;
    private static final int MESSAGES = 27;
    /** Of nine messages one is for an hour of everybody's day that is over for some, and one for a segment that some leave. */
    private static final int HOUR = 3;

    private static final int LEAVING = 6;
    private static final String LEFT = "not_in_audience";
    private static final UUID SEGMENT = UUID.randomUUID();
    private static final UUID CAMPAIGN = UUID.fromString("0193a1b2-0000-7000-8000-00000000c0de");
    private static final List<String> ZONES = List.of("Asia/Tokyo", "America/New_York", "Europe/Istanbul");

    /** Enough for a machine with much to do: whoever is decided without it would be decided otherwise than explained. */
    private final SendingWorld world = new SendingWorld(
            Map.of("FATHI_DECISION_SERVICE_TIMEOUT_MILLIS", "5000", "FATHI_DECISION_SERVICE_SLOW_MILLIS", "5000"));

    private final FakeDecisionService service = FakeDecisionService.start();
    private final Random random = new Random(20261126);

    @AfterEach
    void close() {
        service.close();
        world.close();
    }

    @Test
    void a_thousand_decisions_are_what_was_explained_before_and_what_the_raw_tables_say() {
        var users = new ArrayList<String>();
        for (int i = 0; i < PEOPLE; i++) {
            users.add("u" + world.person(random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(2), traits()));
        }
        world.execute("INSERT INTO cdp_trait_name VALUES (7, 1, '$quietHours')");
        world.execute("INSERT INTO cdp_trait (ws, trait, profile_no, type) VALUES (7, 1, 0, 4)");
        world.execute("UPDATE cdp_profile SET suppressed = true WHERE profile_no % 9 = 0");
        world.execute("UPDATE cdp_profile SET consents = '{\"marketing/*\": [false, 1]}' WHERE profile_no % 6 = 0");
        world.execute(
                "INSERT INTO segments_segment (ws, id, kind, name, created_by, updated_by) VALUES (7, '%1$s', 'static', 'all', '%1$s', '%1$s')"
                        .formatted(SEGMENT));
        service.script = FakeDecisionService.deciding(id -> id.hashCode() % 6 == 0
                ? new JsonObject().putNull("channel")
                : new JsonObject().put("channel", "webpush"));
        world.advisor(service.url());
        world.startWorkers();
        var seen = new HashMap<String, Integer>();
        for (int i = 0; i < MESSAGES; i++) {
            world.policies(document(i));
            var request = request(i, users);
            var explained = i % 9 == HOUR ? null : explained(request);
            var id = i % 9 == LEAVING
                    ? requestAndLeave(request)
                    : world.request(request).id();
            world.await(() -> isDecided(id));
            var stored = stored(id);
            if (explained != null) {
                // Who leaves meanwhile, nobody can tell before.
                stored.forEach((no, told) -> explained.compute(no, (n, was) -> told.equals(LEFT) ? LEFT : was));
                assertThat(stored).as("message %d is what was explained", i).isEqualTo(explained);
            }
            assertThat(stored).as("message %d is what the tables say", i).isEqualTo(recomputed(id));
            stored.values().forEach(one -> seen.merge(one, 1, Integer::sum));
        }
        assertThat(PEOPLE * MESSAGES - seen.get("later")).isGreaterThanOrEqualTo(1_000);
        assertThat(seen.keySet())
                .contains("accepted", "waits", "no_consent", "suppressed", "blackout", "global_holdout", "capped")
                .contains("min_gap", "no_subscription", "quiet_hours", "queue_expired")
                .contains("duplicate", "holdout", LEFT, "cutoff_passed", "lower_priority", "service_declined");
    }

    // --- what is asked for ------------------------------------------------------------------------------------------

    private JsonObject traits() {
        var zone = ZONES.get(random.nextInt(ZONES.size()));
        var traits = random.nextInt(4) == 0 ? new JsonObject() : new JsonObject().put("$timezone", zone);
        return random.nextInt(5) == 0
                ? traits.put("$quietHours", around(ZoneId.of(traits.getString("$timezone", "UTC"))))
                : traits;
    }

    /** Hours that hold now, and for three hours more. */
    private static JsonObject around(ZoneId zone) {
        var now = LocalTime.now(zone).truncatedTo(ChronoUnit.MINUTES);
        return new JsonObject()
                .put("start", now.minusHours(1).toString())
                .put("end", now.plusHours(3).toString());
    }

    /** Chance decides what is in it, and the number of the message that nothing is left out by chance. */
    private JsonObject document(int message) {
        var document = new JsonObject();
        if (random.nextInt(3) > 0) {
            document.put(
                    "caps",
                    new JsonArray()
                            .add(exceed(new JsonObject()
                                    .put("name", "cap")
                                    .put("limit", 1 + random.nextInt(5))
                                    .put(
                                            "window",
                                            new JsonObject()
                                                    .put("kind", "rolling")
                                                    .put("hours", 20))))
                            .add(exceed(new JsonObject()
                                    .put("name", "news")
                                    .put("limit", 1 + random.nextInt(3))
                                    .put(
                                            "window",
                                            new JsonObject()
                                                    .put("kind", "rolling")
                                                    .put("hours", 30))
                                    .put(
                                            "scope",
                                            new JsonObject().put("kind", "tag").put("tag", "news")))));
        }
        if (message % 9 == 4 || random.nextInt(8) == 0) {
            document.put("minGap", exceed(new JsonObject().put("minutes", 300)));
        }
        if (message % 9 != 4 && random.nextInt(3) == 0) {
            document.put("priorities", exceed(new JsonObject().put("minutes", 60 * (1 + random.nextInt(30)))));
        }
        if (random.nextInt(4) == 0) {
            document.put("holdout", new JsonObject().put("percent", 20));
        }
        if (message % 8 == 2 || random.nextInt(8) == 0) {
            var zone = ZoneId.of(ZONES.get(random.nextInt(ZONES.size())));
            document.put("quietHours", around(zone).put("then", message % 8 == 2 ? "drop" : "hold"));
        }
        if (message % 8 == 5 || random.nextInt(8) == 0) {
            var today = Instant.now().atOffset(ZoneOffset.UTC).toLocalDate();
            document.put(
                    "blackouts",
                    new JsonArray()
                            .add(new JsonObject()
                                    .put("name", "dark")
                                    .put("start", today.minusDays(2) + "T00:00")
                                    .put("end", today.plusDays(3) + "T00:00")
                                    .put("then", message % 8 == 5 ? "drop" : "hold")));
        }
        return document;
    }

    private JsonObject exceed(JsonObject of) {
        return random.nextBoolean() ? of : of.put("onExceed", "queue").put("maxWaitHours", 1 + random.nextInt(60));
    }

    private MessageRequest request(int message, List<String> users) {
        var r = to(users);
        boolean transactional = random.nextInt(12) == 0;
        return new MessageRequest(
                        message % 9 == LEAVING ? new Audience.Segment(SEGMENT) : r.audience(),
                        r.content(),
                        transactional ? "transactional" : r.purpose(),
                        (int) Duration.ofHours(1 + random.nextInt(48)).toSeconds(),
                        r.urgency(),
                        null,
                        null,
                        null,
                        null,
                        null,
                        true,
                        false)
                .tagged(random.nextBoolean() ? "news" : null)
                .planned(plan(message % 9, transactional));
    }

    private Plan plan(int kind, boolean transactional) {
        var now = LocalDateTime.now(ZoneOffset.UTC);
        return new Plan(
                kind == HOUR
                        ? new Timing.Local(now.plusHours(1), null, Timing.Passed.SKIP)
                        : kind == LEAVING ? new Timing.Local(now.minusDays(3), null, Timing.Passed.SEND) : null,
                null,
                !transactional && random.nextInt(4) == 0 ? 25 : 0,
                kind % 4 == 1 ? new Plan.Dedupe("kind " + kind, Duration.ofHours(1)) : null,
                CAMPAIGN,
                List.of(20, 50, 50, 80).get(random.nextInt(4)));
    }

    /** Everybody is found while it is paused, and some leave before it goes on. */
    private UUID requestAndLeave(MessageRequest request) {
        world.execute("DELETE FROM segments_member");
        world.execute("INSERT INTO segments_member (ws, segment, profile_no) SELECT 7, '%s', generate_series(0, %d)"
                .formatted(SEGMENT, PEOPLE - 1));
        var id = world.run(tx -> world.messages
                .request(tx, WS, request)
                .compose(taken -> world.messages.pause(tx, WS, taken.id()).map(taken.id())));
        world.await(() -> !world.rows(
                        """
                        SELECT FROM cep_run r JOIN cep_expansion e ON e.run = r.run AND e.state = 'found'
                        JOIN jobs j ON j.type = 'cep.send' AND j.key = r.run || '/0' AND j.state = 'waiting'
                        WHERE r.id = '%s' AND r.planned = %d AND j.due_at > now() + interval '1 minute'
                        """
                                .formatted(id, PEOPLE))
                .isEmpty());
        world.execute("DELETE FROM segments_member WHERE profile_no % 5 = " + random.nextInt(5));
        world.run(tx -> world.messages.resume(tx, WS, id));
        return id;
    }

    // --- what was explained, and what is stored ---------------------------------------------------------------------

    private Map<Integer, String> explained(MessageRequest request) {
        var explained = new HashMap<Integer, String>();
        var explain = world.explain();
        for (int no = 0; no < PEOPLE; no++) {
            var clock = RunsStore.clock(world.pool).await();
            var verdict = Stage.first(explain.situations(world.pool, WS, no, request, clock)
                    .await()
                    .getFirst());
            explained.put(
                    no,
                    verdict == null
                            ? "accepted"
                            : verdict.ruling().isHeld()
                                    ? "waits"
                                    : verdict.ruling().reason().word());
        }
        return explained;
    }

    /** All of whom the time has come. */
    private boolean isDecided(UUID id) {
        return world
                .rows(
                        """
                        SELECT (SELECT count(*) FROM cep_message m WHERE m.run = r.run AND m.rank = 0 AND m.state <> 1) AS decided,
                               (SELECT sum(cardinality(profile_nos)) FROM cep_chunk c
                                WHERE c.run = r.run AND (c.send_at IS NULL OR c.send_at <= now())) AS due
                        FROM cep_run r WHERE r.id = '%s'
                        """
                                .formatted(id))
                .stream()
                .allMatch(row -> row.getLong("decided").equals(row.getLong("due")));
    }

    private Map<Integer, String> stored(UUID id) {
        var stored = new HashMap<Integer, String>();
        for (var row : world.rows(
                """
                SELECT p.profile_no, CASE WHEN m.state IS NULL THEN 'later' WHEN m.state = 0 THEN 'waits' ELSE n.name END AS told
                FROM cdp_profile p JOIN cep_run r ON r.id = '%s'
                LEFT JOIN cep_message m ON m.run = r.run AND m.rank = 0 AND m.profile_no = p.profile_no
                LEFT JOIN cep_reason n ON n.code = m.reason
                """
                        .formatted(id))) {
            stored.put(row.getInteger("profile_no"), row.getString("told"));
        }
        return stored;
    }

    // --- the checker: raw tables and naive rules --------------------------------------------------------------------

    private Map<Integer, String> recomputed(UUID id) {
        var message = world.rows(
                        """
                        SELECT r.*, e.segment, (SELECT body FROM cep_policies ORDER BY version DESC LIMIT 1) AS body
                        FROM cep_run r LEFT JOIN cep_expansion e ON e.run = r.run WHERE r.id = '%s'
                        """
                                .formatted(id))
                .getFirst();
        var sends = sends(message.getLong("run"));
        var due = due(message.getLong("run"));
        var recomputed = new HashMap<Integer, String>();
        for (var person : world.rows(
                """
                SELECT p.profile_no, p.traits, p.suppressed, p.consents, m.created_at AS decided_at, m.subscription, m.advice,
                       EXISTS (SELECT FROM segments_member s WHERE s.profile_no = p.profile_no) AS member,
                       EXISTS (SELECT FROM cep_run o JOIN cep_message b ON b.run = o.run AND b.state = 2
                               WHERE o.run < r.run AND b.profile_no = p.profile_no
                                 AND o.plan->'dedupe'->>'key' = r.plan->'dedupe'->>'key') AS got_the_same
                FROM cdp_profile p JOIN cep_run r ON r.run = %d
                LEFT JOIN cep_message m ON m.run = r.run AND m.rank = 0 AND m.profile_no = p.profile_no
                """
                        .formatted(message.getLong("run")))) {
            int no = person.getInteger("profile_no");
            var rules = rules(message, person, sends.getOrDefault(no, List.of()), due.getOrDefault(no, List.of()));
            recomputed.put(no, recomputed(message, person, rules));
        }
        return recomputed;
    }

    private static String recomputed(Row message, Row person, NaiveRules rules) {
        var hour = plan(message).getJsonObject("localHour", new JsonObject());
        if ("skip".equals(hour.getString("whenPassed"))) {
            var zone = ZoneId.of(person.getJsonObject("traits").getString("$timezone", "UTC"));
            var at = LocalDateTime.parse(hour.getString("at")).atZone(zone).toInstant();
            return at.isBefore(Instant.now()) ? "cutoff_passed" : "later";
        }
        if (message.getUUID("segment") != null && !person.getBoolean("member")) {
            return LEFT;
        }
        boolean transactional = message.getString("purpose").equals("transactional");
        if (!transactional && !person.getJsonObject("consents").isEmpty()) {
            return "no_consent";
        }
        if (person.getBoolean("suppressed")) {
            return "suppressed";
        }
        var said = transactional ? "go" : rules.blackout();
        if (said.equals("go") && person.getBoolean("got_the_same")) {
            return "duplicate";
        }
        said = said.equals("go") && !transactional ? heldOut(message, rules, person) : said;
        said = said.equals("go") && !transactional ? rules.priorities() : said;
        said = said.equals("go") && !transactional ? rules.caps() : said;
        if (said.equals("go") && person.getUUID("subscription") == null) {
            return "no_subscription";
        }
        said = said.equals("go") && !transactional ? rules.quietHours() : said;
        if (said.equals("go") && !transactional && saidNo(person)) {
            return "service_declined";
        }
        return said.equals("go") ? "accepted" : said;
    }

    /** What the service said nobody can compute again: it is taken as it was written down. */
    private static boolean saidNo(Row person) {
        return person.getBuffer("advice") != null && person.getBuffer("advice").getByte(0) == 1;
    }

    private static String heldOut(Row message, NaiveRules rules, Row person) {
        int no = person.getInteger("profile_no");
        if (NaiveRules.isHeldOut(message.getUUID("campaign"), no, plan(message).getDouble("holdoutPercent", 0.0))) {
            return "holdout";
        }
        var holdout = rules.document().getJsonObject("holdout");
        return holdout != null && NaiveRules.isHeldOut(WS, no, holdout.getDouble("percent")) ? "global_holdout" : "go";
    }

    private static JsonObject plan(Row message) {
        return message.getJsonObject("plan") == null ? new JsonObject() : message.getJsonObject("plan");
    }

    private static int priority(JsonObject plan) {
        return plan == null ? 50 : plan.getInteger("priority", 50);
    }

    /** What people got before it, by person. */
    private Map<Integer, List<Send>> sends(long run) {
        return byPerson(
                """
                SELECT m.profile_no, min(extract(epoch FROM m.attempted_at)::bigint) AS second, r.tag, r.plan
                FROM cep_message m JOIN cep_run r ON r.run = m.run
                WHERE m.state = 2 AND r.purpose <> 'transactional' AND r.run < %d
                  AND (SELECT body ?| ARRAY['caps', 'minGap', 'priorities'] FROM cep_policies p
                       WHERE p.created_at <= r.created_at ORDER BY version DESC LIMIT 1)
                GROUP BY m.profile_no, r.run
                """
                        .formatted(run));
    }

    /** What of the messages before it people are still to get. */
    private Map<Integer, List<Send>> due(long run) {
        return byPerson(
                """
                SELECT n.no AS profile_no, r.tag, r.plan,
                       extract(epoch FROM greatest(n.send_at, r.send_at, m.next_at))::bigint AS second
                FROM (SELECT run, unnest(profile_nos) AS no, send_at FROM cep_chunk WHERE NOT passed) n
                JOIN cep_run r ON r.run = n.run AND r.purpose <> 'transactional' AND r.run < %d
                LEFT JOIN cep_message m ON m.run = r.run AND m.profile_no = n.no AND m.rank = 0
                WHERE m.state IS NULL OR m.state = 0
                """
                        .formatted(run));
    }

    private Map<Integer, List<Send>> byPerson(String sql) {
        return world.rows(sql).stream()
                .collect(Collectors.groupingBy(
                        row -> row.getInteger("profile_no"),
                        Collectors.mapping(
                                row -> new Send(
                                        row.getLong("second"),
                                        "webpush",
                                        row.getString("tag"),
                                        priority(row.getJsonObject("plan"))),
                                Collectors.toList())));
    }

    private static NaiveRules rules(Row message, Row person, List<Send> sends, List<Send> due) {
        var traits = person.getJsonObject("traits");
        var zone = traits.getString("$timezone");
        return new NaiveRules(
                message.getJsonObject("body"),
                ZoneOffset.UTC,
                zone == null ? null : ZoneId.of(zone),
                traits.getJsonObject("$quietHours"),
                sends,
                due,
                "webpush",
                message.getString("tag"),
                priority(message.getJsonObject("plan")),
                SqlTime.instant(message, "send_at"),
                SqlTime.instant(message, "expires_at"),
                SqlTime.instant(person, "decided_at"));
    }
}
