package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Closing;
import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Messages to people whom nobody names: those of a segment, or of a rule. */
class SegmentMessagesTest {
    private static final String MESSAGES = "/api/v1/webpush/messages";
    private static final String SEGMENTS = "/api/v1/segments";
    private static final int PEOPLE = 450;

    private static FakePushService push;
    private static TestServer server;
    /** By the person, {@code p-0}, {@code p-1} …: every third one has the plan silver, the others gold. */
    private static final Map<String, VirtualSubscription> BROWSERS = new LinkedHashMap<>();
    /** By the message's id. */
    private static final Map<String, String> TITLES = new ConcurrentHashMap<>();

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(Map.of(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                push.certificate().toString(),
                // Pages of 200, so that there are several.
                "FATHI_SEND_CHUNK_PROFILES",
                "20"));
        var key = server.admin("GET", "/api/v1/webpush/key", null).json();
        var file = new StringBuilder();
        for (int i = 0; i < PEOPLE; i++) {
            var browser = push.subscribe(key.getString("publicKey"));
            BROWSERS.put("p-" + i, browser);
            file.append(browser.toJson()
                            .put("userId", "p-" + i)
                            .put(
                                    "traits",
                                    new JsonObject()
                                            .put("plan", isGold("p-" + i) ? "gold" : "silver")
                                            .put("no", i))
                            .encode())
                    .append('\n');
        }
        var taken = server.raw(
                "POST",
                "/api/v1/webpush/subscriptions/import?keyId=" + key.getString("id"),
                server.token(),
                file.toString(),
                "Content-Type",
                "application/x-ndjson");
        eventually(
                "everybody",
                () -> server.admin("GET", taken.header("Location"), null).json(),
                done -> done.getString("state").equals("completed"));
        eventually("their traits", () -> counted(has("plan")), count -> count == PEOPLE);
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    private static boolean isGold(String person) {
        return Integer.parseInt(person.substring(2)) % 3 != 0;
    }

    // ---- whom it reaches -------------------------------------------------------------------------------------------

    @Test
    void everybody_in_a_dynamic_segment_gets_it_once_and_nobody_else() {
        var segment = made(plan("gold"));
        var taken = send(segment(segment));
        assertThat(taken.json().getInteger("planned"))
                .as("they are found later")
                .isZero();
        var end = completed(taken);
        assertReached(taken, SegmentMessagesTest::isGold);
        assertThat(end.getJsonObject("counts").getInteger("planned")).isEqualTo(300);
        assertThat(end.getJsonObject("reasons").getMap()).isEqualTo(Map.of("accepted", 300));
        var audience = end.getJsonObject("audience");
        assertThat(audience.getString("segment")).isEqualTo(segment);
        assertThat(audience.getString("state")).isEqualTo("found");
        assertThat(audience.getInstant("asOf")).isBetween(end.getInstant("createdAt"), Instant.now());
        assertThat(listed(taken)).isEqualTo(end);
    }

    @Test
    void people_who_have_to_be_asked_one_by_one_are_found_all_the_same() {
        var taken = send(rule(new JsonObject()
                .put("type", "trait")
                .put("trait", "plan")
                .put("operator", "matches")
                .put("value", "^s.lver$")));
        var end = completed(taken);
        assertReached(taken, person -> !isGold(person));
        assertThat(end.getJsonObject("audience").getString("segment")).isNull();
    }

    @Test
    void who_was_put_into_a_static_segment_gets_it() {
        var segment = made(null);
        server.admin(
                "POST",
                SEGMENTS + "/" + segment + "/members",
                new JsonObject().put("add", JsonArray.of("user:p-1", "user:p-7")));
        var taken = send(segment(segment));
        completed(taken);
        assertReached(taken, Set.of("p-1", "p-7")::contains);
    }

    @Test
    void who_comes_into_the_segment_before_it_is_sent_gets_it_too() {
        var segment = made(null);
        var draft = draft(segment(segment))
                .put("sendAt", Instant.now().plus(Duration.ofSeconds(2)).toString());
        var taken = post(draft);
        assertThat(status(taken).getJsonObject("audience").getString("state")).isEqualTo("waiting");
        server.admin(
                "POST", SEGMENTS + "/" + segment + "/members", new JsonObject().put("add", JsonArray.of("user:p-3")));
        completed(taken);
        assertReached(taken, "p-3"::equals);
    }

    @Test
    void consent_and_suppression_count_as_in_every_message() {
        server.admin(
                "POST",
                "/api/v1/cdp/suppressions",
                new JsonObject().put("kind", "userId").put("value", "p-440"));
        var refused = server.admin(
                "PUT",
                "/api/v1/cdp/profiles/user:p-441/consents",
                new JsonObject()
                        .put(
                                "consents",
                                JsonArray.of(new JsonObject()
                                        .put("purpose", "marketing")
                                        .put("channel", "webpush")
                                        .put("granted", false))));
        assertThat(refused.status()).as(refused.body()).isBetween(200, 299);
        var taken = send(rule(number("gte", 440)));
        var end = completed(taken);
        assertThat(end.getJsonObject("reasons").getMap())
                .isEqualTo(Map.of("accepted", 8, "suppressed", 1, "no_consent", 1));
    }

    @Test
    void whoever_was_imported_is_known_at_once_to_the_planner_of_the_database() {
        var vertx = Vertx.vertx();
        try {
            var counted = server.database()
                    .pool(vertx)
                    .query(
                            """
                            SELECT min(reltuples) AS known FROM pg_class
                            WHERE relname IN ('webpush_subscription', 'cdp_profile', 'cdp_identity')
                            """)
                    .execute()
                    .await()
                    .iterator()
                    .next();
            assertThat(counted.getFloat("known")).isGreaterThanOrEqualTo(PEOPLE);
        } finally {
            Closing.close(vertx);
        }
    }

    // ---- how it is spread over people and time ----------------------------------------------------------------------

    @Test
    void a_message_says_how_it_is_spread_is_paused_and_goes_on() {
        var cutoff = Instant.now()
                .plus(Duration.ofDays(3))
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
        var plan = new JsonObject()
                .put("localHour", new JsonObject().put("at", "2026-01-01T09:00").put("whenPassed", "send"))
                .put("cutoff", cutoff)
                .put("holdoutPercent", 50)
                .put("dedupe", new JsonObject().put("key", "spread").put("withinHours", 1))
                .put("priority", 70);
        var taken = post(draft(rule(number("lt", 50))).mergeIn(plan));
        var paused = server.admin("POST", taken.header("Location") + "/pause", null);
        assertThat(paused.status()).as(paused.body()).isBetween(200, 409);
        assertThat(server.admin("POST", taken.header("Location") + "/resume", null)
                        .status())
                .isEqualTo(paused.status());
        var end = completed(taken);
        assertThat(end.getString("cutoff")).isEqualTo(cutoff);
        assertThat(end.getInteger("priority")).isEqualTo(70);
        assertThat(end.getJsonObject("localHour"))
                .isEqualTo(new JsonObject().put("at", "2026-01-01T09:00").put("whenPassed", "send"));
        assertThat(end.getJsonObject("dedupe").getMap()).isEqualTo(Map.of("key", "spread", "withinHours", 1));
        var reasons = end.getJsonObject("reasons");
        assertThat(reasons.getInteger("holdout") + reasons.getInteger("accepted"))
                .isEqualTo(50);
        assertThat(reasons.getInteger("holdout")).isBetween(12, 38);

        var again = completed(post(draft(rule(number("lt", 50))).put("dedupe", plan.getJsonObject("dedupe"))));
        assertThat(again.getJsonObject("reasons").getMap())
                .isEqualTo(
                        Map.of("duplicate", reasons.getInteger("accepted"), "accepted", reasons.getInteger("holdout")));
    }

    @Test
    void a_plan_without_a_meaning_is_refused_where_it_stands() {
        var hour = new JsonObject().put("at", "2026-12-24T09:00");
        refusedPlan(
                "/localHour/at", new JsonObject().put("localHour", hour.copy().put("at", "2026-02-30T09:00")));
        refusedPlan(
                "/localHour/at", new JsonObject().put("localHour", hour.copy().put("at", "2036-12-24T09:00")));
        refusedPlan(
                "/localHour/at",
                new JsonObject()
                        .put(
                                "localHour",
                                hour.copy().put("at", "2026-01-01T09:00").put("whenPassed", "skip")));
        refusedPlan(
                "/localHour/otherwise",
                new JsonObject().put("localHour", hour.copy().put("otherwise", "Mars/Base")));
        refusedPlan(
                "/sendAt",
                new JsonObject()
                        .put("localHour", hour)
                        .put("sendAt", Instant.now().toString()));
        refusedPlan("/bestHour", new JsonObject().put("localHour", hour).put("bestHour", new JsonObject()));
        refusedPlan("/cutoff", new JsonObject().put("cutoff", "2026-01-01T00:00:00Z"));
        refusedPlan("/holdoutPercent", new JsonObject().put("holdoutPercent", 5).put("purpose", "transactional"));
    }

    private static void refusedPlan(String pointer, JsonObject plan) {
        var answer = server.admin("POST", MESSAGES, draft(rule(plan("gold"))).mergeIn(plan));
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        assertThat(answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo(pointer);
    }

    // ---- nobody ----------------------------------------------------------------------------------------------------

    @Test
    void a_message_to_nobody_is_completed_at_once() {
        for (var audience : new JsonObject[] {segment(made(null)), rule(plan("platinum"))}) {
            var end = completed(send(audience));
            assertThat(end.getJsonObject("counts").getInteger("planned")).isZero();
            assertThat(end.getJsonObject("audience").getString("state")).isEqualTo("found");
        }
    }

    @Test
    void an_unknown_segment_or_a_rule_that_cannot_be_followed_is_refused_where_it_stands() {
        assertRefused(segment(UUID.randomUUID().toString()), 422, "/audience/segment");
        var theirs = server.send("POST", SEGMENTS, server.otherWorkspace(), new JsonObject().put("name", "theirs"))
                .json()
                .getString("id");
        assertRefused(segment(theirs), 422, "/audience/segment");
        assertRefused(rule(new JsonObject().put("type", "segment").put("segment", theirs)), 422, "/audience/rule");
        assertRefused(
                rule(new JsonObject()
                        .put("type", "and")
                        .put(
                                "rules",
                                JsonArray.of(plan("x").put("operator", "gt").put("value", true)))),
                422,
                "/audience/rule/rules/0/value");
        assertRefused(segment("no uuid"), 400, "/audience/segment");
        assertRefused(segment(made(null)).mergeIn(rule(plan("gold"))), 400, "/audience");
    }

    private static void assertRefused(JsonObject audience, int status, String pointer) {
        for (boolean dry : new boolean[] {false, true}) {
            var answer = server.admin("POST", MESSAGES, draft(audience).put("dryRun", dry));
            assertThat(answer.status()).as(answer.body()).isEqualTo(status);
            assertThat(answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                    .isEqualTo(pointer);
        }
    }

    // ---- asking first ----------------------------------------------------------------------------------------------

    @Test
    void a_dry_run_counts_and_sends_nothing_and_the_same_key_gives_the_same_answer() {
        server.admin(
                "POST",
                "/v1/batch",
                new JsonObject()
                        .put(
                                "batch",
                                JsonArray.of(new JsonObject()
                                        .put("type", "identify")
                                        .put("userId", "unreachable")
                                        .put("traits", new JsonObject().put("plan", "wood")))));
        server.admin(
                "POST",
                "/v1/batch",
                new JsonObject()
                        .put(
                                "batch",
                                JsonArray.of(new JsonObject()
                                        .put("type", "identify")
                                        .put("userId", "p-5")
                                        .put("traits", new JsonObject().put("wish", "wood")))));
        var wood = new JsonObject().put("type", "or").put("rules", JsonArray.of(plan("wood"), has("wish")));
        eventually("both", () -> counted(wood), count -> count == 2);
        var key = UUID.randomUUID().toString();
        var draft = draft(rule(wood)).put("dryRun", true);
        var answer = post(draft, "Idempotency-Key", key);
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        assertThat(answer.json().getString("state")).isEqualTo("dry-run");
        assertThat(answer.json().getInteger("planned")).isEqualTo(2);
        assertThat(answer.json().getInteger("reachable")).isEqualTo(1);
        var again = post(draft, "Idempotency-Key", key);
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(again.body()).isEqualTo(answer.body());
    }

    @Test
    void the_same_request_twice_is_one_message() {
        var key = UUID.randomUUID().toString();
        var draft = draft(rule(number("lt", 3)));
        var first = post(draft, "Idempotency-Key", key);
        var second = post(draft, "Idempotency-Key", key);
        assertThat(second.json()).isEqualTo(first.json());
        completed(first);
        assertReached(first, Set.of("p-0", "p-1", "p-2")::contains);
    }

    @Test
    void who_may_not_see_segments_may_not_find_out_about_people_by_them() {
        var segment = segment(made(plan("gold")));
        var sender = key("messages:send");
        assertThat(server.send("POST", MESSAGES, sender, draft(segment).put("dryRun", true))
                        .status())
                .isEqualTo(403);
        var reader = key("messages:send", "segments:read");
        assertThat(server.send("POST", MESSAGES, reader, draft(segment).put("dryRun", true))
                        .status())
                .isEqualTo(202);
        assertThat(server.send(
                                "POST",
                                MESSAGES,
                                reader,
                                draft(rule(plan("gold"))).put("dryRun", true))
                        .status())
                .isEqualTo(403);
    }

    private static String key(String... permissions) {
        var draft = new JsonObject()
                .put("name", "k " + UUID.randomUUID())
                .put("permissions", new JsonArray(List.of(permissions)));
        return server.admin("POST", "/api/v1/api-keys", draft).json().getString("secret");
    }

    // ---- afterwards ------------------------------------------------------------------------------------------------

    @Test
    void a_segment_stays_until_its_people_are_found_or_the_message_is_cancelled() {
        var segment = made(plan("gold"));
        var around = made(new JsonObject().put("type", "segment").put("segment", segment));
        var draft = draft(segment(around))
                .put("sendAt", Instant.now().plus(Duration.ofDays(1)).toString());
        var taken = post(draft);
        var kept = delete(around);
        assertThat(kept.status()).isEqualTo(409);
        assertThat(kept.json().getString("detail")).contains(taken.json().getString("id"));

        var cancelled = server.admin("POST", taken.header("Location") + "/cancel", null);
        assertThat(cancelled.status()).as(cancelled.body()).isEqualTo(200);
        assertThat(cancelled.json().getString("state")).isEqualTo("cancelled");
        assertThat(cancelled.json().getJsonObject("audience").getString("state"))
                .isEqualTo("stopped");
        assertThat(delete(around).status()).isEqualTo(204);
        assertThat(delete(segment).status()).isEqualTo(204);
        assertThat(status(taken).getJsonObject("audience").getString("segment")).isEqualTo(around);
    }

    @Test
    void a_message_that_is_cancelled_on_its_way_ends_for_everybody_who_was_found() {
        var taken = post(draft(rule(plan("gold"))).put("perMinute", 60));
        eventually("everybody is found", () -> status(taken), message -> message.getJsonObject("audience")
                .getString("state")
                .equals("found"));
        server.admin("POST", taken.header("Location") + "/cancel", null);
        var end = eventually(
                "everybody's end",
                () -> status(taken),
                message -> message.getJsonObject("counts").getInteger("waiting") == 0);
        assertThat(end.getString("state")).isEqualTo("cancelled");
        var counts = end.getJsonObject("counts");
        assertThat(counts.getInteger("planned")).isEqualTo(300);
        assertThat(counts.getInteger("accepted") + counts.getInteger("skipped")).isEqualTo(300);
        assertThat(counts.getInteger("skipped")).isPositive();
    }

    @Test
    void what_failed_of_it_is_sent_again() {
        var refusing = BROWSERS.get("p-430").answer(FakePushService.Answer.status(400));
        var taken = send(rule(number("equals", 430)));
        assertThat(completed(taken).getJsonObject("reasons").getMap()).isEqualTo(Map.of("bad_request", 1));
        var before = refusing.receipts().size();
        var again = eventually(
                "that it is over",
                () -> server.admin("POST", taken.header("Location") + "/resend", null),
                answer -> answer.status() == 202);
        assertThat(again.json().getInteger("planned")).isEqualTo(1);
        assertThat(completed(again).getJsonObject("reasons").getMap()).isEqualTo(Map.of("accepted", 1));
        assertThat(refusing.receipts()).hasSize(before + 1);
    }

    // ---- words -----------------------------------------------------------------------------------------------------

    private static JsonObject plan(String value) {
        return new JsonObject()
                .put("type", "trait")
                .put("trait", "plan")
                .put("operator", "equals")
                .put("value", value);
    }

    private static JsonObject has(String trait) {
        return new JsonObject().put("type", "trait").put("trait", trait).put("operator", "exists");
    }

    private static JsonObject number(String operator, int value) {
        return new JsonObject()
                .put("type", "trait")
                .put("trait", "no")
                .put("operator", operator)
                .put("value", value);
    }

    private static JsonObject segment(String id) {
        return new JsonObject().put("segment", id);
    }

    private static JsonObject rule(JsonObject rule) {
        return new JsonObject().put("rule", rule);
    }

    private static int counted(JsonObject rule) {
        return server.admin("POST", SEGMENTS + "/preview", new JsonObject().put("rule", rule))
                .json()
                .getInteger("people");
    }

    private static String made(JsonObject rule) {
        var draft = new JsonObject().put("name", "s " + UUID.randomUUID());
        if (rule != null) {
            draft.put("rule", rule);
        }
        return server.admin("POST", SEGMENTS, draft).json().getString("id");
    }

    private static Answer delete(String segment) {
        var path = SEGMENTS + "/" + segment;
        return server.admin(
                "DELETE",
                path,
                null,
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
    }

    /** Its title is like no other's. */
    private static JsonObject draft(JsonObject audience) {
        return new JsonObject()
                .put("audience", audience)
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "t " + UUID.randomUUID()));
    }

    private static Answer send(JsonObject audience) {
        var answer = post(draft(audience));
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return answer;
    }

    private static Answer post(JsonObject draft, String... headers) {
        var answer = server.admin("POST", MESSAGES, draft, headers);
        if (answer.status() == 202 && answer.json().getString("id") != null) {
            TITLES.put(
                    answer.json().getString("id"),
                    draft.getJsonObject("content").getString("title"));
        }
        return answer;
    }

    private static JsonObject status(Answer taken) {
        return server.admin("GET", taken.header("Location"), null).json();
    }

    private static JsonObject completed(Answer taken) {
        return eventually("completed", () -> status(taken), message -> message.getString("state")
                .equals("completed"));
    }

    private static JsonObject listed(Answer taken) {
        return server.admin("GET", MESSAGES + "?limit=200", null).json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .filter(message -> message.getString("id").equals(taken.json().getString("id")))
                .findFirst()
                .orElseThrow();
    }

    /** By what browsers took of this message: each of these people's once, and nobody else's. */
    private static void assertReached(Answer taken, Predicate<String> wanted) {
        var title = TITLES.get(taken.json().getString("id"));
        var got = BROWSERS.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, browser -> browser.getValue().receipts().stream()
                        .filter(receipt -> receipt.plaintext().contains(title))
                        .count()));
        got.forEach((person, times) -> assertThat(times).as(person).isEqualTo(wanted.test(person) ? 1 : 0));
    }
}
