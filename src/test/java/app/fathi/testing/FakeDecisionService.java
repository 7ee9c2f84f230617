package app.fathi.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import javax.net.ssl.SSLContext;

/** A company's own decision service on loopback, which answers whatever a test wants, or does not. */
public final class FakeDecisionService implements AutoCloseable {
    /** What becomes of a question. */
    public interface Script {
        void answer(HttpExchange exchange, Buffer question) throws IOException;
    }

    /** @param headers in lower case */
    public record Asked(Map<String, String> headers, Buffer body) {
        public JsonObject data() {
            return body.toJsonObject().getJsonObject("data");
        }

        public List<String> people() {
            return data().getJsonArray("people").stream()
                    .map(person -> ((JsonObject) person).getString("id"))
                    .toList();
        }
    }

    private final HttpServer http;
    private final String scheme;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch released = new CountDownLatch(1);
    public final List<Asked> asked = new CopyOnWriteArrayList<>();
    public volatile Script script = deciding(id -> new JsonObject().put("channel", "webpush"));

    private FakeDecisionService(HttpServer http, String scheme) {
        this.http = http;
        this.scheme = scheme;
        http.setExecutor(threads);
        http.createContext("/", this::handle);
        http.start();
    }

    public static FakeDecisionService start() {
        try {
            return new FakeDecisionService(
                    HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0), "http");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static FakeDecisionService startTls(SSLContext tls) {
        try {
            var server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setHttpsConfigurator(new HttpsConfigurator(tls));
            return new FakeDecisionService(server, "https");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String url() {
        return scheme + "://localhost:" + http.getAddress().getPort() + "/decide";
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            var body = Buffer.buffer(exchange.getRequestBody().readAllBytes());
            var headers = new HashMap<String, String>();
            exchange.getRequestHeaders()
                    .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
            asked.add(new Asked(headers, body));
            script.answer(exchange, body);
        }
    }

    /** Answers of each person what the function says, with their id. */
    public static Script deciding(Function<String, JsonObject> decision) {
        return (exchange, question) -> {
            var decisions = new JsonArray();
            question.toJsonObject().getJsonObject("data").getJsonArray("people").forEach(person -> {
                var id = ((JsonObject) person).getString("id");
                var decided = decision.apply(id);
                if (decided != null) {
                    decisions.add(decided.copy().put("id", id));
                }
            });
            reply(exchange, 200, new JsonObject().put("decisions", decisions).toBuffer());
        };
    }

    public static Script saying(int status, String body) {
        return (exchange, question) -> reply(exchange, status, Buffer.buffer(body));
    }

    /** Never answers, for as long as the server is there or until somebody {@link #release}s it. */
    public Script hanging() {
        return (exchange, question) -> {
            try {
                released.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
    }

    public void release() {
        released.countDown();
    }

    /** Promises more than it gives, and is gone. */
    public static Script dying() {
        return (exchange, question) -> {
            exchange.sendResponseHeaders(200, 1_000);
            exchange.getResponseBody().write("{\"decisions\":[".getBytes());
            exchange.getResponseBody().flush();
            throw new IOException("gone");
        };
    }

    public static void reply(HttpExchange exchange, int status, Buffer body) throws IOException {
        exchange.getResponseHeaders().set("Location", "/elsewhere");
        exchange.sendResponseHeaders(status, body.length() == 0 ? -1 : body.length());
        exchange.getResponseBody().write(body.getBytes());
    }

    @Override
    public void close() {
        release();
        http.stop(0);
        threads.close();
    }
}
