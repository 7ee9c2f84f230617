package app.fathi.cdp;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** People as staff find, read and change them, and the events that make them, over HTTP. */
class ProfilesTest {
    private static final String PROFILES = "/api/v1/cdp/profiles";
    private static final String FIREFOX =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0";

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(
                Map.of("FATHI_HTTP_TRUSTED_PROXIES", "127.0.0.0/8", "FATHI_HTTP_COUNTRY_HEADER", "X-Seen-In"));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    // ---- reading -------------------------------------------------------------------------------------------------

    @Test
    void a_profile_tells_where_each_trait_comes_from_and_what_the_browser_told() {
        var id = someone();
        server.browser(
                "POST",
                "/v1/identify",
                identify(id, new JsonObject().put("city", "Izmir").put("$os", "Invented"))
                        .put("context", new JsonObject().put("timezone", "Europe/Istanbul")),
                "User-Agent",
                FIREFOX,
                "Accept-Language",
                "tr-TR,tr;q=0.9",
                "X-Seen-In",
                "TR");
        var profile = found(id);
        assertThat(profile.getJsonObject("traits").getMap()).containsOnlyKeys("city");
        assertThat(profile.getJsonObject("traitSources").getJsonObject("city").getString("source"))
                .isEqualTo("browser-key");
        assertThat(profile.getJsonObject("device"))
                .isEqualTo(new JsonObject()
                        .put("device", "desktop")
                        .put("os", "Windows")
                        .put("browser", "Firefox")
                        .put("language", "tr")
                        .put("country", "TR")
                        .put("timezone", "Europe/Istanbul"));
    }

    @Test
    void what_a_server_asks_with_tells_nothing_of_the_person() {
        var id = someone();
        server.admin(
                "POST",
                "/v1/identify",
                identify(id, new JsonObject().put("a", 1)),
                "User-Agent",
                FIREFOX,
                "X-Seen-In",
                "TR");
        assertThat(found(id).getJsonObject("device").getMap().values()).containsOnlyNulls();
    }

    @Test
    void people_are_found_by_what_they_are_called_by_traits_and_by_tags() {
        var mark = UUID.randomUUID().toString().substring(0, 8);
        var ada = mark + "-ada";
        var eve = mark + "-eve";
        tell(identify(
                ada,
                new JsonObject().put("email", "Ada." + mark + "@Example.com").put("n", 41.5)));
        tell(identify(
                eve,
                new JsonObject().put("phone", "+90" + mark).put("plan", mark).put("n", true)));
        tell(new JsonObject()
                .put("type", "track")
                .put("userId", eve)
                .put("event", "Tag Added")
                .put("properties", new JsonObject().put("tag", mark)));
        found(eve, profile -> profile.getJsonArray("tags").contains(mark));
        assertThat(ids("q=" + mark)).as("the newest first").containsExactly(eve, ada);
        assertThat(ids("q=" + ada)).containsExactly(ada);
        assertThat(ids("q=aDA." + mark)).as("whatever the case").containsExactly(ada);
        assertThat(ids("q=%2B90" + mark)).containsExactly(eve);
        assertThat(ids("trait=plan&value=" + mark)).containsExactly(eve);
        assertThat(ids("trait=plan&value=" + mark.substring(1))).isEmpty();
        assertThat(ids("q=" + mark + "&trait=n&value=41.5")).containsExactly(ada);
        assertThat(ids("trait=n&value=true&q=" + mark)).containsExactly(eve);
        assertThat(ids("tag=" + mark)).containsExactly(eve);
        assertThat(ids("tag=" + mark + "&q=" + ada)).isEmpty();
        assertThat(ids("q=%25")).as("no wildcard").isEmpty();
    }

    @Test
    void the_list_goes_on_where_the_page_before_ended_and_shows_nobody_twice() {
        var mark = UUID.randomUUID().toString().substring(0, 8);
        for (int i = 0; i < 5; i++) {
            tell(identify(mark + i, new JsonObject().put("i", i)));
        }
        for (int i = 0; i < 5; i++) {
            found(mark + i);
        }
        var seen = new ArrayList<String>();
        String cursor = null;
        do {
            var page = server.admin(
                            "GET", PROFILES + "?limit=2&q=" + mark + (cursor == null ? "" : "&cursor=" + cursor), null)
                    .json();
            page.getJsonArray("items").forEach(item -> seen.add(((JsonObject) item).getString("userId")));
            cursor = page.getString("nextCursor");
        } while (cursor != null);
        assertThat(seen).containsExactlyInAnyOrder(mark + 4, mark + 3, mark + 2, mark + 1, mark + 0);
    }

    @Test
    void who_may_not_see_people_may_not_find_them_by_what_is_hidden() {
        tell(identify("hidden-from-analysts", new JsonObject().put("city", "Izmir")));
        found("hidden-from-analysts");
        var analyst = server.member("analyst");
        for (var query : List.of("q=hidden", "trait=city&value=Izmir", "tag=vip")) {
            assertThat(server.send("GET", PROFILES + "?" + query, analyst, null).status())
                    .as(query)
                    .isEqualTo(403);
        }
        var all = server.send("GET", PROFILES, analyst, null);
        assertThat(all.status()).isEqualTo(200);
        assertThat(all.body()).doesNotContain("Izmir", "hidden-from-analysts");
    }

    @Test
    void the_timeline_is_what_was_done_under_all_ids_the_latest_first_page_by_page() {
        var id = someone();
        var visitor = UUID.randomUUID().toString();
        for (int i = 0; i < 3; i++) {
            tell(new JsonObject()
                    .put("type", "track")
                    .put("anonymousId", visitor)
                    .put("event", "Step")
                    .put("properties", new JsonObject().put("i", i))
                    .put("timestamp", "2026-11-02T10:00:0" + i + "Z"));
        }
        tell(identify(id, new JsonObject().put("a", 1))
                .put("anonymousId", visitor)
                .put("timestamp", "2026-11-02T10:00:09Z"));
        found(id, profile -> !profile.getJsonArray("anonymousIds").isEmpty());
        var path = PROFILES + "/user:" + id + "/events?";
        var first = server.admin("GET", path + "limit=2", null).json();
        assertThat(types(first)).containsExactly("identify", "track");
        var rest = server.admin("GET", path + "limit=2&cursor=" + first.getString("nextCursor"), null)
                .json();
        assertThat(rest.getJsonArray("items").stream()
                        .map(item ->
                                ((JsonObject) item).getJsonObject("properties").getInteger("i")))
                .containsExactly(1, 0);
        assertThat(rest.getString("nextCursor")).isNull();
        assertThat(types(server.admin("GET", path + "type=identify", null).json()))
                .containsExactly("identify");
        assertThat(types(
                        server.admin("GET", path + "name=Step&type=track", null).json()))
                .hasSize(3);
        assertThat(types(server.admin("GET", path + "name=Other", null).json())).isEmpty();
    }

    // ---- changing ------------------------------------------------------------------------------------------------

    @Test
    void a_change_is_in_force_at_once_and_stands_in_the_timeline_as_an_event() {
        var id = someone();
        tell(identify(id, new JsonObject().put("plan", "silver").put("trial", true)));
        found(id);
        var changed = change(
                id,
                new JsonObject()
                        .put("traits", new JsonObject().put("plan", "gold").put("trial", null))
                        .put("addTags", new JsonArray().add(" vip ")));
        assertThat(changed.status()).as(changed.body()).isEqualTo(200);
        var profile = changed.json();
        assertThat(profile.getJsonObject("traits")).isEqualTo(new JsonObject().put("plan", "gold"));
        assertThat(profile.getJsonArray("tags")).containsExactly("vip");
        assertThat(profile.getJsonObject("traitSources").getJsonObject("plan").getString("source"))
                .isEqualTo("user");
        assertThat(found(id)).isEqualTo(profile);
        assertThat(types(server.admin("GET", PROFILES + "/user:" + id + "/events", null)
                        .json()))
                .containsExactlyInAnyOrder("identify", "identify", "track");
        assertThat(ids("trait=plan&value=gold&q=" + id)).containsExactly(id);
        assertThat(change(id, new JsonObject().put("removeTags", new JsonArray().add("vip")))
                        .json()
                        .getJsonArray("tags"))
                .isEmpty();
    }

    @Test
    void a_change_wins_over_what_was_said_before_and_not_over_what_is_said_later() {
        var id = someone();
        tell(identify(id, new JsonObject().put("plan", "silver")));
        found(id);
        change(id, new JsonObject().put("traits", new JsonObject().put("plan", "gold")));
        tell(identify(id, new JsonObject().put("plan", "old").put("late", 1)).put("timestamp", "2020-01-01T00:00:00Z"));
        assertThat(found(id, profile -> profile.getJsonObject("traits").containsKey("late"))
                        .getJsonObject("traits")
                        .getString("plan"))
                .isEqualTo("gold");
        tell(identify(id, new JsonObject().put("plan", "platinum")));
        found(id, profile -> profile.getJsonObject("traits").getString("plan").equals("platinum"));
    }

    @Test
    void a_change_of_what_somebody_else_has_changed_is_refused_and_changes_nothing() {
        var id = someone();
        tell(identify(id, new JsonObject().put("plan", "silver")));
        found(id);
        var path = PROFILES + "/user:" + id;
        var tag = server.admin("GET", path, null).header("ETag");
        change(id, new JsonObject().put("traits", new JsonObject().put("plan", "gold")));
        var late = new JsonObject().put("traits", new JsonObject().put("plan", "bronze"));
        assertThat(server.admin("PATCH", path, late, "If-Match", tag).status()).isEqualTo(412);
        assertThat(server.admin("PATCH", path, late).status()).isEqualTo(428);
        assertThat(found(id).getJsonObject("traits").getString("plan")).isEqualTo("gold");
    }

    @Test
    void a_change_that_says_nothing_possible_is_refused_with_its_place() {
        var id = someone();
        tell(identify(id, new JsonObject().put("a", 1)));
        found(id);
        assertThat(pointer(change(id, new JsonObject().put("traits", new JsonObject().put("$os", "x")))))
                .isEqualTo("/traits/$os");
        assertThat(pointer(change(id, new JsonObject().put("traits", new JsonObject().put("a/b", 9007199254740994L)))))
                .isEqualTo("/traits/a~1b");
        var both =
                new JsonObject().put("addTags", new JsonArray().add("a")).put("removeTags", new JsonArray().add("a"));
        assertThat(pointer(change(id, both))).isEqualTo("/removeTags");
        assertThat(change(id, new JsonObject().put("userId", "other")).status()).isEqualTo(400);
    }

    // ---- events --------------------------------------------------------------------------------------------------

    @Test
    void good_events_are_taken_whatever_stands_beside_them_and_each_gets_its_verdict() {
        var id = someone();
        var batch = new JsonArray()
                .add(identify(id, new JsonObject().put("a", 1)).put("messageId", "good-" + id))
                .add("no event")
                .add(new JsonObject().put("type", "track").put("userId", id))
                .add(new JsonObject().put("type", "dance").put("userId", id))
                .add(new JsonObject().put("type", "group").put("userId", id))
                .add(identify(id, new JsonObject().put("big", 9007199254740994L)));
        var answer = server.admin("POST", "/api/v1/cdp/batch", new JsonObject().put("batch", batch));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().getInteger("accepted")).isEqualTo(1);
        assertThat(answer.json().getInteger("rejected")).isEqualTo(5);
        var results = answer.json().getJsonArray("results");
        assertThat(results.getJsonObject(0).getString("messageId")).isEqualTo("good-" + id);
        assertThat(results.stream().skip(1).map(result -> ((JsonObject) result)
                        .getJsonArray("errors")
                        .getJsonObject(0)
                        .getString("pointer")))
                .containsExactly(
                        "/batch/1", "/batch/2/event", "/batch/3/type", "/batch/4/groupId", "/batch/5/traits/big");
        assertThat(found(id).getJsonObject("traits").getMap()).containsOnlyKeys("a");
        for (var none : List.of(new JsonObject(), new JsonObject().put("batch", new JsonArray()))) {
            assertThat(server.admin("POST", "/api/v1/cdp/batch", none).status()).isEqualTo(400);
        }
    }

    @Test
    void a_claim_that_its_token_does_not_prove_is_rejected_alone() {
        var id = someone();
        var batch = new JsonArray()
                .add(identify(id, new JsonObject()).put("context", new JsonObject().put("identityToken", "forged")))
                .add(identify(id, new JsonObject().put("a", 1)));
        var results = server.browser("POST", "/api/v1/cdp/batch", new JsonObject().put("batch", batch))
                .json()
                .getJsonArray("results");
        assertThat(results.getJsonObject(0).getString("status")).isEqualTo("rejected");
        assertThat(results.getJsonObject(0)
                        .getJsonArray("errors")
                        .getJsonObject(0)
                        .getString("pointer"))
                .isEqualTo("/batch/0/context/identityToken");
        assertThat(results.getJsonObject(1).getString("status")).isEqualTo("accepted");
    }

    @Test
    void a_group_is_the_persons_and_keeps_the_latest_word_of_itself() {
        var id = someone();
        var company = "company-" + id;
        var group = new JsonObject().put("userId", id).put("groupId", company);
        server.admin(
                "POST",
                "/v1/group",
                group.copy()
                        .put("traits", new JsonObject().put("name", "Engines").put("seats", 2)));
        server.admin(
                "POST",
                "/v1/g",
                group.copy()
                        .put("traits", new JsonObject().put("name", "Older").put("town", "London"))
                        .put("timestamp", "2020-01-01T00:00:00Z"));
        var shown = found(
                        id, profile -> profile.getJsonArray("groups").toString().contains("London"))
                .getJsonArray("groups");
        assertThat(shown)
                .isEqualTo(new JsonArray()
                        .add(new JsonObject()
                                .put("id", company)
                                .put(
                                        "traits",
                                        new JsonObject()
                                                .put("name", "Engines")
                                                .put("seats", 2)
                                                .put("town", "London"))));
        assertThat(server.admin("POST", "/v1/group", new JsonObject().put("userId", id))
                        .status())
                .isEqualTo(400);
    }

    @Test
    void segments_browser_library_is_told_where_to_send() {
        var key = server.writeKey();
        var settings = server.send("GET", "/v1/projects/" + key + "/settings", null, null);
        assertThat(settings.json().getJsonObject("integrations").getJsonObject("Segment.io"))
                .isEqualTo(new JsonObject()
                        .put("apiKey", key)
                        .put("apiHost", server.url().replace("http://", "") + "/v1")
                        .put("protocol", "http"));
        assertThat(server.send("GET", "/v1/projects/fwk_b_nobody/settings", null, null)
                        .status())
                .isEqualTo(404);
        assertThat(server.raw("POST", "/v1/m", null, "{\"series\":[]}", "Content-Type", "text/plain")
                        .status())
                .isEqualTo(200);
    }

    // ---- computed traits -----------------------------------------------------------------------------------------

    private static final String COMPUTED = "/api/v1/cdp/computed-traits";

    @Test
    void a_computed_trait_comes_with_events_moves_segments_and_is_changed_by_nobody_else() {
        var id = someone();
        var name = "orders" + UUID.randomUUID().toString().substring(0, 8);
        tell(ordered(id, 10).put("messageId", UUID.randomUUID().toString()));
        found(id);
        var trait = computed(name, new JsonObject().put("aggregate", "count").put("event", "Ordered"));
        found(id, profile -> Integer.valueOf(1)
                .equals(profile.getJsonObject("traits").getInteger(name)));
        eventually(
                "everybody",
                () -> server.admin("GET", trait, null).json().getString("state"),
                state -> state.equals("ready"));
        var segment = server.admin(
                        "POST",
                        "/api/v1/segments",
                        new JsonObject()
                                .put("name", name + " or more")
                                .put(
                                        "rule",
                                        new JsonObject()
                                                .put("type", "trait")
                                                .put("trait", name)
                                                .put("operator", "gte")
                                                .put("value", 2)))
                .header("Location");
        eventually(
                "the segment",
                () -> server.admin("GET", segment, null).json().getString("state"),
                state -> state.equals("live"));
        assertThat(segments(id)).doesNotContain(name + " or more");
        tell(ordered(id, 10));
        var profile = found(id, one -> one.getJsonObject("traits").getInteger(name) == 2);
        assertThat(profile.getJsonObject("traitSources").getJsonObject(name).getString("source"))
                .isEqualTo("computed");
        eventually("the segment", () -> segments(id), names -> names.contains(name + " or more"));

        assertThat(pointer(change(id, new JsonObject().put("traits", new JsonObject().put(name, 7)))))
                .isEqualTo("/traits/" + name);
        var tag = server.admin("GET", trait, null).header("ETag");
        var refused = server.admin("DELETE", trait, null, "If-Match", tag);
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.json().getString("detail")).contains(name + " or more");
        server.admin(
                "DELETE",
                segment,
                null,
                "If-Match",
                server.admin("GET", segment, null).header("ETag"));
        var sum = new JsonObject()
                .put(
                        "compute",
                        new JsonObject()
                                .put("aggregate", "sum")
                                .put("event", "Ordered")
                                .put("property", "total"));
        var changed = server.admin("PATCH", trait, sum, "If-Match", tag);
        assertThat(changed.json().getString("state")).isEqualTo("computing");
        found(id, one -> one.getJsonObject("traits").getInteger(name) == 20);
        assertThat(server.admin("PATCH", trait, sum, "If-Match", tag).status()).isEqualTo(412);
        assertThat(server.admin("DELETE", trait, null, "If-Match", changed.header("ETag"))
                        .status())
                .isEqualTo(204);
        found(id, one -> !one.getJsonObject("traits").containsKey(name));
    }

    @Test
    void what_is_computed_within_a_time_goes_by_itself() {
        var id = someone();
        var name = "lately" + UUID.randomUUID().toString().substring(0, 8);
        computed(
                name,
                new JsonObject()
                        .put("aggregate", "count")
                        .put("event", "Looked lately")
                        .put("within", "PT2S"));
        tell(new JsonObject().put("type", "track").put("userId", id).put("event", "Looked lately"));
        found(id, one -> Integer.valueOf(1).equals(one.getJsonObject("traits").getInteger(name)));
        found(id, one -> !one.getJsonObject("traits").containsKey(name));
    }

    @Test
    void people_who_are_merged_and_parted_have_what_their_own_events_say() {
        var ada = someone();
        var eve = someone();
        var name = "sum" + UUID.randomUUID().toString().substring(0, 8);
        computed(
                name,
                new JsonObject().put("aggregate", "sum").put("event", "Ordered").put("property", "total"));
        tell(ordered(ada, 1));
        tell(ordered(eve, 0.5));
        found(ada);
        var former = found(eve).getString("id");
        server.admin(
                "POST",
                PROFILES + "/user:" + eve + "/merge",
                new JsonObject().put("into", found(ada).getString("id")));
        found(ada, one -> one.getJsonObject("traits").getDouble(name) == 1.5);
        server.admin("POST", PROFILES + "/user:" + ada + "/unmerge", new JsonObject().put("profileId", former));
        found(ada, one -> one.getJsonObject("traits").getDouble(name) == 1);
        found(eve, one -> one.getJsonObject("traits").getDouble(name) == 0.5);
    }

    @Test
    void a_visitor_who_is_known_now_is_nobody_beside_the_person() {
        var visitor = "visitor-" + UUID.randomUUID();
        tell(new JsonObject().put("type", "page").put("anonymousId", visitor));
        var left = eventually(
                        "the visitor",
                        () -> server.admin("GET", PROFILES + "/anonymous:" + visitor, null),
                        answer -> answer.status() == 200)
                .json()
                .getString("id");
        server.admin("GET", "/api/v1/segments", null);
        eventually(
                "that the visitor is somebody",
                () -> server.admin("GET", PROFILES + "/" + left + "/segments", null)
                        .body(),
                body -> body.contains("\"all\""));
        tell(new JsonObject()
                .put("type", "identify")
                .put("anonymousId", visitor)
                .put("userId", "known-" + visitor));
        eventually(
                "that nobody is left of the visitor",
                () -> server.admin("GET", PROFILES + "/" + left + "/segments", null)
                        .json()
                        .getJsonArray("items"),
                JsonArray::isEmpty);
        for (var rule : List.of(
                new JsonObject().put("type", "everyone"),
                new JsonObject()
                        .put("type", "trait")
                        .put("trait", "nobodys")
                        .put("operator", "notIn")
                        .put("values", JsonArray.of(1))
                        .put("ignoreCase", true))) {
            var sample = server.admin("POST", "/api/v1/segments/preview", new JsonObject().put("rule", rule))
                    .json()
                    .getJsonArray("sample")
                    .encode();
            assertThat(sample).contains("known-" + visitor).doesNotContain(left);
        }
    }

    @Test
    void the_first_whole_number_that_loses_digits_is_refused() {
        for (var number : List.of(9_007_199_254_740_993L, -9_007_199_254_740_993L)) {
            var answer = server.admin(
                    "POST",
                    "/v1/identify",
                    new JsonObject().put("userId", "u").put("traits", new JsonObject().put("n", number)));
            assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        }
    }

    @Test
    void who_was_put_into_a_segment_twice_and_is_one_person_now_is_counted_once() {
        var ids = new ArrayList<String>();
        for (int i = 0; i < 4; i++) {
            var someone = someone();
            tell(identify(someone, new JsonObject()));
            ids.add(found(someone).getString("id"));
        }
        var segment = server.admin("POST", "/api/v1/segments", new JsonObject().put("name", "Melted"))
                .header("Location");
        // Of the last two, who become one, only the first was put there.
        server.admin("POST", segment + "/members", new JsonObject().put("add", new JsonArray(ids.subList(0, 3))));
        for (int i : new int[] {0, 2}) {
            server.admin("POST", PROFILES + "/" + ids.get(i) + "/merge", new JsonObject().put("into", ids.get(i + 1)));
        }
        var members = server.admin("GET", segment + "/members", null).json().getJsonArray("items");
        assertThat(members).hasSize(2);
        assertThat(server.admin("GET", segment, null).json().getInteger("people"))
                .isEqualTo(2);
    }

    @Test
    void what_cannot_be_computed_is_refused_with_its_place() {
        var count = new JsonObject().put("aggregate", "count").put("event", "Ordered");
        assertThat(refused("$os", count)).isEqualTo("/name");
        assertThat(refused("email", count)).isEqualTo("/name");
        assertThat(refused("x", count.copy().put("property", "total"))).isEqualTo("/compute/property");
        assertThat(refused("x", count.copy().put("aggregate", "sum"))).isEqualTo("/compute/property");
        assertThat(refused("x", count.copy().put("aggregate", "sum").put("property", "a..b")))
                .isEqualTo("/compute/property");
        assertThat(refused("x", count.copy().put("within", "P401D"))).isEqualTo("/compute/within");
        var where = new JsonArray()
                .add(new JsonObject()
                        .put("property", "total")
                        .put("operator", "gt")
                        .put("value", 1))
                .add(new JsonObject()
                        .put("property", "at")
                        .put("operator", "withinLast")
                        .put("duration", "P1D"));
        assertThat(refused("x", count.copy().put("where", where))).isEqualTo("/compute/where/1/operator");
        var name = "twice" + UUID.randomUUID();
        computed(name, count);
        var again = server.admin(
                "POST", COMPUTED, new JsonObject().put("name", name).put("compute", count));
        assertThat(again.status()).isEqualTo(409);
    }

    private static String refused(String name, JsonObject compute) {
        return pointer(server.admin(
                "POST", COMPUTED, new JsonObject().put("name", name).put("compute", compute)));
    }

    private static String computed(String name, JsonObject compute) {
        var made = server.admin(
                "POST", COMPUTED, new JsonObject().put("name", name).put("compute", compute));
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        return made.header("Location");
    }

    private static JsonObject ordered(String userId, double total) {
        return new JsonObject()
                .put("type", "track")
                .put("userId", userId)
                .put("event", "Ordered")
                .put("properties", new JsonObject().put("total", total));
    }

    private static List<String> segments(String userId) {
        return server
                .admin("GET", PROFILES + "/user:" + userId + "/segments", null)
                .json()
                .getJsonArray("items")
                .stream()
                .map(item -> ((JsonObject) item).getString("name"))
                .toList();
    }

    // ---- which word of a trait stands ----------------------------------------------------------------------------

    @Test
    void the_first_word_stays_through_merging_and_parting_and_gives_way_to_staff_alone() {
        var name = "first" + UUID.randomUUID().toString().substring(0, 8);
        var rules = "/api/v1/cdp/trait-rules";
        var oldest = new JsonObject().put("oldest", new JsonArray().add(name));
        var read = server.admin("GET", rules, null);
        assertThat(server.admin("PUT", rules, oldest).status()).isEqualTo(428);
        var laid = server.admin("PUT", rules, oldest, "If-Match", read.header("ETag"));
        assertThat(laid.status()).as(laid.body()).isEqualTo(200);
        assertThat(server.admin("PUT", rules, oldest, "If-Match", read.header("ETag"))
                        .status())
                .isEqualTo(412);
        var ada = someone();
        var eve = someone();
        tell(identify(ada, new JsonObject().put(name, "ada's")));
        found(ada);
        tell(identify(ada, new JsonObject().put(name, "later").put("seen", 1)));
        found(ada, one -> one.getJsonObject("traits").containsKey("seen"));
        assertThat(found(ada).getJsonObject("traits").getString(name)).isEqualTo("ada's");
        // Nobody says it as staff do who is not asked at the profile.
        tell(identify(eve, new JsonObject().put(name, "eve's")).put("ofStaff", true));
        var former =
                found(eve, one -> one.getJsonObject("traits").containsKey(name)).getString("id");
        server.admin(
                "POST",
                PROFILES + "/user:" + eve + "/merge",
                new JsonObject().put("into", found(ada).getString("id")));
        assertThat(found(eve).getJsonObject("traits").getString(name)).isEqualTo("ada's");
        server.admin("POST", PROFILES + "/user:" + ada + "/unmerge", new JsonObject().put("profileId", former));
        assertThat(found(eve).getJsonObject("traits").getString(name)).isEqualTo("eve's");

        change(ada, new JsonObject().put("traits", new JsonObject().put(name, "staff's")));
        tell(identify(ada, new JsonObject().put(name, "later still").put("seen", 2)));
        found(ada, one -> one.getJsonObject("traits").getInteger("seen") == 2);
        var profile = found(ada);
        assertThat(profile.getJsonObject("traits").getString(name)).isEqualTo("staff's");
        assertThat(profile.getJsonObject("traitSources").getJsonObject(name).getString("source"))
                .isEqualTo("user");
    }

    // ---- what is asked again and again ---------------------------------------------------------------------------

    private static String someone() {
        return "person-" + UUID.randomUUID();
    }

    private static JsonObject identify(String userId, JsonObject traits) {
        return new JsonObject().put("type", "identify").put("userId", userId).put("traits", traits);
    }

    private static void tell(JsonObject event) {
        var answer = server.admin("POST", "/v1/batch", new JsonObject().put("batch", new JsonArray().add(event)));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static JsonObject found(String userId) {
        return found(userId, profile -> true);
    }

    private static JsonObject found(String userId, java.util.function.Predicate<JsonObject> so) {
        return eventually(
                        "the profile of " + userId,
                        () -> server.admin("GET", PROFILES + "/user:" + userId, null),
                        answer -> answer.status() == 200 && so.test(answer.json()))
                .json();
    }

    private static Answer change(String userId, JsonObject change) {
        var path = PROFILES + "/user:" + userId;
        return server.admin(
                "PATCH",
                path,
                change,
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
    }

    private static String pointer(Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        return answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer");
    }

    private static List<String> ids(String query) {
        var answer = server.admin("GET", PROFILES + "?" + query, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().getJsonArray("items").stream()
                .map(item -> ((JsonObject) item).getString("userId"))
                .toList();
    }

    private static List<String> types(JsonObject page) {
        return page.getJsonArray("items").stream()
                .map(item -> ((JsonObject) item).getString("type"))
                .toList();
    }
}
