package app.fathi.segments;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Segments as a marketer makes them, over HTTP. */
class SegmentsTest {
    private static final String SEGMENTS = "/api/v1/segments";

    private static TestServer server;
    private static FakePushService push;

    @BeforeAll
    static void people() {
        push = FakePushService.start();
        server = TestServer.start(Map.of());
        comes("ada", traits("gold", 41).put("city", "İzmir").put("tags", JsonArray.of("vip")));
        comes("eve", traits("silver", 17).put("city", "izmir"));
        comes("bob", traits("gold", 30).put("address", new JsonObject().put("zip", "35000")));
        tell("identify", "zoe", "traits", new JsonObject().put("first", "only"));
        bought("ada", 80, 1);
        bought("ada", 20, 40);
        bought("eve", 10, 2);
        bought("bob", 60, 100);
        eventually(
                "everything that happened",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:bob/events", null),
                answer -> answer.status() == 200
                        && answer.json().getJsonArray("items").size() == 2);
        var key = server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
        var browser = push.subscribe(key);
        var subscription = new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()))
                .put("userId", "ada");
        assertThat(server.admin("POST", "/api/v1/webpush/subscriptions", subscription)
                        .status())
                .isEqualTo(201);
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    /** One after the other: who comes first has the lower number. */
    private static void comes(String userId, JsonObject traits) {
        tell("identify", userId, "traits", traits);
        eventually(
                userId + " is there",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:" + userId, null)
                        .status(),
                status -> status == 200);
    }

    private static JsonObject traits(String plan, int age) {
        return new JsonObject().put("plan", plan).put("age", age);
    }

    private static void tell(String type, String user, String field, JsonObject value) {
        tell(new JsonObject().put("type", type).put("userId", user).put(field, value));
    }

    private static void tell(JsonObject event) {
        var batch = new JsonObject()
                .put(
                        "batch",
                        JsonArray.of(event.put("messageId", UUID.randomUUID().toString())));
        var answer = server.admin("POST", "/v1/batch", batch);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static void bought(String user, int total, int daysAgo) {
        tell(new JsonObject()
                .put("type", "track")
                .put("userId", user)
                .put("event", "Order Completed")
                .put("timestamp", Instant.now().minus(Duration.ofDays(daysAgo)).toString())
                .put("properties", new JsonObject().put("total", total).put("shop", "s" + total)));
    }

    // ---- rules ---------------------------------------------------------------------------------------------------

    @Test
    void traits_are_compared_by_what_they_are() {
        assertThat(meant(trait("plan", "equals").put("value", "gold"))).containsExactlyInAnyOrder("ada", "bob");
        assertThat(meant(trait("plan", "notEquals").put("value", "gold")))
                .as("a missing value is not gold either")
                .containsExactlyInAnyOrder("eve", "zoe");
        assertThat(meant(not(trait("plan", "equals").put("value", "gold"))))
                .as("of what is missing nothing is known")
                .containsExactly("eve");
        assertThat(meant(trait("age", "between").put("low", 17).put("high", 30.0)))
                .containsExactlyInAnyOrder("eve", "bob");
        assertThat(meant(trait("age", "gt").put("value", "17")))
                .as("a number is no text")
                .isEmpty();
        assertThat(meant(trait("city", "equals").put("value", "IZMIR").put("ignoreCase", true)))
                .as("the four Turkish letters are one")
                .containsExactlyInAnyOrder("ada", "eve");
        assertThat(meant(trait("city", "matches").put("value", "^[İi]z"))).containsExactlyInAnyOrder("ada", "eve");
        assertThat(meant(trait("address.zip", "startsWith").put("value", "35"))).containsExactly("bob");
        assertThat(meant(trait("tags", "hasAny").put("values", JsonArray.of("vip", "x"))))
                .containsExactly("ada");
    }

    @Test
    void a_trait_whose_name_found_no_place_is_asked_for_all_the_same() {
        server.database()
                .execute("INSERT INTO cdp_trait_name (ws, no, name) SELECT 1, n, 'filler' || n FROM generate_series("
                        + "(SELECT max(no) + 1 FROM cdp_trait_name WHERE ws = 1), 2000) n");
        try {
            tell(
                    "identify",
                    "zoe",
                    "traits",
                    new JsonObject().put("late", "Yes").put("email", "Zoe@shop.example"));
            eventually(
                    "zoe has it",
                    () -> server.admin("GET", "/api/v1/cdp/profiles/user:zoe", null)
                            .json()
                            .getJsonObject("traits"),
                    traits -> traits != null && traits.containsKey("late"));
            var late = trait("late", "equals").put("value", "yes").put("ignoreCase", true);
            assertThat(meant(late)).containsExactly("zoe");
            assertThat(meant(not(late))).isEmpty();
            assertThat(meant(trait("late", "notEquals").put("value", "Yes")))
                    .containsExactlyInAnyOrder("ada", "eve", "bob");
            assertThat(users(server.admin("GET", "/api/v1/cdp/profiles?trait=late&value=Yes", null)
                            .json()
                            .getJsonArray("items")))
                    .containsExactly("zoe");
            var segment = create("late", late);
            eventually("who is in it", () -> members(segment), List.of("zoe")::equals);
            server.database()
                    .execute("INSERT INTO cdp_trait_name (ws, no, name, whole) VALUES (1, 2100, 'late', false)");
            assertThat(meant(late))
                    .as("of a name that got a place later not everybody has a row")
                    .containsExactly("zoe");
            assertThat(users(server.admin("GET", "/api/v1/cdp/profiles?trait=late&value=Yes", null)
                            .json()
                            .getJsonArray("items")))
                    .containsExactly("zoe");
            assertThat(users(server.admin("GET", "/api/v1/cdp/profiles?q=zoe@shop", null)
                            .json()
                            .getJsonArray("items")))
                    .as("by an address people are found, and left alone, whatever names there are")
                    .containsExactly("zoe");
        } finally {
            server.database().execute("DELETE FROM cdp_trait_name WHERE name LIKE 'filler%' OR name = 'late'");
        }
    }

    @Test
    void behaviour_is_counted_within_its_time() {
        assertThat(meant(rule("did").put("event", "Order Completed").put("within", "P30D")))
                .containsExactlyInAnyOrder("ada", "eve");
        assertThat(meant(rule("did").put("event", "Order Completed").put("atLeast", 2)))
                .containsExactly("ada");
        assertThat(meant(rule("did").put("event", "Order Completed").put("exactly", 0)))
                .containsExactly("zoe");
        assertThat(meant(and(
                        rule("did").put("event", "Order Completed"),
                        rule("didNot").put("event", "Order Completed").put("within", "P90D"))))
                .containsExactly("bob");
        assertThat(meant(rule("did")
                        .put("event", "Order Completed")
                        .put("where", JsonArray.of(condition("total", "gte").put("value", 60)))))
                .containsExactlyInAnyOrder("ada", "bob");
        assertThat(meant(rule("did")
                        .put("event", "Order Completed")
                        .put("where", JsonArray.of(condition("shop", "endsWith").put("value", "0")))
                        .put("exactly", 1)))
                .as("asked of each person, because SQL could not")
                .containsExactlyInAnyOrder("eve", "bob");
    }

    @Test
    void events_come_to_something_and_have_a_first_and_a_last_time() {
        var orders = rule("total").put("event", "Order Completed").put("property", "total");
        assertThat(meant(orders.copy()
                        .put("function", "sum")
                        .put("operator", "gte")
                        .put("value", 60)))
                .containsExactlyInAnyOrder("ada", "bob");
        assertThat(meant(orders.copy()
                        .put("function", "sum")
                        .put("operator", "lt")
                        .put("value", 60)))
                .as("the sum of nothing is 0")
                .containsExactlyInAnyOrder("eve", "zoe");
        assertThat(meant(orders.copy()
                        .put("function", "max")
                        .put("operator", "lt")
                        .put("value", 60)))
                .as("the largest of nothing is not known")
                .containsExactly("eve");
        var last = rule("lastTime").put("event", "Order Completed");
        assertThat(meant(last.copy().put("operator", "withinLast").put("duration", "P3D")))
                .containsExactlyInAnyOrder("ada", "eve");
        assertThat(meant(rule("firstTime")
                        .put("event", "Order Completed")
                        .put("operator", "notWithinLast")
                        .put("duration", "P3D")))
                .containsExactlyInAnyOrder("ada", "bob", "zoe");
    }

    @Test
    void reach_and_consent_are_asked() {
        assertThat(meant(rule("subscribed").put("channel", "webpush"))).containsExactly("ada");
        var preview = preview(trait("plan", "equals").put("value", "gold"));
        assertThat(preview.getInteger("people")).isEqualTo(2);
        assertThat(preview.getInteger("reachable")).isEqualTo(1);
        assertThat(meant(rule("consent")
                        .put("purpose", "marketing")
                        .put("channel", "webpush")
                        .put("state", "unset")))
                .hasSize(4);
        server.admin(
                "PUT",
                "/api/v1/cdp/profiles/user:eve/consents",
                new JsonObject()
                        .put(
                                "consents",
                                JsonArray.of(consent("*", false), consent("webpush", true), consent("email", false))));
        for (var asked : List.of(rule("everyone"), trait("city", "matches").put("value", "."))) {
            assertThat(meant(and(asked, consented("webpush", "granted")))).isEmpty();
            assertThat(meant(and(asked, consented("webpush", "denied"))))
                    .as("of two words at once the refusal counts, as for senders")
                    .containsExactly("eve");
        }
    }

    private static JsonObject consent(String channel, boolean granted) {
        return new JsonObject().put("purpose", "offers").put("channel", channel).put("granted", granted);
    }

    private static JsonObject consented(String channel, String state) {
        return rule("consent").put("purpose", "offers").put("channel", channel).put("state", state);
    }

    @Test
    void a_segment_may_be_named_by_another_but_not_come_back_to_itself() {
        var gold = create("gold " + UUID.randomUUID(), trait("plan", "equals").put("value", "gold"));
        var adults = create(
                "gold adults " + UUID.randomUUID(),
                and(rule("segment").put("segment", gold), trait("age", "gte").put("value", 40)));
        assertThat(members(adults)).containsExactly("ada");
        var back = change(gold, new JsonObject().put("rule", rule("segment").put("segment", adults)));
        assertThat(back.status()).isEqualTo(422);
        assertThat(back.json().getJsonArray("errors").getJsonObject(0).getString("detail"))
                .contains("described by itself");
        var deleted = delete(gold);
        assertThat(deleted.status()).isEqualTo(409);
        assertThat(deleted.json().getString("detail")).contains("gold adults");
        assertThat(delete(adults).status()).isEqualTo(204);
        assertThat(delete(gold).status()).isEqualTo(204);
    }

    @Test
    void another_workspaces_segment_cannot_be_named() {
        var theirs = server.send("POST", SEGMENTS, server.otherWorkspace(), new JsonObject().put("name", "theirs"))
                .json()
                .getString("id");
        var answer = server.admin(
                "POST",
                SEGMENTS + "/preview",
                new JsonObject().put("rule", rule("segment").put("segment", theirs)));
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body()).contains("There is no segment");
    }

    @Test
    void everything_that_is_wrong_with_a_rule_is_told_at_once_and_where() {
        var wrong = and(
                trait("plan", "equals"),
                rule("did").put("event", "x").put("within", "P2Y"),
                trait("a..b", "matches").put("value", "("),
                trait("x", "exists").put("value", 1));
        var answer = server.admin("POST", SEGMENTS + "/preview", new JsonObject().put("rule", wrong));
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.json().getJsonArray("errors").stream()
                        .map(fault -> ((JsonObject) fault).getString("pointer")))
                .containsExactlyInAnyOrder(
                        "/rule/rules/0/value",
                        "/rule/rules/1/within",
                        "/rule/rules/2/trait",
                        "/rule/rules/2/value",
                        "/rule/rules/3/value");
    }

    // ---- static ones ---------------------------------------------------------------------------------------------

    @Test
    void people_are_put_into_a_static_segment_and_taken_out() {
        var invited = create("invited " + UUID.randomUUID(), null);
        var changed = server.admin(
                "POST",
                SEGMENTS + "/" + invited + "/members",
                new JsonObject().put("add", JsonArray.of("user:ada", "user:bob", "user:ghost")));
        assertThat(changed.json())
                .isEqualTo(
                        new JsonObject().put("added", 2).put("removed", 0).put("unknown", JsonArray.of("user:ghost")));
        assertThat(members(invited)).containsExactlyInAnyOrder("ada", "bob");
        assertThat(meant(and(rule("segment").put("segment", invited), not(trait("city", "exists")))))
                .containsExactly("bob");
        server.admin(
                "POST",
                SEGMENTS + "/" + invited + "/members",
                new JsonObject().put("remove", JsonArray.of("user:ada")));
        assertThat(members(invited)).containsExactly("bob");
    }

    @Test
    void who_becomes_part_of_somebody_is_in_the_segment_as_that_person() {
        var there = server.otherWorkspace();
        tellThere(there, new JsonObject().put("type", "identify").put("userId", "kim"));
        tellThere(there, new JsonObject().put("type", "identify").put("userId", "kay"));
        eventually(
                "the other",
                () -> server.send("GET", "/api/v1/cdp/profiles/user:kay", there, null),
                answer -> answer.status() == 200);
        var path = server.send("POST", SEGMENTS, there, new JsonObject().put("name", "chosen"))
                        .header("Location")
                + "/members";
        server.send("POST", path, there, new JsonObject().put("add", JsonArray.of("user:kay")));
        tellThere(
                there,
                new JsonObject().put("type", "alias").put("userId", "kim").put("previousId", "kay"));
        eventually(
                "the person",
                () -> users(server.send("GET", path, there, null).json().getJsonArray("items")),
                List.of("kim")::equals);
        var removed = server.send("POST", path, there, new JsonObject().put("remove", JsonArray.of("user:kim")));
        assertThat(removed.json().getInteger("removed")).isEqualTo(1);
        assertThat(server.send("GET", path, there, null).json().getJsonArray("items"))
                .isEmpty();
    }

    private static void tellThere(String token, JsonObject event) {
        var batch = new JsonObject().put("batch", JsonArray.of(event));
        assertThat(server.send("POST", "/v1/batch", token, batch).status()).isEqualTo(200);
    }

    @Test
    void a_dynamic_segment_takes_nobody_and_a_static_one_no_rule() {
        var gold = create("dynamic " + UUID.randomUUID(), trait("plan", "exists"));
        var put = server.admin(
                "POST", SEGMENTS + "/" + gold + "/members", new JsonObject().put("add", JsonArray.of("user:ada")));
        assertThat(put.status()).isEqualTo(409);
        var chosen = create("static " + UUID.randomUUID(), null);
        assertThat(change(chosen, new JsonObject().put("rule", trait("plan", "exists")))
                        .status())
                .isEqualTo(422);
    }

    @Test
    void two_segments_do_not_have_one_name() {
        var name = "Twice " + UUID.randomUUID();
        create(name, null);
        var again = server.admin("POST", SEGMENTS, new JsonObject().put("name", name.toUpperCase(Locale.ROOT)));
        assertThat(again.status()).isEqualTo(409);
    }

    @Test
    void members_are_read_page_by_page() {
        var all = create("all " + UUID.randomUUID(), trait("first", "missing"));
        var seen = new ArrayList<String>();
        String cursor = null;
        do {
            var page = server.admin(
                            "GET",
                            SEGMENTS + "/" + all + "/members?limit=1" + (cursor == null ? "" : "&cursor=" + cursor),
                            null)
                    .json();
            page.getJsonArray("items").forEach(item -> seen.add(((JsonObject) item).getString("userId")));
            cursor = page.getString("nextCursor");
        } while (cursor != null);
        assertThat(seen).containsExactly("bob", "eve", "ada");
    }

    // ---- built-in ones -------------------------------------------------------------------------------------------

    @Test
    void every_workspace_has_everybody_and_the_subscribed_and_nobody_changes_them() {
        var all = builtIn(server.token(), "all");
        var subscribed = builtIn(server.token(), "subscribed");
        assertThat(UUID.fromString(all.getString("id")).version()).isEqualTo(7);
        assertThat(builtIn(server.token(), "all")).as("the same each time").isEqualTo(all);
        assertThat(members(all.getString("id"))).contains("ada", "eve", "bob", "zoe");
        assertThat(members(subscribed.getString("id"))).containsExactly("ada");
        assertThat(server.admin("GET", SEGMENTS + "/" + all.getString("id"), null)
                        .json())
                .isEqualTo(all);
        assertThat(meant(not(rule("segment").put("segment", subscribed.getString("id")))))
                .containsExactlyInAnyOrder("eve", "bob", "zoe");
        assertThat(meant(and(
                        rule("segment").put("segment", all.getString("id")),
                        trait("plan", "equals").put("value", "silver"))))
                .containsExactly("eve");
        assertThat(preview(not(rule("everyone"))).getInteger("people")).isZero();

        var change = change(all.getString("id"), new JsonObject().put("description", "mine"));
        assertThat(change.status()).isEqualTo(409);
        assertThat(change.json().getString("detail")).contains("built in");
        assertThat(delete(subscribed.getString("id")).status()).isEqualTo(409);
        assertThat(server.admin(
                                "POST",
                                SEGMENTS + "/" + all.getString("id") + "/members",
                                new JsonObject().put("add", JsonArray.of("user:ada")))
                        .status())
                .isEqualTo(409);
        assertThat(server.admin("POST", SEGMENTS, new JsonObject().put("name", "ALL"))
                        .status())
                .as("its name is taken")
                .isEqualTo(409);
    }

    @Test
    void a_workspace_that_has_used_the_name_keeps_it() {
        var there = server.otherWorkspace();
        for (var name : List.of("Subscribed", "subscribed (built in)")) {
            assertThat(server.send("POST", SEGMENTS, there, new JsonObject().put("name", name))
                            .status())
                    .isEqualTo(201);
        }
        var names = server.send("GET", SEGMENTS, there, null).json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .filter(segment -> segment.getBoolean("builtIn"))
                .map(segment -> segment.getString("name"))
                .toList();
        assertThat(names).hasSize(2).contains("all").anyMatch(name -> name.matches("subscribed [0-9a-f-]{36}"));
        assertThat(builtIn(there, "all").getString("id"))
                .isNotEqualTo(builtIn(server.token(), "all").getString("id"));
    }

    // ---- what it was and is used for -----------------------------------------------------------------------------

    @Test
    void each_change_is_kept_and_can_be_taken_back() {
        var name = "kept " + UUID.randomUUID();
        var segment = create(name, trait("plan", "equals").put("value", "gold"));
        change(segment, new JsonObject().put("rule", trait("plan", "equals").put("value", "silver")));
        change(segment, new JsonObject().put("name", name + " renamed").put("tags", JsonArray.of("x")));
        var path = SEGMENTS + "/" + segment;
        var versions = server.admin("GET", path + "/versions", null).json().getJsonArray("items");
        assertThat(versions.stream().map(v -> ((JsonObject) v).getInteger("version")))
                .containsExactly(3, 2, 1);
        assertThat(versions.getJsonObject(2).getString("name")).isEqualTo(name);
        assertThat(versions.getJsonObject(2).getJsonObject("rule").getString("value"))
                .isEqualTo("gold");
        var me = server.admin("GET", "/api/v1/auth/me", null).json();
        assertThat(me.encode()).contains(versions.getJsonObject(0).getString("by"));
        var second = server.admin("GET", path + "/versions?limit=1", null).json();
        assertThat(server.admin("GET", path + "/versions?limit=2&cursor=" + second.getString("nextCursor"), null)
                        .json()
                        .getJsonArray("items")
                        .size())
                .isEqualTo(2);

        assertThat(server.admin("POST", path + "/restore", new JsonObject().put("version", 1))
                        .status())
                .isEqualTo(428);
        assertThat(server.admin("POST", path + "/restore", new JsonObject().put("version", 1), "If-Match", "\"v1\"")
                        .status())
                .isEqualTo(412);
        var unknown =
                server.admin("POST", path + "/restore", new JsonObject().put("version", 9), "If-Match", tag(segment));
        assertThat(unknown.status()).isEqualTo(422);
        var restored =
                server.admin("POST", path + "/restore", new JsonObject().put("version", 1), "If-Match", tag(segment));
        assertThat(restored.status()).as(restored.body()).isEqualTo(200);
        assertThat(restored.json().getString("name")).isEqualTo(name);
        assertThat(restored.json().getInteger("version")).isEqualTo(4);
        assertThat(members(segment)).containsExactlyInAnyOrder("ada", "bob");
        assertThat(server.admin("GET", path + "/versions", null).json().getJsonArray("items"))
                .hasSize(4);
    }

    @Test
    void what_a_restored_rule_names_must_still_be_there() {
        var named = create("named " + UUID.randomUUID(), trait("plan", "exists"));
        var naming = create("naming " + UUID.randomUUID(), rule("segment").put("segment", named));
        change(naming, new JsonObject().put("rule", trait("plan", "exists")));
        assertThat(delete(named).status()).isEqualTo(204);
        var answer = server.admin(
                "POST",
                SEGMENTS + "/" + naming + "/restore",
                new JsonObject().put("version", 1),
                "If-Match",
                tag(naming));
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body()).contains("There is no segment");
    }

    @Test
    void it_is_told_which_segments_name_it_and_which_messages_went_to_it() {
        var used = create("used " + UUID.randomUUID(), trait("plan", "exists"));
        var path = SEGMENTS + "/" + used + "/usage";
        assertThat(server.admin("GET", path, null).json())
                .isEqualTo(new JsonObject()
                        .put("segments", new JsonArray())
                        .put("campaigns", new JsonArray())
                        .put("messages", new JsonArray()));
        var user = create("user " + UUID.randomUUID(), not(rule("segment").put("segment", used)));
        var message = server.admin(
                        "POST",
                        "/api/v1/webpush/messages",
                        new JsonObject()
                                .put("audience", new JsonObject().put("segment", used))
                                .put("purpose", "marketing")
                                .put("content", new JsonObject().put("title", "Hello"))
                                .put(
                                        "sendAt",
                                        Instant.now().plus(Duration.ofDays(1)).toString()))
                .json();
        var usage = server.admin("GET", path, null).json();
        assertThat(usage.getJsonArray("segments").getJsonObject(0).getString("id"))
                .isEqualTo(user);
        var went = usage.getJsonArray("messages").getJsonObject(0);
        assertThat(went.getString("id")).isEqualTo(message.getString("id"));
        assertThat(went.getString("state")).isEqualTo("queued");
        server.admin("POST", "/api/v1/webpush/messages/" + message.getString("id") + "/cancel", null);
        assertThat(server.admin("GET", path, null)
                        .json()
                        .getJsonArray("messages")
                        .getJsonObject(0)
                        .getString("state"))
                .isEqualTo("cancelled");
    }

    private static JsonObject builtIn(String token, String name) {
        return server
                .send("GET", SEGMENTS + "?q=" + name + "&limit=200", token, null)
                .json()
                .getJsonArray("items")
                .stream()
                .map(JsonObject.class::cast)
                .filter(segment -> segment.getBoolean("builtIn")
                        && segment.getString("name").equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static JsonObject rule(String type) {
        return new JsonObject().put("type", type);
    }

    private static JsonObject trait(String name, String operator) {
        return rule("trait").put("trait", name).put("operator", operator);
    }

    private static JsonObject condition(String property, String operator) {
        return new JsonObject().put("property", property).put("operator", operator);
    }

    private static JsonObject and(JsonObject... rules) {
        return rule("and").put("rules", new JsonArray(List.of(rules)));
    }

    private static JsonObject not(JsonObject rule) {
        return rule("not").put("rule", rule);
    }

    private static JsonObject preview(JsonObject rule) {
        var answer = server.admin("POST", SEGMENTS + "/preview", new JsonObject().put("rule", rule));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static List<String> meant(JsonObject rule) {
        var preview = preview(rule);
        var users = users(preview.getJsonArray("sample"));
        assertThat(users).hasSize(preview.getInteger("people"));
        return users;
    }

    private static List<String> users(JsonArray people) {
        return people.stream()
                .map(person -> ((JsonObject) person).getString("userId"))
                .toList();
    }

    private static String create(String name, JsonObject rule) {
        var draft = new JsonObject().put("name", name);
        if (rule != null) {
            draft.put("rule", rule);
        }
        var answer = server.admin("POST", SEGMENTS, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json().getString("id");
    }

    private static List<String> members(String segment) {
        return users(server.admin("GET", SEGMENTS + "/" + segment + "/members", null)
                .json()
                .getJsonArray("items"));
    }

    private static Answer change(String segment, JsonObject change) {
        return server.admin("PATCH", SEGMENTS + "/" + segment, change, "If-Match", tag(segment));
    }

    private static Answer delete(String segment) {
        return server.admin("DELETE", SEGMENTS + "/" + segment, null, "If-Match", tag(segment));
    }

    private static String tag(String segment) {
        return server.admin("GET", SEGMENTS + "/" + segment, null).header("ETag");
    }
}
