package app.fathi.cdp.live;

import app.fathi.platform.bus.Reply;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * The latest of what arrived in one workspace, as this node has heard it. Listeners are places in it: nothing is kept for each,
 * and who is overtaken is told how much they have missed. Thread-safe.
 */
final class LiveRing {
    /** Told in one piece. */
    private static final int PAGE = 100;

    private static final String GAP = "gap";

    private final Vertx vertx;
    private final int size;
    /** Other nodes, and this one another time, hear things in another order: their places are none of ours. */
    private final String name = UUID.randomUUID().toString().substring(0, 8);

    private final ArrayDeque<Line> lines = new ArrayDeque<>();
    private final Set<Listener> listeners = new HashSet<>();
    private long next = 1;
    /** Events so far, those included that were only counted. */
    private long events;

    private long emptySinceNanos = System.nanoTime();

    /**
     * @param number its place
     * @param before events before it
     */
    private record Line(long number, long before, String event, JsonObject data) {}

    LiveRing(Vertx vertx, int size) {
        this.vertx = vertx;
        this.size = size;
    }

    /** @param missed how many more came of which nothing is told */
    void add(List<JsonObject> arrived, int missed) {
        List<Runnable> telling;
        synchronized (this) {
            arrived.forEach(data -> put("arrived", data, 1));
            if (missed > 0) {
                put(GAP, new JsonObject().put("missed", missed), missed);
            }
            telling = listeners.stream()
                    .filter(listener -> listener.waiting != null)
                    .map(Listener::tell)
                    .toList();
        }
        telling.forEach(Runnable::run);
    }

    private void put(String event, JsonObject data, int weight) {
        lines.add(new Line(next++, events, event, data));
        events += weight;
        if (lines.size() > size) {
            lines.poll();
        }
    }

    /**
     * Somebody who listens from now on, or from behind the event that they heard last where that is still known.
     *
     * @param after {@code Last-Event-ID}; null for none
     */
    synchronized Listener listen(String after) {
        var listener = new Listener();
        listener.from = next;
        listener.heard = events;
        if (after != null) {
            var known = place(after);
            listener.from = known == null ? next : known.number + 1;
            listener.heard = known == null ? events : known.before + 1;
            listener.lost = known == null;
        }
        listeners.add(listener);
        return listener;
    }

    private Line place(String id) {
        return lines.stream()
                .filter(line -> line.event.equals("arrived") && id(line).equals(id))
                .findFirst()
                .orElse(null);
    }

    private String id(Line line) {
        return name + "-" + line.number;
    }

    synchronized int listeners() {
        return listeners.size();
    }

    /** How long nobody has listened. */
    synchronized long emptyNanos() {
        return listeners.isEmpty() ? System.nanoTime() - emptySinceNanos : 0;
    }

    final class Listener {
        private long from;
        private long heard;
        /** Where it was is known no longer. */
        private boolean lost;

        private Promise<List<Reply.Event>> waiting;

        /** What came since, at once or when something comes. */
        Future<List<Reply.Event>> next() {
            synchronized (LiveRing.this) {
                Promise<List<Reply.Event>> promise =
                        ((VertxInternal) vertx).getOrCreateContext().promise();
                if (lost || from < next) {
                    promise.complete(take());
                } else {
                    waiting = promise;
                }
                return promise.future();
            }
        }

        private Runnable tell() {
            var promise = waiting;
            var page = take();
            waiting = null;
            return () -> promise.complete(page);
        }

        private List<Reply.Event> take() {
            var page = new ArrayList<Reply.Event>();
            if (lost) {
                page.add(gap(null));
                lost = false;
            }
            var oldest = lines.peek();
            if (oldest != null && from < oldest.number) {
                page.add(gap(oldest.before - heard));
                from = oldest.number;
            }
            for (var line : lines) {
                if (line.number >= from && page.size() < PAGE) {
                    page.add(new Reply.Event(line.event.equals(GAP) ? null : id(line), line.event, line.data));
                    from = line.number + 1;
                    heard = line.before + (line.event.equals(GAP) ? line.data.getInteger("missed") : 1);
                }
            }
            return page;
        }

        private static Reply.Event gap(Long missed) {
            return new Reply.Event(null, GAP, new JsonObject().put("missed", missed));
        }

        void end() {
            synchronized (LiveRing.this) {
                if (listeners.remove(this) && listeners.isEmpty()) {
                    emptySinceNanos = System.nanoTime();
                }
            }
        }
    }
}
