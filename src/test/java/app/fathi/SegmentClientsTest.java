package app.fathi;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Browser;
import app.fathi.testing.Closing;
import app.fathi.testing.TcpProxy;
import app.fathi.testing.TestServer;
import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.AliasMessage;
import com.segment.analytics.messages.GroupMessage;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.Message;
import com.segment.analytics.messages.MessageBuilder;
import com.segment.analytics.messages.PageMessage;
import com.segment.analytics.messages.ScreenMessage;
import com.segment.analytics.messages.TrackMessage;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Segment's own libraries, of which nothing is changed but the host. Between them and the server answers are lost after the
 * server has taken the events, so the libraries send them again.
 */
@Tag("slow")
class SegmentClientsTest {
    private static final Path JS = Path.of("src/test/js");
    private static final String SERVER_KEY = "fwk_s_only0for0tests0000000000000";
    private static Vertx vertx;

    private static TestServer server;
    private static TcpProxy network;
    private static Pool pool;

    @BeforeAll
    static void start() throws IOException {
        vertx = Vertx.vertx();
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        network = new TcpProxy(port);
        server = TestServer.start(
                Map.of("FATHI_HTTP_PORT", "" + port, "FATHI_PUBLIC_URL", "http://127.0.0.1:" + network.port()));
        server.database()
                .execute(
                        "INSERT INTO users_write_key (id, ws, kind, key_hash) SELECT gen_random_uuid(), min(no), 'server', sha256('%s') FROM users_workspace"
                                .formatted(SERVER_KEY));
        pool = server.database().pool(vertx);
    }

    @AfterAll
    static void stop() {
        server.close();
        network.close();
        Closing.close(vertx);
    }

    @Test
    void analytics_node_delivers_each_event_once_though_its_first_answer_is_lost() throws Exception {
        network.loseAnswers("POST /v1/batch", 1);
        var sender = new ProcessBuilder(
                        "node", JS.resolve("segment-node.mjs").toString(), server.url(), SERVER_KEY, "grace-node")
                .redirectErrorStream(true)
                .start();
        var said = new String(sender.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(sender.waitFor()).as(said).isZero();
        var ids = said.lines().toList();
        assertThat(ids).as("scripts/test installs the library").hasSize(6);
        assertThat(network.answersToLose("POST /v1/batch")).isZero();

        assertThat(arrivals(ids))
                .as("how often each arrived")
                .containsOnlyKeys(ids)
                .allSatisfy((id, times) -> assertThat(times).isEqualTo(2));
        var timeline = timeline("grace-node-now");
        assertThat(timeline.stream().map(event -> event.getString("messageId")))
                .as("each once, as the one person that they became")
                .containsExactlyInAnyOrderElementsOf(ids);
        assertThat(timeline.stream().map(event -> event.getString("type")))
                .containsExactlyInAnyOrder("identify", "track", "page", "screen", "group", "alias");
        var profile = profile("grace-node-now");
        assertThat(profile.getJsonArray("otherUserIds")).containsExactly("grace-node");
        assertThat(profile.getJsonObject("traits").getMap()).isEqualTo(Map.of("firstName", "Grace", "plan", "gold"));
        assertThat(profile.getJsonArray("groups").getJsonObject(0).getString("id"))
                .isEqualTo("company-7");
    }

    @Test
    void analytics_java_delivers_each_event_once_though_an_answer_is_lost() {
        Queue<String> delivered = new ConcurrentLinkedQueue<>();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        var analytics = Analytics.builder(SERVER_KEY)
                .endpoint(server.url())
                .callback(new Callback() {
                    @Override
                    public void success(Message message) {
                        delivered.add(message.messageId());
                    }

                    @Override
                    public void failure(Message message, Throwable failure) {
                        failures.add(failure);
                    }
                })
                .build();
        try {
            analytics.enqueue(IdentifyMessage.builder().userId("grace-java").traits(Map.of("firstName", "Grace")));
            analytics.flush();
            eventually("the first", () -> delivered, done -> done.size() == 1);
            // A client that finds its connection dead sends again at once; one that never had one waits for half a
            // minute.
            network.loseAnswers("POST /v1/import", 1);
            for (MessageBuilder<?, ?> message : List.of(
                    TrackMessage.builder("Order Completed")
                            .userId("grace-java")
                            .properties(Map.of("revenue", 42.5, "currency", "EUR")),
                    PageMessage.builder("Home").userId("grace-java"),
                    ScreenMessage.builder("Cart").userId("grace-java"),
                    GroupMessage.builder("company-7").userId("grace-java").traits(Map.of("name", "Navy")),
                    AliasMessage.builder("grace-java").userId("grace-java-now"))) {
                analytics.enqueue(message);
            }
            analytics.flush();
            eventually("the rest", () -> delivered, done -> done.size() == 6 || !failures.isEmpty());
        } finally {
            analytics.shutdown();
        }
        assertThat(failures).isEmpty();
        assertThat(network.answersToLose("POST /v1/import")).isZero();

        var ids = List.copyOf(delivered);
        assertThat(arrivals(ids).values()).as("how often each arrived").containsExactlyInAnyOrder(1, 2, 2, 2, 2, 2);
        assertThat(timeline("grace-java-now").stream().map(event -> event.getString("messageId")))
                .containsExactlyInAnyOrderElementsOf(ids);
        assertThat(profile("grace-java-now").getJsonArray("otherUserIds")).containsExactly("grace-java");
    }

    @Test
    void analytics_js_delivers_each_event_once_from_a_strict_page_of_another_origin() throws Exception {
        for (var path : List.of("i", "t", "p", "g", "a")) {
            // Twice: a browser itself asks again once when a connection that it had used before ends.
            network.loseAnswers("POST /v1/" + path, 2);
        }
        var page = site(bundle());
        try (var chromium = Browser.chromium()) {
            var tab = chromium.open("http://localhost:" + page.actualPort() + "/");
            var ids = ((JsonArray) tab.evaluate(
                            """
                            (async () => {
                              const [analytics] = await AnalyticsBrowser.load({ writeKey: '%s', cdnURL: '%s' });
                              window.analytics = analytics;
                              const sent = [
                                await analytics.page('Home'),
                                await analytics.identify('grace-js', { firstName: 'Grace' }),
                                await analytics.track('Order Completed', { revenue: 42.5, currency: 'EUR' }),
                                await analytics.group('company-7', { name: 'Navy' }),
                                await analytics.alias('grace-js-now'),
                              ];
                              return sent.map(({ event }) => event.messageId);
                            })()"""
                                    .formatted(server.writeKey(), server.url())))
                    .stream().map(String.class::cast).toList();
            assertThat(ids).doesNotHaveDuplicates().hasSize(5);
            eventually(
                    "the events",
                    () -> arrivals(ids),
                    all -> all.size() == 5 && all.values().stream().allMatch(times -> times == 3));

            assertThat(timeline("grace-js").stream().map(event -> event.getString("type")))
                    .as("of who it knows this library's alias is told as who they are, at Segment as here")
                    .containsExactlyInAnyOrder("page", "identify", "track", "group", "alias");
            assertThat(profile("grace-js").getJsonObject("device").getString("browser"))
                    .isEqualTo("Chrome");

            assertThat(tab.evaluate(
                            """
                                    navigator.sendBeacon('%s/v1/t', JSON.stringify({
                                      writeKey: '%s', userId: 'grace-js', event: 'Left', messageId: 'beacon-1' }))"""
                                    .formatted(server.url(), server.writeKey())))
                    .isEqualTo(true);
            eventually("the beacon", () -> arrivals(List.of("beacon-1")), all -> all.containsKey("beacon-1"));
            assertThat(server.send("GET", "/v1/projects/" + server.writeKey() + "/settings", null, null)
                            .json()
                            .getJsonObject("metrics"))
                    .as("how often it tells Segment how it fares, and where instead")
                    .isEqualTo(new JsonObject()
                            .put("host", server.url().substring("http://".length()) + "/v1")
                            .put("sampleRate", 0));
            assertThat(chromium.said())
                    .as("what the page's policy would have refused: it names this server alone")
                    .doesNotContain("Content Security Policy")
                    .doesNotContain("segment.io")
                    .doesNotContain("segment.com");
        } finally {
            page.close().await();
        }
    }

    /** Of each event how often it came. */
    private static Map<String, Integer> arrivals(List<String> messageIds) {
        var all = new HashMap<String, Integer>();
        pool.query(
                        """
                        SELECT payload::jsonb ->> 'messageId' AS id, count(*) AS times FROM stream_record
                        WHERE topic = 'ingest' GROUP BY 1
                        """)
                .execute()
                .await()
                .forEach(
                        row -> all.put(row.getString("id"), row.getLong("times").intValue()));
        all.keySet().retainAll(messageIds);
        return all;
    }

    /** What the person did, when all that came is derived. */
    private static List<JsonObject> timeline(String userId) {
        eventually(
                "that all is derived",
                () -> pool.query(
                                """
                                SELECT count(*) FROM stream_head h JOIN stream_offset o USING (topic, part)
                                WHERE h.topic = 'ingest' AND o.grp = 'derive' AND o.pos < h.next
                                """)
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getLong(0),
                behind -> behind == 0);
        var answer = server.admin("GET", "/api/v1/cdp/profiles/user:" + userId + "/events?limit=200", null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    private static JsonObject profile(String userId) {
        return server.admin("GET", "/api/v1/cdp/profiles/user:" + userId, null).json();
    }

    private static String bundle() throws Exception {
        var file = Path.of("target/segment-page.js");
        var esbuild = new ProcessBuilder(
                        JS.resolve("node_modules/.bin/esbuild").toString(),
                        JS.resolve("segment-page.mjs").toString(),
                        "--bundle",
                        "--format=iife",
                        "--log-level=error",
                        "--outfile=" + file)
                .redirectErrorStream(true)
                .start();
        var said = new String(esbuild.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(esbuild.waitFor()).as(said).isZero();
        return Files.readString(file);
    }

    /** A page whose policy lets it talk to our server and to nobody else. */
    private static HttpServer site(String script) {
        return vertx.createHttpServer()
                .requestHandler(request -> {
                    var isScript = request.path().equals("/page.js");
                    request.response()
                            .putHeader("Content-Type", (isScript ? "text/javascript" : "text/html") + "; charset=utf-8")
                            .putHeader(
                                    "Content-Security-Policy",
                                    "default-src 'none'; script-src 'self'; img-src data:; connect-src " + server.url())
                            .end(
                                    isScript
                                            ? script
                                            : "<!doctype html><link rel=\"icon\" href=\"data:,\"><script src=\"/page.js\"></script>");
                })
                .listen(0, "127.0.0.1")
                .await();
    }
}
