package app.fathi.cep;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.to;
import static app.fathi.testing.FakeDecisionService.deciding;
import static app.fathi.testing.FakeDecisionService.saying;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.Profiles;
import app.fathi.cep.advisor.Advice;
import app.fathi.cep.advisor.Advice.Kind;
import app.fathi.cep.decisions.Stage;
import app.fathi.cep.ledger.LedgerRow;
import app.fathi.cep.ledger.LedgerRows;
import app.fathi.cep.ledger.LedgerStore;
import app.fathi.cep.ledger.PeopleInLedger;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Reason;
import app.fathi.cep.runs.RunsStore;
import app.fathi.testing.FakeDecisionService;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Messages of a workspace that has its own service asked, which does as it likes. */
class AdvisedSendingTest {
    private final FakeDecisionService service = FakeDecisionService.start();
    private SendingWorld world;

    @AfterEach
    void close() {
        service.close();
        world.close();
    }

    private void begin(Map<String, String> settings) {
        // Where it is not the time that matters, enough of it for a machine with much to do.
        var all = new HashMap<>(
                Map.of("FATHI_DECISION_SERVICE_TIMEOUT_MILLIS", "5000", "FATHI_DECISION_SERVICE_SLOW_MILLIS", "5000"));
        all.putAll(settings);
        world = new SendingWorld(all);
        world.advisor(service.url());
        world.startWorkers();
    }

    private Map<UUID, Integer> numbers() {
        return world.rows("SELECT id, profile_no FROM cdp_profile WHERE ws = " + WS).stream()
                .collect(Collectors.toMap(row -> row.getUUID("id"), row -> row.getInteger("profile_no")));
    }

    private Map<Integer, Advice> advice(UUID message) {
        var found = new TreeMap<Integer, Advice>();
        world.rows("SELECT m.profile_no, m.advice FROM cep_message m JOIN cep_run r ON r.run = m.run WHERE r.id = '%s'"
                        .formatted(message))
                .forEach(row -> found.put(
                        row.getInteger("profile_no"),
                        row.getBuffer("advice") == null
                                ? null
                                : Advice.of(row.getBuffer("advice").getBytes())));
        return found;
    }

    private List<String> asked() {
        return service.asked.stream().flatMap(one -> one.people().stream()).toList();
    }

    private Set<Kind> kinds(UUID message) {
        return advice(message).values().stream().map(Advice::kind).collect(Collectors.toSet());
    }

    @Test
    void whom_the_service_declines_is_skipped_and_all_others_get_it_with_its_words_kept() {
        begin(Map.of("FATHI_DECISION_SERVICE_PEOPLE", "5"));
        var users = world.people(40, 2);
        var numbers = numbers();
        service.script = deciding(id -> numbers.get(UUID.fromString(id)) % 4 == 0
                ? new JsonObject()
                        .putNull("channel")
                        .put("reason", "bought yesterday")
                        .put("score", 0.5)
                : new JsonObject().put("channel", "webpush"));
        var id = world.request(to(users)).id();
        var status = world.awaitState(id, "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("accepted", 60L, "service_declined", 20L));
        world.countsEqualTheLedger(id);
        assertThat(world.channel.sent.stream().map(one -> one.address().profileNo() % 4))
                .doesNotContain(0);
        advice(id).forEach((no, advice) -> assertThat(advice)
                .isEqualTo(
                        no % 4 == 0
                                ? new Advice(Kind.DECLINED, 0.5f, "bought yesterday")
                                : new Advice(Kind.CHANNEL, null, null)));
        assertThat(asked())
                .as("each person once, however many devices")
                .hasSize(40)
                .doesNotHaveDuplicates();
        assertThat(service.asked).allMatch(one -> one.people().size() <= 5);
        var question = service.asked.getFirst();
        var message = question.data().getJsonObject("message");
        assertThat(message.getString("id")).isEqualTo(id.toString());
        assertThat(message.getString("purpose")).isEqualTo("marketing");
        assertThat(message.getBoolean("dryRun")).isFalse();
        assertThat(question.body().toString()).doesNotContain("\"u", "traits", "@");
        var person = question.data().getJsonArray("people").getJsonObject(0);
        assertThat(person.fieldNames()).containsExactlyInAnyOrder("id", "localTime", "channels");
        assertThat(person.getJsonObject("channels").getJsonObject("webpush").getJsonObject("score"))
                .as("also where policies weigh nothing")
                .isNotNull();
    }

    @Test
    void nobody_is_asked_about_who_is_skipped_anyway() {
        begin(Map.of());
        world.policies(new JsonObject()
                .put(
                        "caps",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("name", "one")
                                        .put("limit", 1)
                                        .put(
                                                "window",
                                                new JsonObject()
                                                        .put("kind", "rolling")
                                                        .put("hours", 24)))));
        var users = world.people(6, 1);
        users.add("u" + world.person(0, new JsonObject()));
        users.add("u" + world.person(1, new JsonObject()));
        users.add("u" + world.person(1, new JsonObject()));
        world.execute("UPDATE cdp_profile SET suppressed = true WHERE profile_no = 7");
        world.execute("UPDATE cdp_profile SET consents = '{\"marketing/*\": [false, 1]}' WHERE profile_no = 8");
        world.awaitState(world.request(to(users)).id(), "completed");
        var numbers = numbers();
        assertThat(asked().stream().map(id -> numbers.get(UUID.fromString(id))))
                .containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5);
        service.asked.clear();
        var capped = world.awaitState(world.request(to(users)).id(), "completed");
        assertThat(capped.reasons()).containsEntry("capped", 6L);
        assertThat(service.asked).isEmpty();
    }

    @Test
    void transactional_messages_and_those_of_other_purposes_ask_nobody() {
        begin(Map.of());
        service.script = deciding(id -> new JsonObject().putNull("channel"));
        var users = world.people(3, 1);
        var request = to(users);
        var receipt = new MessageRequest(
                request.audience(),
                request.content(),
                "transactional",
                3_600,
                request.urgency(),
                null,
                null,
                null,
                null,
                null,
                true,
                false);
        var id = world.request(receipt).id();
        assertThat(world.awaitState(id, "completed").reasons()).isEqualTo(Map.of("accepted", 3L));
        world.advisor(service.url(), "news");
        id = world.request(request).id();
        assertThat(world.awaitState(id, "completed").reasons()).isEqualTo(Map.of("accepted", 3L));
        assertThat(advice(id).values()).containsOnlyNulls();
        assertThat(service.asked).isEmpty();

        world.advisor(service.url());
        world.execute("UPDATE cep_advisor SET secret = '\\x00', version = version + 1");
        id = world.request(request).id();
        assertThat(world.awaitState(id, "completed").reasons())
                .as("with a damaged secret")
                .isEqualTo(Map.of("accepted", 3L));
        assertThat(service.asked).isEmpty();
    }

    @Test
    void what_was_posted_once_is_not_asked_about_again() {
        begin(Map.of());
        var users = world.people(3, 1);
        var failed = new HashSet<UUID>();
        world.channel.script = outgoing -> ScriptedChannel.always(
                        failed.add(outgoing.address().id())
                                ? ScriptedChannel.transientFailure(null)
                                : ScriptedChannel.ACCEPTED)
                .apply(outgoing);
        var id = world.request(to(users)).id();
        assertThat(world.awaitState(id, "completed").reasons()).isEqualTo(Map.of("accepted", 3L));
        assertThat(world.channel.sent).hasSize(6);
        assertThat(asked()).hasSize(3);
        assertThat(kinds(id)).as("it stays with the decision").containsExactly(Kind.CHANNEL);
    }

    @Test
    void what_was_said_of_somebody_stays_when_others_are_written_who_are_news() {
        begin(Map.of());
        world.channel.script = ScriptedChannel.always(
                ScriptedChannel.transientFailure(Instant.now().plusSeconds(600)));
        var id = world.request(to(world.people(2, 1))).id();
        world.await(() -> world.rows("SELECT FROM cep_message WHERE state = 0 AND attempts = 1")
                        .size()
                == 2);
        var run = RunsStore.runById(world.pool, WS, id).await().orElseThrow();
        var declined = new Advice(Kind.DECLINED, null, "no");
        var rows = LedgerStore.rowsOf(world.pool, run.run(), List.of(0, 1)).await().stream()
                .sorted(Comparator.comparingInt(LedgerRow::profileNo))
                .map(row -> row.profileNo() == 0 ? row : row.knowing(null, declined))
                .toList();
        LedgerRows.intend(world.pool, run, 99, rows);
        assertThat(advice(id)).isEqualTo(Map.of(0, new Advice(Kind.CHANNEL, null, null), 1, declined));
    }

    @Test
    void whatever_it_answers_nobody_is_lost_and_each_decision_says_why() {
        begin(Map.of(
                "FATHI_DECISION_SERVICE_LEAST_QUESTIONS", "1000",
                "FATHI_DECISION_SERVICE_WINDOW_QUESTIONS", "1000",
                "FATHI_DECISION_SERVICE_TIMEOUT_MILLIS", "2000"));
        var users = world.people(5, 1);
        var answers = new HashMap<Kind, FakeDecisionService.Script>();
        answers.put(Kind.STATUS, saying(503, "{\"decisions\":[]}"));
        answers.put(Kind.REDIRECT, saying(302, ""));
        answers.put(Kind.NOT_JSON, saying(200, "<html>"));
        answers.put(Kind.MISSING, saying(200, "{\"decisions\":[]}"));
        answers.put(Kind.TOO_LARGE, saying(200, " ".repeat(300_000)));
        answers.put(Kind.UNREACHABLE, FakeDecisionService.dying());
        answers.put(Kind.TIMEOUT, service.hanging());
        answers.put(Kind.UNKNOWN_CHANNEL, deciding(id -> new JsonObject().put("channel", "pigeon")));
        answers.forEach((kind, script) -> {
            service.script = script;
            var id = world.request(to(users)).id();
            assertThat(world.awaitState(id, "completed").reasons())
                    .as(kind.word())
                    .isEqualTo(Map.of("accepted", 5L));
            assertThat(kinds(id)).containsExactly(kind);
        });
    }

    @Test
    void a_service_that_hangs_holds_up_two_thousand_people_no_longer_than_the_first_questions() {
        begin(Map.of("FATHI_DECISION_SERVICE_TIMEOUT_MILLIS", "300", "FATHI_DECISION_SERVICE_SLOW_MILLIS", "200"));
        int people = 2_000;
        world.execute(
                """
                INSERT INTO cdp_profile (ws, profile_no, id, user_id, first_seen_at, last_seen_at)
                SELECT 7, no, gen_random_uuid(), 'u' || no, now(), now() FROM generate_series(0, %d) AS no
                """
                        .formatted(people - 1));
        for (int no = 0; no < people; no++) {
            world.channel.subscribe(no);
        }
        service.script = service.hanging();
        var ids = numbers().keySet().stream().toList();
        var status = world.awaitState(
                world.request(SendingWorld.request(new Audience.Profiles(ids))).id(), "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("accepted", (long) people));
        world.countsEqualTheLedger(status.id());
        assertThat(world.channel.sent).hasSize(people);
        assertThat(world.channel.sent.stream().map(one -> one.address().profileNo()))
                .doesNotHaveDuplicates();
        assertThat(kinds(status.id())).containsExactlyInAnyOrder(Kind.TIMEOUT, Kind.PAUSED);
        assertThat(service.asked.size())
                .as("of 125 questions and more only those are asked that are under way when it opens, and single tries")
                .isLessThan(60);
    }

    @Test
    void while_it_is_waited_for_nothing_is_open_in_the_database_and_others_get_their_turn() {
        begin(Map.of());
        service.script = service.hanging();
        // One more than large sends have turns.
        int chunks = Runtime.getRuntime().availableProcessors() + 2;
        var waiting = world.request(to(world.people(50 * chunks, 1))).id();
        world.await(() -> service.asked.size() >= chunks);
        world.await(() -> world.rows(
                        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'")
                .isEmpty());
        int other = WS + 1;
        var strangers = new ArrayList<UUID>();
        for (int no = 0; no < 40; no++) {
            var name = "stranger" + no;
            int given =
                    world.run(tx -> new Profiles().reach(tx, other, name, null)).profileNo();
            world.channel.subscribe(given);
        }
        world.rows("SELECT id FROM cdp_profile WHERE ws = " + other).forEach(row -> strangers.add(row.getUUID("id")));
        var theirs = world.run(
                        tx -> world.messages.request(tx, other, SendingWorld.request(new Audience.Profiles(strangers))))
                .id();
        world.await(() ->
                world.messages.status(world.pool, other, theirs).await().state().equals("completed"));
        assertThat(world.rows("SELECT FROM cep_message WHERE ws = " + WS))
                .as("nobody of the other workspace is decided yet")
                .isEmpty();
        service.release();
        world.awaitState(waiting, "completed");
    }

    @Test
    void an_explanation_asks_as_a_sender_does_and_says_what_was_answered() {
        begin(Map.of());
        world.people(2, 1);
        var numbers = numbers();
        service.script = deciding(id -> numbers.get(UUID.fromString(id)) == 0
                ? new JsonObject().putNull("channel").put("reason", "not now")
                : null);
        var clock = RunsStore.clock(world.pool).await();
        var declined = world.explain()
                .situations(world.pool, WS, 0, to(List.of("u0")), clock)
                .await()
                .getFirst();
        assertThat(declined.advice()).isEqualTo(new Advice(Kind.DECLINED, null, "not now"));
        assertThat(Stage.first(declined).stage()).isEqualTo(Stage.CHANNEL_CHOICE);
        assertThat(Stage.first(declined).ruling().reason()).isEqualTo(Reason.SERVICE_DECLINED);
        assertThat(service.asked.getFirst().data().getJsonObject("message").getBoolean("dryRun"))
                .isTrue();
        var missing = world.explain()
                .situations(world.pool, WS, 1, to(List.of("u1")), clock)
                .await()
                .getFirst();
        assertThat(missing.advice().kind()).isEqualTo(Kind.MISSING);
        assertThat(Stage.first(missing)).isNull();
    }

    @Test
    void the_words_about_somebody_who_is_forgotten_go_and_what_came_of_them_stays() {
        begin(Map.of());
        var users = world.people(2, 1);
        service.script =
                deciding(id -> new JsonObject().put("channel", "webpush").put("reason", "likes shoes"));
        var id = world.request(to(users)).id();
        world.awaitState(id, "completed");
        world.run(tx -> new PeopleInLedger().erase(tx, WS, List.of(0)));
        assertThat(advice(id))
                .isEqualTo(Map.of(
                        0, new Advice(Kind.CHANNEL, null, null), 1, new Advice(Kind.CHANNEL, null, "likes shoes")));
    }

    @Test
    void a_service_that_says_when_it_may_be_asked_again_is_left_alone_until_then() {
        begin(Map.of("FATHI_DECISION_SERVICE_LEAST_QUESTIONS", "1000"));
        var users = world.people(1, 1);
        for (int status : List.of(429, 503)) {
            service.script = (exchange, question) -> {
                exchange.getResponseHeaders().set("Retry-After", "2");
                FakeDecisionService.reply(exchange, status, Buffer.buffer());
            };
            service.asked.clear();
            var kinds = new ArrayList<Kind>();
            for (int i = 0; i < 2; i++) {
                var id = world.request(to(users)).id();
                world.awaitState(id, "completed");
                kinds.addAll(kinds(id));
            }
            assertThat(kinds).as("of " + status).containsExactly(Kind.STATUS, Kind.PAUSED);
            assertThat(service.asked).hasSize(1);
            service.script = deciding(id -> new JsonObject().put("channel", "webpush"));
            world.await(() -> {
                var id = world.request(to(users)).id();
                world.awaitState(id, "completed");
                return kinds(id).contains(Kind.CHANNEL);
            });
        }
    }

    @Test
    void a_service_that_is_well_again_is_asked_again() {
        begin(Map.of(
                "FATHI_DECISION_SERVICE_LEAST_QUESTIONS", "2",
                "FATHI_DECISION_SERVICE_PAUSE_SECONDS", "1"));
        var users = world.people(1, 1);
        service.script = saying(500, "");
        for (int i = 0; i < 3; i++) {
            world.awaitState(world.request(to(users)).id(), "completed");
        }
        assertThat(service.asked).hasSize(2);
        int other = WS + 1;
        world.advisor(other, service.url());
        world.run(tx -> new Profiles().reach(tx, other, "u0", null));
        var theirs =
                world.run(tx -> world.messages.request(tx, other, to(users))).id();
        world.await(() ->
                world.messages.status(world.pool, other, theirs).await().state().equals("completed"));
        assertThat(service.asked).as("that of another workspace is asked").hasSize(3);
        assertThat(world.registry.get("decision.services.paused").gauge().value())
                .isEqualTo(1);
        service.script = deciding(id -> new JsonObject().put("channel", "webpush"));
        world.await(() -> {
            var id = world.request(to(users)).id();
            world.awaitState(id, "completed");
            return kinds(id).contains(Kind.CHANNEL);
        });
        assertThat(world.registry.get("decision.services.paused").gauge().value())
                .isZero();
    }
}
