package app.fathi.cep.stops;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.ScriptedChannel;
import app.fathi.cep.SendingWorld;
import app.fathi.cep.message.Channel.Outgoing;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Plan;
import app.fathi.cep.stops.KillSwitch.Scope;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a kill switch stops, and what it lets through. */
class KillSwitchTest {
    private static final String FCM = "https://fcm.example";

    private final SendingWorld world = new SendingWorld();

    @AfterEach
    void close() {
        world.close();
    }

    private void engage(int ws, Scope scope, String target, boolean exceptTransactional) {
        KillSwitchStore.engage(world.pool, ws, scope, target, exceptTransactional, "a test", "nobody")
                .await();
    }

    private void lift(int ws, Scope scope, String target) {
        KillSwitchStore.lift(world.pool, ws, scope, target).await();
    }

    private static MessageRequest transactional(MessageRequest r) {
        return new MessageRequest(
                r.audience(),
                r.content(),
                "transactional",
                r.ttlSeconds(),
                r.urgency(),
                r.topic(),
                r.sendAt(),
                r.expiresAt(),
                r.devices(),
                r.perMinute(),
                r.tracking(),
                r.dryRun());
    }

    @ParameterizedTest
    @CsvSource({"0, ALL, ''", "7, WORKSPACE, ''", "7, CHANNEL, webpush"})
    void nothing_of_what_it_covers_is_sent_and_each_delivery_says_why(int ws, Scope scope, String target) {
        var users = world.people(120, 1);
        engage(ws, scope, target, false);
        world.startWorkers();
        var taken = world.request(to(users));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent).isEmpty();
        assertThat(status.reasons()).containsOnly(Map.entry("kill_switch", 120L));
        world.countsEqualTheLedger(taken.id());

        lift(ws, scope, target);
        world.awaitState(world.request(to(users)).id(), "completed");
        assertThat(world.channel.sent).as("once it is lifted").hasSize(120);
    }

    @ParameterizedTest
    @CsvSource({"8, WORKSPACE, ''", "8, ORIGIN, https://push.example", "7, ORIGIN, https://other.example"})
    void what_it_does_not_cover_is_sent(int ws, Scope scope, String target) {
        var users = world.people(3, 1);
        engage(ws, scope, target, false);
        world.startWorkers();
        world.awaitState(world.request(to(users)).id(), "completed");
        assertThat(world.channel.sent).hasSize(3);
    }

    @Test
    void transactional_messages_go_when_they_are_excepted() {
        var users = world.people(3, 1);
        engage(WS, Scope.WORKSPACE, "", true);
        world.startWorkers();
        world.awaitState(world.request(to(users)).id(), "completed");
        assertThat(world.channel.sent).isEmpty();
        world.awaitState(world.request(transactional(to(users))).id(), "completed");
        assertThat(world.channel.sent).hasSize(3);
        engage(0, Scope.ALL, "", false);
        world.awaitState(world.request(transactional(to(users))).id(), "completed");
        assertThat(world.channel.sent).as("the wider switch makes no exception").hasSize(3);
    }

    @Test
    void one_campaign_is_stopped_and_all_other_messages_go() {
        var users = world.people(3, 1);
        var campaign = UUID.randomUUID();
        engage(WS, Scope.CAMPAIGN, campaign.toString(), false);
        world.startWorkers();
        var stopped = world.request(to(users).planned(Plan.NONE.of(campaign)));
        assertThat(world.awaitState(stopped.id(), "completed").reasons()).isEqualTo(Map.of("kill_switch", 3L));
        for (var other : List.of(Plan.NONE, Plan.NONE.of(UUID.randomUUID()))) {
            var sent = world.request(to(users).planned(other));
            assertThat(world.awaitState(sent.id(), "completed").reasons()).isEqualTo(Map.of("accepted", 3L));
        }
        lift(WS, Scope.CAMPAIGN, campaign.toString());
        var after = world.request(to(users).planned(Plan.NONE.of(campaign)));
        assertThat(world.awaitState(after.id(), "completed").reasons()).isEqualTo(Map.of("accepted", 3L));
    }

    @Test
    void one_push_service_is_stopped_and_a_persons_other_device_still_gets_it() {
        int both = world.person(1, new JsonObject());
        world.channel.subscribe(both, FCM);
        int one = world.person(0, new JsonObject());
        world.channel.subscribe(one, FCM);
        engage(WS, Scope.ORIGIN, FCM, false);
        world.startWorkers();
        var taken = world.request(to(List.of("u" + both, "u" + one)));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent.stream().map(o -> o.address().origin())).containsExactly("https://push.example");
        assertThat(status.reasons()).containsEntry("accepted", 1L).containsEntry("kill_switch", 2L);
        world.countsEqualTheLedger(taken.id());
    }

    /** Promise: nothing is sent 5 s after a kill switch was acknowledged. */
    @Test
    void in_mid_flood_it_stops_all_that_has_not_left() {
        var users = world.people(600, 1);
        world.channel.script = outgoing -> world.vertx.timer(40).map(ScriptedChannel.ACCEPTED);
        world.startWorkers();
        var taken = world.request(to(users));
        world.await(() -> world.channel.sent.size() > 100);
        engage(WS, Scope.WORKSPACE, "", false);
        var status = world.awaitState(taken.id(), "completed");
        int sent = world.channel.sent.size();
        assertThat(sent).isLessThan(600);
        assertThat(status.reasons()).containsEntry("accepted", (long) sent).containsEntry("kill_switch", 600L - sent);
        world.countsEqualTheLedger(taken.id());
        // What a run has come to is told a moment before its jobs are over.
        world.await(() -> world.rows("SELECT * FROM jobs").isEmpty());
    }

    @Test
    void what_waits_for_another_attempt_is_not_tried_again() {
        var users = world.people(40, 1);
        world.channel.script = ScriptedChannel.always(
                ScriptedChannel.transientFailure(Instant.now().plus(Duration.ofSeconds(2))));
        world.startWorkers();
        var taken = world.request(to(users));
        world.await(() -> world.ledger().getOrDefault("waiting/push_service_error", 0) == 40);
        engage(WS, Scope.WORKSPACE, "", false);
        world.channel.script = outgoing -> Future.succeededFuture(ScriptedChannel.ACCEPTED);
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).containsOnly(Map.entry("kill_switch", 40L));
        assertThat(world.channel.sent.stream().map(Outgoing::id)).hasSize(40).doesNotHaveDuplicates();
    }

    @Test
    void a_sender_that_waits_for_answers_only_notices_it_too() {
        var users = world.people(16, 1);
        world.channel.script = outgoing -> Future.succeededFuture(ScriptedChannel.transientFailure(Instant.now()))
                .compose(answer -> world.vertx.timer(2_500).map(answer));
        world.startWorkers();
        var taken = world.request(to(users));
        world.await(() -> world.channel.sent.size() == 16);
        engage(WS, Scope.WORKSPACE, "", false);
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).containsOnly(Map.entry("kill_switch", 16L));
        assertThat(world.channel.sent).as("no second attempt").hasSize(16);
    }
}
