package app.fathi.cep.sending;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.request;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import app.fathi.cep.ScriptedChannel;
import app.fathi.cep.SendingWorld;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.Channel.Attempt;
import app.fathi.cep.message.Channel.Outgoing;
import app.fathi.cep.message.Delivery;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.cep.message.Taken;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SendingTest {
    private SendingWorld world = new SendingWorld();

    @AfterEach
    void close() {
        world.close();
    }

    private void with(Map<String, String> settings) {
        world.close();
        world = new SendingWorld(settings);
    }

    private static MessageRequest content(MessageRequest request, JsonObject content) {
        return new MessageRequest(
                request.audience(),
                content,
                request.purpose(),
                request.ttlSeconds(),
                request.urgency(),
                request.topic(),
                request.sendAt(),
                request.expiresAt(),
                request.devices(),
                request.perMinute(),
                request.tracking(),
                request.dryRun());
    }

    private static MessageRequest times(MessageRequest r, int ttl, Instant sendAt, Instant expiresAt) {
        return new MessageRequest(
                r.audience(),
                r.content(),
                r.purpose(),
                ttl,
                r.urgency(),
                r.topic(),
                sendAt,
                expiresAt,
                r.devices(),
                r.perMinute(),
                r.tracking(),
                r.dryRun());
    }

    private static MessageRequest dryRun(MessageRequest r) {
        return new MessageRequest(
                r.audience(),
                r.content(),
                r.purpose(),
                r.ttlSeconds(),
                r.urgency(),
                r.topic(),
                r.sendAt(),
                r.expiresAt(),
                r.devices(),
                r.perMinute(),
                r.tracking(),
                true);
    }

    @Test
    void every_device_of_every_person_gets_it_once_and_the_run_completes() {
        var users = world.people(120, 2);
        world.startWorkers();
        var taken = world.request(to(users));
        assertThat(taken.planned()).isEqualTo(120);
        assertThat(taken.unknown()).isEmpty();

        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.counts()).containsEntry("accepted", 240L).containsEntry("waiting", 0L);
        assertThat(world.channel.sent).hasSize(240);
        assertThat(world.channel.sent.stream().map(o -> o.address().id())).doesNotHaveDuplicates();
        assertThat(world.channel.sent.stream().map(Outgoing::id)).doesNotHaveDuplicates();
        world.countsEqualTheLedger(taken.id());
        // What a run has come to is told a moment before its jobs are over.
        world.await(() -> world.rows("SELECT * FROM jobs").isEmpty());
    }

    @Test
    void however_many_chunks_send_at_once_a_quota_is_used_to_the_last_and_no_further() {
        world.database.execute(
                """
                INSERT INTO users_workspace (no, id, name, timezone, language, identity_key, deliveries_per_day)
                OVERRIDING SYSTEM VALUE VALUES (7, gen_random_uuid(), 'Main', 'Europe/Istanbul', 'en', '', 130)
                """);
        var users = world.people(120, 2);
        world.channel.script = outgoing -> Future.succeededFuture(
                outgoing.attempt() == 1 ? ScriptedChannel.transientFailure(null) : ScriptedChannel.ACCEPTED);
        world.startWorkers();
        var status = world.awaitState(world.request(to(users)).id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("accepted", 130L, "quota_exceeded", 110L));
        assertThat(world.channel.sent.stream().map(o -> o.address().id()).distinct())
                .as("a delivery that is tried again counts once")
                .hasSize(130);
        assertThat(world.rows("SELECT used FROM cep_quota_use").getFirst().getLong("used"))
                .isEqualTo(130);
    }

    @Test
    void a_delivery_carries_the_persons_traits_and_a_token_that_names_it() {
        int ada = world.person(1, new JsonObject().put("firstName", "Ada"));
        int nobody = world.person(1, new JsonObject());
        world.startWorkers();
        var taken = world.request(content(
                to(List.of("u" + ada, "u" + nobody)),
                new JsonObject().put("title", "Hello {{ traits.firstName | default: 'there' }}")));
        world.awaitState(taken.id(), "completed");

        assertThat(world.channel.sent.stream().map(o -> o.content().getString("title")))
                .containsExactlyInAnyOrder("Hello Ada", "Hello there");
        for (var outgoing : world.channel.sent) {
            var key =
                    world.tokens.verify(outgoing.trackingToken(), Instant.now()).orElseThrow();
            assertThat(key.profileNo()).isEqualTo(outgoing.address().profileNo());
            assertThat(key.ws()).isEqualTo(WS);
        }
    }

    @Test
    void for_a_service_that_takes_nothing_nothing_is_made_and_all_others_get_theirs() {
        var users = world.people(60, 1);
        for (var user : users) {
            world.channel.subscribe(Integer.parseInt(user.substring(1)), "https://down.example");
        }
        var made = ConcurrentHashMap.<UUID>newKeySet();
        world.channel.beforeIntent = made::add;
        world.channel.held.put("https://down.example", Instant.now().plusSeconds(1_000));
        world.startWorkers();
        var taken = world.request(to(users));
        world.await(() -> world.rows("SELECT FROM cep_message WHERE state = 2").size() == 60);
        world.await(() -> world.rows("SELECT FROM cep_message WHERE state = 0").size() == 60);
        world.await(
                () -> world.rows("SELECT FROM jobs WHERE state <> 'waiting'").isEmpty());
        assertThat(made).as("addresses for which something was made").hasSize(60);
        assertThat(
                        world.rows(
                                "SELECT FROM cep_message WHERE state = 0 AND attempts = 0 AND next_at > now() + interval '900 s'"))
                .as("wait as long as they were told, without having used up an attempt")
                .hasSize(60);

        world.channel.held.clear();
        world.rows("UPDATE cep_message SET next_at = now() WHERE state = 0 RETURNING 1");
        world.rows("UPDATE jobs SET due_at = now() WHERE state = 'waiting' RETURNING 1");
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.counts()).containsEntry("accepted", 120L);
        assertThat(world.channel.sent.stream().map(Outgoing::id))
                .doesNotHaveDuplicates()
                .hasSize(120);
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void a_run_with_an_allowance_begins_no_more_deliveries_than_it_has_whoever_sends_its_chunks() {
        var users = world.people(120, 1);
        var times = new CopyOnWriteArrayList<Long>();
        world.channel.script = outgoing -> {
            times.add(System.nanoTime());
            return Future.succeededFuture(ScriptedChannel.ACCEPTED);
        };
        world.startWorkers();
        var r = to(users);
        // Twenty a second, in three chunks.
        var taken = world.request(new MessageRequest(
                r.audience(),
                r.content(),
                r.purpose(),
                600,
                Urgency.NORMAL,
                null,
                null,
                null,
                null,
                1_200,
                false,
                false));
        world.awaitState(taken.id(), "completed");
        assertThat(times).hasSize(120);
        for (int i = 0; i + 60 < times.size(); i++) {
            assertThat(times.get(i + 60) - times.get(i))
                    .as("sixty are three seconds' worth, of which one sub-batch may come ahead of time")
                    .isGreaterThan(1_800_000_000L);
        }
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void only_the_most_recently_active_devices_are_taken_when_asked() {
        var users = world.people(3, 3);
        var newest = List.of(world.channel.subscribe(0), world.channel.subscribe(1), world.channel.subscribe(2));
        world.startWorkers();
        var r = to(users);
        var taken = world.request(new MessageRequest(
                r.audience(), r.content(), r.purpose(), 60, Urgency.HIGH, "news", null, null, 1, null, false, false));
        world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent.stream().map(o -> o.address().id())).containsExactlyInAnyOrderElementsOf(newest);
        assertThat(world.channel.sent).allSatisfy(o -> {
            assertThat(o.trackingToken()).isNull();
            assertThat(o.urgency()).isEqualTo(Urgency.HIGH);
            assertThat(o.topic()).isEqualTo("news");
            assertThat(o.ttlSeconds()).isBetween(1, 60);
        });
    }

    @Test
    void a_person_named_twice_is_one_person_and_ids_that_name_nobody_are_told() {
        int no = world.person(1, new JsonObject());
        world.startWorkers();
        var taken = world.request(to(List.of("u" + no, "u" + no, "stranger")));
        assertThat(taken.planned()).isEqualTo(1);
        assertThat(taken.unknown()).containsExactly("stranger");
        world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent).hasSize(1);
    }

    @Test
    void subscriptions_that_are_named_are_the_only_ones_reached() {
        int no = world.person(2, new JsonObject());
        var wanted = world.channel.subscribe(no);
        var stranger = UUID.randomUUID();
        world.startWorkers();
        var taken = world.request(request(new Audience.Subscriptions(List.of(wanted, stranger, wanted))));
        assertThat(taken.planned()).isEqualTo(1);
        assertThat(taken.unknown()).containsExactly(stranger.toString());
        world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent.stream().map(o -> o.address().id())).containsExactly(wanted);
    }

    @Test
    void a_subscription_that_is_named_and_has_ended_is_skipped_and_not_unknown() {
        int no = world.person(2, new JsonObject());
        var ended = world.channel.subscribe(no);
        world.channel.unsubscribe(ended);
        world.startWorkers();
        var request = request(new Audience.Subscriptions(List.of(ended)));
        assertThat(world.request(dryRun(request)).reachable()).isZero();
        var taken = world.request(request);
        assertThat(taken.planned()).isEqualTo(1);
        assertThat(taken.unknown()).isEmpty();
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("no_subscription", 1L));
        assertThat(world.channel.sent).isEmpty();
    }

    @Test
    void a_message_to_nobody_is_completed_at_once() {
        var taken = world.request(to(List.of("stranger")));
        assertThat(world.status(taken.id()).state()).isEqualTo("completed");
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void people_without_a_subscription_and_oversized_messages_are_skipped_with_their_reasons() {
        int without = world.person(0, new JsonObject());
        int large = world.person(1, new JsonObject().put("name", "x".repeat(200)));
        int fine = world.person(1, new JsonObject().put("name", "Ada"));
        int aborted = world.person(1, new JsonObject().put("name", "no"));
        world.startWorkers();
        var taken = world.request(content(
                to(List.of("u" + without, "u" + large, "u" + fine, "u" + aborted)),
                new JsonObject()
                        .put("title", "{% if traits.name == 'no' %}{% abort 'no' %}{% endif %}{{ traits.name }}")));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons())
                .isEqualTo(
                        Map.of("accepted", 1L, "no_subscription", 1L, "payload_too_large", 1L, "template_aborted", 1L));
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void a_template_that_cannot_be_parsed_is_refused_and_nothing_is_written() {
        var users = world.people(1, 1);
        assertThatThrownBy(() -> world.request(content(to(users), new JsonObject().put("title", "{{ broken"))))
                .isInstanceOfSatisfying(ProblemException.class, e -> assertThat(
                                e.problem().faults().getFirst().pointer())
                        .isEqualTo("/content/title"));
        assertThat(world.rows("SELECT * FROM cep_run")).isEmpty();
    }

    @Test
    void times_that_make_no_sense_are_refused() {
        var users = world.people(1, 1);
        var now = Instant.now();
        assertThatThrownBy(() -> world.request(times(to(users), 60, now.plusSeconds(91 * 86_400L), null)))
                .hasMessageContaining("unprocessable");
        assertThatThrownBy(() -> world.request(times(to(users), 60, null, now.minusSeconds(1))))
                .hasMessageContaining("unprocessable");
        assertThatThrownBy(() -> world.request(times(to(users), 60, now.plusSeconds(60), now.plusSeconds(59))))
                .hasMessageContaining("unprocessable");
    }

    @Test
    void a_dry_run_counts_people_and_who_of_them_can_be_reached_and_writes_nothing() {
        var users = new ArrayList<>(world.people(3, 1));
        users.addAll(world.people(2, 0));
        users.add("stranger");
        var r = to(users);
        var taken = world.request(new MessageRequest(
                r.audience(), r.content(), r.purpose(), 60, r.urgency(), null, null, null, null, null, true, true));
        assertThat(taken).isEqualTo(new Taken(null, 5, 3, List.of("stranger")));
        assertThat(world.rows("SELECT * FROM cep_run")).isEmpty();
        assertThat(world.rows("SELECT * FROM jobs")).isEmpty();
    }

    @Test
    void transient_failures_are_retried_with_the_same_id_until_accepted() {
        var users = world.people(40, 1);
        var tries = new ConcurrentHashMap<UUID, Integer>();
        world.channel.script = outgoing -> Future.succeededFuture(
                tries.merge(outgoing.id(), 1, Integer::sum) < 3
                        ? ScriptedChannel.transientFailure(null)
                        : ScriptedChannel.ACCEPTED);
        world.startWorkers();
        var taken = world.request(to(users));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.counts()).containsEntry("accepted", 40L);
        assertThat(tries).hasSize(40).allSatisfy((id, n) -> assertThat(n).isEqualTo(3));
        assertThat(world.rows("SELECT attempts, retry_reason FROM cep_message")).allSatisfy(row -> {
            assertThat(row.getInteger("attempts")).isEqualTo(3);
            assertThat(row.getShort("retry_reason")).isEqualTo(Reason.PUSH_SERVICE_ERROR.code());
        });
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void attempts_are_bounded() {
        with(Map.of("FATHI_SEND_ATTEMPTS", "3"));
        var users = world.people(2, 1);
        world.channel.script = ScriptedChannel.always(new Attempt(Reason.RATE_LIMITED, true, Instant.EPOCH, 429, true));
        world.startWorkers();
        var taken = world.request(to(users));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("rate_limited", 2L));
        assertThat(world.channel.sent).hasSize(6);
    }

    @Test
    void a_retry_that_would_come_after_the_messages_end_is_not_made() {
        var users = world.people(2, 1);
        world.channel.script = outgoing -> Future.succeededFuture(
                ScriptedChannel.transientFailure(Instant.now().plusSeconds(7_200)));
        world.startWorkers();
        var taken = world.request(to(users));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("ttl_expired", 2L));
        assertThat(world.channel.sent).hasSize(2);
    }

    @Test
    void what_was_not_sent_before_its_end_is_never_sent() {
        var users = world.people(60, 1);
        var taken = world.request(to(users));
        world.execute("UPDATE cep_run SET expires_at = now() - interval '1 second'");
        world.startWorkers();
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("ttl_expired", 60L));
        assertThat(world.channel.sent).isEmpty();
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void a_message_for_later_waits() {
        var users = world.people(1, 1);
        world.startWorkers();
        var taken = world.request(times(to(users), 60, Instant.now().plusSeconds(3_600), null));
        assertThat(world.rows("SELECT 1 FROM jobs WHERE due_at > now() + interval '59 minutes'"))
                .hasSize(1);
        assertThat(world.status(taken.id()).state()).isEqualTo("queued");
        world.execute("UPDATE cep_run SET send_at = now()");
        world.execute("UPDATE jobs SET due_at = now()");
        world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent).hasSize(1);
    }

    @Test
    void an_address_that_is_gone_is_ended_with_the_result() {
        var users = world.people(4, 1);
        world.channel.script = ScriptedChannel.always(new Attempt(Reason.GONE, false, null, 410, true));
        world.startWorkers();
        var taken = world.request(to(users));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("gone", 4L));
        assertThat(world.channel.ended).hasSize(4);
        assertThat(world.rows("SELECT status FROM cep_message"))
                .allSatisfy(row -> assertThat(row.getShort("status")).isEqualTo((short) 410));

        var again = world.awaitState(world.request(to(users)).id(), "completed");
        assertThat(again.reasons()).isEqualTo(Map.of("no_subscription", 4L));
    }

    @Test
    void a_subscription_that_ends_between_decision_and_intent_is_not_sent_to() {
        int no = world.person(1, new JsonObject());
        world.channel.beforeIntent = id -> world.channel.unsubscribe(id);
        world.startWorkers();
        var taken = world.request(to(List.of("u" + no)));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("no_subscription", 1L));
        assertThat(world.channel.sent).isEmpty();
    }

    @Test
    void an_address_that_becomes_somebody_elses_between_decision_and_intent_is_not_sent_to() {
        int no = world.person(1, new JsonObject());
        int other = world.person(0, new JsonObject());
        world.channel.beforeIntent = id -> world.channel.give(id, other);
        world.startWorkers();
        var taken = world.request(to(List.of("u" + no)));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("no_subscription", 1L));
        assertThat(world.channel.sent).isEmpty();
    }

    @Test
    void a_cancel_in_mid_flood_ends_what_has_not_been_sent() {
        var users = world.people(200, 1);
        var held = new CopyOnWriteArrayList<Promise<Attempt>>();
        world.channel.script = outgoing -> {
            var promise = Promise.<Attempt>promise();
            held.add(promise);
            return promise.future();
        };
        world.startWorkers();
        var taken = world.request(to(users));
        world.await(() -> held.size() >= 32);
        var status = world.run(tx -> world.messages.cancel(tx, WS, taken.id()));
        assertThat(status.state()).isEqualTo("cancelled");
        assertThat(status.counts().get("skipped")).isGreaterThanOrEqualTo(100L);
        world.countsEqualTheLedger(taken.id());

        held.forEach(promise -> promise.tryComplete(ScriptedChannel.ACCEPTED));
        world.await(() -> world.rows("SELECT 1 FROM jobs").isEmpty());
        int sent = world.channel.sent.size();
        assertThat(world.ledger()).isEqualTo(Map.of("accepted/accepted", sent, "skipped/cancelled", 200 - sent));
        world.countsEqualTheLedger(taken.id());
        assertThat(world.run(tx -> world.messages.cancel(tx, WS, taken.id())).state())
                .isEqualTo("cancelled");
    }

    @Test
    void a_retry_of_a_cancelled_message_is_not_made() {
        var users = world.people(10, 1);
        world.channel.script = outgoing -> Future.succeededFuture(
                ScriptedChannel.transientFailure(Instant.now().plusSeconds(600)));
        world.startWorkers();
        var taken = world.request(to(users));
        world.await(() -> world.ledger().equals(Map.of("waiting/push_service_error", 10)));
        var status = world.run(tx -> world.messages.cancel(tx, WS, taken.id()));
        assertThat(status.reasons()).isEqualTo(Map.of("cancelled", 10L));
        world.await(() -> world.rows("SELECT 1 FROM jobs").isEmpty());
        assertThat(world.channel.sent).hasSize(10);
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void a_completed_message_cannot_be_cancelled_and_an_unknown_one_is_not_found() {
        world.startWorkers();
        var taken = world.request(to(world.people(1, 1)));
        world.awaitState(taken.id(), "completed");
        assertThatThrownBy(() -> world.run(tx -> world.messages.cancel(tx, WS, taken.id())))
                .hasMessageContaining("conflict");
        assertThatThrownBy(() -> world.run(tx -> world.messages.cancel(tx, WS + 1, taken.id())))
                .hasMessageContaining("not_found");
        assertThatThrownBy(() ->
                        world.messages.status(world.pool, WS + 1, taken.id()).await())
                .hasMessageContaining("not_found");
    }

    /** So many of the first people have a row that somebody was attempting. */
    private List<UUID> leftByADeadSender(int people) {
        var ids = new ArrayList<UUID>();
        for (int no = 0; no < people; no++) {
            var id = UUID.randomUUID();
            ids.add(id);
            var address = world.channel
                    .addressesOf(world.pool, WS, List.of(no))
                    .await()
                    .getFirst();
            world.execute(
                    """
                    INSERT INTO cep_message (run, step, ws, token, channel, profile_no, rank, id, subscription, state, attempts, attempted_at)
                    SELECT run, 0, ws, 1, 1, %d, 0, '%s', '%s', 1, 1, now() FROM cep_run
                    """
                            .formatted(no, id, address.id()));
        }
        return ids;
    }

    @Test
    void what_a_dead_sender_had_on_its_way_is_not_called_skipped_when_its_message_is_cancelled() {
        var users = world.people(3, 1);
        var taken = world.request(to(users));
        leftByADeadSender(2);
        world.run(tx -> world.messages.cancel(tx, WS, taken.id()));
        world.startWorkers();
        world.await(
                () -> world.rows("SELECT 1 FROM cep_message WHERE state < 2").isEmpty());
        assertThat(world.channel.sent).isEmpty();
        assertThat(world.status(taken.id()).reasons()).isEqualTo(Map.of("internal", 2L, "cancelled", 1L));
        var deliveries = world.messages
                .deliveries(world.pool, WS, taken.id(), null, null, Optional.empty(), 10)
                .await()
                .items();
        assertThat(deliveries)
                .extracting(Delivery::state, Delivery::reason, Delivery::retryReason)
                .containsExactly(
                        tuple(State.FAILED, Reason.INTERNAL, "crash"),
                        tuple(State.FAILED, Reason.INTERNAL, "crash"),
                        tuple(State.SKIPPED, Reason.CANCELLED, null));
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void what_a_dead_sender_had_on_its_way_is_not_called_skipped_either_after_it_waited_for_its_push_service() {
        var users = world.people(3, 1);
        var taken = world.request(to(users));
        leftByADeadSender(2);
        world.channel.held.put("https://push.example", Instant.now().plusSeconds(1_000));
        world.startWorkers();
        world.await(() -> world.rows("SELECT FROM cep_message WHERE state = 0").size() == 3);
        world.run(tx -> world.messages.cancel(tx, WS, taken.id()));
        world.await(
                () -> world.rows("SELECT 1 FROM cep_message WHERE state < 2").isEmpty());
        assertThat(world.channel.sent).isEmpty();
        assertThat(world.status(taken.id()).reasons()).isEqualTo(Map.of("internal", 2L, "cancelled", 1L));
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void nor_when_its_device_is_gone_before_it_is_tried_again() {
        var users = world.people(3, 1);
        var taken = world.request(to(users));
        leftByADeadSender(2);
        world.channel.unsubscribeAll();
        world.startWorkers();
        world.awaitState(taken.id(), "completed");
        assertThat(world.status(taken.id()).reasons()).isEqualTo(Map.of("internal", 2L, "no_subscription", 1L));
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void rows_of_a_dead_sender_are_sent_again_with_the_same_id_and_say_why() {
        var users = world.people(3, 1);
        var taken = world.request(to(users));
        var lost = leftByADeadSender(2);
        world.startWorkers();
        world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent).hasSize(3);
        assertThat(world.channel.sent.stream().map(Outgoing::id)).containsAll(lost);
        assertThat(world.rows("SELECT profile_no, attempts, retry_reason FROM cep_message ORDER BY profile_no"))
                .extracting(row -> row.getInteger("attempts"), row -> row.getShort("retry_reason"))
                .containsExactly(tuple(2, (short) 0), tuple(2, (short) 0), tuple(1, null));
        world.countsEqualTheLedger(taken.id());
        var deliveries = world.messages
                .deliveries(world.pool, WS, taken.id(), null, null, Optional.empty(), 10)
                .await()
                .items();
        assertThat(deliveries.getFirst().retryReason()).isEqualTo("crash");
    }

    @Test
    void a_chunk_that_died_is_brought_to_its_end_when_nothing_may_be_sent_any_more() {
        with(Map.of("FATHI_JOBS_ATTEMPTS", "2"));
        var users = world.people(3, 1);
        world.execute("ALTER TABLE cep_message ADD CONSTRAINT broken CHECK (ws < 0) NOT VALID");
        world.startWorkers();
        var taken = world.request(times(to(users), 3, null, null));
        world.await(() -> !world.rows("SELECT * FROM jobs_dead").isEmpty());
        // What waits in its place is due when the message has expired.
        assertThat(world.rows("SELECT 1 FROM jobs WHERE due_at = deadline")).hasSize(1);
        world.execute("ALTER TABLE cep_message DROP CONSTRAINT broken");
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("ttl_expired", 3L));
        world.countsEqualTheLedger(taken.id());
        assertThat(world.channel.sent).isEmpty();
    }

    @Test
    void a_sender_that_lost_its_lease_writes_nothing() {
        with(Map.of("FATHI_JOBS_WORKERS", "1"));
        var users = world.people(5, 1);
        var held = new CopyOnWriteArrayList<Promise<Attempt>>();
        world.channel.script = outgoing -> {
            var promise = Promise.<Attempt>promise();
            held.add(promise);
            return promise.future();
        };
        world.startWorkers();
        var taken = world.request(to(users));
        world.await(() -> held.size() == 5);
        // Somebody else takes the job and is still at work.
        world.execute("UPDATE jobs SET lease_token = nextval('lease_token'), due_at = now() + interval '1 hour'");
        var first = List.copyOf(held);
        world.channel.script = ScriptedChannel.always(ScriptedChannel.ACCEPTED);
        first.forEach(promise -> promise.complete(new Attempt(Reason.GONE, false, null, 410, true)));
        // Its own work ends without a trace: a second job gets the only worker.
        var second = world.request(to(users));
        world.awaitState(second.id(), "completed");
        assertThat(world.channel.ended).isEmpty();
        assertThat(world.ledger()).isEqualTo(Map.of("accepted/accepted", 5, "attempting/null", 5));

        // That somebody dies: the rows are resumed.
        world.execute("UPDATE jobs SET due_at = now() - interval '1 second'");
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("accepted", 5L));
        assertThat(new HashSet<>(world.channel.sent.stream().map(Outgoing::id).toList()))
                .hasSize(10);
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void results_survive_a_database_that_refuses_for_a_while() {
        var users = world.people(30, 1);
        world.execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'out of order' USING ERRCODE = '53100'; END $$
                """);
        world.channel.script = outgoing -> Future.succeededFuture(ScriptedChannel.ACCEPTED);
        world.startWorkers();
        var held = new CopyOnWriteArrayList<Promise<Attempt>>();
        world.channel.script = outgoing -> {
            var promise = Promise.<Attempt>promise();
            held.add(promise);
            return promise.future();
        };
        var taken = world.request(to(users));
        world.await(() -> held.size() >= 16);
        world.execute("CREATE TRIGGER refuse BEFORE INSERT ON cep_run_delta FOR EACH ROW EXECUTE FUNCTION refuse()");
        world.channel.script = ScriptedChannel.always(ScriptedChannel.ACCEPTED);
        held.forEach(promise -> promise.complete(ScriptedChannel.ACCEPTED));
        world.vertx.timer(500).await();
        world.execute("DROP TRIGGER refuse ON cep_run_delta");
        world.awaitState(taken.id(), "completed");
        assertThat(world.channel.sent).hasSize(30);
        world.countsEqualTheLedger(taken.id());
    }

    @Test
    void two_jobs_for_one_chunk_send_once() {
        var users = world.people(50, 1);
        var taken = world.request(to(users));
        // The key makes a second job impossible; a run of the handler after the end finds nothing to do.
        world.startWorkers();
        world.awaitState(taken.id(), "completed");
        world.execute(
                """
                INSERT INTO jobs (id, ws, type, key, lane, payload, due_at)
                SELECT gen_random_uuid(), ws, 'cep.send', 'again', 0, jsonb_build_object('run', run, 'chunk', 0), now() FROM cep_run
                """);
        world.await(() -> world.rows("SELECT 1 FROM jobs").isEmpty());
        assertThat(world.channel.sent).hasSize(50);
    }

    @Test
    void a_channel_that_fails_or_throws_costs_these_deliveries_and_not_the_run() {
        var users = world.people(4, 1);
        world.channel.script = outgoing -> switch (outgoing.address().profileNo()) {
            case 2 -> Future.failedFuture(new IllegalStateException("failed"));
            case 3 -> throw new IllegalStateException("thrown");
            default -> Future.succeededFuture(ScriptedChannel.ACCEPTED);
        };
        world.startWorkers();
        var taken = world.request(to(users));
        var status = world.awaitState(taken.id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("accepted", 2L, "channel_error", 2L));
    }

    @Test
    void final_deliveries_are_told_as_facts() {
        var users = new ArrayList<>(world.people(5, 1));
        users.addAll(world.people(2, 0));
        world.startWorkers();
        var taken = world.request(to(users));
        world.awaitState(taken.id(), "completed");
        var told = new ConcurrentHashMap<String, Integer>();
        for (Row row : world.rows("SELECT kind, payload FROM outbox")) {
            var payload = new JsonObject(row.getString("payload"));
            assertThat(payload.getString("message")).isEqualTo(taken.id().toString());
            told.merge(
                    row.getString("kind"),
                    payload.getJsonObject("deliveries").getJsonArray("id").size(),
                    Integer::sum);
        }
        assertThat(told).isEqualTo(Map.of("message.accepted", 5, "message.skipped", 2));
    }

    @Test
    void deliveries_are_listed_page_by_page_and_by_state() {
        var users = new ArrayList<>(world.people(7, 1));
        users.addAll(world.people(2, 0));
        world.startWorkers();
        var taken = world.request(to(users));
        world.awaitState(taken.id(), "completed");
        var all = new ArrayList<Delivery>();
        Optional<Cursor.Position> after = Optional.empty();
        while (true) {
            var page = world.messages
                    .deliveries(world.pool, WS, taken.id(), null, null, after, 4)
                    .await()
                    .items();
            all.addAll(page);
            if (page.size() < 4) {
                break;
            }
            var last = page.getLast();
            after = Optional.of(new Cursor.Position(new JsonArray(last.position())));
        }
        assertThat(all).hasSize(9);
        assertThat(all).allSatisfy(delivery -> assertThat(delivery.profileId()).isNotNull());
        assertThat(all.stream().map(Delivery::id)).doesNotHaveDuplicates();
        assertThat(world.messages
                        .deliveries(world.pool, WS, taken.id(), State.SKIPPED, null, Optional.empty(), 10)
                        .await()
                        .items())
                .hasSize(2);
    }
}
