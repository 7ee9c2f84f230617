package app.fathi.cdp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Closing;
import app.fathi.testing.TestServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Everything that may be wrong with events, and its right answer: alone, in a batch that is taken whole or refused whole, and
 * in one of which each event is taken for itself.
 */
class BadEventsTest {
    private static final String TRACK = "/v1/track";
    private static final String WHOLE = "/v1/batch";
    private static final String EACH = "/api/v1/cdp/batch";
    private static final int KB = 1024;

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

    /**
     * @param event as JSON
     * @param at what is wrong with it, as a pointer into the event; empty: the event as a whole
     */
    record Bad(String name, String event, String at) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Bad> events() {
        return Stream.of(
                bad("33 KB", "\"properties\":{\"x\":\"" + "x".repeat(33 * KB) + "\"}", ""),
                bad("one octet above 32 KB in more octets than characters", large(32 * KB + 1), ""),
                bad("half of a surrogate pair", "\"properties\":{\"x\":\"\\ud83d\"}", ""),
                bad("the other half", "\"properties\":{\"x\":\"\\udc4b\"}", ""),
                bad("half of a pair in a name", "\"properties\":{\"\\ud83d\":1}", ""),
                bad("an escaped NUL", "\"properties\":{\"x\":\"a\\u0000b\"}", ""),
                bad("a NUL as it is", "\"properties\":{\"x\":\"a\0b\"}", ""),
                bad("a NUL in a name", "\"properties\":{\"a\\u0000b\":1}", ""),
                bad("10,000 levels of lists", "\"properties\":{\"x\":" + nested(10_000, "[", "]") + "}", ""),
                bad(
                        "10,000 levels of objects",
                        "\"properties\":" + nested(10_000, "{\"x\":", "}").replace("{\"x\":}", "{}"),
                        ""),
                bad("33 levels", "\"properties\":{\"x\":" + nested(33, "[", "]") + "}", ""),
                bad("a name twice", "\"properties\":{\"x\":1,\"x\":2}", ""),
                bad("a number beyond doubles", "\"properties\":{\"x\":1e999}", ""),
                bad("a number of 100 digits", "\"properties\":{\"x\":" + "1".repeat(100) + "}", ""),
                bad("a name of 600 characters", "\"properties\":{\"" + "n".repeat(600) + "\":1}", ""),
                bad(
                        "a whole number that loses digits",
                        "\"traits\":{\"big/one\":9007199254740994}",
                        "/traits/big~1one"),
                bad("properties that are a list", "\"properties\":[]", "/properties"),
                bad("properties that are a text", "\"properties\":\"x\"", "/properties"),
                bad("traits that are a number", "\"traits\":7", "/traits"),
                bad("a context that is true", "\"context\":true", "/context"),
                bad("integrations that are a list", "\"integrations\":[{}]", "/integrations"),
                bad("no time", "\"timestamp\":\"yesterday\"", "/timestamp"),
                bad("a time that is a number", "\"timestamp\":1762077600", "/timestamp"),
                bad("no original time", "\"originalTimestamp\":\"2026-02-30T00:00:00Z\"", "/originalTimestamp"),
                bad("no time of sending", "\"sentAt\":\"\"", "/sentAt"),
                bad("an id that is an object", "\"anonymousId\":{}", "/anonymousId"),
                bad("an id of 256 characters", "\"anonymousId\":\"" + "x".repeat(256) + "\"", "/anonymousId"),
                bad("a messageId of 256 characters", "\"messageId\":\"" + "x".repeat(256) + "\"", "/messageId"),
                bad("a messageId that is a number", "\"messageId\":7", "/messageId"),
                bad("a name of an event of 201 characters", "\"event\":\"" + "x".repeat(201) + "\"", "/event"),
                bad("a name of an event that is a list", "\"event\":[\"Bought\"]", "/event"),
                new Bad("no name of an event", "{\"type\":\"track\",\"userId\":\"u\"}", "/event"),
                new Bad("nobody", "{\"type\":\"track\",\"event\":\"Bought\"}", "/userId"),
                new Bad(
                        "somebody called null",
                        "{\"type\":\"track\",\"event\":\"Bought\",\"userId\":\"null\"}",
                        "/userId"));
    }

    private static Bad bad(String name, String member, String at) {
        var event = member.contains("\"event\"") ? "" : "\"event\":\"Bought\",";
        return new Bad(name, "{\"type\":\"track\",\"userId\":\"u\"," + event + member + "}", at);
    }

    private static String large(int octets) {
        var around = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"Bought\",\"properties\":{\"x\":\"\"}}".length();
        var room = octets - around;
        return "\"properties\":{\"x\":\"" + "é".repeat(room / 2) + "x".repeat(room % 2) + "\"}";
    }

    private static String nested(int levels, String open, String close) {
        return open.repeat(levels) + close.repeat(levels);
    }

    @ParameterizedTest
    @MethodSource("events")
    void alone_it_is_refused(Bad bad) {
        var answer = post(TRACK, bad.event.getBytes(UTF_8));
        assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        if (!bad.at.isEmpty()) {
            assertThat(pointers(answer.json().getJsonArray("errors"))).containsExactly(bad.at);
        }
    }

    @ParameterizedTest
    @MethodSource("events")
    void a_batch_that_is_taken_whole_names_it_and_takes_nothing(Bad bad) {
        var mark = mark();
        var answer = post(WHOLE, batch(good(mark, 0), bad.event, good(mark, 2)));
        assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        assertThat(pointers(answer.json().getJsonArray("errors"))).containsExactly("/batch/1" + bad.at);
        assertThat(taken(mark)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("events")
    void in_a_batch_of_which_each_is_taken_for_itself_its_neighbours_are_unharmed(Bad bad) {
        var mark = mark();
        var answer = post(EACH, batch(good(mark, 0), bad.event, good(mark, 2), bad.event));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.json().getInteger("accepted")).isEqualTo(2);
        var results = answer.json().getJsonArray("results");
        assertThat(results.stream().map(one -> ((JsonObject) one).getString("status")))
                .containsExactly("accepted", "rejected", "accepted", "rejected");
        for (int place : new int[] {1, 3}) {
            assertThat(pointers(results.getJsonObject(place).getJsonArray("errors")))
                    .containsExactly("/batch/" + place + bad.at);
        }
        assertThat(taken(mark)).containsExactlyInAnyOrder(mark + 0, mark + 2);
    }

    @Test
    void what_is_no_event_at_all_is_named_in_its_place() {
        var nothing =
                List.of("null", "7", "\"x\"", "[]", "true", "{}", "{\"type\":\"tarck\"}", "{\"type\":7}", "-0.0e1");
        var answer = post(EACH, batch(nothing.toArray(String[]::new)));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        var results = answer.json().getJsonArray("results");
        for (int i = 0; i < nothing.size(); i++) {
            assertThat(pointers(results.getJsonObject(i).getJsonArray("errors")))
                    .as(nothing.get(i))
                    .containsExactly("/batch/" + i + (nothing.get(i).startsWith("{") ? "/type" : ""));
        }
        assertThat(pointers(post(WHOLE, batch(nothing.toArray(String[]::new)))
                        .json()
                        .getJsonArray("errors")))
                .hasSize(nothing.size());
    }

    @Test
    void of_many_bad_ones_each_is_named() {
        var mark = mark();
        var all = new ArrayList<String>();
        for (int i = 0; i < 2_400; i++) {
            all.add(i % 3 == 0 ? "{\"x\":\"\\ud800\"}" : good(mark, i));
        }
        var answer = post(EACH, batch(all.toArray(String[]::new)));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.json().getInteger("accepted")).isEqualTo(1_600);
        assertThat(answer.json().getInteger("rejected")).isEqualTo(800);
        assertThat(answer.json()
                        .getJsonArray("results")
                        .getJsonObject(0)
                        .getJsonArray("errors")
                        .getJsonObject(0)
                        .getString("detail"))
                .contains("surrogate");
        assertThat(taken(mark)).hasSize(1_600);
        assertThat(post(WHOLE, batch(all.toArray(String[]::new))).json().getJsonArray("errors"))
                .as("the first twenty")
                .hasSize(20);
    }

    /** @param status at each of the three doors */
    record Request(String name, byte[] body, int status, String code, String... headers) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Request> requests() throws IOException {
        var one = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"Bought\",\"batch\":[" + good("request", 1) + "]}";
        var whole = gzip(one.getBytes(UTF_8));
        var bomb = gzip(new byte[64 * KB * KB]);
        return Stream.of(
                request("nothing", "", 400, "malformed"),
                request("spaces", "  ", 400, "malformed"),
                request("a list", "[]", 400, "malformed"),
                request("half of it", one.substring(0, one.length() - 3), 400, "malformed"),
                request("more behind it", one + "{}", 400, "malformed"),
                request("a text", "\"x\"", 400, "malformed"),
                request("XML", "<event/>", 400, "malformed"),
                request(
                        "a key twice",
                        "{\"sentAt\":null," + one.substring(1, one.length() - 1) + ",\"sentAt\":null}",
                        400,
                        "malformed"),
                new Request("no UTF-8", latin1(one), 400, "malformed"),
                new Request("UTF-16", one.getBytes(java.nio.charset.StandardCharsets.UTF_16LE), 400, "malformed"),
                request(
                        "501 KB",
                        one.substring(0, one.length() - 1) + ",\"x\":\"" + "x".repeat(501 * KB) + "\"}",
                        400,
                        "invalid_request"),
                request("more than anybody may send", "{\"x\":\"" + "x".repeat(1_100_000) + "\"}", 413, "too_large"),
                new Request(
                        "half of a gzip",
                        Arrays.copyOf(whole, whole.length / 2),
                        400,
                        "malformed",
                        "Content-Encoding",
                        "gzip"),
                new Request("a gzip of 64 MB of nothing", bomb, 413, "too_large", "Content-Encoding", "gzip"),
                new Request(
                        "a gzip in a gzip of 8 MB",
                        gzip(gzip(new byte[8 * KB * KB])),
                        400,
                        "malformed",
                        "Content-Encoding",
                        "gzip"),
                new Request(
                        "an encoding that nobody knows",
                        one.getBytes(UTF_8),
                        415,
                        "unsupported_media_type",
                        "Content-Encoding",
                        "x-unknown"),
                new Request(
                        "a form",
                        one.getBytes(UTF_8),
                        415,
                        "unsupported_media_type",
                        "Content-Type",
                        "application/x-www-form-urlencoded"));
    }

    private static Request request(String name, String body, int status, String code) {
        return new Request(name, body.getBytes(UTF_8), status, code);
    }

    private static byte[] latin1(String body) {
        return body.replace("Bought", "Gekauft für 5").getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private static byte[] gzip(byte[] octets) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(packed)) {
            out.write(octets);
        }
        return packed.toByteArray();
    }

    @ParameterizedTest
    @MethodSource("requests")
    void what_cannot_be_read_is_refused_at_each_door_and_the_next_request_is_well(Request request) {
        for (var door : List.of(TRACK, WHOLE, EACH)) {
            var answer = post(door, request.body, request.headers);
            assertThat(answer.status()).as(door + ": " + answer.body()).isEqualTo(request.status);
            assertThat(answer.json().getString("code")).isEqualTo(request.code);
        }
        var mark = mark();
        assertThat(post(WHOLE, batch(good(mark, 0))).status()).isEqualTo(200);
        assertThat(taken(mark)).hasSize(1);
    }

    @Test
    void of_a_gzip_that_is_none_nothing_is_taken() throws IOException {
        var mark = mark();
        var flipped = gzip(batch(good(mark, 0)));
        flipped[flipped.length - 5] ^= 1;
        for (var door : List.of(TRACK, WHOLE, EACH)) {
            for (var body : List.of(
                    batch(good(mark, 1)),
                    flipped,
                    Arrays.copyOf(gzip(batch(good(mark, 0))), flipped.length - 3),
                    Arrays.copyOf(flipped, 12),
                    Arrays.copyOf(flipped, 5),
                    Arrays.copyOf(gzip(batch(good(mark, 0))), flipped.length + 1))) {
                var answer = post(door, body, "Content-Encoding", "gzip");
                assertThat(answer.status()).isEqualTo(400);
                assertThat(answer.json().getString("code")).isEqualTo("malformed");
            }
        }
        assertThat(post(WHOLE, batch(good(mark, 2))).status()).isEqualTo(200);
        assertThat(taken(mark)).containsExactly(mark + 2);
    }

    @Test
    void a_good_gzip_is_taken_at_each_door() throws IOException {
        for (var door : List.of(TRACK, WHOLE, EACH)) {
            var mark = mark();
            var body = door.equals(TRACK) ? good(mark, 0).getBytes(UTF_8) : batch(good(mark, 0));
            assertThat(post(door, gzip(body), "Content-Encoding", "gzip").status())
                    .isEqualTo(200);
            assertThat(taken(mark)).hasSize(1);
            // Of several members, as programs write that pack with several threads.
            var half = body.length / 2;
            var members = new ByteArrayOutputStream();
            members.write(gzip(Arrays.copyOf(body, half)));
            members.write(gzip(Arrays.copyOfRange(body, half, body.length)));
            assertThat(post(door, members.toByteArray(), "Content-Encoding", "GZip")
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    void what_just_fits_is_taken() {
        var event = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"Bought\"," + large(32 * KB) + "}";
        assertThat(event.getBytes(UTF_8)).hasSize(32 * KB);
        assertThat(post(TRACK, event.getBytes(UTF_8)).status()).isEqualTo(200);
        assertThat(post(WHOLE, batch(event)).status()).isEqualTo(200);
        var deep = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"Bought\",\"properties\":{\"x\":"
                + nested(28, "[", "]") + "}}";
        for (var door : List.of(WHOLE, EACH)) {
            var answer = post(door, batch(deep));
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            assertThat(answer.json().getInteger("rejected", 0)).isZero();
        }
        var full = new StringBuilder("{\"batch\":[" + good(mark(), 0) + "],\"x\":\"");
        full.append("x".repeat(500 * KB - full.length() - 2)).append("\"}");
        assertThat(post(WHOLE, full.toString().getBytes(UTF_8)).status()).isEqualTo(200);
    }

    private static String good(String mark, int number) {
        return "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"Bought\",\"messageId\":\"" + mark + number + "\"}";
    }

    private static byte[] batch(String... events) {
        return ("{\"batch\":[" + String.join(",", events) + "]}").getBytes(UTF_8);
    }

    private static TestServer.Answer post(String path, byte[] body, String... headers) {
        return server.octets("POST", path, server.token(), body, headers);
    }

    private static List<String> pointers(JsonArray errors) {
        return errors.stream()
                .map(error -> ((JsonObject) error).getString("pointer"))
                .toList();
    }

    /** The messageIds with this mark that lie on the stream. */
    private static Set<String> taken(String mark) {
        var ids = new HashSet<String>();
        pool.query(
                        "SELECT payload::jsonb ->> 'messageId' AS id FROM stream_record WHERE topic = 'ingest' AND payload LIKE '%\""
                                + mark + "%'")
                .execute()
                .await()
                .forEach(row -> ids.add(row.getString("id")));
        return ids;
    }

    private static String mark() {
        return UUID.randomUUID().toString().substring(0, 8) + "-";
    }
}
