package app.fathi.chaos;

import static app.fathi.crash.Node.must;
import static app.fathi.testing.Eventually.eventually;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.Node;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code kill -9} of a single node with its database, while people are entered into a campaign and it goes out to them. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class KilledEntriesTest {
    private static final int MOMENTS = 3;
    private static final int PEOPLE = 100;
    private static final int ENTRIES = 1_000;
    private static final int CLIENTS = 8;
    /** Of {@link CrashWorld}: each has one message of one person on its way at most. */
    private static final int WORKERS = 6;

    private static CrashWorld world;
    private static volatile Node node;

    @BeforeAll
    static void start(@TempDir Path folder) throws IOException {
        // As root the database runs as somebody else, who has to get to it.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        var crowd = new CrashWorld.Crowd(PEOPLE, PEOPLE);
        world = new CrashWorld(folder, Map.of(), crowd, FakePushService.Options.usual());
        node = world.start("only", Map.of()).awaitReady();
        world.subscribeEverybody(node);
    }

    @AfterAll
    static void stop() {
        node.close();
        world.close();
    }

    @RepeatedTest(MOMENTS)
    void who_asks_until_there_is_an_answer_enters_each_once_and_each_gets_it(Random random) {
        world.push.forgetReceipts();
        int moment = 1 + random.nextInt(ENTRIES * 3 / 4);
        var round = Round.of(world);
        var campaign = launched();
        var messages = new ConcurrentHashMap<Integer, String>();
        var clients = CompletableFuture.runAsync(
                () -> CrashWorld.inParallel(ENTRIES, CLIENTS, i -> messages.put(i, entered(campaign, i))),
                task -> Thread.ofVirtual().start(task));
        eventually("so many are entered", Duration.ofMinutes(2), messages::size, size -> size >= moment);
        node.process().kill();
        node = world.start("only", Map.of()).awaitReady();
        clients.join();
        var stats = eventually(
                "all have come to their end",
                Duration.ofMinutes(2),
                () -> must(200, node.get(campaign + "/stats")),
                told -> told.getJsonObject("counts").getInteger("waiting") == 0);
        assertThat(stats.getInteger("runs")).isEqualTo(ENTRIES);
        assertThat(stats.getJsonObject("reasons")).isEqualTo(new JsonObject().put("accepted", ENTRIES));
        assertThat(messages.values()).doesNotHaveDuplicates();
        var taken = world.push.receipts().stream()
                .collect(groupingBy(
                        receipt -> receipt.json().getJsonObject("notification").getString("title")));
        assertThat(taken.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, ENTRIES).mapToObj(i -> "Order " + i).toList());
        var twice = IntStream.range(0, ENTRIES)
                .filter(i -> taken.get("Order " + i).size() > 1)
                .boxed()
                .toList();
        round.saw(twice.size(), "kill -9 after %d of %d entries", moment, ENTRIES);
        assertThat(twice).hasSizeLessThanOrEqualTo(WORKERS);
        twice.forEach(i -> assertThat(retryReason(messages.get(i)))
                .as("of what came twice")
                .isEqualTo("crash"));
    }

    /** The address of a campaign that takes entries. */
    private static String launched() {
        var content = new JsonObject().put("title", "Order {{ data.order }}").put("url", "https://shop.example/");
        var draft = new JsonObject()
                .put("name", "entries " + UUID.randomUUID())
                .put("purpose", "marketing")
                .put("content", content)
                .put("schedule", new JsonObject().put("kind", "triggered"));
        var path = "/api/v1/campaigns/"
                + must(201, node.post("/api/v1/campaigns", draft)).getString("id");
        must(200, node.post(path + "/launch", new JsonObject(), "If-Match", "\"v1\""));
        return path;
    }

    /** As a client does it: the same key until there is an answer. */
    private static String entered(String campaign, int i) {
        var recipient = new JsonObject()
                .put("userId", "person-" + i % PEOPLE)
                .put("data", new JsonObject().put("order", "" + i));
        var body = new JsonObject().put("recipients", new JsonArray().add(recipient));
        while (true) {
            try {
                var answer = node.post(campaign + "/trigger", body, "Idempotency-Key", campaign + i);
                if (answer.status() == 202) {
                    assertThat(answer.json().getInteger("entered")).isEqualTo(1);
                    return answer.json().getString("messageId");
                }
                assertThat(answer.status()).as(answer.body()).isIn(409, 503);
            } catch (UncheckedIOException dead) {
                // It is started again.
            }
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
    }

    private static String retryReason(String message) {
        return must(200, node.get("/api/v1/webpush/messages/" + message + "/deliveries"))
                .getJsonArray("items")
                .getJsonObject(0)
                .getString("retryReason");
    }
}
