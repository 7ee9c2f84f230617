package app.fathi.cdp.live;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import app.fathi.testing.EventStream;
import app.fathi.testing.EventStream.Event;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What somebody sees who watches while a client is set up. */
class LiveEventsTest {
    private static final String LIVE = "/api/v1/cdp/events/live";

    private static TestServer server;

    private final List<EventStream> open = new ArrayList<>();

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of("FATHI_LIVE_LISTENERS", "3", "FATHI_LIVE_EVENTS_PER_SECOND", "50"));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void hangUp() {
        open.forEach(EventStream::close);
    }

    @Test
    void each_event_that_arrives_is_shown_once_with_what_became_of_it() {
        var stream = listen(server.token());
        assertThat(stream.type()).isEqualTo("text/event-stream");
        var mark = mark();
        send("/v1/track", track(mark + "-1").put("properties", new JsonObject().put("productId", "x-7")), 200);
        send("/v1/track", track(mark + "-1"), 200);
        send("/v1/track", track(mark + "-2").putNull("event").put("userId", 7), 400);
        send(
                "/api/v1/cdp/batch",
                batch(
                        track(mark + "-3").put("type", "track"),
                        track(mark + "-4").put("type", "tarck")),
                200);
        send("/v1/batch", batch(track(mark + "-5").put("type", "track"), new JsonObject()), 400);
        assertThat(server.admin("POST", "/v1/track", new JsonObject()).status()).isEqualTo(400);
        assertThat(server.raw("POST", "/v1/track", server.token(), "{\"userId\": ")
                        .status())
                .isEqualTo(400);
        var all = stream.await("all", heard -> heard.size() >= 9);
        assertThat(all).extracting(Event::name).containsOnly("arrived");
        assertThat(all)
                .extracting(told("messageId"), told("verdict"), told("type"), told("name"))
                .containsExactlyInAnyOrder(
                        tuple(mark + "-1", "accepted", "track", "Product Viewed"),
                        tuple(mark + "-1", "duplicate", "track", "Product Viewed"),
                        tuple(mark + "-2", "rejected", "track", null),
                        tuple(mark + "-3", "accepted", "track", "Product Viewed"),
                        tuple(mark + "-4", "rejected", "tarck", "Product Viewed"),
                        tuple(mark + "-5", "rejected", "track", "Product Viewed"),
                        tuple(null, "rejected", null, null),
                        tuple(null, "rejected", "track", null),
                        tuple(null, "rejected", "track", null));
        var accepted = one(all, mark + "-1");
        assertThat(accepted.getJsonObject("properties")).isEqualTo(new JsonObject().put("productId", "x-7"));
        assertThat(accepted.getString("source")).isEqualTo("user");
        assertThat(accepted.getString("at")).isNotNull();
        assertThat(one(all, mark + "-2").getJsonArray("errors"))
                .isEqualTo(new JsonArray()
                        .add(new JsonObject().put("pointer", "/event").put("detail", "This property is missing.")));
        assertThat(one(all, mark + "-4").getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo("/batch/1/type");
        assertThat(one(all, mark + "-5").getString("reason")).contains("Another event of the batch does not fit");
        assertThat(all.stream()
                        .filter(event -> event.data().getString("messageId") == null)
                        .map(event -> event.data().getString("reason")))
                .allSatisfy(reason -> assertThat(reason).isNotBlank());
    }

    @Test
    void an_erased_persons_events_are_shown_as_dropped() {
        var person = "gone-" + mark();
        send("/v1/identify", new JsonObject().put("userId", person), 200);
        var path = "/api/v1/cdp/profiles/user:" + person;
        eventually("the profile", () -> server.admin("GET", path, null).status(), status -> status == 200);
        var asked = server.admin("POST", path + "/erase", null);
        assertThat(asked.status()).as(asked.body()).isEqualTo(202);
        eventually(
                "the end of the erasure",
                () -> server.admin("GET", asked.header("Location"), null).json().getString("state"),
                "done"::equals);
        var stream = listen(server.token());
        send("/v1/track", new JsonObject().put("userId", person).put("event", "Came back"), 200);
        var heard = stream.await("it", events -> !events.isEmpty()).getFirst().data();
        assertThat(heard.getString("verdict")).isEqualTo("dropped");
        assertThat(heard.getString("reason")).contains("erased");
    }

    @Test
    void nobody_hears_another_workspace() {
        var stranger = listen(server.otherWorkspace());
        var ours = listen(server.token());
        send("/v1/track", track(mark()), 200);
        send("/v1/track", new JsonObject(), 400);
        ours.await("ours", heard -> heard.size() == 2);
        assertThat(stranger.heard()).isEmpty();
    }

    @Test
    void who_may_not_see_people_sees_the_verdict_and_nothing_personal() {
        var key = key("events:read");
        var stream = listen(key.getString("secret"));
        send(
                "/v1/identify",
                new JsonObject()
                        .put("userId", "planted-user")
                        .put("anonymousId", "visitor-7")
                        .put("traits", new JsonObject().put("email", "planted@example.com"))
                        .put("context", new JsonObject().put("ip", "planted")),
                200);
        send("/v1/track", new JsonObject().put("userId", "planted-user"), 400);
        var heard = stream.await("both", events -> events.size() == 2);
        assertThat(heard.stream().map(event -> event.data().getString("anonymousId")))
                .containsExactlyInAnyOrder("visitor-7", null);
        assertThat(heard.toString()).doesNotContain("planted");
    }

    @Test
    void a_stream_ends_with_its_credential() {
        var key = key("events:read");
        var stream = listen(key.getString("secret"));
        var path = "/api/v1/api-keys/" + key.getString("id");
        assertThat(server.admin(
                                "DELETE",
                                path,
                                null,
                                "If-Match",
                                server.admin("GET", path, null).header("ETag"))
                        .status())
                .isEqualTo(204);
        assertThat(stream.await("the end", heard -> !heard.isEmpty()))
                .extracting(Event::name, event -> event.data().getString("reason"))
                .containsExactly(tuple("end", "credential"));
        eventually("the end of the answer", stream::isOver, over -> over);
    }

    @Test
    void who_comes_again_misses_nothing() {
        var first = listen(server.token());
        var mark = mark();
        send("/v1/track", track(mark + "-1"), 200);
        var last =
                first.await("the first", heard -> !heard.isEmpty()).getFirst().id();
        first.close();
        send("/v1/track", track(mark + "-2"), 200);
        var again = open(server.token(), "", "Last-Event-ID", last);
        send("/v1/track", track(mark + "-3"), 200);
        assertThat(again.await("the rest", heard -> heard.size() >= 2))
                .extracting(told("messageId"))
                .containsExactly(mark + "-2", mark + "-3");
        var lost = open(server.token(), "", "Last-Event-ID", "00000000-1");
        assertThat(lost.await("the gap", heard -> !heard.isEmpty()))
                .extracting(Event::name, told("missed"))
                .containsExactly(tuple("gap", null));
    }

    @Test
    void of_more_than_a_second_holds_the_rest_is_counted() {
        var stream = listen(server.token());
        var events = new JsonArray();
        for (int i = 0; i < 2_000; i++) {
            events.add(track(null).put("type", "track"));
        }
        send("/v1/batch", new JsonObject().put("batch", events), 200);
        var heard = stream.await(
                "all", all -> all.stream().mapToInt(LiveEventsTest::weight).sum() >= 2_000);
        assertThat(heard.stream().mapToInt(LiveEventsTest::weight).sum()).isEqualTo(2_000);
        assertThat(heard.stream().filter(event -> event.name().equals("arrived")))
                .hasSizeLessThan(1_000)
                .hasSizeGreaterThanOrEqualTo(50);
    }

    private static int weight(Event event) {
        return event.name().equals("gap") ? event.data().getInteger("missed") : 1;
    }

    @Test
    void large_details_are_left_out() {
        var stream = listen(server.token());
        send("/v1/track", track(null).put("properties", new JsonObject().put("text", "x".repeat(5_000))), 200);
        var line = stream.await("it", heard -> !heard.isEmpty()).getFirst().data();
        assertThat(line.getBoolean("cut")).isTrue();
        assertThat(line.getJsonObject("properties")).isEmpty();
    }

    @Test
    void as_many_listen_as_may_and_a_place_is_free_when_one_is_gone() {
        var stranger = server.otherWorkspace();
        for (int i = 0; i < 3; i++) {
            listen(stranger);
        }
        assertThat(open(stranger, "").status()).isEqualTo(429);
        assertThat(listen(server.token()).status()).as("others' places").isEqualTo(200);
        open.getFirst().close();
        eventually("a place", () -> open(stranger, "").status(), status -> status == 200);
    }

    @Test
    void it_ends_after_the_time_that_was_asked_for_and_with_the_server() {
        var stream = open(server.token(), "?seconds=1");
        assertThat(stream.await("the end", heard -> !heard.isEmpty()))
                .extracting(told("reason"))
                .containsExactly("time");
        assertThat(open(server.token(), "?seconds=0").status()).isEqualTo(400);
        var other = server.another(Map.of());
        var there = EventStream.open(other.url() + LIVE, other.token());
        open.add(there);
        other.close();
        assertThat(there.await("the end", heard -> !heard.isEmpty()))
                .extracting(told("reason"))
                .containsExactly("stopping");
    }

    @Test
    void who_asks_for_compression_hears_each_event_at_once_all_the_same() {
        var stream = open(server.token(), "", "Accept-Encoding", "gzip");
        send("/v1/track", track(null), 200);
        stream.await("it", heard -> !heard.isEmpty());
    }

    private EventStream listen(String bearer) {
        var stream = open(bearer, "");
        assertThat(stream.status()).isEqualTo(200);
        return stream;
    }

    private EventStream open(String bearer, String query, String... headers) {
        var stream = EventStream.open(server.url() + LIVE + query, bearer, headers);
        open.add(stream);
        return stream;
    }

    private static void send(String path, JsonObject body, int status) {
        var answer = server.admin("POST", path, body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    }

    private static JsonObject track(String messageId) {
        return new JsonObject()
                .put("userId", "somebody")
                .put("event", "Product Viewed")
                .put("messageId", messageId);
    }

    private static JsonObject batch(JsonObject... events) {
        return new JsonObject().put("batch", new JsonArray(List.of(events)));
    }

    private static JsonObject key(String permission) {
        return server.admin(
                        "POST",
                        "/api/v1/api-keys",
                        new JsonObject().put("name", "watcher").put("permissions", new JsonArray().add(permission)))
                .json();
    }

    private static JsonObject one(List<Event> all, String messageId) {
        return all.stream()
                .map(Event::data)
                .filter(data -> messageId.equals(data.getString("messageId")))
                .findFirst()
                .orElseThrow();
    }

    private static Function<Event, Object> told(String name) {
        return event -> event.data().getValue(name);
    }

    private static String mark() {
        return UUID.randomUUID().toString().substring(0, 8);
    }
}
