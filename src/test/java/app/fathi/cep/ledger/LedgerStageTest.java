package app.fathi.cep.ledger;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.DerivedBatch;
import app.fathi.cep.SendingWorld;
import app.fathi.cep.message.Delivery;
import app.fathi.cep.message.DeliveryKey;
import app.fathi.cep.message.Interaction;
import app.fathi.cep.message.Reason;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LedgerStageTest {
    private static final Instant AT = Instant.parse("2026-11-02T10:00:00Z");

    private final SendingWorld world = new SendingWorld();
    private final LedgerStage stage = new LedgerStage();

    @AfterEach
    void close() {
        world.close();
    }

    private UUID sent(int people) {
        world.startWorkers();
        var id = world.request(to(world.people(people, 1))).id();
        world.awaitState(id, "completed");
        return id;
    }

    private DeliveryKey key(int person) {
        return world.channel.sent.stream()
                .filter(outgoing -> outgoing.address().profileNo() == person)
                .map(outgoing -> world.tokens
                        .verify(outgoing.trackingToken(), Instant.now())
                        .orElseThrow())
                .findFirst()
                .orElseThrow();
    }

    private void report(Interaction... interactions) {
        var batch = new DerivedBatch(Arrays.stream(interactions)
                .map(i -> new DerivedBatch.Event(i.delivery().ws(), Interaction.KIND, i.toPayload(), null, i.at()))
                .toList());
        world.run(tx -> stage.apply(tx, batch));
    }

    private List<Delivery> deliveries(UUID id) {
        return world.messages
                .deliveries(world.pool, WS, id, null, null, Optional.empty(), 100)
                .await()
                .items();
    }

    @Test
    void reports_are_written_counted_and_the_earliest_of_a_batch_wins() {
        var id = sent(3);
        report(
                new Interaction(key(0), Reason.SHOWN, null, AT.plusSeconds(5)),
                new Interaction(key(0), Reason.SHOWN, null, AT),
                new Interaction(key(0), Reason.CLICKED, "later", AT.plusSeconds(9)),
                new Interaction(key(0), Reason.CLICKED, "buy", AT.plusSeconds(3)),
                new Interaction(key(1), Reason.CLOSED, null, AT.plusSeconds(1)));
        var all = deliveries(id);
        assertThat(all.get(0).shownAt()).isEqualTo(AT);
        assertThat(all.get(0).clickedAt()).isEqualTo(AT.plusSeconds(3));
        assertThat(all.get(0).clickedAction()).isEqualTo("buy");
        assertThat(all.get(0).closedAt()).isNull();
        assertThat(all.get(1).closedAt()).isEqualTo(AT.plusSeconds(1));
        assertThat(all.get(1).shownAt()).as("closing does not imply showing").isNull();
        assertThat(all.get(2).shownAt()).isNull();
        assertThat(world.status(id).counts())
                .containsEntry("shown", 1L)
                .containsEntry("clicked", 1L)
                .containsEntry("closed", 1L);
        world.countsEqualTheLedger(id);
    }

    @Test
    void a_report_that_comes_again_changes_nothing() {
        var id = sent(1);
        report(new Interaction(key(0), Reason.CLICKED, null, AT));
        report(new Interaction(key(0), Reason.CLICKED, "other", AT));
        report(new Interaction(key(0), Reason.CLICKED, "other", AT.minusSeconds(60)));
        assertThat(deliveries(id).getFirst().clickedAt()).isEqualTo(AT);
        assertThat(deliveries(id).getFirst().clickedAction()).isNull();
        assertThat(world.status(id).counts()).containsEntry("clicked", 1L).containsEntry("shown", 0L);
        world.countsEqualTheLedger(id);
    }

    @Test
    void reports_of_other_workspaces_and_of_deliveries_that_are_not_ours_are_dropped() {
        var id = sent(1);
        var mine = key(0);
        report(
                new Interaction(new DeliveryKey(WS + 1, mine.run(), 0, 0, 0), Reason.SHOWN, null, AT),
                new Interaction(new DeliveryKey(WS, mine.run(), 0, 99, 0), Reason.SHOWN, null, AT),
                new Interaction(new DeliveryKey(WS, mine.run() + 1, 0, 0, 0), Reason.SHOWN, null, AT));
        assertThat(deliveries(id)).hasSize(1);
        assertThat(deliveries(id).getFirst().shownAt()).isNull();
        world.countsEqualTheLedger(id);
    }

    @Test
    void increments_are_folded_now_and_then_and_no_count_is_lost() {
        var id = sent(70);
        for (int person = 0; person < 70; person++) {
            report(new Interaction(key(person), Reason.SHOWN, null, AT));
        }
        assertThat(world.status(id).counts()).containsEntry("shown", 70L);
        assertThat(world.rows("SELECT 1 FROM cep_run_delta").size()).isLessThan(40);
        world.countsEqualTheLedger(id);
    }
}
