package app.fathi.cep.audiences;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.request;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.ScriptedChannel;
import app.fathi.cep.SendingWorld;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.Channel.Outgoing;
import app.fathi.cep.message.Taken;
import app.fathi.segments.Audiences;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Finding the people of a segment page by page, whatever comes between. The first page has ten chunks of two people here. */
class ExpandTest {
    private static final int PAGE = 20;

    private final SendingWorld world =
            new SendingWorld(Map.of("FATHI_SEND_CHUNK_PROFILES", "2", "FATHI_JOBS_ATTEMPTS", "8"));

    @AfterEach
    void close() {
        world.close();
    }

    /** A static segment of these people. */
    private UUID segment(int from, int to) {
        var id = UUID.randomUUID();
        world.pool
                .preparedQuery(
                        """
                        INSERT INTO segments_segment (ws, id, kind, name, created_by, updated_by)
                        VALUES ($1, $2, 'static', $3, $2, $2)
                        """)
                .execute(Tuple.of(WS, id, id.toString()))
                .await();
        put(id, from, to);
        return id;
    }

    private void put(UUID segment, int from, int to) {
        world.pool
                .preparedQuery(
                        "INSERT INTO segments_member (ws, segment, profile_no) SELECT $1, $2, generate_series($3::int, $4::int)")
                .execute(Tuple.of(WS, segment, from, to - 1))
                .await();
    }

    private Taken send(UUID segment) {
        return world.request(request(new Audience.Segment(segment)));
    }

    /** Nobody twice, nobody left out, by what left and by what the ledger says. */
    private void reached(UUID message, int from, int to) {
        var status = world.awaitState(message, "completed");
        var people = world.channel.sent.stream()
                .map(outgoing -> outgoing.address().profileNo())
                .toList();
        var expected = new ArrayList<Integer>();
        for (int no = from; no < to; no++) {
            expected.add(no);
        }
        assertThat(people).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(world.channel.sent.stream().map(Outgoing::id)).doesNotHaveDuplicates();
        assertThat(status.counts()).containsEntry("planned", (long) (to - from)).containsEntry("waiting", 0L);
        world.countsEqualTheLedger(message);
        world.await(() -> world.rows("SELECT * FROM jobs").isEmpty());
    }

    @Test
    void a_page_that_fails_in_the_middle_is_found_again_and_nobody_twice() {
        world.people(5 * PAGE + 3, 1);
        var segment = segment(0, 5 * PAGE + 3);
        // The third page fails once, after its people were written: as if the process had died before the commit.
        world.execute(
                """
                CREATE SEQUENCE pages;
                CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF NEW.before_no <> OLD.before_no AND nextval('pages') = 3 THEN RAISE 'the power went'; END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER fail_once AFTER UPDATE ON cep_expansion FOR EACH ROW EXECUTE FUNCTION fail_once();
                """);
        world.startWorkers();
        reached(send(segment).id(), 0, 5 * PAGE + 3);
        assertThat(world.rows("SELECT last_value FROM pages").getFirst().getLong(0))
                .as("pages of 20, 40 and the rest, which fails; who goes on begins small: 20 and 23")
                .isEqualTo(5);
        assertThat(world.rows("SELECT chunk FROM cep_chunk")).hasSize(5 * PAGE / 2 + 2);
    }

    @Test
    void who_comes_or_goes_while_people_are_found_is_in_it_or_is_not_and_the_rest_is_as_it_was() {
        world.people(6 * PAGE, 1);
        var segment = segment(PAGE, 5 * PAGE);
        // After the first page, which has the newest: some come who are newer, some who are older, and some go.
        world.execute(
                """
                CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF OLD.before_no = 2147483647 AND NEW.before_no < OLD.before_no THEN
                    INSERT INTO segments_member (ws, segment, profile_no) SELECT 7, NEW.segment, no FROM generate_series(0, 4) no;
                    INSERT INTO segments_member (ws, segment, profile_no) SELECT 7, NEW.segment, no FROM generate_series(100, 119) no;
                    DELETE FROM segments_member WHERE profile_no IN (99, 20);
                  END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER change AFTER UPDATE ON cep_expansion FOR EACH ROW EXECUTE FUNCTION change();
                """);
        world.startWorkers();
        var id = send(segment).id();
        world.awaitState(id, "completed");
        var people = world.channel.sent.stream()
                .map(outgoing -> outgoing.address().profileNo())
                .toList();
        assertThat(people).doesNotHaveDuplicates();
        var expected = new HashSet<Integer>();
        for (int no = PAGE; no < 5 * PAGE; no++) {
            expected.add(no);
        }
        expected.remove(20); // gone before its turn
        expected.addAll(List.of(0, 1, 2, 3, 4)); // there before their turn; who is newer has had it
        assertThat(new HashSet<>(people)).isEqualTo(expected);
    }

    @Test
    void the_segments_rule_may_change_while_people_are_found() {
        world.people(4 * PAGE, 1);
        var chosen = segment(0, 4 * PAGE);
        var dynamic = UUID.randomUUID();
        world.pool
                .preparedQuery(
                        """
                        INSERT INTO segments_segment (ws, id, kind, name, rule, created_by, updated_by)
                        VALUES ($1, $2, 'dynamic', 'changing', $3, $2, $2)
                        """)
                .execute(Tuple.of(WS, dynamic, Audiences.rule(chosen)))
                .await();
        world.execute(
                """
                CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF OLD.before_no = 2147483647 AND NEW.before_no < OLD.before_no THEN
                    UPDATE segments_segment SET rule = '{"type": "subscribed", "channel": "none"}' WHERE kind = 'dynamic';
                  END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER change AFTER UPDATE ON cep_expansion FOR EACH ROW EXECUTE FUNCTION change();
                """);
        world.startWorkers();
        reached(send(dynamic).id(), 0, 4 * PAGE);
    }

    @Test
    void a_message_does_not_end_before_everybody_is_found() {
        world.people(2 * PAGE, 1);
        var segment = segment(0, 2 * PAGE);
        var id = send(segment).id();
        // The first page alone, as a node leaves it that stops there.
        world.execute(
                """
                CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF OLD.before_no < 2147483647 AND NEW.before_no < OLD.before_no AND NOT EXISTS (SELECT FROM pg_class WHERE relname = 'go_on')
                  THEN RAISE 'not yet'; END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER stop AFTER UPDATE ON cep_expansion FOR EACH ROW EXECUTE FUNCTION stop();
                """);
        world.startWorkers();
        world.await(() ->
                world.channel.sent.size() == PAGE && world.status(id).counts().get("waiting") == 0);
        var status = world.status(id);
        assertThat(status.state()).isEqualTo("sending");
        assertThat(status.counts()).containsEntry("planned", (long) PAGE).containsEntry("accepted", (long) PAGE);
        assertThat(status.audience().getString("state")).isEqualTo("finding");
        world.execute("CREATE TABLE go_on ()");
        reached(id, 0, 2 * PAGE);
    }

    @Test
    void cancelling_in_the_middle_of_finding_stops_it_and_ends_who_was_found() {
        world.people(2 * PAGE, 1);
        var segment = segment(0, 2 * PAGE);
        world.execute(
                """
                CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF OLD.before_no < 2147483647 AND NEW.before_no < OLD.before_no THEN RAISE 'not yet'; END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER stop AFTER UPDATE ON cep_expansion FOR EACH ROW EXECUTE FUNCTION stop();
                """);
        world.channel.script = outgoing -> Future.succeededFuture(ScriptedChannel.transientFailure(null));
        world.startWorkers();
        var id = send(segment).id();
        world.await(() -> world.status(id).counts().get("planned") == PAGE);
        world.run(tx -> world.messages.cancel(tx, WS, id));
        assertThat(world.status(id).audience().getString("state")).isEqualTo("stopped");
        world.await(() -> world.status(id).counts().get("waiting") == 0);
        assertThat(world.status(id).state()).isEqualTo("cancelled");
        assertThat(world.status(id).reasons()).isEqualTo(Map.of("cancelled", (long) PAGE));
        world.countsEqualTheLedger(id);
        world.await(() -> world.rows("SELECT * FROM jobs").isEmpty());
        assertThat(world.rows("SELECT chunks_left FROM cep_run").getFirst().getInteger(0))
                .isZero();
    }

    @Test
    void a_search_that_cannot_be_ended_is_told_and_who_was_found_gets_it() {
        world.people(2 * PAGE, 1);
        var segment = segment(0, 2 * PAGE);
        world.execute(
                """
                CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF OLD.before_no < 2147483647 AND NEW.before_no < OLD.before_no THEN RAISE 'never'; END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER stop AFTER UPDATE ON cep_expansion FOR EACH ROW EXECUTE FUNCTION stop();
                """);
        world.startWorkers();
        var id = send(segment).id();
        var status = world.awaitState(id, "completed");
        assertThat(status.counts()).containsEntry("planned", (long) PAGE).containsEntry("accepted", (long) PAGE);
        assertThat(status.audience().getString("state")).isEqualTo("failed");
        assertThat(status.audience().getString("reason")).contains("could not be found to the end");
    }

    @Test
    void a_segment_that_cannot_be_followed_any_more_fails_the_message_with_its_reason() {
        world.people(1, 1);
        var gone = UUID.randomUUID();
        var segment = UUID.randomUUID();
        world.pool
                .preparedQuery(
                        """
                        INSERT INTO segments_segment (ws, id, kind, name, rule, created_by, updated_by)
                        VALUES ($1, $2, 'dynamic', 'broken', '{"type": "subscribed", "channel": "webpush"}', $2, $2)
                        """)
                .execute(Tuple.of(WS, segment))
                .await();
        var id = send(segment).id();
        world.pool
                .preparedQuery("UPDATE segments_segment SET rule = $1")
                .execute(Tuple.of(new JsonObject().put("type", "segment").put("segment", gone.toString())))
                .await();
        world.startWorkers();
        var status = world.awaitState(id, "completed");
        assertThat(status.counts()).containsEntry("planned", 0L);
        assertThat(status.audience().getString("state")).isEqualTo("failed");
        assertThat(status.audience().getString("reason")).isNotBlank();
    }

    @Test
    void a_message_that_is_too_late_ends_for_everybody() {
        world.people(2 * PAGE, 1);
        var id = send(segment(0, 2 * PAGE)).id();
        world.execute("UPDATE cep_run SET expires_at = now() - interval '1 second'");
        world.startWorkers();
        var status = world.awaitState(id, "completed");
        assertThat(status.reasons()).isEqualTo(Map.of("ttl_expired", 2L * PAGE));
        assertThat(world.channel.sent).isEmpty();
    }
}
