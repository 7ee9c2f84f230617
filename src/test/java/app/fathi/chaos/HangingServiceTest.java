package app.fathi.chaos;

import static app.fathi.crash.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.CrashWorld.Crowd;
import app.fathi.crash.CrashWorld.Sent;
import app.fathi.crash.Node;
import app.fathi.crash.Round;
import app.fathi.crash.Seeded;
import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.FakePushService.Options;
import app.fathi.testing.FakePushService.Receipt;
import app.fathi.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Everybody has a device at each of two push services. One of them takes requests and never answers. */
@Tag("chaos")
@ExtendWith(Seeded.class)
class HangingServiceTest {
    /** So far away that the distance bounds the flow, not the machine, which the other service's share would ease. */
    private static final Duration FAR = Duration.ofMillis(200);

    private static final double ALLOWED = 1.1;
    private static final int DEVICES_EACH = Scale.CROWD.devices() / 2;

    private static TestDatabase database;
    private static CrashWorld world;
    private static Node node;
    private static FakePushService other;

    @BeforeAll
    static void start(@TempDir Path folder) {
        database = TestDatabase.create();
        world = Scale.world(
                folder,
                database.environment(),
                Map.of("FATHI_JOBS_WORKERS", "12"),
                new Crowd(Scale.CROWD.devices(), DEVICES_EACH));
        other = FakePushService.start(Options.usual().withHost("127.0.0.2"));
        node = world.start("node", Map.of()).awaitReady();
        world.subscribe(node, DEVICES_EACH);
        world.push.answerAlways(Answer.status(201).after(FAR));
        other.answerAlways(Answer.status(201).after(FAR));
    }

    @AfterAll
    static void stop() {
        node.close();
        world.close();
        other.close();
        database.close();
    }

    /** Until its last request has reached the healthy service. */
    private static double secondsToHealthyOnes(Sent sent, long began) {
        world.awaitRequests(sent, DEVICES_EACH);
        return (System.nanoTime() - began) * 1e-9;
    }

    @Test
    void a_service_that_hangs_does_not_slow_another_one_down() {
        var before = world.send(node, node);
        world.awaitCompleted(node, before);

        long began = System.nanoTime();
        var alone = world.send(node, node);
        double aloneSeconds = secondsToHealthyOnes(alone, began);
        world.awaitCompleted(node, alone);

        world.subscribe(node, other, DEVICES_EACH);
        other.answerAlways(Answer.of(Answer.Kind.HANG));
        var round = Round.of(world);
        began = System.nanoTime();
        var beside = world.send(node, node);
        double besideSeconds = secondsToHealthyOnes(beside, began);
        long hanging = other.requests();
        other.answerAlways(Answer.status(201).after(FAR));
        eventually(
                "the other service has got everything", () -> other.receipts().size() >= DEVICES_EACH);
        world.awaitCompleted(node, beside);
        round.saw(
                0,
                "%d devices in %.1f s, in %.1f s beside a service that hung with %d requests and healed then",
                DEVICES_EACH,
                aloneSeconds,
                besideSeconds,
                hanging);
        assertThat(besideSeconds / aloneSeconds).as("as long as alone").isLessThanOrEqualTo(ALLOWED);
        assertThat(hanging).as("requests to the one that hangs").isPositive();
        everyDeviceShows(beside);
    }

    /** Once: what hung was never taken. */
    private static void everyDeviceShows(Sent sent) {
        var shown = new HashSet<>(devicesThatShow(sent, world.push));
        shown.addAll(devicesThatShow(sent, other));
        assertThat(shown)
                .isEqualTo(world.devices().values().stream()
                        .map(FakePushService.VirtualSubscription::id)
                        .collect(Collectors.toSet()));
    }

    private static Set<String> devicesThatShow(Sent sent, FakePushService service) {
        var devices = service.receipts().stream()
                .filter(receipt -> receipt.json()
                        .getJsonObject("notification")
                        .getString("title")
                        .equals(sent.title()))
                .map(Receipt::subscription)
                .toList();
        assertThat(devices).as("deliveries to %s", service.url()).doesNotHaveDuplicates();
        return Set.copyOf(devices);
    }
}
