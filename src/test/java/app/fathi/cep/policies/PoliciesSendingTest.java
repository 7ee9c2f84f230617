package app.fathi.cep.policies;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.ScriptedChannel;
import app.fathi.cep.SendingWorld;
import app.fathi.cep.message.BatchItem;
import app.fathi.cep.message.Channel.Attempt;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Reason;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Policies where they count: under senders that do not know of each other. */
class PoliciesSendingTest {
    private static final Attempt REFUSED = new Attempt(Reason.RATE_LIMITED, true, null, 429, true);
    private static final Attempt DOUBTFUL = new Attempt(Reason.PUSH_SERVICE_ERROR, false, null, 0, true);

    private final SendingWorld world = new SendingWorld(Map.of());

    @AfterEach
    void close() {
        world.close();
    }

    private static JsonObject cap(int limit) {
        return new JsonObject()
                .put("name", "cap")
                .put("limit", limit)
                .put("window", new JsonObject().put("kind", "rolling").put("hours", 24));
    }

    private static JsonObject caps(JsonObject... caps) {
        return new JsonObject().put("caps", new JsonArray(List.of(caps)));
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

    private static MessageRequest until(MessageRequest r, Duration life) {
        return new MessageRequest(
                r.audience(),
                r.content(),
                r.purpose(),
                (int) life.toSeconds(),
                r.urgency(),
                r.topic(),
                r.sendAt(),
                null,
                r.devices(),
                r.perMinute(),
                r.tracking(),
                r.dryRun());
    }

    private Map<String, Long> reasons(MessageRequest request) {
        return world.awaitState(world.request(request).id(), "completed").reasons();
    }

    private List<String> nowWaiting(MessageRequest request) {
        var id = world.request(request).id();
        world.await(() -> !waiting(id.toString()).isEmpty());
        return waiting(id.toString());
    }

    /** What of a message waits, with what it waits for. */
    private List<String> waiting(String id) {
        return world
                .rows(
                        """
                        SELECT m.next_at, m.factors FROM cep_message m JOIN cep_run r ON r.run = m.run
                        WHERE r.id = '%s' AND m.state = 0
                        """
                                .formatted(id))
                .stream()
                .map(row -> {
                    var factors = Factors.of(row.getBuffer("factors").getBytes());
                    assertThat(row.getOffsetDateTime("next_at").toInstant().truncatedTo(ChronoUnit.SECONDS))
                            .isEqualTo(factors.until().truncatedTo(ChronoUnit.SECONDS));
                    return factors.what().name();
                })
                .toList();
    }

    @Test
    void two_campaigns_and_a_thousand_api_sends_at_once_by_two_nodes_never_exceed_a_cap_and_use_all_of_it() {
        int people = 40;
        var users = world.people(people, 2);
        world.policies(caps(cap(3)));
        var refusedOnce = ConcurrentHashMap.<Object>newKeySet();
        world.channel.script = outgoing -> {
            boolean refuse = outgoing.id().hashCode() % 3 == 0 && refusedOnce.add(outgoing.id());
            return Future.succeededFuture(refuse ? REFUSED : ScriptedChannel.ACCEPTED);
        };
        var items = new ArrayList<BatchItem>();
        for (int i = 0; i < 1_000; i++) {
            items.add(new BatchItem(null, null, users.get(i % people), null, null));
        }
        world.request(to(users));
        world.request(to(users.reversed()));
        world.run(tx -> world.batches.request(tx, WS, to(users), items));
        world.startWorkers();
        world.startAnotherNode();
        world.await(() ->
                world.rows("SELECT FROM cep_run WHERE state <> 'completed'").isEmpty());

        var got = world.rows(
                """
                SELECT profile_no, count(DISTINCT run) AS n FROM cep_message WHERE state = 2 GROUP BY profile_no
                """);
        assertThat(got).hasSize(people).allMatch(row -> row.getLong("n") == 3);
        assertThat(refusedOnce).as("some gave their place back").hasSizeGreaterThan(10);
        assertThat(world.ledger()).containsOnlyKeys("accepted/accepted", "skipped/capped");
        var rings = world.rows("SELECT ring FROM cep_profile_policy");
        assertThat(rings).hasSize(people);
        assertThat(rings)
                .allMatch(
                        row -> Ring.of(row.getBuffer("ring").getBytes()).sent().size() == 3);
    }

    @Test
    void a_person_counts_once_whatever_their_devices_and_what_certainly_did_not_leave_is_given_back() {
        var user = world.people(1, 2);
        world.policies(caps(cap(1)));
        world.startWorkers();
        var gone = new Attempt(Reason.GONE, false, null, 410, true);
        world.channel.script = ScriptedChannel.always(gone);
        assertThat(reasons(to(user))).isEqualTo(Map.of("gone", 2L));

        world.channel.subscribe(0);
        var lost = world.channel.subscribe(0);
        world.channel.script = outgoing ->
                Future.succeededFuture(outgoing.address().id().equals(lost) ? gone : ScriptedChannel.ACCEPTED);
        assertThat(reasons(to(user))).as("there was room").isEqualTo(Map.of("gone", 1L, "accepted", 1L));
        assertThat(reasons(to(user))).as("one device has it").isEqualTo(Map.of("capped", 1L));
        assertThat(reasons(transactional(to(user)))).isEqualTo(Map.of("accepted", 1L));
    }

    @Test
    void what_may_have_left_keeps_its_place() {
        var user = world.people(1, 1);
        world.policies(caps(cap(1)));
        world.startWorkers();
        world.channel.script = ScriptedChannel.always(DOUBTFUL);
        assertThat(reasons(to(user))).isEqualTo(Map.of("push_service_error", 1L));
        assertThat(reasons(to(user))).isEqualTo(Map.of("capped", 1L));
    }

    @Test
    void what_is_queued_waits_for_room_and_no_longer_than_it_makes_sense() {
        var users = world.people(1, 1);
        world.policies(caps(cap(1).put("onExceed", "queue").put("maxWaitHours", 48)));
        world.startWorkers();
        assertThat(reasons(to(users))).isEqualTo(Map.of("accepted", 1L));
        assertThat(reasons(to(users))).as("its hour is over before").isEqualTo(Map.of("queue_expired", 1L));
        assertThat(nowWaiting(until(to(users), Duration.ofHours(30)))).containsExactly("CAP");

        // A day later by the ring's account there is room, and what waits is asked again.
        world.execute("UPDATE cep_profile_policy SET ring = ''");
        world.execute("UPDATE cep_message SET next_at = now() WHERE state = 0");
        world.await(() -> {
            // Again and again: the job that left it waiting may be under way still.
            world.execute("UPDATE jobs SET due_at = now() WHERE state = 'waiting'");
            return world.ledger().equals(Map.of("accepted/accepted", 2, "skipped/queue_expired", 1));
        });
    }

    @Test
    void a_persons_own_quiet_hours_hold_where_there_are_no_policies_but_not_what_is_transactional() {
        var now = LocalTime.now(ZoneOffset.ofHours(9));
        var quiet = new JsonObject()
                .put(
                        "start",
                        now.minusMinutes(5).truncatedTo(ChronoUnit.MINUTES).toString())
                .put("end", now.plusHours(2).truncatedTo(ChronoUnit.MINUTES).toString());
        var traits = new JsonObject().put("$timezone", "Asia/Tokyo").put("$quietHours", quiet);
        int no = world.person(1, traits);
        world.execute("INSERT INTO cdp_trait_name VALUES (7, 1, '$quietHours')");
        world.execute("INSERT INTO cdp_trait (ws, trait, profile_no, type) VALUES (7, 1, %d, 4)".formatted(no));
        int other = world.person(1, new JsonObject().put("$timezone", "Asia/Tokyo"));
        world.startWorkers();

        var both = List.of("u" + no, "u" + other);
        assertThat(reasons(transactional(to(both)))).isEqualTo(Map.of("accepted", 2L));
        assertThat(nowWaiting(until(to(both), Duration.ofHours(6)))).containsExactly("OWN_QUIET_HOURS");
        assertThat(reasons(to(both)))
                .as("within the hour that it makes sense they do not end")
                .isEqualTo(Map.of("accepted", 1L, "queue_expired", 1L));
        assertThat(world.rows("SELECT FROM cep_profile_policy"))
                .as("nobody is counted")
                .isEmpty();
    }

    @Test
    void blackouts_holdouts_gaps_and_quiet_hours_say_so_and_the_first_of_them_counts() {
        var users = world.people(30, 1);
        world.startWorkers();
        var today = Instant.now().atOffset(ZoneOffset.UTC).toLocalDate();
        var dark = new JsonObject()
                .put("name", "mourning")
                .put("start", today.minusDays(1) + "T00:00")
                .put("end", today.plusDays(2) + "T00:00");
        var always = new JsonObject().put("start", "00:00").put("end", "23:59").put("then", "drop");
        world.policies(new JsonObject().put("minGap", new JsonObject().put("minutes", 600)));
        assertThat(reasons(to(users))).isEqualTo(Map.of("accepted", 30L));
        assertThat(reasons(to(users))).isEqualTo(Map.of("min_gap", 30L));

        world.policies(new JsonObject()
                .put("minGap", new JsonObject().put("minutes", 600))
                .put("holdout", new JsonObject().put("percent", 30))
                .put("quietHours", always));
        long out = heldOut();
        assertThat(out).isBetween(1L, 29L);
        assertThat(reasons(to(users)))
                .as("holdout before the gap before quiet hours")
                .isEqualTo(Map.of("global_holdout", out, "min_gap", 30 - out));
        world.policies(new JsonObject()
                .put("holdout", new JsonObject().put("percent", 30))
                .put("quietHours", always));
        if (LocalTime.now(ZoneOffset.UTC).isBefore(LocalTime.of(23, 58))) {
            assertThat(reasons(to(users))).isEqualTo(Map.of("global_holdout", out, "quiet_hours", 30 - out));
        }
        world.policies(new JsonObject()
                .put("holdout", new JsonObject().put("percent", 30))
                .put("blackouts", new JsonArray().add(dark)));
        assertThat(reasons(to(users))).isEqualTo(Map.of("blackout", 30L));
        assertThat(reasons(transactional(to(users)))).isEqualTo(Map.of("accepted", 30L));
    }

    private static long heldOut() {
        return IntStream.range(0, 30)
                .filter(no -> NaiveRules.isHeldOut(WS, no, 30))
                .count();
    }
}
