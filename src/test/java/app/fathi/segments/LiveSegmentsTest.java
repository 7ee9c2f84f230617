package app.fathi.segments;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.db.Transactions;
import app.fathi.testing.Closing;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Segments that follow what happens to people, on a server as it runs. */
class LiveSegmentsTest {
    private static final String SEGMENTS = "/api/v1/segments";

    private static TestServer server;
    private static FakePushService push;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    @Test
    void people_enter_and_leave_as_things_happen_to_them() {
        var gold = create(trait("plan", "equals").put("value", "gold"));
        assertThat(segment(gold).getInteger("people")).isZero();
        identify("gold-1", new JsonObject().put("plan", "gold"));
        identify("gold-2", new JsonObject().put("plan", "gold"));
        comesTo(gold, "gold-1", "gold-2");
        identify("gold-1", new JsonObject().put("plan", "silver"));
        comesTo(gold, "gold-2");
        assertThat(segment(gold).getInteger("people")).isEqualTo(1);
        assertThat(of("user:gold-2")).contains(gold);
        assertThat(of("user:gold-1")).doesNotContain(gold);
    }

    @Test
    void who_did_it_long_enough_ago_leaves_although_nothing_happens() {
        var lately = create(rule("did").put("event", "Blinked").put("within", "PT4S"));
        var notLately = create(rule("didNot").put("event", "Blinked").put("within", "PT4S"));
        track("blinker", "Blinked");
        comesTo(lately, "blinker");
        assertThat(members(notLately)).doesNotContain("blinker");
        comesTo(lately);
        eventually("who did not lately", () -> members(notLately), all -> all.contains("blinker"));
    }

    @Test
    void who_looks_at_a_page_is_told_from_who_does_something_of_the_same_name() {
        var page = rule("did")
                .put("call", "page")
                .put("event", "Pricing")
                .put(
                        "where",
                        JsonArray.of(new JsonObject()
                                .put("property", "path")
                                .put("operator", "startsWith")
                                .put("value", "/shop/")));
        var looked = create(page);
        var any = create(rule("lastTime")
                .put("call", "page")
                .put("operator", "withinLast")
                .put("duration", "P1D"));
        track("page-doer", "Pricing");
        tell(page("page-elsewhere", "Pricing", "/blog/"));
        tell(page("page-unnamed", null, "/shop/1"));
        tell(page("page-looker", "Pricing", "/shop/2"));
        comesTo(looked, "page-looker");
        comesTo(any, "page-elsewhere", "page-looker", "page-unnamed");
        assertThat(preview(page)).containsExactly("page-looker");
        var campaign = server.admin(
                "POST",
                "/api/v1/campaigns",
                new JsonObject()
                        .put("name", "pages " + UUID.randomUUID())
                        .put("purpose", "marketing")
                        .put("audience", new JsonObject().put("rule", page)));
        assertThat(campaign.status()).as(campaign.body()).isEqualTo(201);
        assertThat(reads(campaign.json().getString("id"))).isEqualTo(1);
    }

    @Test
    void people_enter_and_leave_with_their_tags() {
        var rule = rule("tagged").put("tag", "vip");
        var tagged = create(rule);
        var others = create(rule("and").put("rules", JsonArray.of(not(rule), trait("maybe-vip", "exists"))));
        identify("tag-1", new JsonObject().put("maybe-vip", true));
        comesTo(others, "tag-1");
        track(new JsonObject()
                .put("userId", "tag-1")
                .put("event", "Tag Added")
                .put("properties", new JsonObject().put("tag", "vip")));
        comesTo(tagged, "tag-1");
        comesTo(others);
        assertThat(preview(rule)).containsExactly("tag-1");
        track(new JsonObject()
                .put("userId", "tag-1")
                .put("event", "Tag Removed")
                .put("properties", new JsonObject().put("tag", "vip")));
        comesTo(tagged);
        comesTo(others, "tag-1");
    }

    @Test
    void people_move_with_their_groups_and_with_what_is_said_of_these() {
        var enterprise =
                rule("group").put("trait", "plan").put("operator", "equals").put("value", "enterprise");
        var atAcme = create(rule("group").put("group", "acme"));
        var atEnterprise = create(enterprise);
        group("acme-1", "acme", new JsonObject());
        group("acme-2", "acme", new JsonObject());
        group("other-1", "other", new JsonObject().put("plan", "free"));
        comesTo(atAcme, "acme-1", "acme-2");
        comesTo(atEnterprise);
        group("acme-1", "acme", new JsonObject().put("plan", "enterprise"));
        comesTo(atEnterprise, "acme-1", "acme-2");
        assertThat(preview(enterprise)).containsExactlyInAnyOrder("acme-1", "acme-2");
        group("other-1", "acme", new JsonObject());
        comesTo(atEnterprise, "acme-1", "acme-2", "other-1");
        group("other-1", "acme", new JsonObject().put("plan", "free"));
        comesTo(atEnterprise);
        comesTo(atAcme, "acme-1", "acme-2", "other-1");
    }

    private static void group(String user, String group, JsonObject traits) {
        tell(new JsonObject()
                .put("type", "group")
                .put("userId", user)
                .put("groupId", group)
                .put("traits", traits));
    }

    /** How many people a campaign is for. */
    private static int reads(String campaign) {
        var answer = server.admin("POST", "/api/v1/campaigns/" + campaign + "/estimate", null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().getInteger("people");
    }

    private static JsonObject page(String user, String name, String path) {
        return new JsonObject()
                .put("type", "page")
                .put("userId", user)
                .put("name", name)
                .put("properties", new JsonObject().put("path", path));
    }

    @Test
    void who_can_be_reached_follows_subscriptions() {
        var reached = create(rule("subscribed").put("channel", "webpush"));
        var browser = browser();
        var path = subscribe(browser, "reached");
        eventually("who is reached", () -> members(reached), all -> all.contains("reached"));
        assertThat(server.admin("DELETE", path, null).status()).isEqualTo(204);
        eventually("who is reached", () -> members(reached), all -> !all.contains("reached"));
    }

    @Test
    void a_visitor_who_turns_out_to_be_somebody_takes_along_what_they_did() {
        var bought = create(rule("did").put("event", "Bought").put("atLeast", 2));
        track(new JsonObject().put("anonymousId", "somebody-s-browser").put("event", "Bought"));
        track(new JsonObject().put("userId", "somebody").put("event", "Bought"));
        tell(new JsonObject()
                .put("type", "identify")
                .put("userId", "somebody")
                .put("anonymousId", "somebody-s-browser"));
        comesTo(bought, "somebody");
    }

    @Test
    void a_static_segment_that_a_rule_names_moves_people_in_it() {
        identify("invited", new JsonObject().put("town", "here"));
        identify("stranger", new JsonObject().put("town", "here"));
        var list = server.admin("POST", SEGMENTS, new JsonObject().put("name", "list " + UUID.randomUUID()))
                .json()
                .getString("id");
        var both = create(
                rule("and").put("rules", JsonArray.of(rule("segment").put("segment", list), trait("town", "exists"))));
        eventually(
                "the person",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:invited", null),
                answer -> answer.status() == 200);
        var path = SEGMENTS + "/" + list + "/members";
        server.admin("POST", path, new JsonObject().put("add", JsonArray.of("user:invited")));
        comesTo(both, "invited");
        assertThat(segment(list).getInteger("people")).isEqualTo(1);
        assertThat(of("user:invited")).contains(list, both);
        server.admin("POST", path, new JsonObject().put("remove", JsonArray.of("user:invited")));
        comesTo(both);
    }

    @Test
    void a_new_rule_moves_everybody_also_in_segments_that_name_it() {
        identify("young", new JsonObject().put("years", 17));
        identify("old", new JsonObject().put("years", 71));
        var some = create(trait("years", "lt").put("value", 18));
        var others = create(rule("and")
                .put(
                        "rules",
                        JsonArray.of(
                                rule("not").put("rule", rule("segment").put("segment", some)),
                                trait("years", "exists"))));
        comesTo(some, "young");
        comesTo(others, "old");
        var read = server.admin("GET", SEGMENTS + "/" + some, null);
        var changed = server.admin(
                "PATCH",
                SEGMENTS + "/" + some,
                new JsonObject().put("rule", trait("years", "gte").put("value", 18)),
                "If-Match",
                read.header("ETag"));
        assertThat(changed.json().getString("state")).isEqualTo("building");
        assertThat(changed.json().getValue("people")).isNull();
        comesTo(some, "old");
        comesTo(others, "young");
        var again = server.admin("POST", SEGMENTS + "/" + some + "/rebuild", null);
        assertThat(again.status()).isEqualTo(202);
        comesTo(some, "old");
    }

    @Test
    void who_is_erased_is_in_no_segment_and_nothing_is_counted_of_them() {
        var did = create(rule("did").put("event", "Regretted"));
        track("regretting", "Regretted");
        comesTo(did, "regretting");
        var erased = server.admin("POST", "/api/v1/cdp/profiles/user:regretting/erase", new JsonObject());
        assertThat(erased.status()).as(erased.body()).isEqualTo(202);
        comesTo(did);
        eventually("the count", () -> segment(did).getInteger("people"), count -> count == 0);
    }

    @Test
    void what_several_segments_have_in_common_is_counted_without_asking_anybody() {
        var left = create(trait("left", "exists"));
        var right = create(trait("right", "exists"));
        identify("both", new JsonObject().put("left", true).put("right", true));
        comesTo(left, "both");
        identify("left-only", new JsonObject().put("left", true));
        comesTo(left, "both", "left-only");
        identify("right-only", new JsonObject().put("right", true));
        comesTo(right, "both", "right-only");
        assertThat(preview(rule("and").put("rules", JsonArray.of(in(left), in(right)))))
                .containsExactly("both");
        assertThat(preview(rule("and").put("rules", JsonArray.of(in(left), not(in(right))))))
                .containsExactly("left-only");
        assertThat(preview(rule("or").put("rules", JsonArray.of(in(left), in(right)))))
                .as("the newest first")
                .containsExactly("right-only", "left-only", "both");
        assertThat(preview(not(rule("or").put("rules", JsonArray.of(in(left), in(right))))))
                .as("everybody else")
                .doesNotContain("both", "left-only", "right-only");
    }

    private static JsonObject in(String segment) {
        return rule("segment").put("segment", segment);
    }

    private static JsonObject not(JsonObject rule) {
        return rule("not").put("rule", rule);
    }

    private static List<String> preview(JsonObject rule) {
        var answer = server.admin("POST", SEGMENTS + "/preview", new JsonObject().put("rule", rule))
                .json();
        var sample = answer.getJsonArray("sample").stream()
                .map(item -> ((JsonObject) item).getString("userId"))
                .toList();
        assertThat(answer.getInteger("people")).isGreaterThanOrEqualTo(sample.size());
        return sample;
    }

    @Test
    void who_was_sent_a_message_saw_it_clicked_it_or_did_not_moves_as_it_happens() {
        var browser = browser();
        subscribe(browser, "sent-to");
        var purpose = "transactional";
        var sent =
                create(rule("message").put("was", "sent").put("within", "P1D").put("purpose", purpose));
        var shown = create(rule("message").put("was", "shown").put("purpose", purpose));
        var clicked = create(rule("message").put("was", "clicked").put("purpose", purpose));
        var ignored = create(rule("ignoredLast").put("last", 1).put("purpose", purpose));
        var message = new JsonObject()
                .put("audience", new JsonObject().put("userIds", JsonArray.of("sent-to")))
                .put("purpose", purpose)
                .put("content", new JsonObject().put("title", "Hello"));
        var taken = server.admin("POST", "/api/v1/webpush/messages", message);
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        comesTo(sent, "sent-to");
        comesTo(ignored, "sent-to");
        comesTo(clicked);
        eventually("the push", browser::receipts, receipts -> !receipts.isEmpty());
        var token = browser.receipts()
                .getFirst()
                .json()
                .getJsonObject("notification")
                .getJsonObject("data")
                .getJsonObject("fathi")
                .getString("token");
        report(token, "shown");
        comesTo(shown, "sent-to");
        comesTo(ignored, "sent-to");
        report(token, "clicked");
        comesTo(clicked, "sent-to");
        comesTo(ignored);
        var one = rule("message").put("message", taken.json().getString("id"));
        assertThat(preview(one.copy().put("was", "clicked"))).containsExactly("sent-to");
        assertThat(preview(one.copy().put("was", "ignored"))).isEmpty();
        assertThat(preview(rule("message")
                        .put("was", "sent")
                        .put("message", UUID.randomUUID().toString())))
                .isEmpty();
    }

    private static void report(String token, String type) {
        var told = server.raw(
                "POST",
                "/api/v1/webpush/track",
                null,
                new JsonObject()
                        .put(
                                "interactions",
                                JsonArray.of(
                                        new JsonObject().put("token", token).put("type", type)))
                        .encode(),
                "Content-Type",
                "text/plain");
        assertThat(told.json().getInteger("taken")).isEqualTo(1);
    }

    @Test
    void how_large_a_segment_was_is_known_of_hours_in_which_it_was_measured_and_of_no_others() {
        identify("measured-1", new JsonObject().put("measured", true));
        subscribe(browser(), "measured-1");
        eventually(
                "the person",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:measured-1", null),
                answer -> answer.status() == 200
                        && answer.json().getJsonObject("traits").containsKey("measured"));
        var reached = create(rule("subscribed").put("channel", "webpush"));
        // The bitmap of all whom web push reaches is another one than the segment's.
        eventually(
                "that web push reaches the person",
                () -> server.admin(
                        "POST",
                        SEGMENTS + "/preview",
                        new JsonObject().put("rule", rule("segment").put("segment", reached))),
                answer -> members(reached).contains("measured-1")
                        && answer.json()
                                .getInteger("reachable")
                                .equals(answer.json().getInteger("people")));
        var segment = create(trait("measured", "exists"));
        var list = server.admin("POST", SEGMENTS, new JsonObject().put("name", "list " + UUID.randomUUID()))
                .json()
                .getString("id");
        server.admin(
                "POST",
                SEGMENTS + "/" + list + "/members",
                new JsonObject().put("add", JsonArray.of("user:measured-1")));
        assertThat(history(segment, "")).as("everybody was asked").hasSize(1);
        assertThat(history(segment, "").getFirst().getBoolean("rebuilt")).isTrue();
        var day = LocalDate.now(ZoneOffset.UTC).minusDays(100);
        move(segment, day + "T10:20:00Z");

        var vertx = Vertx.vertx();
        try {
            var transactions = new Transactions(server.database().pool(vertx));
            var job = new MeasureJob(transactions, 100, 400);
            var hour = Instant.parse(day + "T11:00:00Z");
            assertThat(job.measure(hour, ws -> true)).isTrue();
            move(segment, day + "T11:00:00.1Z");
            identify("measured-2", new JsonObject().put("measured", true));
            comesTo(segment, "measured-1", "measured-2");
            assertThat(job.measure(hour, ws -> false)).as("told to stop").isFalse();
            job.measure(hour, ws -> true);
            assertThat(history(segment, "")).as("an hour is measured once").hasSize(2);
            job.measure(Instant.parse(day + "T13:00:00Z"), ws -> true);
            move(segment, day + "T13:00:00.2Z");

            assertThat(history(segment, "?interval=hour"))
                    .extracting(one -> one.encode())
                    .containsExactly(
                            figure(day + "T13:00:00.200Z", 2, false),
                            figure(day + "T11:00:00.100Z", 1, false),
                            figure(day + "T10:20:00Z", 1, true));
            assertThat(history(segment, "?interval=day")).hasSize(1);
            assertThat(history(segment, "?from=" + day + "T11:00:00.1Z&to=" + day + "T13:00:00.2Z"))
                    .hasSize(1);
            assertThat(history(segment, "?interval=day&to=" + day + "T11:00:00.1Z"))
                    .extracting(one -> one.getBoolean("rebuilt"))
                    .containsExactly(true);
            assertThat(pages(segment)).containsExactly(2, 1, 1);
            assertThat(history(list, "").getFirst().getInteger("people")).isEqualTo(1);
            assertThat(history(list, "").getFirst().getValue("reachable")).isNull();

            job.forget();
            assertThat(history(segment, "")).as("as long as hours are kept").hasSize(3);
            new MeasureJob(transactions, 99, 400).forget();
            assertThat(history(segment, ""))
                    .as("the last of the day")
                    .extracting(one -> one.getInteger("people"))
                    .containsExactly(2);
            new MeasureJob(transactions, 99, 99).forget();
            assertThat(history(segment, "")).isEmpty();
            job.measure(hour, ws -> true);
            var tag = server.admin("GET", SEGMENTS + "/" + segment, null).header("ETag");
            assertThat(server.admin("DELETE", SEGMENTS + "/" + segment, null, "If-Match", tag)
                            .status())
                    .isEqualTo(204);
            assertThat(transactions
                            .pool()
                            .preparedQuery("SELECT FROM segments_size WHERE segment = $1")
                            .execute(Tuple.of(UUID.fromString(segment)))
                            .await()
                            .size())
                    .isZero();
        } finally {
            Closing.close(vertx);
        }
        assertThat(server.admin("GET", SEGMENTS + "/" + segment + "/history", null)
                        .status())
                .isEqualTo(404);
        assertThat(server.admin("GET", SEGMENTS + "/" + list + "/history?interval=week", null)
                        .status())
                .isEqualTo(400);
        assertThat(server.send("GET", SEGMENTS + "/" + list + "/history", server.otherWorkspace(), null)
                        .status())
                .isEqualTo(404);
    }

    private static String figure(String at, int people, boolean rebuilt) {
        return new JsonObject()
                .put("at", at)
                .put("people", people)
                .put("reachable", 1)
                .put("rebuilt", rebuilt)
                .encode();
    }

    /** As if what was measured last had been then. */
    private static void move(String segment, String at) {
        server.database()
                .execute("UPDATE segments_size SET at = '" + at + "' WHERE segment = '" + segment
                        + "' AND at > now() - interval '1 hour'");
    }

    private static List<JsonObject> history(String segment, String query) {
        var answer = server.admin("GET", SEGMENTS + "/" + segment + "/history" + query, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    /** How many people each page of one figure tells. */
    private static List<Integer> pages(String segment) {
        var people = new ArrayList<Integer>();
        for (String cursor = ""; cursor != null; ) {
            var page = server.admin("GET", SEGMENTS + "/" + segment + "/history?limit=1" + cursor, null)
                    .json();
            page.getJsonArray("items").forEach(item -> people.add(((JsonObject) item).getInteger("people")));
            cursor = page.getString("nextCursor") == null ? null : "&cursor=" + page.getString("nextCursor");
        }
        return people;
    }

    private static FakePushService.VirtualSubscription browser() {
        return push.subscribe(
                server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey"));
    }

    /** Where the subscription is. */
    private static String subscribe(FakePushService.VirtualSubscription browser, String user) {
        var subscription = new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()))
                .put("userId", user);
        var made = server.admin("POST", "/api/v1/webpush/subscriptions", subscription);
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        return "/api/v1/webpush/subscriptions/" + made.json().getString("id");
    }

    // ---- what is said and seen ----

    private static String create(JsonObject rule) {
        var made = server.admin(
                "POST",
                SEGMENTS,
                new JsonObject().put("name", "live " + UUID.randomUUID()).put("rule", rule));
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        assertThat(made.json().getString("state")).isEqualTo("building");
        var id = made.json().getString("id");
        live(id);
        return id;
    }

    private static void live(String id) {
        eventually("that everybody was asked", () -> segment(id).getString("state"), "live"::equals);
    }

    private static JsonObject segment(String id) {
        return server.admin("GET", SEGMENTS + "/" + id, null).json();
    }

    /** These and nobody else are in it, soon, and as many are counted. */
    private static void comesTo(String segment, String... users) {
        live(segment);
        eventually("who is in it", () -> new TreeSet<>(members(segment)), new TreeSet<>(List.of(users))::equals);
        eventually("how many", () -> segment(segment).getInteger("people"), count -> count == users.length);
    }

    private static List<String> members(String segment) {
        return server
                .admin("GET", SEGMENTS + "/" + segment + "/members?limit=200", null)
                .json()
                .getJsonArray("items")
                .stream()
                .map(item -> ((JsonObject) item).getString("userId"))
                .filter(user -> user != null)
                .toList();
    }

    private static List<String> of(String person) {
        return server
                .admin("GET", "/api/v1/cdp/profiles/" + person + "/segments", null)
                .json()
                .getJsonArray("items")
                .stream()
                .map(item -> ((JsonObject) item).getString("id"))
                .collect(Collectors.toList());
    }

    private static void identify(String user, JsonObject traits) {
        tell(new JsonObject().put("type", "identify").put("userId", user).put("traits", traits));
    }

    private static void track(String user, String event) {
        track(new JsonObject().put("userId", user).put("event", event));
    }

    private static void track(JsonObject event) {
        tell(event.put("type", "track"));
    }

    private static void tell(JsonObject event) {
        event.put("messageId", UUID.randomUUID().toString())
                .put("timestamp", Instant.now().toString());
        var answer = server.admin("POST", "/v1/batch", new JsonObject().put("batch", JsonArray.of(event)));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static JsonObject rule(String type) {
        return new JsonObject().put("type", type);
    }

    private static JsonObject trait(String name, String operator) {
        return rule("trait").put("trait", name).put("operator", operator);
    }
}
