package app.fathi.cep;

import static app.fathi.cep.SendingWorld.WS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.cep.message.BatchItem;
import app.fathi.cep.message.BatchTaken;
import app.fathi.cep.message.BatchTaken.Status;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Many personalised messages in one request: a result each, a delivery each. */
class BatchesTest {
    private final SendingWorld world = new SendingWorld();

    @AfterEach
    void close() {
        world.close();
    }

    private static BatchItem to(String userId, JsonObject content, JsonObject data) {
        return new BatchItem(null, null, userId, content, data);
    }

    private static JsonObject json(String key, Object value) {
        return new JsonObject().put(key, value);
    }

    private static MessageRequest shared(JsonObject content, boolean dryRun) {
        return new MessageRequest(
                null, content, "transactional", 3_600, Urgency.HIGH, null, null, null, null, null, true, dryRun);
    }

    private BatchTaken request(MessageRequest shared, List<BatchItem> items) {
        return world.run(tx -> world.batches.request(tx, WS, shared, items));
    }

    private List<String> titles() {
        return world.channel.sent.stream()
                .map(outgoing -> outgoing.content().getString("title"))
                .toList();
    }

    @Test
    void each_item_is_rendered_with_its_own_data_and_the_persons_traits() {
        int ada = world.person(1, json("firstName", "Ada"));
        int bob = world.person(1, json("firstName", "Bob"));
        world.startWorkers();
        var taken = request(
                shared(json("title", "{{ traits.firstName }}: {{ data.code }}").put("body", "the same"), false),
                List.of(to("u" + ada, null, json("code", "731924")), to("u" + bob, null, json("code", 118))));
        assertThat(taken.count(Status.QUEUED)).isEqualTo(2);
        assertThat(taken.messages()).hasSize(1);
        world.awaitState(taken.messages().getFirst(), "completed");
        assertThat(titles()).containsExactlyInAnyOrder("Ada: 731924", "Bob: 118");
        assertThat(world.channel.sent).allSatisfy(o -> {
            assertThat(o.content().getString("body")).isEqualTo("the same");
            assertThat(o.urgency()).isEqualTo(Urgency.HIGH);
        });
        world.countsEqualTheLedger(taken.messages().getFirst());
    }

    @Test
    void an_items_content_replaces_single_fields_and_leaves_others_as_they_are() {
        var users = world.people(2, 1);
        world.startWorkers();
        var taken = request(
                shared(json("title", "usual").put("url", "https://shop.example/"), false),
                List.of(
                        to(users.get(0), json("title", "special"), null),
                        to(users.get(1), json("actions", new JsonArray()), null)));
        world.awaitState(taken.messages().getFirst(), "completed");
        assertThat(titles()).containsExactlyInAnyOrder("usual", "special");
        assertThat(world.channel.sent)
                .allSatisfy(o -> assertThat(o.content().getString("url")).isEqualTo("https://shop.example/"));
    }

    @Test
    void items_that_cannot_be_sent_say_why_and_keep_no_other_from_being_sent() {
        var user = world.people(1, 1).getFirst();
        world.startWorkers();
        var taken = request(
                shared(new JsonObject(), false),
                List.of(
                        to(user, null, null),
                        to(user, json("title", "{{ broken"), null),
                        to(user, json("title", "fine"), null),
                        to("nobody", json("title", "fine"), null),
                        new BatchItem(UUID.randomUUID(), null, null, json("title", "fine"), null),
                        new BatchItem(null, UUID.randomUUID(), null, json("title", "fine"), null)));
        assertThat(taken.results())
                .extracting(BatchTaken.Result::status)
                .containsExactly(
                        Status.INVALID, Status.INVALID, Status.QUEUED, Status.UNKNOWN, Status.UNKNOWN, Status.UNKNOWN);
        assertThat(taken.results().get(0).faults().getFirst().pointer()).isEqualTo("/items/0/content/title");
        assertThat(taken.results().get(1).faults().getFirst().pointer()).isEqualTo("/items/1/content/title");
        world.awaitState(taken.messages().getFirst(), "completed");
        assertThat(titles()).containsExactly("fine");
    }

    @Test
    void a_person_who_is_named_twice_gets_both_and_a_browser_gets_what_is_for_it_alone() {
        int ada = world.person(2, new JsonObject());
        var third = world.channel.subscribe(ada);
        world.startWorkers();
        var taken = request(
                shared(json("title", "{{ data.n }}"), false),
                List.of(
                        to("u" + ada, null, json("n", 1)),
                        to("u" + ada, null, json("n", 2)),
                        new BatchItem(third, null, null, null, json("n", 3)),
                        new BatchItem(third, null, null, null, json("n", 4))));
        assertThat(taken.count(Status.QUEUED)).isEqualTo(4);
        assertThat(taken.messages())
                .as("two for the person, two for the browser")
                .hasSize(4);
        taken.messages().forEach(id -> world.awaitState(id, "completed"));
        assertThat(titles()).containsExactlyInAnyOrder("1", "1", "1", "2", "2", "2", "3", "4");
        assertThat(world.channel.sent.stream()
                        .filter(o -> List.of("3", "4").contains(o.content().getString("title")))
                        .map(o -> o.address().id()))
                .containsOnly(third);
        taken.messages().forEach(world::countsEqualTheLedger);
    }

    @Test
    void what_was_personal_survives_the_death_of_its_sender_and_a_retry() {
        var users = world.people(120, 1);
        var items = new ArrayList<BatchItem>();
        for (int i = 0; i < users.size(); i++) {
            items.add(to(users.get(i), null, json("n", i)));
        }
        var taken = request(shared(json("title", "{{ data.n }}"), false), items);
        var once = new ConcurrentHashMap<UUID, Boolean>();
        world.channel.script = outgoing -> Future.succeededFuture(
                once.putIfAbsent(outgoing.id(), true) == null
                        ? ScriptedChannel.transientFailure(Instant.now())
                        : ScriptedChannel.ACCEPTED);
        world.startWorkers();
        world.awaitState(taken.messages().getFirst(), "completed");
        assertThat(world.channel.sent).hasSize(240);
        var byId = new HashMap<UUID, String>();
        world.channel.sent.forEach(o -> {
            var before = byId.putIfAbsent(o.id(), o.content().getString("title"));
            assertThat(before == null || before.equals(o.content().getString("title")))
                    .isTrue();
        });
        assertThat(byId.values()).hasSize(120).doesNotHaveDuplicates();
    }

    @Test
    void a_dry_run_looks_at_each_item_and_writes_nothing() {
        var user = world.people(1, 1).getFirst();
        var taken = request(
                shared(json("title", "hello"), true),
                List.of(to(user, null, null), to("nobody", null, null), to(user, json("title", "{{"), null)));
        assertThat(taken.results())
                .extracting(BatchTaken.Result::status)
                .containsExactly(Status.DRY_RUN, Status.UNKNOWN, Status.INVALID);
        assertThat(world.rows("SELECT * FROM cep_run")).isEmpty();
        assertThat(world.rows("SELECT * FROM jobs")).isEmpty();
    }

    @Test
    void a_dry_run_refuses_times_that_make_no_sense_as_the_real_one_would() {
        var user = world.people(1, 1).getFirst();
        var over = new MessageRequest(
                null,
                json("title", "hello"),
                "transactional",
                3_600,
                Urgency.HIGH,
                null,
                null,
                Instant.now().minusSeconds(60),
                null,
                null,
                true,
                true);
        assertThatThrownBy(() -> request(over, List.of(to(user, null, null))))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("expiresAt");
    }

    @Test
    void a_fault_in_what_is_common_refuses_the_whole() {
        var user = world.people(1, 1).getFirst();
        assertThatThrownBy(() -> request(shared(json("title", "{{ broken"), false), List.of(to(user, null, null))))
                .isInstanceOf(ProblemException.class);
        assertThat(world.rows("SELECT * FROM cep_run")).isEmpty();
    }
}
