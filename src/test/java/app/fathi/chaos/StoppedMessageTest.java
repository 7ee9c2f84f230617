package app.fathi.chaos;

import static app.fathi.crash.Node.must;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.CrashWorld.Sent;
import app.fathi.crash.Node;
import app.fathi.crash.Oracle;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.TestDatabase;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes send to everybody, and somebody stops it. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class StoppedMessageTest {
    /** Far away, so that the flood lasts. */
    private static final Duration FAR = Duration.ofMillis(200);

    private static final double LIMIT_SECONDS = 5;
    private static final Duration WATCHED = Duration.ofSeconds(10);

    private static TestDatabase database;
    private static CrashWorld world;
    private static Node asked;
    private static Node other;

    private static volatile long lastNanos;

    @BeforeAll
    static void start(@TempDir Path folder) {
        database = TestDatabase.create();
        world = Scale.world(folder, database.environment(), Map.of());
        asked = world.start("asked", Map.of());
        other = world.start("other", Map.of()).awaitReady();
        asked.awaitReady();
        world.subscribeEverybody(asked);
        world.push.answerAlways(Answer.status(201).after(FAR));
        world.push.answerEach(subscription -> {
            lastNanos = System.nanoTime();
            return null;
        });
    }

    @AfterAll
    static void stop() {
        asked.close();
        other.close();
        world.close();
        database.close();
    }

    private static Sent flood(Random random) {
        world.push.forgetReceipts();
        var sent = world.send(asked, asked);
        world.awaitRequests(sent, 1 + random.nextInt(Scale.CROWD.devices() / 2));
        return sent;
    }

    /** Seconds between now, when somebody was answered that it stops, and the last request. */
    private static double secondsOfSending() {
        long answered = System.nanoTime();
        LockSupport.parkNanos(WATCHED.toNanos());
        return Math.max(0, (lastNanos - answered) * 1e-9);
    }

    private static void holds(Round round, Sent sent, String what, String reason, double seconds) {
        var oracle = Oracle.of(world, asked, sent);
        long taken = world.push.receipts().size();
        round.saw(oracle, "%s: %.2f s later the last request, %d taken", what, seconds, taken);
        assertThat(taken).as("in mid-flood").isLessThan(Scale.CROWD.devices());
        assertThat(seconds).as("seconds from the answer to the last request").isLessThanOrEqualTo(LIMIT_SECONDS);
        oracle.theRestWasSkipped(reason).onlyTheseWereSentAgain(Set.of()).countersEqualTheLedger();
    }

    @Test
    void nothing_leaves_any_node_five_seconds_after_a_cancel(Random random) {
        var round = Round.of(world);
        var sent = flood(random);
        must(200, asked.post("/api/v1/webpush/messages/" + sent.id() + "/cancel", new JsonObject()));
        double seconds = secondsOfSending();
        holds(round, sent, "cancelled", "cancelled", seconds);
    }

    @Test
    void nothing_leaves_any_node_five_seconds_after_the_kill_switch(Random random) {
        var round = Round.of(world);
        var sent = flood(random);
        must(200, asked.put("/api/v1/cep/kill-switch", change(true)));
        double seconds = secondsOfSending();
        must(200, asked.put("/api/v1/cep/kill-switch", change(false)));
        world.awaitCompleted(asked, sent);
        holds(round, sent, "kill switch", "kill_switch", seconds);

        world.push.forgetReceipts();
        var next = world.send(asked, asked);
        world.awaitCompleted(other, next);
        Oracle.of(world, other, next).nothingIsLost().countersEqualTheLedger();
    }

    private static JsonObject change(boolean engaged) {
        return new JsonObject()
                .put("scope", "workspace")
                .put("engaged", engaged)
                .put("reason", "The price is wrong");
    }
}
