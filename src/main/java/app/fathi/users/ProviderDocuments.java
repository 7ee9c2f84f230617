package app.fathi.users;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.outbound.OutboundClient;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What identity providers publish: where they sign people in, and the keys that they sign with. Each document is asked for
 * by one request at a time and at most once in a pause, whoever wants it and whatever they ask; while a provider does not
 * answer, what it said last is believed for a day. One for the node; thread-safe.
 */
final class ProviderDocuments {
    private static final Logger LOG = LoggerFactory.getLogger(ProviderDocuments.class);
    private static final int MAX_DOCUMENTS = 2_000;
    /** Requests that wait for one document: a provider that hangs takes no more places from others. */
    private static final int MAX_WAITING = 20;

    private static final long BELIEVED_NANOS = TimeUnit.DAYS.toNanos(1);

    private final Vertx vertx;
    private final OutboundClient client;
    private final LongSupplier nanos;
    private final long keptNanos;
    private final long pauseNanos;
    private final int pauseSeconds;
    private final Cache<URI, Document> documents =
            Caffeine.newBuilder().maximumSize(MAX_DOCUMENTS).build();

    ProviderDocuments(Vertx vertx, OutboundClient client, Config.Security settings, LongSupplier nanos) {
        this.vertx = vertx;
        this.client = client;
        this.nanos = nanos;
        this.keptNanos = TimeUnit.SECONDS.toNanos(settings.providerKeysSeconds());
        this.pauseNanos = TimeUnit.SECONDS.toNanos(settings.providerPauseSeconds());
        this.pauseSeconds = settings.providerPauseSeconds();
    }

    private static final class Document {
        private JsonObject said;
        private long saidNanos;
        private boolean wasAsked;
        private long askedNanos;
        /** Not null while it is asked for. */
        private Promise<JsonObject> answer;

        private int waiting;
    }

    /** What it says, known for a while already. Fails with {@code unavailable} when nobody ever said it. */
    Future<JsonObject> read(URI url) {
        return read(url, false);
    }

    /** What it says now, or as lately as may be asked: for who misses something in what is known. */
    Future<JsonObject> readAgain(URI url) {
        return read(url, true);
    }

    private Future<JsonObject> read(URI url, boolean again) {
        var document = documents.get(url, key -> new Document());
        Promise<JsonObject> toAsk = null;
        Future<JsonObject> answer;
        synchronized (document) {
            long now = nanos.getAsLong();
            if (!again && document.said != null && now - document.saidNanos < keptNanos) {
                return Future.succeededFuture(document.said);
            }
            if (document.answer == null && (!document.wasAsked || now - document.askedNanos >= pauseNanos)) {
                toAsk = Promise.promise();
                document.answer = toAsk;
                document.wasAsked = true;
                document.askedNanos = now;
                document.waiting = 0;
            }
            var believed = document.said != null && now - document.saidNanos < BELIEVED_NANOS;
            if (document.answer != null && (again || !believed) && document.waiting < MAX_WAITING) {
                document.waiting++;
                answer = document.answer.future();
            } else {
                answer = believed ? Future.succeededFuture(document.said) : Future.failedFuture(unreachable());
            }
        }
        // Whoever waits goes on in their own thread, not in that of whoever asked.
        var mine = ((VertxInternal) vertx).<JsonObject>promise();
        answer.onComplete(mine);
        if (toAsk != null) {
            ask(url, document, toAsk);
        }
        return mine.future();
    }

    private void ask(URI url, Document document, Promise<JsonObject> answer) {
        client.get(url, Map.of("Accept", "application/json"))
                .map(got -> {
                    if (got.status() != 200) {
                        throw new IllegalStateException("it answers " + got.status());
                    }
                    return got.body().toJsonObject();
                })
                .onComplete(asked -> {
                    JsonObject believed;
                    synchronized (document) {
                        document.answer = null;
                        if (asked.succeeded()) {
                            document.said = asked.result();
                            document.saidNanos = nanos.getAsLong();
                        }
                        believed = document.said != null && nanos.getAsLong() - document.saidNanos < BELIEVED_NANOS
                                ? document.said
                                : null;
                    }
                    if (asked.failed()) {
                        LOG.warn("The identity provider's {} cannot be read: {}", url, Thrown.text(asked.cause()));
                    }
                    if (believed != null) {
                        answer.complete(believed);
                    } else {
                        answer.fail(unreachable());
                    }
                });
    }

    private ProblemException unreachable() {
        return new ProblemException(Problem.retryLater(
                Kind.UNAVAILABLE, "The identity provider cannot be reached. Try again later.", pauseSeconds));
    }
}
