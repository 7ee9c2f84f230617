package app.fathi.platform.http;

import app.fathi.platform.bus.Reply;
import app.fathi.platform.http.PersonalFields.Mask;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Server-sent events of one instance of the edge. Nothing is kept for who reads slowly: more is asked for when what was written
 * before has left. Each stream ends within a second of its credential, and with the server. On one event loop.
 */
final class EventStreams {
    private static final Logger LOG = LoggerFactory.getLogger(EventStreams.class);
    /** With the half second after which other nodes' revocations are known, within the second that is promised. */
    private static final long RIGHTS_MILLIS = 250;
    /** Below what balancers and proxies wait for. */
    private static final long HEARTBEAT_NANOS = TimeUnit.SECONDS.toNanos(15);
    /** In milliseconds: what a client waits until it comes again. */
    private static final String GREETING = "retry: 2000\n\n";

    private static final String HEARTBEAT = ": still here\n\n";

    private final Vertx vertx;
    private final Set<Stream> open = new HashSet<>();

    /** @param listens whether the listener may go on; @param sees whether personal fields are theirs to see */
    record Rights(boolean listens, boolean sees) {}

    EventStreams(Vertx vertx) {
        this.vertx = vertx;
    }

    /**
     * @param mask what is hidden from who may not see it
     * @param masked whether it is hidden now
     * @param rights asked again and again
     */
    void open(
            RoutingContext context,
            Reply.Live live,
            Optional<Mask> mask,
            boolean masked,
            Supplier<Future<Rights>> rights) {
        var stream = new Stream(context.response(), live, mask, masked, rights);
        open.add(stream);
        context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
                // A compressor, or a proxy that gathers, would keep events back.
                .putHeader(HttpHeaders.CONTENT_ENCODING, HttpHeaders.IDENTITY)
                .putHeader("X-Accel-Buffering", "no")
                .setChunked(true);
        context.addEndHandler(done -> stream.close());
        stream.begin();
    }

    /** When the server stops. */
    void endAll() {
        Set.copyOf(open).forEach(stream -> stream.end("stopping"));
    }

    private final class Stream {
        private final HttpServerResponse response;
        private final Reply.Live live;
        private final Optional<Mask> mask;
        private final Supplier<Future<Rights>> rights;
        private final long timer;
        private final long endNanos;
        private long writtenNanos = System.nanoTime();
        private boolean masked;
        private boolean asking;
        private boolean writing;
        private boolean over;

        Stream(
                HttpServerResponse response,
                Reply.Live live,
                Optional<Mask> mask,
                boolean masked,
                Supplier<Future<Rights>> rights) {
            this.response = response;
            this.live = live;
            this.mask = mask;
            this.masked = masked;
            this.rights = rights;
            this.endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(live.seconds());
            this.timer = vertx.setPeriodic(RIGHTS_MILLIS, tick -> look());
        }

        void begin() {
            write(GREETING).onSuccess(written -> more());
        }

        private void more() {
            if (over) {
                return;
            }
            live.next()
                    .get()
                    .compose(events -> over ? Future.succeededFuture() : write(text(events)))
                    .onSuccess(written -> more())
                    .onFailure(failure -> {
                        LOG.debug("A listener is gone: {}", Thrown.text(failure));
                        end("failed");
                    });
        }

        /** Whether it may go on, and whether it has been silent for too long. */
        private void look() {
            if (System.nanoTime() - endNanos >= 0) {
                end("time");
                return;
            }
            if (!writing && System.nanoTime() - writtenNanos > HEARTBEAT_NANOS) {
                write(HEARTBEAT);
            }
            if (asking) {
                return;
            }
            asking = true;
            rights.get().onComplete(asked -> {
                asking = false;
                if (asked.failed() || !asked.result().listens()) {
                    end("credential");
                } else {
                    masked = !asked.result().sees();
                }
            });
        }

        private Future<Void> write(String text) {
            writing = true;
            return response.write(text).onComplete(done -> {
                writing = false;
                writtenNanos = System.nanoTime();
            });
        }

        private String text(List<Reply.Event> events) {
            return events.stream().map(this::text).collect(Collectors.joining());
        }

        private String text(Reply.Event event) {
            var data = masked && mask.isPresent() ? mask.get().hideIn(event.data()) : event.data();
            return (event.id() == null ? "" : "id: " + event.id() + "\n") + "event: " + event.name() + "\ndata: "
                    + data.encode() + "\n\n";
        }

        /** @param reason {@code time, credential, stopping} or {@code failed} */
        void end(String reason) {
            if (!over) {
                close();
                response.end(text(new Reply.Event(null, "end", new JsonObject().put("reason", reason))));
            }
        }

        /** Nobody listens any more. */
        void close() {
            if (!over) {
                over = true;
                open.remove(this);
                vertx.cancelTimer(timer);
                live.end().run();
            }
        }
    }
}
