package app.fathi.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.Node;
import app.fathi.crash.Oracle;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A push service that has had enough, fails, takes leave or takes little, in the middle of a message to everybody. */
@Tag("chaos")
@ExtendWith(Seeded.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class StormTest {
    private static final Duration AWAY = Duration.ofMillis(20);

    private static TestDatabase database;
    private static CrashWorld world;
    private static Node node;

    @BeforeAll
    static void start(@TempDir Path folder) {
        database = TestDatabase.create();
        // Of three requests one fails: with the usual eight some would be given up.
        world = Scale.world(folder, database.environment(), Map.of("FATHI_SEND_ATTEMPTS", "20"));
        node = world.start("node", Map.of()).awaitReady();
        world.subscribeEverybody(node);
    }

    @AfterAll
    static void stop() {
        node.close();
        world.close();
        database.close();
    }

    @BeforeEach
    void forget() {
        world.push.forgetReceipts();
    }

    @AfterEach
    void calm() {
        world.push.answerEach(subscription -> null);
    }

    /** All of a message's requests; nothing is lost. */
    private static Oracle sendThrough(Function<String, Answer> service) {
        world.push.answerEach(service);
        var sent = world.send(node, node);
        world.awaitCompleted(node, sent);
        return Oracle.of(world, node, sent);
    }

    /** Takes so many, then for three seconds none, and says so. On one event loop. */
    private static final class Limited implements Function<String, Answer> {
        private static final long PAUSE_SECONDS = 3;

        private final Random random;
        private long untilStorm;
        private long refusingSince;
        private long refusingUntil;
        /** Who sends now has been told. */
        private boolean told;

        volatile int storms;
        volatile int underWay;
        volatile int inside;
        /** Of these, the longest after its storm began. */
        volatile long latest;

        Limited(Random random) {
            this.random = random;
            this.untilStorm = calm();
        }

        private long calm() {
            return Scale.CROWD.devices() / 8 + random.nextInt(Scale.CROWD.devices() / 8);
        }

        @Override
        public Answer apply(String subscription) {
            long now = System.nanoTime();
            if (now - refusingUntil < 0) {
                if (told) {
                    inside++;
                    latest = Math.max(latest, now - refusingSince);
                } else {
                    underWay++;
                }
                return refusal(now);
            }
            if (--untilStorm > 0) {
                return null;
            }
            untilStorm = calm();
            storms++;
            int storm = storms;
            told = false;
            // The refusal itself is written before.
            world.push.whenRead(AWAY.multipliedBy(2), () -> told = storms == storm);
            refusingSince = now;
            refusingUntil = now + TimeUnit.SECONDS.toNanos(PAUSE_SECONDS);
            return refusal(now);
        }

        private Answer refusal(long now) {
            long seconds = 1 + TimeUnit.NANOSECONDS.toSeconds(refusingUntil - now - 1);
            return Answer.status(429).retryAfter("" + seconds).after(AWAY);
        }
    }

    @Test
    @Order(1)
    void who_says_retry_after_is_left_alone_until_then(Random random) {
        var round = Round.of(world);
        long before = world.push.requests();
        var limited = new Limited(random);
        var oracle = sendThrough(limited);
        long requests = world.push.requests() - before;
        round.saw(
                oracle,
                "%d storms of 429, %d requests on their way when they began, %d inside, the last %.2f s after the first",
                limited.storms,
                limited.underWay,
                limited.inside,
                limited.latest * 1e-9);
        oracle.nothingIsLost().onlyTheseWereSentAgain(Set.of()).countersEqualTheLedger();
        assertThat(limited.storms).isPositive();
        assertThat(limited.inside)
                .as("requests of who had read a Retry-After before its end, of %d", requests)
                .isLessThanOrEqualTo((int) (requests / 100));
    }

    @Test
    @Order(2)
    void who_fails_three_times_in_ten_and_cuts_connections_gets_everything_in_the_end(Random random) {
        var round = Round.of(world);
        var failures = new AtomicLong();
        // Failing halves the window each time, so most of the message is sent after it has ended.
        long failing = Scale.CROWD.devices() / 10;
        var oracle = sendThrough(subscription -> {
            double chance = random.nextDouble();
            if (failures.get() >= failing || chance > 0.35) {
                return null;
            }
            failures.incrementAndGet();
            return chance < 0.3
                    ? Answer.status(503).after(AWAY)
                    : Answer.of(chance < 0.325 ? Answer.Kind.RESET_BEFORE_BODY : Answer.Kind.RESET_AFTER_BODY);
        });
        round.saw(oracle, "%d answers of 503 and resets", failures.get());
        oracle.nothingIsLost().onlyTheseWereSentAgain(Set.of()).countersEqualTheLedger();
    }

    @Test
    @Order(3)
    void who_takes_leave_every_thousand_requests_gets_everything_once() {
        var round = Round.of(world);
        var requests = new AtomicLong();
        long connections = world.push.connections();
        var oracle = sendThrough(
                subscription -> requests.incrementAndGet() % 1_000 == 0 ? Answer.of(Answer.Kind.GO_AWAY) : null);
        round.saw(oracle, "GOAWAY every 1,000 requests, %d connections", world.push.connections() - connections);
        oracle.nothingIsLost().onlyTheseWereSentAgain(Set.of()).countersEqualTheLedger();
    }

    @Test
    @Order(4)
    void who_allows_few_streams_gets_everything_once() {
        var round = Round.of(world);
        world.push.allowStreams(8);
        var oracle = sendThrough(subscription -> null);
        world.push.allowStreams(FakePushService.USUAL_STREAMS);
        round.saw(oracle, "8 streams on each connection");
        oracle.nothingIsLost().onlyTheseWereSentAgain(Set.of()).countersEqualTheLedger();
    }

    /** The last, because they do not come back. */
    @Test
    @Order(5)
    void who_is_gone_is_asked_once_and_never_again() {
        var gone = ConcurrentHashMap.<String>newKeySet();
        for (var device : world.devices().values()) {
            if (gone.size() < Scale.CROWD.devices() / 5) {
                device.unsubscribe();
                gone.add(device.id());
            }
        }
        var round = Round.of(world);
        var hits = new ConcurrentHashMap<String, Integer>();
        Function<String, Answer> counting = subscription -> {
            if (gone.contains(subscription)) {
                hits.merge(subscription, 1, Integer::sum);
            }
            return null;
        };
        var oracle = sendThrough(counting);
        round.saw(oracle, "%d of %d are gone", gone.size(), Scale.CROWD.devices());
        assertThat(hits.keySet()).as("those that are gone").isEqualTo(gone);
        assertThat(hits.values()).as("how often they were asked").containsOnly(1);
        oracle.theseEnded("failed", "gone", gone).countersEqualTheLedger();

        long before = world.push.requests();
        sendThrough(counting).countersEqualTheLedger();
        assertThat(hits.values())
                .as("how often they were asked, of two messages")
                .containsOnly(1);
        assertThat(world.push.requests() - before)
                .as("requests of the second message")
                .isEqualTo(Scale.CROWD.devices() - gone.size());
    }
}
