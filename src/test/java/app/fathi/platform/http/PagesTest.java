package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.errors.Failures;
import app.fathi.testing.RawConnection;
import app.fathi.testing.TestServer;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class PagesTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "fathi.js, text/javascript",
        "fathi-prompts.js, text/javascript",
        "fathi-sw.js, text/javascript",
        "fathi.d.ts, text/plain"
    })
    void the_sdk_may_be_embedded_by_any_site_and_kept_for_an_hour(String file, String type) {
        var answer = server.send("GET", "/sdk/" + file, null, null, "Origin", "https://shop.example");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Content-Type")).isEqualTo(type + "; charset=utf-8");
        assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(answer.header("Cross-Origin-Resource-Policy")).isEqualTo("cross-origin");
        assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("*");
        assertThat(answer.header("Cache-Control")).isEqualTo("public, max-age=3600");
    }

    @ParameterizedTest
    @ValueSource(strings = {"fathi.js", "fathi-prompts.js", "fathi-sw.js"})
    void the_sdk_is_small_for_the_pages_that_load_it(String file) throws IOException {
        var code = server.send("GET", "/sdk/" + file, null, null).body();
        assertThat(code.lines()).isNotEmpty().noneMatch(line -> line.matches(" *(//|/?\\*).*"));
        var compressed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(compressed)) {
            gzip.write(code.getBytes(StandardCharsets.UTF_8));
        }
        assertThat(compressed.size()).isLessThanOrEqualTo(8 * 1024);
    }

    @Test
    void a_browser_that_has_a_file_already_is_not_sent_it_again() {
        var first = server.send("GET", "/sdk/fathi.js", null, null);
        var again = server.send("GET", "/sdk/fathi.js", null, null, "If-None-Match", first.header("ETag"));
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
        assertThat(server.send("HEAD", "/sdk/fathi.js", null, null).header("ETag"))
                .isEqualTo(first.header("ETag"));
    }

    @Test
    void nothing_beside_the_sdk_is_served_from_its_folder() {
        for (var path : new String[] {"/sdk/", "/sdk", "/sdk/nothing.js", "/sdk/..%2fopenapi.yaml"}) {
            assertThat(server.send("GET", path, null, null).status()).as(path).isEqualTo(404);
        }
    }

    /** Whatever a browser is led to here, it takes it for nothing else and runs nothing of what is no page. */
    @ParameterizedTest
    @CsvSource({
        "GET, /api/v1/webpush/key, 401",
        "GET, /api/v1/auth/me, 200",
        "GET, /api/v1/webpush/messages, 200",
        "GET, /api/v1/audit/export, 200",
        "GET, /api/v1/jobs?limit=x, 400",
        "GET, /api/v1/jobs/01932f12-3300-7c00-a000-2a2b2c2d2e2f, 404",
        "GET, /api/v1/nothing, 404",
        "GET, /nothing, 404",
        "DELETE, /api/v1/jobs, 405",
        "DELETE, /docs, 404",
        "POST, /api/v1/webpush/messages, 413",
        "GET, /api/v1/jobs/%zz, 400"
    })
    void data_is_nothing_else(String method, String path, int status) {
        var credential = status == 401 ? null : "Authorization: Bearer " + server.token();
        var headers = new java.util.ArrayList<String>();
        if (credential != null) {
            headers.add(credential);
        }
        byte[] body = null;
        if (method.equals("POST")) {
            headers.add("Content-Type: application/json");
            body = new byte[1_100_000];
        }
        try (var connection = RawConnection.to(server.url())) {
            var answer = connection.ask(method, path, headers, body);
            assertThat(answer.status()).as(answer.body()).isEqualTo(status);
            assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
            assertThat(answer.header("Content-Security-Policy"))
                    .isEqualTo("default-src 'none'; frame-ancestors 'none'");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/docs",
                "/account",
                "/openapi.yaml",
                "/sdk/fathi.js",
                "/sdk/fathi-sw.js",
                "/health/live",
                "/metrics"
            })
    void pages_and_files_are_of_the_type_that_they_say(String path) {
        var answer = server.send("GET", path, null, null);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
        if (answer.header("Content-Type").startsWith("text/html")) {
            assertThat(answer.header("Content-Security-Policy"))
                    .contains("default-src 'none'", "frame-ancestors 'none'");
            assertThat(answer.header("Referrer-Policy")).isEqualTo("no-referrer");
        }
    }

    @Test
    void a_client_that_offers_to_upgrade_gets_every_large_answer_whole() throws Exception {
        var request = HttpRequest.newBuilder(URI.create(server.url() + "/openapi.yaml"))
                .build();
        for (int i = 0; i < 60; i++) {
            try (var client = HttpClient.newHttpClient()) {
                assertThat(client.send(request, BodyHandlers.ofString()).body())
                        .startsWith("openapi: 3.1.0")
                        .hasSizeGreaterThan(100_000);
            }
        }
    }

    @Test
    void a_client_that_goes_away_is_no_fault_of_ours() throws IOException {
        var said = new ListAppender<ILoggingEvent>();
        var log = (Logger) LoggerFactory.getLogger(Failures.class);
        said.start();
        log.addAppender(said);
        try {
            var address = URI.create(server.url());
            for (int i = 0; i < 200; i++) {
                try (var socket = new Socket(address.getHost(), address.getPort())) {
                    socket.getOutputStream()
                            .write("GET /sdk/fathi.js HTTP/1.1\r\nHost: fathi\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
                    socket.setSoLinger(true, 0);
                }
            }
            assertThat(server.send("GET", "/sdk/fathi.js", null, null).status()).isEqualTo(200);
            assertThat(said.list).isEmpty();
        } finally {
            log.detachAppender(said);
        }
    }
}
