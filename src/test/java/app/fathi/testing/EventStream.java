package app.fathi.testing;

import static app.fathi.testing.Eventually.eventually;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Somebody who listens to server-sent events, and remembers all that they heard. */
public final class EventStream implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<Event> heard = new CopyOnWriteArrayList<>();
    private final int status;
    private final String type;
    private volatile boolean over;

    /** @param id null where there was none */
    public record Event(String id, String name, JsonObject data) {}

    private EventStream(HttpRequest request) {
        try {
            HttpResponse<Stream<String>> answer = http.send(request, HttpResponse.BodyHandlers.ofLines());
            status = answer.statusCode();
            type = answer.headers().firstValue("Content-Type").orElse("");
            Thread.ofVirtual().start(() -> read(answer.body()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns when the server has begun to answer. */
    public static EventStream open(String url, String bearer, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + bearer);
        return new EventStream((headers.length == 0 ? request : request.headers(headers)).build());
    }

    private void read(Stream<String> lines) {
        var block = new ArrayList<String>();
        try {
            lines.forEach(line -> {
                if (!line.isEmpty()) {
                    block.add(line);
                    return;
                }
                if (field(block, "data") != null) {
                    heard.add(
                            new Event(field(block, "id"), field(block, "event"), new JsonObject(field(block, "data"))));
                }
                block.clear();
            });
        } catch (UncheckedIOException cut) {
            // The connection's end is one as well.
        }
        over = true;
    }

    private static String field(List<String> block, String name) {
        return block.stream()
                .filter(line -> line.startsWith(name + ": "))
                .map(line -> line.substring(name.length() + 2))
                .findFirst()
                .orElse(null);
    }

    public int status() {
        return status;
    }

    public String type() {
        return type;
    }

    public List<Event> heard() {
        return heard;
    }

    public boolean isOver() {
        return over;
    }

    /** Waits until something like this has been heard; gives all that was heard until then. */
    public List<Event> await(String what, Predicate<List<Event>> expected) {
        return eventually(what, () -> List.copyOf(heard), expected);
    }

    @Override
    public void close() {
        http.shutdownNow();
    }

    /** For who asks all operations: of an answer without an end the first part, of any other the whole. */
    static HttpResponse.BodyHandler<String> whatComes() {
        return info -> info.headers()
                        .firstValue("Content-Type")
                        .filter("text/event-stream"::equals)
                        .isPresent()
                ? new FirstPart()
                : HttpResponse.BodySubscribers.ofString(StandardCharsets.UTF_8);
    }

    private static final class FirstPart implements HttpResponse.BodySubscriber<String> {
        private final CompletableFuture<String> body = new CompletableFuture<>();
        private Flow.Subscription subscription;

        @Override
        public CompletionStage<String> getBody() {
            return body;
        }

        @Override
        public void onSubscribe(Flow.Subscription begun) {
            subscription = begun;
            begun.request(1);
        }

        @Override
        public void onNext(List<ByteBuffer> parts) {
            body.complete(StandardCharsets.UTF_8.decode(parts.getFirst()).toString());
            subscription.cancel();
        }

        @Override
        public void onError(Throwable failure) {
            body.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            body.complete("");
        }
    }
}
