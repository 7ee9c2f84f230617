package app.fathi.webpush;

import app.fathi.cep.message.Channel.Gate;
import app.fathi.webpush.PushAnswer.Outcome;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One push service as we use it: how fast it is sent to, and its connections. Who finds its window full waits here, not for
 * long, and not in the HTTP client's queue, because here waiting can end without a request.
 *
 * <p>It lives on one event loop, and so do its connections: from the last look at the gate to the socket a request
 * changes threads no more.
 */
final class PushOrigin {
    private static final Logger LOG = LoggerFactory.getLogger(PushOrigin.class);

    /** Longer, and the senders' own windows would be full of messages for a service that takes few. */
    private static final long WAIT_NANOS = Duration.ofSeconds(5).toNanos();

    /** Who is sent away because nothing is answered, comes again then. */
    private static final long LATER_NANOS = Duration.ofSeconds(3).toNanos();

    private static final long LOOK_MILLIS = 100;

    private final String url;
    private final ContextInternal loop;
    private final InstantSource clock;
    private final int connectionsLimit;
    private final int streamsLimit;
    private final PushPace pace;
    private final PushOrigins.Refusals refusals;
    private final Deque<Waiting> urgent = new ArrayDeque<>();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private boolean admitting;
    private boolean looking;
    private volatile boolean old;
    private volatile Instant heldUntil;
    private volatile boolean paused;
    private volatile int refusedKeys;

    /** Guarded by {@link PushOrigins}. */
    final Set<HttpConnection> connections = new HashSet<>();

    private record Waiting(
            PushRequest push,
            Gate gate,
            Supplier<Future<PushAnswer>> attempt,
            Promise<PushAnswer> answer,
            long sinceNanos) {}

    /**
     * @param url scheme, host and port
     * @param streams requests out at once on each connection
     * @param firstRefusal how long a key that the service refuses is not tried there
     * @param refusals hears of such a key
     */
    PushOrigin(
            String url,
            ContextInternal loop,
            InstantSource clock,
            int connections,
            int streams,
            Duration firstRefusal,
            PushOrigins.Refusals refusals) {
        this.url = url;
        this.loop = loop;
        this.clock = clock;
        this.refusals = refusals;
        this.connectionsLimit = connections;
        this.streamsLimit = streams;
        this.pace = new PushPace(Math.multiplyExact(connections, streams), firstRefusal, System.nanoTime());
    }

    /** The service takes so many requests at once on a connection (RFC 9113 section 5.1.2). */
    void allows(long streams) {
        pace.heard(System.nanoTime());
        pace.limit(connectionsLimit * (int) Math.clamp(streams, 1, streamsLimit));
        admit();
    }

    /** Whether it was found to speak HTTP/1.1 only; it may learn, so this is forgotten with its last connection. */
    boolean isOld() {
        return old;
    }

    void isOld(boolean found) {
        old = found;
    }

    /** Until when it is not worth while to make anything for it; null for now. From any thread. */
    Instant heldUntil() {
        var until = heldUntil;
        return until == null || clock.instant().isAfter(until) ? null : until;
    }

    /** It failed so often that nothing is sent to it for a while. */
    boolean isPaused() {
        return paused;
    }

    /** Keys of ours that it does not take. */
    int refusedKeys() {
        return refusedKeys;
    }

    /** The same result, told on this origin's event loop. */
    <T> Future<T> here(Future<T> elsewhere) {
        var told = loop.<T>promise();
        elsewhere.onComplete(told);
        return told.future();
    }

    /**
     * Makes the attempt when it is its turn, on the event loop. The answer is {@link Outcome#HELD} with an instant when it
     * should not be made now, and {@link PushAnswer#SHUT} when the gate was found shut.
     */
    Future<PushAnswer> send(PushRequest push, Gate gate, Supplier<Future<PushAnswer>> attempt) {
        var answer = loop.<PushAnswer>promise();
        loop.runOnContext(turn -> enter(new Waiting(push, gate, attempt, answer, System.nanoTime())));
        return answer.future();
    }

    private void enter(Waiting next) {
        var line = next.push.urgent() ? urgent : waiting;
        if (pace.hasRoom(next.push.urgent()) && line.isEmpty()) {
            let(next);
        } else if (isStalled(next.sinceNanos)) {
            tellHeld(next.sinceNanos);
            next.answer.complete(held(LATER_NANOS));
        } else {
            line.add(next);
            look();
        }
    }

    private void let(Waiting next) {
        long now = System.nanoTime();
        var push = next.push;
        long wait = pace.heldNanos(push.keyId(), now);
        if (wait == 0 && push.retry()) {
            wait = pace.retryNanos(now, ThreadLocalRandom.current());
        }
        if (wait > 0) {
            next.answer.complete(held(wait));
        } else if (!next.gate.open()) {
            next.answer.complete(PushAnswer.SHUT);
        } else {
            pace.began(push.keyId(), push.retry(), now);
            next.attempt.get().onComplete(done -> {
                ended(push, done.result(), now);
                next.answer.complete(done.result());
                admit();
            });
        }
    }

    private void ended(PushRequest push, PushAnswer answer, long began) {
        long now = System.nanoTime();
        var asked = answer.notBefore() == null
                ? null
                : (Long) (now
                        + Duration.between(clock.instant(), answer.notBefore()).toNanos());
        var change = pace.ended(push.keyId(), answer.outcome(), asked, began, now, ThreadLocalRandom.current());
        tellHeld(now);
        switch (change) {
            case SERVICE_PAUSED -> LOG.warn("Push service {} fails again and again: sending to it pauses", url);
            case SERVICE_BACK -> LOG.info("Push service {} is back", url);
            case KEY_REFUSED -> {
                LOG.error(
                        "Push service {} refuses the VAPID key {} (status {}{}): its messages wait until it is taken. Check"
                                + " the contact in FATHI_VAPID_SUBJECT, this machine's clock, and whether the key is the"
                                + " one that browsers subscribed with",
                        url,
                        push.keyId(),
                        answer.httpStatus(),
                        answer.reason() == null ? "" : ", " + answer.reason());
                refusals.refused(url, push.keyId(), answer);
            }
            case KEY_BACK -> LOG.info("Push service {} takes the VAPID key {} again", url, push.keyId());
            case NOTHING -> {
                return;
            }
        }
        paused = pace.isPaused();
        refusedKeys = pace.refusedKeys();
    }

    private void tellHeld(long now) {
        long nanos = isStalled(now) ? LATER_NANOS : pace.pausedNanos(now);
        if (nanos > 0) {
            heldUntil = clock.instant().plusNanos(nanos);
        } else if (heldUntil != null) {
            heldUntil = null;
        }
    }

    private void admit() {
        if (admitting) {
            // Who was let in has left already: the loop below goes on, however many do so.
            return;
        }
        admitting = true;
        for (var next = next(); next != null; next = next()) {
            let(next);
        }
        admitting = false;
    }

    /** Whose turn it is; null when there is no room or nobody waits. */
    private Waiting next() {
        if (!urgent.isEmpty()) {
            return pace.hasRoom(true) ? urgent.poll() : null;
        }
        return pace.hasRoom(false) ? waiting.poll() : null;
    }

    /** Nobody waits for long, and nobody for a service that answers nothing. */
    private void look() {
        if (looking) {
            return;
        }
        looking = true;
        loop.setTimer(LOOK_MILLIS, timer -> {
            looking = false;
            tellHeld(System.nanoTime());
            sendAway(urgent);
            sendAway(waiting);
            if (!urgent.isEmpty() || !waiting.isEmpty()) {
                look();
            }
        });
    }

    private void sendAway(Deque<Waiting> line) {
        long now = System.nanoTime();
        boolean stalled = isStalled(now);
        while (!line.isEmpty() && (stalled || now - line.peek().sinceNanos > WAIT_NANOS)) {
            line.poll().answer.complete(held(LATER_NANOS));
        }
    }

    private boolean isStalled(long now) {
        return pace.isStalled(now, urgent.size() + waiting.size());
    }

    private PushAnswer held(long nanos) {
        return PushAnswer.held(clock.instant().plusNanos(nanos));
    }
}
