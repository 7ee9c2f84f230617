package app.fathi.cep.stops;

import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.ScriptedChannel;
import app.fathi.cep.SendingWorld;
import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is older than a restore waits until somebody releases it. */
class HoldTest {
    private final SendingWorld world = new SendingWorld();

    @AfterEach
    void close() {
        world.close();
    }

    private interface Work<T> {
        T run(Connection tx) throws SQLException;
    }

    private <T> T operator(Work<T> work) throws SQLException {
        try (var connection = world.database.address().connect()) {
            connection.setAutoCommit(false);
            var result = work.run(connection);
            connection.commit();
            return result;
        }
    }

    /** The jobs have been looked at, and sleep. */
    private void awaitAsleep(int jobs) {
        world.await(() ->
                world.rows("SELECT * FROM jobs WHERE state = 'waiting' AND due_at > now() + interval '10 minutes'")
                                .size()
                        == jobs);
    }

    @Test
    void older_messages_wait_newer_ones_go_and_released_ones_follow() throws SQLException {
        var users = world.people(120, 1);
        var older = world.request(to(users));
        operator(tx -> OperatorHold.hold(tx, "a test"));
        world.startWorkers();
        var newer = world.request(to(List.of(users.getFirst())));
        world.awaitState(newer.id(), "completed");
        awaitAsleep(3);
        assertThat(world.channel.sent).as("the newer one alone").hasSize(1);

        var held = operator(OperatorHold::find).orElseThrow();
        assertThat(held.messages()).isEqualTo(1);
        assertThat(held.waiting()).singleElement().satisfies(waiting -> {
            assertThat(waiting.people()).isEqualTo(120);
            assertThat(waiting.expired()).isZero();
        });

        assertThat(operator(OperatorHold::release)).isPresent();
        world.awaitState(older.id(), "completed");
        assertThat(world.channel.sent).hasSize(121);
        world.countsEqualTheLedger(older.id());
        assertThat(operator(OperatorHold::release))
                .as("nothing is held any more")
                .isEmpty();
    }

    @Test
    void a_hold_in_mid_flood_lets_nothing_more_leave_and_loses_nothing() throws SQLException {
        var users = world.people(600, 1);
        world.channel.script = outgoing -> world.vertx.timer(40).map(ScriptedChannel.ACCEPTED);
        world.startWorkers();
        var taken = world.request(to(users));
        world.await(() -> world.channel.sent.size() > 100);
        operator(tx -> OperatorHold.hold(tx, "a test"));
        world.await(() -> world.rows(
                        "SELECT * FROM jobs WHERE state = 'running' OR due_at <= now() + interval '10 minutes'")
                .isEmpty());
        int sent = world.channel.sent.size();
        assertThat(sent).isLessThan(600);
        assertThat(world.ledger()).containsEntry("accepted/accepted", sent);

        operator(OperatorHold::release);
        world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent).as("each once").hasSize(600);
        world.countsEqualTheLedger(taken.id());
    }

    /** It may have read that the message is held, and be about to say when it wants to be woken. */
    @Test
    void a_release_lets_a_sender_look_again_that_is_about_to_go_to_sleep() throws SQLException {
        world.request(to(world.people(3, 1)));
        operator(tx -> OperatorHold.hold(tx, "a test"));
        world.execute("UPDATE jobs SET state = 'running', lease_token = 1");
        operator(OperatorHold::release);
        assertThat(world.rows("SELECT asked_again FROM jobs WHERE state = 'running'"))
                .singleElement()
                .matches(job -> job.getBoolean("asked_again"));
    }

    @Test
    void a_held_message_can_be_cancelled() throws SQLException {
        var users = world.people(3, 1);
        var older = world.request(to(users));
        operator(tx -> OperatorHold.hold(tx, "a test"));
        world.startWorkers();
        awaitAsleep(1);
        world.transactions
                .run(tx -> world.messages.cancel(tx, SendingWorld.WS, older.id()))
                .await();
        world.await(() -> world.rows("SELECT * FROM jobs").isEmpty());
        assertThat(world.channel.sent).isEmpty();
        assertThat(operator(OperatorHold::find).orElseThrow().messages()).isZero();
    }

    @Test
    void a_held_message_whose_time_is_up_ends_unsent() throws SQLException {
        var users = world.people(3, 1);
        var older = world.request(to(users));
        world.pool
                .query("UPDATE cep_run SET expires_at = now() + interval '2 seconds'")
                .execute()
                .await();
        operator(tx -> OperatorHold.hold(tx, "a test"));
        world.startWorkers();
        var status = world.awaitState(older.id(), "completed");
        assertThat(world.channel.sent).isEmpty();
        assertThat(status.reasons()).containsOnlyKeys("ttl_expired");
    }

    @Test
    void holding_and_releasing_are_in_the_audit_trail() throws SQLException {
        operator(tx -> OperatorHold.hold(tx, "a test"));
        operator(OperatorHold::release);
        assertThat(world.rows(
                        "SELECT operation, actor_kind, detail FROM audit_event e JOIN audit_detail d ON d.event = e.id"
                                + " ORDER BY id"))
                .satisfiesExactly(
                        held -> {
                            assertThat(held.getString("operation")).isEqualTo("sending.hold");
                            assertThat(held.getString("actor_kind")).isEqualTo("operator");
                            assertThat(new JsonObject(held.getString("detail"))
                                            .getJsonObject("after")
                                            .getString("reason"))
                                    .isEqualTo("a test");
                        },
                        released -> assertThat(released.getString("operation")).isEqualTo("sending.release"));
    }
}
