package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rates and connections at the door of a real server that stands behind a trusted proxy. */
class EdgeLimitsTest {
    private static final JsonObject NOBODY =
            new JsonObject().put("email", "nobody@fathi.test").put("password", "x");
    private static final AtomicInteger NEXT = new AtomicInteger();

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of(
                "FATHI_HTTP_TRUSTED_PROXIES", "127.0.0.1/32,10.0.0.0/8",
                "FATHI_HTTP_CONNECTIONS", "40",
                "FATHI_RATES_API_PER_MINUTE", "30",
                "FATHI_RATES_INGEST_PER_MINUTE", "5",
                "FATHI_RATES_LOGIN_PER_MINUTE", "4",
                "FATHI_RATES_BROWSER_PER_MINUTE", "6",
                "FATHI_RATES_REFUSED_PER_MINUTE", "3"));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** An address that nobody has used yet. */
    private static String address() {
        return "203.0.113." + NEXT.incrementAndGet();
    }

    /** Another account each time: an account has a back-off of its own. */
    private static TestServer.Answer login(String... headers) {
        var nobody = new JsonObject()
                .put("email", "nobody" + NEXT.incrementAndGet() + "@fathi.test")
                .put("password", "x");
        return server.send("POST", "/api/v1/auth/login", null, nobody, headers);
    }

    private static void assertLimited(TestServer.Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(429);
        assertThat(answer.json().getString("code")).isEqualTo("rate_limited");
        assertThat(Integer.parseInt(answer.header("Retry-After"))).isBetween(1, 60);
    }

    private static String key() {
        var draft = new JsonObject()
                .put("name", "limits")
                .put("permissions", new JsonArray().add("events:write").add("messages:read"));
        var answer = server.admin("POST", "/api/v1/api-keys", draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json().getString("secret");
    }

    @Test
    void one_address_signs_in_so_often_and_another_is_not_hindered() {
        var here = address();
        for (int i = 0; i < 4; i++) {
            var answer = login("X-Forwarded-For", here);
            assertThat(answer.status()).isEqualTo(401);
            assertThat(answer.header("RateLimit-Policy")).isEqualTo("\"login\";q=4;w=60");
            assertThat(answer.header("RateLimit")).startsWith("\"login\";r=" + (3 - i) + ";t=");
        }
        var limited = login("X-Forwarded-For", here);
        assertLimited(limited);
        assertThat(limited.header("RateLimit")).startsWith("\"login\";r=0;t=");
        assertThat(login("X-Forwarded-For", address()).status()).isEqualTo(401);
    }

    @Test
    void what_a_client_says_of_itself_is_not_believed_but_what_our_proxies_say_is() {
        var client = address();
        for (int i = 0; i < 4; i++) {
            login("X-Forwarded-For", "198.51.100." + i + ", " + client);
        }
        assertLimited(login("X-Forwarded-For", "198.51.100.99, " + client));
        assertLimited(login("X-Forwarded-For", client + ", 10.1.2.3"));
        assertLimited(login("X-Forwarded-For", "198.51.100.98, " + client + ":4711, 10.1.2.3, 10.9.9.9"));
        assertThat(login("X-Forwarded-For", client + ", 198.51.100.1").status())
                .as("198.51.100.1 is no proxy of ours, so it is the client")
                .isEqualTo(401);
    }

    @Test
    void the_addresses_of_one_ipv6_site_count_together() {
        for (int i = 0; i < 4; i++) {
            login("X-Forwarded-For", "2001:db8:7:7::" + i);
        }
        assertLimited(login("X-Forwarded-For", "2001:db8:7:7:ffff::1"));
        assertThat(login("X-Forwarded-For", "2001:db8:7:8::1").status()).isEqualTo(401);
    }

    @Test
    void a_key_has_a_quota_of_its_own_for_requests_and_for_events() {
        var key = key();
        var event = new JsonObject().put("userId", "limits").put("event", "Asked");
        for (int i = 0; i < 5; i++) {
            assertThat(server.send("POST", "/v1/track", key, event, "X-Forwarded-For", address())
                            .status())
                    .isEqualTo(200);
        }
        assertLimited(server.send("POST", "/v1/track", key, event));
        for (int i = 0; i < 30; i++) {
            assertThat(server.send("GET", "/api/v1/auth/me", key, null).status())
                    .isEqualTo(200);
        }
        assertLimited(server.send("GET", "/api/v1/auth/me", key, null));
        assertThat(server.send("GET", "/api/v1/auth/me", key(), null).status()).isEqualTo(200);
    }

    @Test
    void browsers_are_limited_by_address_over_one_write_key() {
        var here = address();
        for (int i = 0; i < 6; i++) {
            assertThat(server.browser("GET", "/api/v1/webpush/key", null, "X-Forwarded-For", here)
                            .status())
                    .isEqualTo(200);
        }
        assertLimited(server.browser("GET", "/api/v1/webpush/key", null, "X-Forwarded-For", here));
        assertThat(server.browser("GET", "/api/v1/webpush/key", null, "X-Forwarded-For", address())
                        .status())
                .isEqualTo(200);
    }

    @Test
    void guessing_credentials_ends_but_who_is_known_is_let_in_from_the_same_address() {
        var here = address();
        var key = key();
        var unused = key();
        assertThat(me(key, here).status()).isEqualTo(200);
        for (int i = 0; i < 3; i++) {
            assertThat(me("fsk_" + "guess".repeat(6) + i, here).status()).isEqualTo(401);
        }
        assertLimited(me("fsk_" + "guess".repeat(6) + 3, here));
        assertLimited(me(unused, here));
        assertThat(me(key, here).status()).isEqualTo(200);
        assertThat(me(unused, address()).status()).isEqualTo(200);
    }

    private static TestServer.Answer me(String key, String address) {
        return server.send("GET", "/api/v1/auth/me", key, null, "X-Forwarded-For", address);
    }

    @Test
    void more_connections_than_the_node_takes_are_closed_and_afterwards_all_is_well() throws Exception {
        var uri = URI.create(server.url());
        var sockets = new ArrayList<Socket>();
        int closed = 0;
        try {
            for (int i = 0; i < 60; i++) {
                var socket = new Socket();
                sockets.add(socket);
                socket.connect(new InetSocketAddress(uri.getHost(), uri.getPort()));
                socket.setSoTimeout(20_000);
            }
            for (var socket : sockets) {
                closed += answers(socket) ? 0 : 1;
            }
        } finally {
            for (var socket : sockets) {
                socket.close();
            }
        }
        assertThat(closed).isBetween(20, 25);
        for (int i = 0; i < 600 && !isServed(uri); i++) {
            Thread.sleep(100);
        }
        assertThat(isServed(uri)).isTrue();
    }

    private static boolean isServed(URI uri) throws IOException {
        try (var socket = new Socket(uri.getHost(), uri.getPort())) {
            socket.setSoTimeout(20_000);
            return answers(socket);
        }
    }

    private static boolean answers(Socket socket) {
        try {
            socket.getOutputStream().write("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes());
            return socket.getInputStream().read() == 'H';
        } catch (IOException e) {
            return false;
        }
    }
}
