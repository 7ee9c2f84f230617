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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
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
public final class CrashWorld implements AutoCloseable {
    /**
     * Who there is to send to: {@code person-0}, {@code person-1} …
     *
     * @param devices deliveries of one message to everybody
     * @param people fewer than devices: who comes around again has a second one, which makes deliveries of rank 1. At most
     *     as many as one message can go to
     */
    public record Crowd(int devices, int people) {}

    /** Enough for a window to open, fill and empty several times. */
    static final Crowd SMALL = new Crowd(2_000, 1_800);

    /** Messages in flight of one chunk, the default: what a crash can leave ambiguous. */
    public static final int WINDOW = 128;

    /** What a node's workers do of one workspace's campaigns, as {@link #SETTINGS} have it. */
    public static final int CHUNKS_AT_ONCE = 2;

    private static final int LARGEST_CHUNK = 1_000;

    /**
     * Of six workers two may do campaigns of one workspace. Leases are as short as a slow machine allows: one that ran out under a
     * living process would make duplicates that nobody crashed for.
     */
    private static final Map<String, String> SETTINGS = Map.of(
            "FATHI_ADMIN_EMAIL", TestServer.ADMIN_EMAIL,
            "FATHI_ADMIN_PASSWORD", TestServer.ADMIN_PASSWORD,
            "FATHI_MASTER_KEY", Base64.getEncoder().encodeToString(new byte[32]),
            "FATHI_VAPID_SUBJECT", "mailto:push@fathi.dev",
            "FATHI_OUTBOUND_ALLOW", "127.0.0.0/8",
            "FATHI_SECURITY_ACCESS_TOKEN_SECONDS", "3600",
            "FATHI_JOBS_WORKERS", "6",
            "FATHI_JOBS_POLL_MILLIS", "50",
            "FATHI_JOBS_LEASE_SECONDS", "8");

    public final FakePushService push;
    private final Path folder;
    private final Map<String, String> settings;
    private final Crowd crowd;
    /** By the subscription's id. */
    private final Map<String, VirtualSubscription> devices = new ConcurrentHashMap<>();

    private int messages;

    /** @param settings what all processes of this world have in common, beside {@link #SETTINGS} */
    CrashWorld(Path folder, Map<String, String> settings) {
        this(folder, settings, SMALL, FakePushService.Options.usual());
    }

    public CrashWorld(Path folder, Map<String, String> settings, Crowd crowd, FakePushService.Options service) {
        this.folder = folder;
        this.crowd = crowd;
        this.push = FakePushService.start(service);
        this.settings = new HashMap<>(SETTINGS);
        // Four chunks where that is possible, two for each of two processes.
        this.settings.put("FATHI_SEND_CHUNK_PROFILES", "" + Math.min(LARGEST_CHUNK, crowd.people() / 4));
        this.settings.putAll(settings);
        this.settings.put(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString());
        // As far away as real ones are: there is always something on its way.
        push.answerAlways(Answer.status(201).after(Duration.ofMillis(20)));
    }

    /** Starts a process in the folder of this name and returns at once. */
    public Node start(String name, Map<String, String> more) {
        var all = new HashMap<>(settings);
        all.putAll(more);
        try {
            return Node.start(Files.createDirectories(folder.resolve(name)), all);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void subscribeEverybody(Node node) {
        subscribe(node, crowd.devices());
    }

    /** So many devices of {@code person-0}, {@code person-1} …, taken in by import: one by one they would take minutes. */
    public void subscribe(Node node, int count) {
        subscribe(node, push, count);
    }

    /** At another push service, which must have the same certificate. */
    public void subscribe(Node node, FakePushService push, int count) {
        var key = must(200, node.get("/api/v1/webpush/key"));
        var made = new HashMap<String, VirtualSubscription>();
        var lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            var device = push.subscribe(key.getString("publicKey"));
            made.put(shownHash(device.endpoint()), device);
            lines.append(device.toJson().put("userId", "person-" + i % crowd.people()))
                    .append('\n');
        }
        var path = "/api/v1/webpush/subscriptions/import?keyId=" + key.getString("id");
        var id = must(202, node.upload(path, "application/x-ndjson", lines.toString()))
                .getString("id");
        eventually("everybody is imported", () -> must(200, node.get("/api/v1/webpush/imports/" + id))
                .getString("state")
                .equals("completed"));
        for (String cursor = ""; cursor != null; ) {
            var page = must(200, node.get("/api/v1/webpush/subscriptions?limit=200" + cursor));
            for (var one : page.getJsonArray("items")) {
                var device = made.remove(((JsonObject) one).getString("endpointHash"));
                if (device != null) {
                    devices.put(((JsonObject) one).getString("id"), device);
                }
            }
            var next = page.getString("nextCursor");
            cursor = next == null ? null : "&cursor=" + next;
        }
        if (!made.isEmpty()) {
            throw new AssertionError(made.size() + " of " + count + " could not be imported");
        }
    }

    /** As the API shows it. */
    private static String shownHash(String endpoint) {
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest(endpoint.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** A message, and how many requests the push service had seen before it. */
    public record Sent(String id, String title, long requestsBefore) {}

    /** One message to everybody; its title is like no other's. Who does not answer is asked again, as a client would. */
    public Sent send(Node node, Node otherwise) {
        var title = "message " + ++messages;
        var people = new JsonArray();
        for (int i = 0; i < crowd.people(); i++) {
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

    public static JsonObject message(String title, JsonArray userIds) {
        return new JsonObject()
                .put("audience", new JsonObject().put("userIds", userIds))
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", title).put("url", "https://shop.example/"));
    }

    /** Waits until the push service has seen so many requests of the message, which is the only one under way. */
    public void awaitRequests(Sent sent, int count) {
        eventually(count + " requests of " + sent, () -> push.requests() >= sent.requestsBefore() + count);
    }

    public void awaitCompleted(Node node, Sent sent) {
        eventually(
                sent + " is completed",
                () -> status(node, sent).getString("state").equals("completed"));
    }

    public static JsonObject status(Node node, Sent sent) {
        return must(200, node.get("/api/v1/webpush/messages/" + sent.id()));
    }

    /** The device behind each subscription's id. */
    public Map<String, VirtualSubscription> devices() {
        return Collections.unmodifiableMap(devices);
    }

    public Crowd crowd() {
        return crowd;
    }

    public interface Step {
        void run(int number) throws Exception;
    }

    /** Runs the step with each number below {@code count}, so many at a time; fails with the first failure. */
    public static void inParallel(int count, int atOnce, Step step) {
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
