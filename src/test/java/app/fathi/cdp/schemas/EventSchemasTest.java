package app.fathi.cdp.schemas;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Closing;
import app.fathi.testing.EventStream;
import app.fathi.testing.TestServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What events look like as it is observed, and what becomes of those that are not as somebody has pinned. */
class EventSchemasTest {
    private static final String SCHEMAS = "/api/v1/cdp/schemas";
    private static Vertx vertx;

    private static TestServer server;
    private static Pool pool;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        server = TestServer.start(Map.of());
        pool = server.database().pool(vertx);
    }

    @AfterAll
    static void stop() {
        server.close();
        Closing.close(vertx);
    }

    @Test
    void what_comes_is_observed_with_types_and_forms_and_without_values() {
        var name = name();
        send(
                name,
                new JsonObject()
                        .put("email", "ada@example.com")
                        .put("price", 42.5)
                        .put("gift", true)
                        .put("nothing", null)
                        .put("lines", new JsonArray().add(new JsonObject().put("sku", "planted")))
                        .put(
                                "address",
                                new JsonObject()
                                        .put("city", "İzmir 35")
                                        .put("geo", new JsonObject().put("deep", new JsonObject().put("deeper", 1)))));
        send(name, new JsonObject().put("price", "42,50").put("email", "eve@example.com"));
        var schema = observed(name, one -> one.getLong("events") == 2);
        assertThat(schema.getString("type")).isEqualTo("track");
        assertThat(schema.getValue("pin")).isNull();
        var properties = schema.getJsonArray("properties");
        assertThat(properties.stream().map(one -> ((JsonObject) one).getString("name")))
                .containsExactly(
                        "address",
                        "address.city",
                        "address.geo",
                        "address.geo.deep",
                        "email",
                        "gift",
                        "lines",
                        "price");
        assertThat(property(schema, "price").getJsonArray("types")).containsExactly("string", "number");
        assertThat(property(schema, "price").getLong("events")).isEqualTo(2);
        assertThat(property(schema, "gift").getLong("events")).isEqualTo(1);
        assertThat(property(schema, "address.city").getString("example")).isEqualTo("Aaaaa 00");
        assertThat(property(schema, "email").getString("example")).isEqualTo("aaa@aaaaaaa.aaa");
        assertThat(property(schema, "lines").getString("example")).isEqualTo("[object]");
        assertThat(schema.encode()).doesNotContain("planted").doesNotContain("ada");
        assertThat(properties.stream().map(one -> ((JsonObject) one).getString("example")))
                .noneMatch(example -> example.contains("42"));
    }

    @Test
    void other_calls_have_one_schema_each_whatever_their_names() {
        for (int i = 0; i < 3; i++) {
            server.admin(
                    "POST",
                    "/v1/page",
                    new JsonObject()
                            .put("userId", "u")
                            .put("name", "Page " + i)
                            .put("properties", new JsonObject().put("p" + i, i)));
            server.admin(
                    "POST",
                    "/v1/identify",
                    new JsonObject().put("userId", "u").put("traits", new JsonObject().put("plan", "gold")));
        }
        eventually(
                "both", () -> list("type=page").size() + list("type=identify").size(), size -> size == 2);
        var page = list("type=page").getFirst();
        assertThat(page.getString("name")).isNull();
        var whole = eventually("all pages", () -> get(page.getString("id")), one -> one.getLong("events") >= 3);
        assertThat(property(whole, "p0").getJsonArray("types")).containsExactly("number");
        assertThat(property(get(list("type=identify").getFirst().getString("id")), "plan")
                        .getString("example"))
                .isEqualTo("aaaa");
    }

    @Test
    void a_repeated_event_is_observed_once_and_nobody_sees_another_workspaces() {
        var name = name();
        var event = new JsonObject().put("userId", "u").put("event", name).put("messageId", name);
        server.admin("POST", "/v1/track", event);
        server.admin("POST", "/v1/track", event);
        send(name, new JsonObject());
        var schema = observed(name, one -> one.getLong("events") >= 2);
        assertThat(schema.getLong("events")).isEqualTo(2);
        assertThat(server.send("GET", SCHEMAS, server.otherWorkspace(), null)
                        .json()
                        .getJsonArray("items"))
                .isEmpty();
    }

    @Test
    void what_does_not_fit_the_pin_is_taken_and_flagged() {
        var name = name();
        send(name, new JsonObject().put("price", 1));
        var schema = observed(name, one -> true);
        pin(schema, "flag", "flag");
        try (var stream = EventStream.open(server.url() + "/api/v1/cdp/events/live", server.token())) {
            var results = batch(
                    event(name, new JsonObject().put("price", 2)),
                    event(
                            name,
                            new JsonObject()
                                    .put("price", "two")
                                    .put("cuopon", "x")
                                    .put("a/b", 1)),
                    event(name, new JsonObject().put("address", new JsonObject())));
            assertThat(results.stream().map(one -> one.getString("status"))).containsOnly("accepted");
            assertThat(pointers(results.get(0), "flags")).isEmpty();
            assertThat(pointers(results.get(1), "flags"))
                    .containsExactlyInAnyOrder("/properties/price", "/properties/cuopon", "/properties/a~1b");
            assertThat(pointers(results.get(2), "flags"))
                    .containsExactlyInAnyOrder("/properties/address", "/properties/price");
            var heard = stream.await("all", events -> events.size() == 3);
            assertThat(heard.stream()
                            .map(one -> one.data().getJsonArray("flags").size()))
                    .containsExactlyInAnyOrder(0, 3, 2);
        }
        var after = observed(name, one -> one.getLong("events") == 4);
        assertThat(after.getLong("flagged")).isEqualTo(2);
        assertThat(after.getLong("rejected")).isZero();
        var told = server.admin("GET", "/api/v1/cdp/profiles/user:u/events?name=" + name, null)
                .json()
                .getJsonArray("items");
        assertThat(told.stream()
                        .filter(one -> !((JsonObject) one).getJsonArray("flags").isEmpty()))
                .hasSize(2);

        assertThat(server.admin("DELETE", SCHEMAS + "/" + after.getString("id") + "/pin", null, "If-Match", "\"v2\"")
                        .status())
                .isEqualTo(204);
        assertThat(pointers(batch(event(name, new JsonObject().put("x", 1))).getFirst(), "flags"))
                .isEmpty();
    }

    @Test
    void only_a_pin_that_says_so_has_events_refused() {
        var name = name();
        send(name, new JsonObject().put("price", 1));
        pin(observed(name, one -> true), "allow", "reject");
        var good = event(name, new JsonObject().put("price", 2).put("whatever", true));
        var bad = event(name, new JsonObject().put("price", true));
        var results = batch(good, bad);
        assertThat(results.get(0).getString("status")).isEqualTo("accepted");
        assertThat(pointers(results.get(1), "errors")).containsExactly("/batch/1/properties/price");
        var whole = server.admin(
                "POST",
                "/v1/batch",
                new JsonObject().put("batch", new JsonArray().add(good).add(bad)));
        assertThat(whole.status()).isEqualTo(422);
        assertThat(pointers(whole.json(), "errors")).containsExactly("/batch/1/properties/price");
        var alone = server.admin("POST", "/v1/track", bad);
        assertThat(alone.status()).isEqualTo(422);
        assertThat(pointers(alone.json(), "errors")).containsExactly("/properties/price");
        assertThat(alone.body()).contains("takes number, and this is boolean");
        var after = observed(name, one -> one.getLong("rejected") == 3);
        assertThat(after.getLong("events")).isEqualTo(2);
    }

    @Test
    void nobody_brings_flags_of_their_own() {
        var event = event(name(), new JsonObject())
                .put("flags", new JsonArray().add("x"))
                .put("userId", name());
        assertThat(batch(event).getFirst().getJsonArray("flags")).isEmpty();
    }

    @Test
    void a_pin_needs_the_version_that_was_read_and_names_no_property_twice() {
        var name = name();
        send(name, new JsonObject());
        var schema = observed(name, one -> true);
        var path = SCHEMAS + "/" + schema.getString("id") + "/pin";
        var pin = pinned("flag", "flag");
        assertThat(server.admin("PUT", path, pin).status()).isEqualTo(428);
        assertThat(server.admin("PUT", path, pin, "If-Match", "\"v7\"").status())
                .isEqualTo(412);
        var twice = new JsonObject()
                .put(
                        "properties",
                        new JsonArray()
                                .add(new JsonObject().put("name", "x").put("types", new JsonArray().add("string")))
                                .add(new JsonObject().put("name", "x").put("types", new JsonArray().add("number"))));
        var refused = server.admin("PUT", path, twice, "If-Match", "\"v1\"");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(pointers(refused.json(), "errors")).containsExactly("/properties/1/name");
        var done = server.admin("PUT", path, pin, "If-Match", "\"v1\"");
        assertThat(done.status()).as(done.body()).isEqualTo(200);
        assertThat(done.header("ETag")).isEqualTo("\"v2\"");
        assertThat(list("pinned=true&q=" + name.substring(3).toUpperCase(java.util.Locale.ROOT)).stream()
                        .map(one -> one.getString("name")))
                .containsExactly(name);
        assertThat(list("pinned=false&q=" + name)).isEmpty();
        assertThat(server.admin("DELETE", SCHEMAS + "/" + schema.getString("id"), null, "If-Match", "\"v2\"")
                        .status())
                .isEqualTo(204);
        assertThat(server.admin("GET", SCHEMAS + "/" + schema.getString("id"), null)
                        .status())
                .isEqualTo(404);
        assertThat(count("SELECT count(*) FROM cdp_schema_property WHERE schema NOT IN (SELECT id FROM cdp_schema)"))
                .isZero();
        send(name, new JsonObject());
        assertThat(observed(name, one -> true).getLong("version"))
                .as("observed anew")
                .isEqualTo(1);
    }

    @Test
    void a_flood_of_names_and_of_properties_fills_no_more_than_their_places() {
        var other = server.otherWorkspace();
        var flood = new JsonArray();
        for (int i = 0; i < 2_500; i++) {
            flood.add(new JsonObject().put("type", "track").put("userId", "u").put("event", "Flood " + i));
        }
        var many = new JsonObject();
        IntStream.range(0, 300).forEach(i -> many.put("p" + i, i));
        var ws = count("SELECT max(no) FROM users_workspace");
        for (int i = 0; i < 8; i++) {
            assertThat(server.send("POST", "/v1/track", other, event("Wide", many))
                            .status())
                    .isEqualTo(200);
            many.remove("p" + i);
            assertThat(server.send("POST", "/v1/batch", other, new JsonObject().put("batch", flood))
                            .status())
                    .isEqualTo(200);
            long before = count("SELECT count(*) FROM cdp_schema WHERE ws = " + ws);
            eventually(
                    "more, or all",
                    () -> count("SELECT count(*) FROM cdp_schema WHERE ws = " + ws),
                    now -> now > before || now == 500);
        }
        eventually("all places", () -> count("SELECT count(*) FROM cdp_schema WHERE ws = " + ws), now -> now == 500);
        eventually(
                "the wide one",
                () -> count("SELECT events FROM cdp_schema WHERE name = 'Wide' AND ws = " + ws),
                events -> events == 8);
        assertThat(
                        count(
                                "SELECT count(*) FROM cdp_schema_property p JOIN cdp_schema s ON s.id = p.schema WHERE s.name = 'Wide'"))
                .isEqualTo(200);
    }

    private static long count(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }

    private static void pin(JsonObject schema, String unknown, String action) {
        var answer = server.admin(
                "PUT", SCHEMAS + "/" + schema.getString("id") + "/pin", pinned(unknown, action), "If-Match", "\"v1\"");
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static JsonObject pinned(String unknown, String action) {
        return new JsonObject()
                .put(
                        "properties",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("name", "price")
                                        .put("types", new JsonArray().add("number"))
                                        .put("required", true)))
                .put("unknown", unknown)
                .put("action", action);
    }

    private static JsonObject event(String name, JsonObject properties) {
        return new JsonObject()
                .put("type", "track")
                .put("userId", "u")
                .put("event", name)
                .put("properties", properties);
    }

    private static void send(String name, JsonObject properties) {
        var answer = server.admin("POST", "/v1/track", event(name, properties));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private static List<JsonObject> batch(JsonObject... events) {
        var answer = server.admin(
                "POST", "/api/v1/cdp/batch", new JsonObject().put("batch", new JsonArray(List.of(events))));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().getJsonArray("results").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    private static List<String> pointers(JsonObject holder, String list) {
        return holder.getJsonArray(list).stream()
                .map(fault -> ((JsonObject) fault).getString("pointer"))
                .toList();
    }

    private static List<JsonObject> list(String query) {
        var answer = server.admin("GET", SCHEMAS + "?" + query, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    private static JsonObject get(String id) {
        return server.admin("GET", SCHEMAS + "/" + id, null).json();
    }

    private static JsonObject observed(String name, Predicate<JsonObject> expected) {
        var found = eventually(
                "the schema", () -> list("q=" + name), all -> all.size() == 1 && expected.test(all.getFirst()));
        return get(found.getFirst().getString("id"));
    }

    private static JsonObject property(JsonObject schema, String name) {
        return schema.getJsonArray("properties").stream()
                .map(JsonObject.class::cast)
                .filter(one -> one.getString("name").equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static String name() {
        return "ev-" + UUID.randomUUID().toString().substring(0, 8);
    }
}
