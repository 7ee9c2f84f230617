package app.fathi.cep.priorities;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.request;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.ScriptedChannel;
import app.fathi.cep.SendingWorld;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.Channel.Attempt;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.Timing;
import app.fathi.cep.policies.Factors;
import app.fathi.cep.policies.PolicyRows;
import app.fathi.platform.db.SqlTime;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Messages that give way to more important ones, with senders that do not know of each other. */
class PrioritiesSendingTest {
    private static final int PEOPLE = 12;

    private final SendingWorld world = new SendingWorld(Map.of("FATHI_SEND_CHUNK_PROFILES", "5"));
    private List<String> users;

    @BeforeEach
    void start() {
        users = world.people(PEOPLE, 2);
        world.policies(within(60));
    }

    @AfterEach
    void close() {
        world.close();
    }

    private static JsonObject within(int minutes) {
        return new JsonObject().put("priorities", new JsonObject().put("minutes", minutes));
    }

    private static MessageRequest important(int priority, MessageRequest request) {
        return request.planned(request.plan().important(priority));
    }

    private static MessageRequest in(Duration delay, MessageRequest r) {
        return new MessageRequest(
                        r.audience(),
                        r.content(),
                        r.purpose(),
                        200_000,
                        r.urgency(),
                        null,
                        Instant.now().plus(delay),
                        null,
                        null,
                        null,
                        true,
                        false)
                .planned(r.plan());
    }

    private static MessageRequest transactional(MessageRequest r) {
        return new MessageRequest(
                        r.audience(),
                        r.content(),
                        "transactional",
                        3_600,
                        r.urgency(),
                        null,
                        r.sendAt(),
                        null,
                        null,
                        null,
                        true,
                        false)
                .planned(r.plan());
    }

    private Map<String, Long> reasons(MessageRequest request) {
        return world.awaitState(world.request(request).id(), "completed").reasons();
    }

    /** Of whom has two devices there are two deliveries, and one that says that there was none. */
    private static Map<String, Long> ended(int accepted, int gaveWay) {
        return accepted == 0
                ? Map.of("lower_priority", 2L * gaveWay)
                : gaveWay == 0
                        ? Map.of("accepted", 2L * accepted)
                        : Map.of("accepted", 2L * accepted, "lower_priority", 2L * gaveWay);
    }

    @Test
    void a_message_gives_way_to_what_is_more_important_and_is_scheduled_or_was_got() {
        world.startWorkers();
        var high = world.request(in(Duration.ofMinutes(30), important(80, to(users.subList(0, 4)))))
                .id();
        world.request(in(Duration.ofHours(2), important(90, to(users))));
        assertThat(reasons(important(20, to(users)))).isEqualTo(ended(8, 4));
        assertThat(reasons(important(80, to(users))))
                .as("of equal ones none gives way")
                .isEqualTo(ended(PEOPLE, 0));
        assertThat(reasons(to(users))).as("what they got").isEqualTo(ended(0, PEOPLE));
        assertThat(reasons(transactional(important(0, to(users))))).isEqualTo(ended(PEOPLE, 0));
        assertThat(reasons(important(100, to(users)))).isEqualTo(ended(PEOPLE, 0));
        assertThat(world.rows("SELECT DISTINCT factors FROM cep_message WHERE reason = 27").stream()
                        .map(row -> Factors.of(row.getBuffer("factors").getBytes()))
                        .map(factors -> factors.what() + " " + factors.index()))
                .containsExactlyInAnyOrder("PRIORITY 80");
        assertThat(world.status(high).counts()).containsEntry("waiting", 4L);
    }

    @Test
    void what_is_cancelled_paused_held_transactional_or_of_another_workspace_comes_before_nothing() {
        world.startWorkers();
        var soon = Duration.ofMinutes(30);
        var cancelled = world.request(in(soon, important(90, to(users)))).id();
        var paused = world.request(in(soon, important(90, to(users)))).id();
        world.request(in(soon, transactional(important(90, to(users)))));
        world.run(tx -> world.messages.pause(tx, WS, paused));
        assertThat(reasons(to(users))).isEqualTo(ended(0, PEOPLE));
        world.run(tx -> world.messages.cancel(tx, WS, cancelled));
        assertThat(reasons(to(users))).isEqualTo(ended(PEOPLE, 0));
        world.run(tx -> world.messages.resume(tx, WS, paused));
        assertThat(reasons(to(users))).isEqualTo(ended(0, PEOPLE));
        world.execute("UPDATE cep_run SET ws = 8 WHERE id = '%s'".formatted(paused));
        assertThat(reasons(to(users))).isEqualTo(ended(PEOPLE, 0));
        world.execute("UPDATE cep_run SET ws = 7 WHERE id = '%s'".formatted(paused));
        world.execute(
                "INSERT INTO cep_hold (last_run, reason, held_by) SELECT max(cep_run_order(run)), 'x', 'x' FROM cep_run");
        world.policies(within(60));
        var after = world.request(to(users)).id();
        assertThat(world.awaitState(after, "completed").reasons()).isEqualTo(ended(PEOPLE, 0));
    }

    private UUID segment(int people) {
        var id = UUID.randomUUID();
        world.pool
                .preparedQuery(
                        """
                        INSERT INTO segments_segment (ws, id, kind, name, created_by, updated_by)
                        VALUES ($1, $2, 'static', 'people', $2, $2)
                        """)
                .execute(Tuple.of(WS, id))
                .await();
        world.pool
                .preparedQuery(
                        "INSERT INTO segments_member (ws, segment, profile_no) SELECT $1, $2, generate_series(0, $3::int)")
                .execute(Tuple.of(WS, id, people - 1))
                .await();
        return id;
    }

    @Test
    void people_of_a_segment_who_are_still_to_be_found_are_asked_whether_it_means_them() {
        world.startWorkers();
        var high = world.request(in(Duration.ofMinutes(30), important(80, request(new Audience.Segment(segment(5))))))
                .id();
        assertThat(reasons(to(users))).isEqualTo(ended(7, 5));
        // As if the first page had been read: who is on it is in a chunk, or is not meant.
        world.execute(
                """
                UPDATE cep_expansion SET state = 'finding', before_no = 3, as_of = now(),
                       frozen = jsonb_build_object('rule', rule, 'segments', '{}'::jsonb)
                """);
        assertThat(reasons(to(users))).isEqualTo(ended(9, 3));
        world.execute("UPDATE cep_expansion SET frozen = jsonb_set(frozen, '{rule,segment}', '\"%s\"')"
                .formatted(UUID.randomUUID()));
        assertThat(reasons(to(users)))
                .as("a segment that is no more means nobody")
                .isEqualTo(ended(PEOPLE, 0));
        world.run(tx -> world.messages.cancel(tx, WS, high));
    }

    @Test
    void who_gets_it_at_an_hour_of_their_own_is_due_at_that_hour() {
        for (int no = 0; no < PEOPLE; no++) {
            world.pool
                    .preparedQuery("UPDATE cdp_profile SET traits = $3 WHERE ws = $1 AND profile_no = $2")
                    .execute(Tuple.of(
                            WS, no, new JsonObject().put("$timezone", no % 3 == 0 ? "Asia/Tokyo" : "America/New_York")))
                    .await();
        }
        world.startWorkers();
        // Half past for Tokyo, and many hours later for New York.
        var at = LocalDateTime.now(ZoneOffset.ofHours(9)).plusMinutes(30);
        world.request(important(80, to(users))
                .planned(new Plan(new Timing.Local(at, null, Timing.Passed.SEND), null, 0, null, null, 80)));
        assertThat(reasons(to(users))).isEqualTo(ended(8, 4));
    }

    @Test
    void of_two_that_are_sent_at_once_by_two_nodes_everybody_gets_the_more_important_one_alone() {
        var low = world.run(tx -> world.messages
                .request(tx, WS, important(40, to(users.reversed())))
                .compose(first ->
                        world.messages.request(tx, WS, important(60, to(users))).map(first)));
        world.startWorkers();
        world.startAnotherNode();
        assertThat(world.awaitState(low.id(), "completed").reasons()).isEqualTo(ended(0, PEOPLE));
        world.await(() ->
                world.rows("SELECT FROM cep_run WHERE state <> 'completed'").isEmpty());
        assertThat(world.channel.sent).hasSize(2 * PEOPLE);
        assertThat(world.rows("SELECT ring FROM cep_profile_policy").stream().map(PolicyRows::sent))
                .hasSize(PEOPLE)
                .allMatch(sent -> sent.size() == 1 && sent.getFirst().priority() == 60);
    }

    @Test
    void what_may_have_left_already_goes_on_whatever_more_important_comes_meanwhile() {
        world.channel.script = ScriptedChannel.always(
                new Attempt(Reason.PUSH_SERVICE_ERROR, true, Instant.now().plusSeconds(600), 503, true));
        world.startWorkers();
        var low = world.request(in(Duration.ZERO, to(users))).id();
        world.await(() -> world.rows("SELECT FROM cep_message WHERE state = 0 AND attempts = 1")
                        .size()
                == 2 * PEOPLE);
        world.request(in(Duration.ofMinutes(30), important(80, to(users))));
        world.channel.script = outgoing -> Future.succeededFuture(ScriptedChannel.ACCEPTED);
        comesToItsEnd(low);
        assertThat(world.status(low).reasons()).isEqualTo(ended(PEOPLE, 0));
    }

    /** What waits is asked again and again: the job that left it waiting may be under way still. */
    private void comesToItsEnd(UUID id) {
        var run = "(SELECT run FROM cep_run WHERE id = '%s')".formatted(id);
        world.await(() -> {
            world.execute("UPDATE cep_message SET next_at = now() WHERE state = 0 AND run = " + run);
            world.execute(
                    "UPDATE jobs SET due_at = now() WHERE state = 'waiting' AND key LIKE %s || '/%%'".formatted(run));
            return world.status(id).state().equals("completed");
        });
    }

    @Test
    void what_may_wait_waits_until_the_more_important_one_has_come_and_goes_when_it_does_not() {
        world.policies(new JsonObject()
                .put(
                        "priorities",
                        new JsonObject()
                                .put("minutes", 60)
                                .put("onExceed", "queue")
                                .put("maxWaitHours", 24)));
        world.startWorkers();
        var high = world.request(in(Duration.ofMinutes(30), important(80, to(users))))
                .id();
        var low = world.request(in(Duration.ZERO, to(users))).id();
        world.await(() -> world.rows("SELECT FROM cep_message WHERE state = 0").size() == 2 * PEOPLE);
        var until = SqlTime.instant(
                world.rows("SELECT max(next_at) AS until FROM cep_message").getFirst(), "until");
        assertThat(until)
                .isEqualTo(SqlTime.instant(
                                world.rows("SELECT send_at FROM cep_run WHERE id = '%s'".formatted(high))
                                        .getFirst(),
                                "send_at")
                        .plus(Duration.ofMinutes(60)));
        world.run(tx -> world.messages.cancel(tx, WS, high));
        comesToItsEnd(low);
        assertThat(world.status(low).reasons()).isEqualTo(ended(PEOPLE, 0));
    }
}
