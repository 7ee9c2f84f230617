package app.fathi.crash;

import static app.fathi.crash.Eventually.eventually;
import static app.fathi.crash.Node.must;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Programs that send events and messages until their server dies, and remember what it had acknowledged. */
final class Clients {
    private static final int SENDING_EVENTS = 6;
    private static final int SENDING_MESSAGES = 2;
    private static final int EVENTS_AT_ONCE = 20;
    /** Each has a device. */
    static final int PEOPLE = 50;

    /** By their {@code messageId}: those that were acknowledged. */
    final Set<String> events = ConcurrentHashMap.newKeySet();
    /** By their titles, which are unique: the ids of those that were acknowledged. */
    final Map<String, String> messages = new ConcurrentHashMap<>();

    final Queue<Request> unanswered = new ConcurrentLinkedQueue<>();
    private final AtomicInteger number = new AtomicInteger();

    /** Something to be asked for until there is an answer. */
    private interface Request {
        void ask(Node node);
    }

    /** @param then what happens when so many events have been acknowledged; it ends the server */
    void workAgainst(Node node, int acknowledged, Runnable then) {
        var killer = Thread.ofPlatform().start(() -> {
            eventually(acknowledged + " events are acknowledged", () -> events.size() >= acknowledged);
            then.run();
        });
        CrashWorld.inParallel(SENDING_EVENTS + SENDING_MESSAGES, SENDING_EVENTS + SENDING_MESSAGES, client -> {
            boolean answered = true;
            while (answered) {
                answered = ask(node, client < SENDING_EVENTS ? someEvents() : aMessage());
            }
        });
        try {
            killer.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean ask(Node node, Request request) {
        try {
            request.ask(node);
            return true;
        } catch (UncheckedIOException dead) {
            unanswered.add(request);
            return false;
        }
    }

    void repeatWhatHadNoAnswer(Node node) {
        unanswered.forEach(request -> request.ask(node));
    }

    private Request someEvents() {
        var batch = new JsonArray();
        for (int i = 0; i < EVENTS_AT_ONCE; i++) {
            int no = number.incrementAndGet();
            batch.add(new JsonObject()
                    .put("type", "track")
                    .put("event", "Product Viewed")
                    .put("userId", person(no))
                    .put("messageId", "event " + no));
        }
        var body = new JsonObject().put("batch", batch);
        return node -> {
            must(200, node.post("/v1/batch", body));
            batch.forEach(event -> events.add(((JsonObject) event).getString("messageId")));
        };
    }

    private Request aMessage() {
        int no = number.incrementAndGet();
        var title = "message " + no;
        var body = CrashWorld.message(title, new JsonArray().add(person(no)));
        var key = UUID.randomUUID().toString();
        return node -> {
            var taken = must(202, node.post("/api/v1/webpush/messages", body, "Idempotency-Key", key));
            messages.put(title, taken.getString("id"));
        };
    }

    private static String person(int number) {
        return "person-" + number % PEOPLE;
    }
}
