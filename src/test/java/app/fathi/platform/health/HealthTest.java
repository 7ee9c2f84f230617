package app.fathi.platform.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HealthTest {
    private final Metrics metrics = new Metrics();
    private Vertx vertx;
    private Health health;
    private HttpServer server;
    /** Held for as long as it is used: Vert.x closes a client that nobody refers to, whatever it waits for. */
    private HttpClientAgent client;

    @BeforeEach
    void listen() throws Exception {
        vertx = metrics.measure(Vertx.builder(), new VertxOptions()).build();
        client = vertx.createHttpClient();
        health = new Health(vertx);
        server = new HealthPages(health, metrics).listen(vertx, 0).await(60, TimeUnit.SECONDS);
    }

    @AfterEach
    void close() throws Exception {
        vertx.close().await(60, TimeUnit.SECONDS);
        metrics.close();
    }

    private record Answer(int status, String body) {}

    private Answer get(String path, String... header) throws Exception {
        return onEventLoop(() -> client.request(HttpMethod.GET, server.actualPort(), "127.0.0.1", path)
                .compose(request -> {
                    for (var i = 0; i < header.length; i += 2) {
                        request.putHeader(header[i], header[i + 1]);
                    }
                    return request.send();
                })
                .compose(response ->
                        response.body().map(Buffer::toString).map(body -> new Answer(response.statusCode(), body))));
    }

    /** On another thread an answer may be over before anybody asks for its body, and then it never comes. */
    private <T> T onEventLoop(Supplier<Future<T>> work) throws Exception {
        var done = Promise.<T>promise();
        vertx.runOnContext(turn -> work.get().onComplete(done));
        return done.future().await(60, TimeUnit.SECONDS);
    }

    @Test
    void alive_at_once_but_ready_only_between_start_and_shutdown() throws Exception {
        assertThat(get("/health/live").status()).isEqualTo(200);
        assertThat(get("/health/ready"))
                .isEqualTo(new Answer(503, "{\"status\":\"not ready\",\"failing\":[\"start\"]}"));
        health.serving();
        assertThat(get("/health/ready")).isEqualTo(new Answer(200, "{\"status\":\"ready\"}"));
        health.draining();
        assertThat(get("/health/ready"))
                .isEqualTo(new Answer(503, "{\"status\":\"not ready\",\"failing\":[\"shutdown\"]}"));
        assertThat(get("/health/live").status()).isEqualTo(200);
    }

    @Test
    void the_checks_that_fail_throw_or_hang_are_named_and_the_reason_is_not() throws Exception {
        health.check("database", () -> Future.failedFuture("password of admin@db is wrong"));
        health.check("disk", Future::succeededFuture);
        health.check("streams", () -> {
            throw new IllegalStateException("secret");
        });
        health.check("worker", () -> Promise.promise().future());
        health.serving();
        assertThat(get("/health/ready"))
                .isEqualTo(new Answer(
                        503, "{\"status\":\"not ready\",\"failing\":[\"database\",\"streams\",\"worker\"]}"));
    }

    @Test
    void many_questions_cost_one_check() throws Exception {
        var asked = new AtomicInteger();
        var answer = Promise.<Object>promise();
        health.check("database", () -> {
            asked.incrementAndGet();
            return answer.future();
        });
        health.serving();
        var first = health.readiness();
        var second = health.readiness();
        answer.complete();
        assertThat(first.await(60, TimeUnit.SECONDS).ready()).isTrue();
        assertThat(second).isSameAs(first);
        assertThat(asked).hasValue(1);
    }

    @Test
    void every_metric_has_our_prefix_and_vertx_and_the_jvm_are_among_them() throws Exception {
        get("/health/live");
        metrics.registry().counter("messages.accepted", "channel", "webpush").increment(3);
        var lines = get("/metrics")
                .body()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .toList();
        assertThat(lines)
                .allMatch(line -> line.startsWith("fathi_"))
                .anyMatch(line -> line.startsWith("fathi_jvm_memory_used_bytes"))
                .anyMatch(
                        line -> line.startsWith("fathi_vertx_http_server_") && line.contains("route=\"/health/live\""))
                .contains("fathi_messages_accepted_total{channel=\"webpush\"} 3.0");
    }

    @Test
    void metrics_are_not_there_for_proxies_and_foreign_pages() throws Exception {
        assertThat(get("/metrics").status()).isEqualTo(200);
        assertThat(get("/metrics", "X-Forwarded-For", "203.0.113.7").status()).isEqualTo(404);
        assertThat(get("/metrics", "Forwarded", "for=203.0.113.7").status()).isEqualTo(404);
        assertThat(get("/metrics", "Origin", "https://evil.example").status()).isEqualTo(404);
        assertThat(get("/metrics", "Host", "evil.example").status()).isEqualTo(404);
    }

    @Test
    void invented_methods_do_not_grow_the_metrics() throws Exception {
        for (var i = 0; i < 100; i++) {
            var method = HttpMethod.valueOf("X" + i);
            onEventLoop(() -> client.request(method, server.actualPort(), "127.0.0.1", "/")
                    .compose(HttpClientRequest::send)
                    .compose(HttpClientResponse::end));
        }
        assertThat(metrics.scrape(true).lines().filter(line -> line.contains("http_server_requests_total")))
                .hasSizeLessThan(40);
    }
}
