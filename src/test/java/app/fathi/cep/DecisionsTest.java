package app.fathi.cep;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.NaiveRules.Send;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.time.Instant;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is stored of a decision, what is explained before, and what the raw tables say by {@link NaiveRules}. */
class DecisionsTest {
    private static final int PEOPLE = 40;
    private static final int MESSAGES = 25;
    private static final List<String> ZONES = List.of("Asia/Tokyo", "America/New_York", "Europe/Istanbul");

    private final SendingWorld world = new SendingWorld(Map.of());
    private final Random random = new Random(20261126);

    @AfterEach
    void close() {
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
        world.startWorkers();
        var seen = new HashMap<String, Integer>();
        for (int i = 0; i < MESSAGES; i++) {
            world.policies(document(i));
            var request = request(users);
            var explained = explained(request);
            var id = world.request(request).id();
            world.await(() -> isDecided(id));
            var stored = stored(id);
            assertThat(stored).as("message %d is what was explained", i).isEqualTo(explained);
            var expected = new HashMap<Integer, String>();
            for (int no = 0; no < PEOPLE; no++) {
                expected.put(no, recomputed(id, no));
            }
            assertThat(stored).as("message %d is what the tables say", i).isEqualTo(expected);
            stored.values().forEach(one -> seen.merge(one, 1, Integer::sum));
        }
        assertThat(seen.values().stream().mapToInt(n -> n).sum()).isEqualTo(PEOPLE * MESSAGES);
        assertThat(seen.keySet())
                .contains("accepted", "waits", "no_consent", "suppressed", "blackout", "global_holdout", "capped")
                .contains("min_gap", "no_subscription", "quiet_hours", "queue_expired");
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

    private MessageRequest request(List<String> users) {
        var r = to(users);
        return new MessageRequest(
                        r.audience(),
                        r.content(),
                        random.nextInt(12) == 0 ? "transactional" : r.purpose(),
                        (int) Duration.ofHours(1 + random.nextInt(48)).toSeconds(),
                        r.urgency(),
                        null,
                        null,
                        null,
                        null,
                        null,
                        true,
                        false)
                .tagged(random.nextBoolean() ? "news" : null);
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

    private boolean isDecided(UUID id) {
        return world.rows(
                                """
                                SELECT FROM cep_message m JOIN cep_run r ON r.run = m.run
                                WHERE r.id = '%s' AND m.rank = 0 AND m.state <> 1
                                """
                                        .formatted(id))
                        .size()
                == PEOPLE;
    }

    private Map<Integer, String> stored(UUID id) {
        var stored = new HashMap<Integer, String>();
        for (var row : world.rows(
                """
                SELECT m.profile_no, CASE WHEN m.state = 0 THEN 'waits' ELSE n.name END AS told
                FROM cep_message m JOIN cep_run r ON r.run = m.run LEFT JOIN cep_reason n ON n.code = m.reason
                WHERE r.id = '%s' AND m.rank = 0
                """
                        .formatted(id))) {
            stored.put(row.getInteger("profile_no"), row.getString("told"));
        }
        return stored;
    }

    // --- the checker: raw tables and naive rules --------------------------------------------------------------------

    private String recomputed(UUID id, int no) {
        var person = world.rows(
                        "SELECT traits, suppressed, consents FROM cdp_profile WHERE ws = 7 AND profile_no = " + no)
                .getFirst();
        var message = world.rows(
                        """
                        SELECT r.*, m.created_at AS decided_at, m.subscription,
                               (SELECT body FROM cep_policies ORDER BY version DESC LIMIT 1) AS body
                        FROM cep_run r JOIN cep_message m ON m.run = r.run WHERE r.id = '%s' AND m.rank = 0 AND m.profile_no = %d
                        """
                                .formatted(id, no))
                .getFirst();
        boolean transactional = message.getString("purpose").equals("transactional");
        var consents = person.getJsonObject("consents");
        if (!transactional && !consents.isEmpty()) {
            return "no_consent";
        }
        if (person.getBoolean("suppressed")) {
            return "suppressed";
        }
        if (transactional) {
            return message.getUUID("subscription") == null ? "no_subscription" : "accepted";
        }
        var rules = rules(message, person.getJsonObject("traits"), no);
        var said = rules.blackout();
        if (said.equals("go") && heldOut(rules, no)) {
            return "global_holdout";
        }
        said = said.equals("go") ? rules.caps() : said;
        if (said.equals("go") && message.getUUID("subscription") == null) {
            return "no_subscription";
        }
        said = said.equals("go") ? rules.quietHours() : said;
        return said.equals("go") ? "accepted" : said;
    }

    private static boolean heldOut(NaiveRules rules, int no) {
        var holdout = rules.document().getJsonObject("holdout");
        return holdout != null && NaiveRules.isHeldOut(WS, no, holdout.getDouble("percent"));
    }

    private NaiveRules rules(Row message, JsonObject traits, int no) {
        var sends = world
                .rows(
                        """
                        SELECT min(extract(epoch FROM m.attempted_at)::bigint) AS second, r.tag
                        FROM cep_message m JOIN cep_run r ON r.run = m.run
                        WHERE m.profile_no = %d AND m.state = 2 AND r.purpose <> 'transactional' AND r.run < %d
                          AND (SELECT body ? 'caps' OR body ? 'minGap' FROM cep_policies p
                               WHERE p.created_at <= r.created_at ORDER BY version DESC LIMIT 1)
                        GROUP BY r.run, r.tag
                        """
                                .formatted(no, message.getLong("run")))
                .stream()
                .map(row -> new Send(row.getLong("second"), "webpush", row.getString("tag")))
                .toList();
        var zone = traits.getString("$timezone");
        return new NaiveRules(
                message.getJsonObject("body"),
                ZoneOffset.UTC,
                zone == null ? null : ZoneId.of(zone),
                traits.getJsonObject("$quietHours"),
                sends,
                "webpush",
                message.getString("tag"),
                RunsStore.instant(message, "send_at"),
                RunsStore.instant(message, "expires_at"),
                RunsStore.instant(message, "decided_at"));
    }
}
