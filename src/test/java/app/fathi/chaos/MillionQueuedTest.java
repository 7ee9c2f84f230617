package app.fathi.chaos;

import static app.fathi.crash.Node.must;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.CrashWorld.Crowd;
import app.fathi.crash.Node;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A million messages are there to be sent, while nobody sends and while somebody does; and a million jobs. */
@Tag("chaos")
@ExtendWith(Seeded.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MillionQueuedTest {
    private static final Crowd CROWD = new Crowd(1_000, 1_000);
    private static final int MILLION = Integer.getInteger("fathi.chaos.devices", 1_000_000);
    private static final int AT_ONCE = 2;
    private static final int LOOKS = 100;

    /** What a node may hold more of when a million messages wait: hardly anything. */
    private static final double MORE_MEGABYTES = 32;

    private static final Duration SENDING = Duration.ofSeconds(60);
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private static TestDatabase database;
    private static CrashWorld world;
    /** Takes messages and answers; it does not send. */
    private static Node api;

    @BeforeAll
    static void start(@TempDir Path folder) {
        database = TestDatabase.create();
        world = Scale.world(
                folder,
                database.environment(),
                Map.of(),
                CROWD,
                FakePushService.Options.usual().passing());
        api = world.start("api", Map.of("FATHI_ROLES", "api")).awaitReady();
        world.subscribeEverybody(api);
    }

    @AfterAll
    static void stop() {
        api.close();
        world.close();
        database.close();
    }

    /** Asks all the time whether a node is ready. */
    private static final class Readiness implements AutoCloseable {
        private final AtomicBoolean over = new AtomicBoolean();
        private final List<String> bad = new ArrayList<>();
        private final Thread asking;

        Readiness(Node node) {
            asking = Thread.ofPlatform().start(() -> {
                while (!over.get()) {
                    var answer = node.get("/health/ready");
                    if (answer.status() != 200) {
                        bad.add(answer.status() + " " + answer.body());
                    }
                    LockSupport.parkNanos(Duration.ofMillis(250).toNanos());
                }
            });
        }

        @Override
        public void close() throws InterruptedException {
            over.set(true);
            asking.join();
            assertThat(bad).as("answers of /health/ready that were not 200").isEmpty();
        }
    }

    /** What is in use after a collection. */
    private static double heapMegabytes(Node node) throws IOException, InterruptedException {
        var jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        new ProcessBuilder(jcmd, "" + node.process().pid(), "GC.run")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        return node.get("/metrics")
                        .body()
                        .lines()
                        .filter(line ->
                                line.startsWith("fathi_jvm_memory_used_bytes{") && line.contains("area=\"heap\""))
                        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                        .sum()
                / 1e6;
    }

    private static double millisOfLooking(Node node) {
        for (int i = 0; i < LOOKS; i++) {
            must(200, node.get("/api/v1/jobs"));
        }
        long began = System.nanoTime();
        for (int i = 0; i < LOOKS; i++) {
            must(200, node.get("/api/v1/jobs"));
        }
        return (System.nanoTime() - began) * 1e-6 / LOOKS;
    }

    private static void queue(int number) {
        var items = new JsonArray();
        for (int i = 0; i < CROWD.people(); i++) {
            items.add(new JsonObject()
                    .put("userId", "person-" + i)
                    .put("data", new JsonObject().put("code", number * CROWD.people() + i)));
        }
        var batch = new JsonObject()
                .put("purpose", "marketing")
                .put(
                        "content",
                        new JsonObject().put("title", "Code {{ data.code }}").put("url", "https://shop.example/"))
                .put("items", items);
        assertThat(must(202, api.post("/api/v1/webpush/messages/batch", batch)).getInteger("queued"))
                .isEqualTo(CROWD.people());
    }

    @Test
    @Order(1)
    void a_million_messages_wait_in_the_database_and_not_in_memory() throws Exception {
        for (int i = 0; i < 20; i++) {
            queue(i);
        }
        double before = heapMegabytes(api);
        try (var ready = new Readiness(api)) {
            CrashWorld.inParallel(MILLION / CROWD.people(), AT_ONCE, MillionQueuedTest::queue);
        }
        double after = heapMegabytes(api);
        System.out.printf("%,d messages wait; heap %.0f MB before, %.0f MB after%n", MILLION, before, after);
        assertThat(after - before).as("megabytes more").isLessThan(MORE_MEGABYTES);
    }

    @Test
    @Order(2)
    void who_sends_them_holds_no_more_than_it_has_in_hand() throws Exception {
        try (var worker = world.start("worker", Map.of()).awaitReady();
                var ready = new Readiness(worker);
                var stillReady = new Readiness(api)) {
            LockSupport.parkNanos(PAUSE.toNanos());
            long requests = world.push.requests();
            double first = heapMegabytes(worker);
            double most = first;
            long began = System.nanoTime();
            while (System.nanoTime() - began < SENDING.toNanos()) {
                LockSupport.parkNanos(PAUSE.toNanos());
                most = Math.max(most, heapMegabytes(worker));
            }
            System.out.printf(
                    "%,d sent; heap %.0f MB at first, %.0f MB at most%n",
                    world.push.requests() - requests, first, most);
            assertThat(world.push.requests() - requests).as("requests").isPositive();
            assertThat(most - first).as("megabytes more").isLessThan(MORE_MEGABYTES);
        }
    }

    @Test
    @Order(3)
    void a_million_jobs_are_looked_at_as_quickly_as_few() throws Exception {
        double few = millisOfLooking(api);
        try (var connection = DriverManager.getConnection(
                        database.address().jdbcUrl(),
                        database.address().user(),
                        database.address().password());
                var statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO jobs (id, ws, type, key, lane, payload, due_at)
                    SELECT gen_random_uuid(), ws, type, 'later/' || n, lane, payload, now() + interval '1 day'
                    FROM (SELECT ws, type, lane, payload FROM jobs LIMIT 1) one, generate_series(1, %d) n
                    """
                            .formatted(MILLION));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        try (var ready = new Readiness(api)) {
            double many = millisOfLooking(api);
            System.out.printf("GET /jobs: %.1f ms with few, %.1f ms with %,d jobs more%n", few, many, MILLION);
            assertThat(many / few).as("times as long").isLessThan(4);
        }
    }
}
