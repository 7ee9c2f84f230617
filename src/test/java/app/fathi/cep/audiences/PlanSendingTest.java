package app.fathi.cep.audiences;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.request;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.cep.ScriptedChannel;
import app.fathi.cep.SendingWorld;
import app.fathi.cep.besttime.BestTimes;
import app.fathi.cep.ledger.PeopleInLedger;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.Channel.Outgoing;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.MessageStatus;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Plan.Dedupe;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.Resend;
import app.fathi.cep.message.State;
import app.fathi.cep.message.Timing;
import app.fathi.cep.message.Timing.Local;
import app.fathi.cep.message.Timing.Passed;
import app.fathi.cep.policies.Factors;
import app.fathi.cep.runs.DedupeStore;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How a message is spread over people and time, with senders that do not know of each other. */
class PlanSendingTest {
    private static final List<String> ZONES = List.of("Pacific/Kiritimati", "Europe/Vienna", "America/New_York");

    private final SendingWorld world = new SendingWorld(Map.of("FATHI_SEND_CHUNK_PROFILES", "7"));

    @AfterEach
    void close() {
        world.close();
    }

    private static Plan timed(Timing timing) {
        return new Plan(timing, null, 0, null, null);
    }

    private static Plan once(String key) {
        return new Plan(null, null, 0, new Dedupe(key, Duration.ofHours(1)), null);
    }

    private List<Integer> got() {
        return world.channel.sent.stream()
                .map(outgoing -> outgoing.address().profileNo())
                .sorted()
                .toList();
    }

    private List<Integer> ended(Reason reason) {
        return world
                .rows("SELECT profile_no FROM cep_message WHERE reason = " + reason.code() + " ORDER BY profile_no")
                .stream()
                .map(row -> row.getInteger("profile_no"))
                .toList();
    }

    /** Each third person lives in one of the zones, by the browser that was seen last. */
    private void live(int people) {
        for (int no = 0; no < people; no++) {
            world.pool
                    .preparedQuery("UPDATE cdp_profile SET traits = $3 WHERE ws = $1 AND profile_no = $2")
                    .execute(Tuple.of(WS, no, new JsonObject().put("$timezone", ZONES.get(no % 3))))
                    .await();
        }
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

    /** As if the time of everybody in chunks of a later hour had come. */
    private void hourComes(Instant of) {
        world.pool
                .preparedQuery("UPDATE cep_chunk SET send_at = now() WHERE send_at = $1")
                .execute(Tuple.of(of.atOffset(ZoneOffset.UTC)))
                .await();
        // One that runs may have read the hour as it was, and would go to sleep until then.
        world.execute(
                """
                UPDATE jobs SET due_at = CASE state WHEN 'waiting' THEN now() ELSE due_at END,
                                asked_again = asked_again OR state = 'running'
                WHERE state IN ('waiting', 'running')
                """);
    }

    @Test
    void everybody_gets_it_at_the_hour_of_their_own_day_and_who_has_left_the_segment_by_then_does_not() {
        world.people(60, 1);
        live(60);
        var at = LocalDateTime.now(ZoneId.of("Pacific/Kiritimati"))
                .plusMinutes(10)
                .withNano(0);
        var segment = segment(60);
        world.startWorkers();
        var id = world.request(request(new Audience.Segment(segment)).planned(timed(new Local(at, null, Passed.SKIP))))
                .id();
        world.await(() -> status(id).counts().get("planned") == 60);
        var hours = world.rows("SELECT DISTINCT send_at FROM cep_chunk ORDER BY send_at").stream()
                .map(row -> row.getOffsetDateTime(0).toInstant())
                .toList();
        assertThat(hours)
                .isEqualTo(ZONES.stream()
                        .map(zone -> at.atZone(ZoneId.of(zone)).toInstant())
                        .toList());
        assertThat(world.channel.sent).isEmpty();

        hourComes(hours.get(0));
        world.await(() -> world.channel.sent.size() == 20);
        assertThat(got()).allMatch(no -> no % 3 == 0);
        world.execute("DELETE FROM segments_member WHERE profile_no IN (1, 4, 5)");
        hourComes(hours.get(1));
        hourComes(hours.get(2));
        var done = world.awaitState(id, "completed");
        assertThat(done.reasons()).isEqualTo(Map.of("accepted", 57L, "not_in_audience", 3L));
        assertThat(ended(Reason.NOT_IN_AUDIENCE)).containsExactly(1, 4, 5);
        assertThat(world.channel.sent.stream().map(Outgoing::id)).doesNotHaveDuplicates();
        world.countsEqualTheLedger(id);
    }

    private MessageStatus status(UUID id) {
        return world.status(id);
    }

    @Test
    void whose_hour_is_over_gets_none_where_it_says_so_and_a_message_to_named_people_knows_their_hours_too() {
        var users = world.people(9, 1);
        live(9);
        // In Vienna it began five hours ago: over there and further east, and yet to come in New York.
        var at = LocalDateTime.now(ZoneId.of("Europe/Vienna")).minusHours(5);
        world.startWorkers();
        var id = world.request(to(users).planned(timed(new Local(at, null, Passed.SKIP))))
                .id();
        world.await(() -> world.rows("SELECT FROM cep_chunk WHERE finished_at IS NOT NULL")
                        .size()
                == 2);
        assertThat(ended(Reason.CUTOFF_PASSED)).containsExactly(0, 1, 3, 4, 6, 7);
        hourComes(at.atZone(ZoneId.of("America/New_York")).toInstant());
        assertThat(world.awaitState(id, "completed").reasons()).isEqualTo(Map.of("accepted", 3L, "cutoff_passed", 6L));
    }

    @Test
    void everybody_gets_it_at_their_best_hour_but_for_a_share_that_gets_it_at_any() {
        var users = world.people(90, 1);
        var best = new Timing.BestHour(Duration.ofHours(24), 40);
        var start = Instant.now();
        var id = world.request(to(users).planned(timed(best))).id();
        var run = RunsStore.runById(world.pool, WS, id).await().orElseThrow();
        var people = IntStream.range(0, 90).boxed().toList();
        var chosen = world.bestTimes()
                .instants(world.pool, WS, people, run.sendAt(), run.sendAt().plus(best.within()))
                .await();
        var hours = new HashMap<Integer, Instant>();
        world.rows("SELECT profile_nos, send_at FROM cep_chunk").forEach(row -> {
            for (var no : row.getArrayOfIntegers("profile_nos")) {
                assertThat(hours.put(no, row.getOffsetDateTime("send_at").toInstant()))
                        .as("in one chunk")
                        .isNull();
            }
        });
        assertThat(hours.keySet()).containsExactlyInAnyOrderElementsOf(people);
        assertThat(hours.values())
                .allMatch(at -> !at.isBefore(start.minusSeconds(1)) && at.isBefore(start.plus(Duration.ofHours(25))));
        var controls =
                people.stream().filter(no -> BestTimes.isControl(run, no)).toList();
        assertThat(controls).hasSizeBetween(20, 52);
        people.stream().filter(no -> !controls.contains(no)).forEach(no -> assertThat(hours.get(no))
                .isEqualTo(chosen.get(no).truncatedTo(ChronoUnit.MICROS)));
        assertThat(controls.stream().map(hours::get).distinct())
                .as("at any hour")
                .hasSizeGreaterThan(8);
    }

    @Test
    void a_message_is_paused_at_any_moment_and_goes_on_with_nobody_twice() {
        var users = world.people(80, 1);
        var first = Promise.<Channel.Attempt>promise();
        var held = new ArrayList<Outgoing>();
        world.channel.script = outgoing -> {
            synchronized (held) {
                held.add(outgoing);
                return held.size() <= 5
                        ? first.future()
                        : io.vertx.core.Future.succeededFuture(ScriptedChannel.ACCEPTED);
            }
        };
        var id = world.request(to(users)).id();
        world.startWorkers();
        world.await(() -> world.channel.sent.size() >= 5);
        var paused = world.run(tx -> world.messages.pause(tx, WS, id));
        assertThat(paused.pausedAt()).isNotNull();
        int left = world.channel.sent.size();
        first.complete(ScriptedChannel.ACCEPTED);
        world.await(() -> world.rows("SELECT FROM jobs WHERE state = 'running'").isEmpty());
        int after = world.channel.sent.size();
        assertThat(after).as("what was under way").isBetween(left, left + 32).isLessThan(80);
        assertThat(world.run(tx -> world.messages.pause(tx, WS, id)).state()).isEqualTo("sending");
        world.vertx.timer(300).await();
        assertThat(world.channel.sent).hasSize(after);

        assertThat(world.run(tx -> world.messages.resume(tx, WS, id)).pausedAt())
                .isNull();
        assertThat(world.awaitState(id, "completed").reasons()).isEqualTo(Map.of("accepted", 80L));
        assertThat(got()).isEqualTo(IntStream.range(0, 80).boxed().toList());
        assertThatThrownBy(() -> world.run(tx -> world.messages.pause(tx, WS, id)))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("completed");
    }

    /** It may have read that the message is paused, and be about to say when it wants to be woken. */
    @Test
    void a_pause_that_ends_while_a_sender_is_about_to_go_to_sleep_for_it_lets_that_one_look_again() {
        var id = pausedBefore(to(world.people(20, 1)));
        world.execute("UPDATE jobs SET state = 'running', lease_token = 1");
        world.run(tx -> world.messages.resume(tx, WS, id));
        assertThat(world.rows("SELECT asked_again FROM jobs WHERE state = 'running'"))
                .isNotEmpty()
                .allMatch(job -> job.getBoolean("asked_again"));
    }

    @Test
    void a_paused_message_can_be_cancelled_and_ends_by_itself_when_it_makes_no_sense_any_more() {
        var users = world.people(20, 1);
        world.startWorkers();
        var cancelled = pausedBefore(to(users));
        var late = pausedBefore(to(users).planned(new Plan(null, Instant.now().plusSeconds(2), 0, null, null)));
        world.run(tx -> world.messages.cancel(tx, WS, cancelled));
        assertThat(world.awaitState(cancelled, "cancelled").reasons()).isEqualTo(Map.of("cancelled", 20L));
        assertThat(world.awaitState(late, "completed").reasons()).isEqualTo(Map.of("cutoff_passed", 20L));
        assertThat(world.channel.sent).isEmpty();
    }

    private UUID pausedBefore(MessageRequest request) {
        return world.run(tx -> world.messages
                .request(tx, WS, request)
                .compose(taken -> world.messages.pause(tx, WS, taken.id()).map(taken.id())));
    }

    @Test
    void a_share_of_the_people_is_held_out_the_same_of_a_whole_campaign_and_stays_so_when_it_is_sent_again() {
        var users = world.people(200, 1);
        world.startWorkers();
        var plan = new Plan(null, null, 20, null, UUID.randomUUID());
        var one = world.awaitState(world.request(to(users).planned(plan)).id(), "completed");
        var heldOut = ended(Reason.HOLDOUT);
        assertThat(heldOut).hasSizeBetween(20, 60);
        assertThat(one.reasons())
                .isEqualTo(Map.of("holdout", (long) heldOut.size(), "accepted", 200L - heldOut.size()));
        world.awaitState(world.request(to(users).planned(plan)).id(), "completed");
        assertThat(ended(Reason.HOLDOUT)).hasSize(2 * heldOut.size()).containsOnlyElementsOf(heldOut);
        var other = world.awaitState(
                world.request(to(users).planned(plan.of(UUID.randomUUID()))).id(), "completed");
        assertThat(ended(Reason.HOLDOUT).stream().distinct())
                .as("another campaign holds out others")
                .hasSizeGreaterThan(heldOut.size());
        assertThat(world.rows("SELECT DISTINCT factors FROM cep_message WHERE factors IS NOT NULL").stream()
                        .map(row -> Factors.of(row.getBuffer(0).getBytes()).what()))
                .containsExactly(Factors.What.MESSAGE_HOLDOUT);
        assertThatThrownBy(() -> world.run(tx -> world.messages.resend(
                        tx,
                        WS,
                        other.id(),
                        new Resend(java.util.Set.of(State.SKIPPED), java.util.Set.of(), null, null, false))))
                .hasMessageContaining("nothing to send again");
    }

    @Test
    void of_messages_that_are_the_same_thing_a_person_gets_one_whoever_sends_them_at_the_same_time() {
        var users = world.people(50, 2);
        for (int i = 0; i < 8; i++) {
            world.request(to(i % 2 == 0 ? users : users.reversed()).planned(once("order-7")));
        }
        world.startWorkers();
        world.startAnotherNode();
        world.await(() ->
                world.rows("SELECT FROM cep_run WHERE state <> 'completed'").isEmpty());
        assertThat(world.ledger()).isEqualTo(Map.of("accepted/accepted", 100, "skipped/duplicate", 7 * 50 * 2));
        assertThat(got())
                .isEqualTo(IntStream.range(0, 100).map(i -> i / 2).boxed().toList());

        assertThat(reasons(to(users).planned(once("order-8")))).isEqualTo(Map.of("accepted", 100L));
        world.execute("UPDATE cep_dedupe SET until = now()");
        assertThat(reasons(to(users).planned(once("order-7"))))
                .as("after its time")
                .isEqualTo(Map.of("accepted", 100L));
    }

    @Test
    void whom_a_message_certainly_did_not_reach_gets_the_next_one_of_the_same_thing() {
        var users = world.people(1, 1);
        world.startWorkers();
        world.channel.script = ScriptedChannel.always(new Channel.Attempt(Reason.BAD_REQUEST, false, null, 400, true));
        assertThat(reasons(to(users).planned(once("x")))).isEqualTo(Map.of("bad_request", 1L));
        world.channel.script = ScriptedChannel.always(ScriptedChannel.ACCEPTED);
        assertThat(reasons(to(users).planned(once("x")))).isEqualTo(Map.of("accepted", 1L));
        assertThat(reasons(to(users).planned(once("x")))).isEqualTo(Map.of("duplicate", 1L));
    }

    @Test
    void who_becomes_one_with_somebody_has_got_what_both_got_and_who_is_erased_leaves_nothing() {
        var users = world.people(3, 1);
        world.startWorkers();
        reasons(to(users.subList(0, 1)).planned(once("x")));
        reasons(to(users.subList(0, 2)).planned(once("y")));
        world.run(tx -> DedupeStore.unite(tx, WS, List.of(0, 1), List.of(2, 2)));
        assertThat(reasons(to(users.subList(2, 3)).planned(once("x")))).isEqualTo(Map.of("duplicate", 1L));
        assertThat(reasons(to(users.subList(2, 3)).planned(once("y")))).isEqualTo(Map.of("duplicate", 1L));
        world.run(tx -> new PeopleInLedger().erase(tx, WS, List.of(2)));
        assertThat(world.rows("SELECT DISTINCT profile_no FROM cep_dedupe ORDER BY profile_no").stream()
                        .map(row -> row.getInteger(0)))
                .containsExactly(0, 1);
        world.execute("UPDATE cep_dedupe SET until = now()");
        assertThat(DedupeStore.forget(world.pool).await()).isFalse();
        assertThat(world.rows("SELECT FROM cep_dedupe")).isEmpty();
    }

    private Map<String, Long> reasons(MessageRequest request) {
        return world.awaitState(world.request(request).id(), "completed").reasons();
    }
}
