package app.fathi.crash;

import static app.fathi.crash.Eventually.eventually;
import static app.fathi.crash.Node.must;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/**
 * A push service that outlives the servers under test, browsers subscribed at it, and server processes that all know the
 * same secrets. Whether the processes share a database or have one of their own is said by the settings.
 */
final class CrashWorld implements AutoCloseable {
    /** Deliveries of one message to everybody. */
    static final int DELIVERIES = 2_000;

    /** Their second devices make deliveries of rank 1. */
    private static final int PEOPLE_WITH_TWO_DEVICES = 200;

    private static final int PEOPLE = DELIVERIES - PEOPLE_WITH_TWO_DEVICES;
    private static final int SUBSCRIBING_AT_ONCE = 12;

    /** Messages in flight of one chunk, the default: what a crash can leave ambiguous. */
    static final int WINDOW = 128;

    /**
     * Four chunks, two for each of two processes: of six workers two may do campaigns of one workspace. Leases are as short as a slow machine allows: one that ran out under a
     * living process would make duplicates that nobody crashed for.
     */
    private static final Map<String, String> SETTINGS = Map.of(
            "FATHI_ADMIN_EMAIL", TestServer.ADMIN_EMAIL,
            "FATHI_ADMIN_PASSWORD", TestServer.ADMIN_PASSWORD,
            "FATHI_MASTER_KEY", Base64.getEncoder().encodeToString(new byte[32]),
            "FATHI_VAPID_SUBJECT", "mailto:push@fathi.dev",
            "FATHI_OUTBOUND_ALLOW", "127.0.0.0/8",
            "FATHI_SEND_CHUNK_PROFILES", "" + PEOPLE / 4,
            "FATHI_JOBS_WORKERS", "6",
            "FATHI_JOBS_POLL_MILLIS", "50",
            "FATHI_JOBS_LEASE_SECONDS", "8");

    final FakePushService push = FakePushService.start();
    private final Path folder;
    private final Map<String, String> settings;
    /** By the subscription's id. */
    private final Map<String, VirtualSubscription> devices = new ConcurrentHashMap<>();

    private int messages;

    /** @param settings what all processes of this world have in common, beside {@link #SETTINGS} */
    CrashWorld(Path folder, Map<String, String> settings) {
        this.folder = folder;
        this.settings = new HashMap<>(SETTINGS);
        this.settings.putAll(settings);
        this.settings.put(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString());
        // As far away as real ones are: there is always something on its way.
        push.answerAlways(Answer.status(201).after(Duration.ofMillis(20)));
    }

    /** Starts a process in the folder of this name and returns at once. */
    Node start(String name, Map<String, String> more) {
        var all = new HashMap<>(settings);
        all.putAll(more);
        try {
            return Node.start(Files.createDirectories(folder.resolve(name)), all);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void subscribeEverybody(Node node) {
        subscribe(node, DELIVERIES);
    }

    /** So many devices of {@code person-0}, {@code person-1} … subscribe through the API. */
    void subscribe(Node node, int count) {
        var key = must(200, node.get("/api/v1/webpush/key")).getString("publicKey");
        inParallel(count, SUBSCRIBING_AT_ONCE, i -> {
            var device = push.subscribe(key);
            var draft = new JsonObject()
                    .put("endpoint", device.endpoint())
                    .put("keys", new JsonObject().put("p256dh", device.p256dh()).put("auth", device.auth()))
                    .put("userId", "person-" + i % PEOPLE);
            var saved = must(201, node.post("/api/v1/webpush/subscriptions", draft));
            devices.put(saved.getString("id"), device);
        });
    }

    /** A message, and how many requests the push service had seen before it. */
    record Sent(String id, String title, long requestsBefore) {}

    /** One message to everybody; its title is like no other's. Who does not answer is asked again, as a client would. */
    Sent send(Node node, Node otherwise) {
        var title = "message " + ++messages;
        var people = new JsonArray();
        for (int i = 0; i < PEOPLE; i++) {
            people.add("person-" + i);
        }
        var body = message(title, people);
        var key = UUID.randomUUID().toString();
        long before = push.requests();
        TestServer.Answer answer;
        try {
            answer = node.post("/api/v1/webpush/messages", body, "Idempotency-Key", key);
        } catch (UncheckedIOException dead) {
            answer = otherwise.post("/api/v1/webpush/messages", body, "Idempotency-Key", key);
        }
        return new Sent(must(202, answer).getString("id"), title, before);
    }

    static JsonObject message(String title, JsonArray userIds) {
        return new JsonObject()
                .put("audience", new JsonObject().put("userIds", userIds))
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", title).put("url", "https://shop.example/"));
    }

    /** Waits until the push service has seen so many requests of the message, which is the only one under way. */
    void awaitRequests(Sent sent, int count) {
        eventually(count + " requests of " + sent, () -> push.requests() >= sent.requestsBefore() + count);
    }

    void awaitCompleted(Node node, Sent sent) {
        eventually(
                sent + " is completed",
                () -> status(node, sent).getString("state").equals("completed"));
    }

    static JsonObject status(Node node, Sent sent) {
        return must(200, node.get("/api/v1/webpush/messages/" + sent.id()));
    }

    /** The device behind each subscription's id. */
    Map<String, VirtualSubscription> devices() {
        return Map.copyOf(devices);
    }

    static int people() {
        return PEOPLE;
    }

    interface Step {
        void run(int number) throws Exception;
    }

    /** Runs the step with each number below {@code count}, so many at a time; fails with the first failure. */
    static void inParallel(int count, int atOnce, Step step) {
        var tasks = new ArrayList<Callable<Void>>();
        for (int i = 0; i < count; i++) {
            int number = i;
            tasks.add(() -> {
                step.run(number);
                return null;
            });
        }
        try (var threads = Executors.newFixedThreadPool(atOnce)) {
            for (var done : threads.invokeAll(tasks)) {
                done.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        push.close();
    }
}
