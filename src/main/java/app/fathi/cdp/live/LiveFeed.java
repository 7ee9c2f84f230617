package app.fathi.cdp.live;

import app.fathi.platform.bus.Reply;
import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/**
 * What arrives, told over the bus to whoever listens in the workspace, on whichever node. Nodes on which somebody listens say so
 * every other second; nobody else is told anything, and asking whether somebody listens is one look into a map. Nothing that
 * must happen hangs on it: a message that is lost is one line on somebody's screen. One for the node. Thread-safe.
 */
public final class LiveFeed {
    private static final String WANTED = "fathi.live.wanted";
    private static final String TOLD = "fathi.live.told.";
    private static final long ASK_MILLIS = 2_000;
    private static final long WANTED_NANOS = TimeUnit.SECONDS.toNanos(6);
    /** Whoever lost their connection finds what they missed. */
    private static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final int RETRY_SECONDS = 10;

    private final Vertx vertx;
    private final Config.Live config;
    /** Workspaces in which somebody listens, each with the moment until which that was said. */
    private final Map<Integer, Long> wanted = new ConcurrentHashMap<>();

    private final Map<Integer, Heard> heard = new ConcurrentHashMap<>();
    private final Map<Integer, Second> told = new ConcurrentHashMap<>();
    private MessageConsumer<Integer> wishes;
    private long timer;

    private record Heard(LiveRing ring, MessageConsumer<JsonObject> consumer, Future<Void> registered) {}

    /** How many events of a workspace were told in a second. */
    private record Second(long number, int events) {}

    public LiveFeed(Vertx vertx, Config.Live config) {
        this.vertx = vertx;
        this.config = config;
    }

    public Future<Void> start() {
        wishes = vertx.eventBus().consumer(WANTED, wish -> wanted.put(wish.body(), System.nanoTime() + WANTED_NANOS));
        timer = vertx.setPeriodic(ASK_MILLIS, tick -> tidy());
        return wishes.completion();
    }

    public Future<Void> stop() {
        vertx.cancelTimer(timer);
        heard.keySet().forEach(this::forget);
        return wishes.unregister();
    }

    private void tidy() {
        var now = System.nanoTime();
        wanted.values().removeIf(until -> until - now < 0);
        told.keySet().retainAll(wanted.keySet());
        heard.forEach((ws, one) -> {
            if (one.ring.emptyNanos() > KEPT_NANOS) {
                forget(ws);
            } else {
                vertx.eventBus().publish(WANTED, ws);
            }
        });
    }

    private void forget(Integer ws) {
        var one = heard.remove(ws);
        if (one != null) {
            one.consumer.unregister();
        }
    }

    /** Whether anybody listens in this workspace; to be asked before anything is made for them. */
    public boolean isWanted(int ws) {
        return !wanted.isEmpty() && wanted.containsKey(ws);
    }

    /**
     * Tells what arrived, as far as a second's share goes: of the rest only how much it was.
     *
     * @param line makes the line of one of the events, which are counted from 0
     */
    public void tell(int ws, int events, IntFunction<JsonObject> line) {
        var share = share(ws, events);
        var lines = new JsonArray();
        for (int i = 0; i < share; i++) {
            lines.add(line.apply(i));
        }
        vertx.eventBus().publish(TOLD + ws, new JsonObject().put("lines", lines).put("missed", events - share));
    }

    private int share(int ws, int events) {
        var second = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
        var granted = new int[1];
        told.compute(ws, (same, before) -> {
            var used = before == null || before.number != second ? 0 : before.events;
            granted[0] = Math.min(events, config.eventsPerSecond() - used);
            return new Second(second, used + granted[0]);
        });
        return granted[0];
    }

    /**
     * Somebody begins to listen; answered when they hear what this node's own requests bring.
     *
     * @param after {@code Last-Event-ID}; null for none
     * @param seconds how long at most
     */
    public Future<Reply> listen(int ws, String after, int seconds) {
        var one = heard.computeIfAbsent(ws, this::hear);
        return one.registered.compose(registered -> {
            LiveRing.Listener listener;
            synchronized (one.ring) {
                if (one.ring.listeners() >= config.listeners()) {
                    throw new ProblemException(Problem.retryLater(
                            Kind.RATE_LIMITED,
                            "As many listen in this workspace as may: close another stream first.",
                            RETRY_SECONDS));
                }
                listener = one.ring.listen(after);
            }
            if (heard.get(ws) != one) {
                // It was given up in the meantime, for nobody had listened for long.
                listener.end();
                return listen(ws, after, seconds);
            }
            wanted.put(ws, System.nanoTime() + WANTED_NANOS);
            vertx.eventBus().publish(WANTED, ws);
            return Future.succeededFuture(Reply.live(new Reply.Live(listener::next, listener::end, seconds)));
        });
    }

    private Heard hear(Integer ws) {
        var ring = new LiveRing(vertx, config.events());
        MessageConsumer<JsonObject> consumer = vertx.eventBus().consumer(TOLD + ws);
        consumer.handler(message -> ring.add(
                message.body().getJsonArray("lines").stream()
                        .map(JsonObject.class::cast)
                        .toList(),
                message.body().getInteger("missed")));
        return new Heard(ring, consumer, consumer.completion());
    }
}
