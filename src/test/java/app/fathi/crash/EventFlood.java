package app.fathi.crash;

import static app.fathi.crash.Eventually.eventually;
import static app.fathi.crash.Node.must;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * As many events as a single process takes, over {@code /v1/batch}, until it or its database is killed; when it is there again, all
 * that it had acknowledged is looked for.
 */
public final class EventFlood implements AutoCloseable {
    private static final Map<String, String> SETTINGS = Map.of(
            "FATHI_ADMIN_EMAIL",
            TestServer.ADMIN_EMAIL,
            "FATHI_ADMIN_PASSWORD",
            TestServer.ADMIN_PASSWORD,
            "FATHI_VAPID_SUBJECT",
            "mailto:push@fathi.dev",
            "FATHI_STREAM_LEASE_SECONDS",
            "5");

    private static final int CLIENTS = 8;
    private static final int BATCH = 100;
    private static final int PEOPLE = 40;
    /** Of a long round some are claimed by more people than share a device, and some are not. */
    private static final int VISITORS = 300;
    /** Few, so that many are said of each person at one moment. */
    private static final int MOMENTS = 2_000;

    private final Path folder;
    private Node node;
    private int rounds;

    /** @param folder in which the process keeps everything */
    public EventFlood(Path folder) {
        this.folder = folder;
        this.node = Node.start(folder, SETTINGS).awaitReady();
    }

    /** What clients have sent in a round. */
    private static final class Sent {
        final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
        /** Nobody knows what became of them. */
        final Queue<JsonObject> unanswered = new ConcurrentLinkedQueue<>();
    }

    /** @param acknowledged after how many events the process dies */
    public void isKilledAfter(int acknowledged, Random random) {
        falls(
                "kill -9",
                acknowledged,
                random,
                node.process()::kill,
                () -> node = Node.start(folder, SETTINGS).awaitReady());
    }

    /**
     * One process of the database dies, and with it all that the database had not written yet: it recovers from its log, while the server
     * goes on.
     *
     * @param acknowledged after how many events that happens
     */
    public void losesItsDatabaseAfter(int acknowledged, Random random) {
        falls(
                "kill -9 of the database",
                acknowledged,
                random,
                this::killDatabase,
                () -> eventually(
                        "the server reaches its database again",
                        () -> node.get("/health/ready").status() == 200));
    }

    /** Whoever copies or derives right now. */
    private void killDatabase() {
        try (var database = new EmbeddedDatabase(folder.resolve("data"))) {
            var pids =
                    database.count("SELECT pid::text, pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                            + " AND pid <> pg_backend_pid() ORDER BY state = 'active' DESC LIMIT 1");
            int exit = new ProcessBuilder(
                            "kill", "-KILL", pids.keySet().iterator().next())
                    .start()
                    .waitFor();
            assertThat(exit).as("kill").isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void falls(String fault, int acknowledged, Random random, Runnable kill, Runnable returns) {
        var people = "r" + ++rounds + "-";
        var began = System.nanoTime();
        var sent = flood(people, acknowledged, random, kill);
        var seconds = (System.nanoTime() - began) * 1e-9;
        returns.run();
        var restarted = System.nanoTime();
        try (var database = new EmbeddedDatabase(folder.resolve("data"))) {
            eventually("all that was stored is digested", database::isDigested);
            var digested = (System.nanoTime() - restarted) * 1e-9;
            var stored = stored(database, people);
            assertThat(stored).as("acknowledged, and there").containsAll(sent.acknowledged);
            long more = stored.size() - sent.acknowledged.size();

            sent.unanswered.forEach(batch -> send(batch, sent));
            eventually("all that was stored is digested", database::isDigested);
            assertThat(stored(database, people))
                    .as("after clients have repeated what had no answer")
                    .isEqualTo(new TreeSet<>(sent.acknowledged));
            var known = everybodyIsAsAReplaySays(database, people);
            System.out.printf(
                    "%s after %d events, %.0f a second; %d batches without an answer, %d of their events stored; digested %.1f s"
                            + " after the restart; %d people as replayed; seed %d%n",
                    fault,
                    sent.acknowledged.size() - sent.unanswered.size() * BATCH,
                    acknowledged / seconds,
                    sent.unanswered.size(),
                    more,
                    digested,
                    known,
                    Seeded.SEED);
        }
    }

    private Sent flood(String people, int acknowledged, Random random, Runnable kill) {
        var sent = new Sent();
        var number = new AtomicInteger();
        var over = new AtomicBoolean();
        var killer = Thread.ofPlatform().start(() -> {
            eventually("events are acknowledged", () -> sent.acknowledged.size() >= acknowledged);
            kill.run();
            over.set(true);
        });
        var seed = random.nextLong();
        CrashWorld.inParallel(CLIENTS, CLIENTS, client -> {
            var choices = new Random(seed + client);
            var alive = true;
            while (alive && !over.get()) {
                var batch = batch(people, number, choices);
                try {
                    send(batch, sent);
                } catch (UncheckedIOException | AssertionError dead) {
                    sent.unanswered.add(batch);
                    alive = false;
                }
            }
        });
        try {
            killer.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return sent;
    }

    private void send(JsonObject batch, Sent sent) {
        must(200, node.post("/v1/batch", batch));
        batch.getJsonArray("batch")
                .forEach(event -> sent.acknowledged.add(((JsonObject) event).getString("messageId")));
    }

    /** Half of the clients' clocks are wrong. */
    private static JsonObject batch(String people, AtomicInteger number, Random random) {
        var now = Instant.now();
        var skew = random.nextBoolean() ? Duration.ofSeconds(random.nextInt(7_200) - 3_600) : Duration.ZERO;
        var events = new JsonArray();
        for (int i = 0; i < BATCH; i++) {
            events.add(event(people, number.incrementAndGet(), now.plus(skew), random));
        }
        var batch = new JsonObject().put("batch", events);
        return skew.isZero() ? batch : batch.put("sentAt", now.plus(skew).toString());
    }

    private static JsonObject event(String people, int number, Instant now, Random random) {
        var event = new JsonObject()
                .put("messageId", people + random.nextInt(10) + "-" + number)
                .put(
                        "timestamp",
                        now.truncatedTo(ChronoUnit.SECONDS)
                                .minusMillis(random.nextInt(MOMENTS))
                                .toString());
        // Who signs in claims the visitor that they were; most is said without both.
        var kind = random.nextInt(10);
        if (kind != 0) {
            event.put("userId", people + "u" + random.nextInt(PEOPLE));
        }
        if (kind < 2) {
            event.put("anonymousId", people + "v" + random.nextInt(VISITORS));
        }
        return switch (random.nextInt(4)) {
            case 0 ->
                event.put("type", "identify")
                        .put(
                                "traits",
                                new JsonObject()
                                        .put("t" + random.nextInt(8), random.nextInt(6) == 0 ? null : number)
                                        .put("u" + random.nextInt(8), "value " + random.nextInt(50)));
            case 1 -> tagging(event, "Tag Added", random);
            case 2 -> tagging(event, "Tag Removed", random);
            default ->
                event.put("type", "track")
                        .put("event", "Product Viewed")
                        .put("properties", new JsonObject().put("productId", "x-" + random.nextInt(100)));
        };
    }

    private static JsonObject tagging(JsonObject event, String name, Random random) {
        return event.put("type", "track")
                .put("event", name)
                .put("properties", new JsonObject().put("tag", "tag-" + random.nextInt(20)));
    }

    /** The events of this round, none of them twice. */
    private static Set<String> stored(EmbeddedDatabase database, String people) {
        var counts = database.count(
                "SELECT message_id, count(*) FROM cdp_event WHERE message_id LIKE '" + people + "%' GROUP BY 1");
        assertThat(counts.entrySet().stream().filter(one -> one.getValue() != 1).collect(toSet()))
                .as("stored more than once")
                .isEmpty();
        return new TreeSet<>(counts.keySet());
    }

    private int everybodyIsAsAReplaySays(EmbeddedDatabase database, String people) {
        var events = database
                .rows(
                        """
                        SELECT (extract(epoch FROM at) * 1000000)::bigint AS micros, message_id, payload FROM cdp_event
                        WHERE message_id LIKE '%s%%'
                        """
                                .formatted(people))
                .stream()
                .map(row -> new Replay.Event(
                        row.getLong("micros"),
                        row.getString("message_id"),
                        row.getJsonObject("payload").getString("userId"),
                        row.getJsonObject("payload").getString("anonymousId"),
                        row.getJsonObject("payload")))
                .toList();
        var expected = new Replay(events).people();
        var wrong = new HashSet<String>();
        expected.forEach((name, person) -> {
            var profile = must(200, node.get("/api/v1/cdp/profiles/" + name));
            if (!profile.getJsonObject("traits").getMap().equals(person.traits())
                    || !profile.getJsonArray("tags").stream().toList().equals(List.copyOf(person.tags()))) {
                wrong.add(name + " is " + profile.getJsonObject("traits") + " " + profile.getJsonArray("tags")
                        + " and should be " + person);
            }
        });
        assertThat(wrong).as("people who are not what their events say").isEmpty();
        return expected.size();
    }

    @Override
    public void close() {
        node.close();
    }
}
