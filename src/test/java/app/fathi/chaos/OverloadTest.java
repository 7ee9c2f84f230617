package app.fathi.chaos;

import static app.fathi.crash.Eventually.eventually;
import static app.fathi.crash.Node.must;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.CrashWorld.Crowd;
import app.fathi.crash.Node;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService.Receipt;
import app.fathi.testing.TestDatabase;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Many ask at once while the connections for it are few and all of them are stuck. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class OverloadTest {
    private static final int ASKING = 64;
    private static final int REQUESTS = 4_000;
    private static final Crowd CROWD = new Crowd(100, 100);
    private static final Duration STUCK = Duration.ofSeconds(10);

    private static TestDatabase database;
    private static CrashWorld world;
    private static Node node;

    @BeforeAll
    static void start(@TempDir Path folder) {
        database = TestDatabase.create();
        var settings = new HashMap<>(EventLoops.WATCHED);
        settings.putAll(Map.of(
                "FATHI_DB_ADMIN_POOL", "2",
                "FATHI_DB_SEND_POOL", "2",
                "FATHI_DB_POOL_QUEUE", "16",
                "FATHI_DB_ACQUIRE_TIMEOUT_SECONDS", "1"));
        world = Scale.world(folder, database.environment(), settings, CROWD);
        node = world.start("node", Map.of()).awaitReady();
        world.subscribeEverybody(node);
    }

    @AfterAll
    static void stop() {
        node.close();
        world.close();
        database.close();
    }

    /** What clients were told: the statuses, and by their titles the messages that were taken. */
    private static final class Told {
        private final String when;
        final Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();
        final Map<String, String> taken = new ConcurrentHashMap<>();
        final Queue<TestServer.Answer> refusals = new ConcurrentLinkedQueue<>();

        Told(String when) {
            this.when = when;
        }

        void ask(int number) {
            var title = when + " " + number;
            var people = new JsonArray().add("person-" + number % CROWD.people());
            var answer = node.post(
                    "/api/v1/webpush/messages",
                    CrashWorld.message(title, people),
                    "Idempotency-Key",
                    UUID.randomUUID().toString());
            statuses.computeIfAbsent(answer.status(), status -> new AtomicInteger())
                    .incrementAndGet();
            if (answer.status() == 202) {
                taken.put(title, answer.json().getString("id"));
            } else {
                refusals.add(answer);
            }
        }
    }

    @Test
    void who_finds_no_connection_is_told_so_and_what_was_taken_is_sent() throws Exception {
        var round = Round.of(world);
        var loops = EventLoops.of(node);
        var told = new Told("in the overload");
        var stuck = Thread.ofPlatform().start(OverloadTest::holdUp);
        CrashWorld.inParallel(REQUESTS, ASKING, told::ask);
        stuck.join();
        assertThat(told.statuses.keySet())
                .as("answers in the overload")
                .contains(202, 503)
                .isSubsetOf(202, 429, 503);
        assertThat(told.refusals)
                .as("refusals")
                .allMatch(answer -> answer.header("Retry-After") != null, "say when to come again");

        var calm = new Told("after it");
        CrashWorld.inParallel(CROWD.people(), 1, calm::ask);
        assertThat(calm.statuses).as("answers after it").containsOnlyKeys(202);
        told.taken.putAll(calm.taken);
        told.taken
                .values()
                .forEach(id -> eventually(
                        "message " + id + " is completed", () -> must(200, node.get("/api/v1/webpush/messages/" + id))
                                .getString("state")
                                .equals("completed")));
        round.saw(0, "pools of two, answers %s", told.statuses);
        assertThat(titles()).as("what browsers show").containsExactlyInAnyOrderElementsOf(told.taken.keySet());
        loops.wereNeverBlocked();
    }

    /** Whoever writes a message waits for this. */
    private static void holdUp() {
        var address = database.address();
        try (var connection = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE cep_run IN EXCLUSIVE MODE");
            LockSupport.parkNanos(STUCK.toNanos());
            connection.rollback();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> titles() {
        return world.push.receipts().stream()
                .map(Receipt::json)
                .map(json -> json.getJsonObject("notification").getString("title"))
                .toList();
    }
}
