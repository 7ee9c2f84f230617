package app.fathi.cep;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import app.fathi.cep.besttime.HabitsStore;
import app.fathi.cep.besttime.HourOfWeek;
import app.fathi.cep.besttime.Likelihood;
import app.fathi.cep.priorities.Score;
import app.fathi.cep.runs.RunsStore;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How well the channel suits people, by what they did with messages before and what they said. */
class ScoresTest {
    private static final int EAGER = 0;
    private static final int BORED = 1;
    private static final int NEW = 2;
    private static final ZoneId TOKYO = ZoneId.of("Asia/Tokyo");

    private final SendingWorld world = new SendingWorld(Map.of());

    @AfterEach
    void close() {
        world.close();
    }

    /** A message on each of the last days but one at this hour, that the one person clicks at once and the other never. */
    private void learn() {
        for (int day = 2; day < 12; day++) {
            var at = Instant.now().minus(day, ChronoUnit.DAYS).atOffset(ZoneOffset.UTC);
            world.pool
                    .preparedQuery(
                            """
                            WITH r AS (
                              INSERT INTO cep_run (run, ws, id, kind, channel, state, purpose, content, ttl_seconds, urgency, tracking, send_at,
                                                   expires_at, planned, unknown, chunks_left, created_at, finished_at)
                              VALUES (cep_next_run(), $1, gen_random_uuid(), 'api', 1, 'completed', 'marketing', '{}', 60, 'normal', true, $2, $2, 2, 0, 0,
                                      $2, $2)
                              RETURNING run)
                            INSERT INTO cep_message (run, token, created_at, accepted_at, clicked_at, ws, profile_no, step, rank, state, channel,
                                                     attempts, id, reason, subscription)
                            SELECT run, 0, $2, $2, CASE no WHEN 0 THEN $2::timestamptz + interval '1 minute' END, $1, no, 0, 0, 2, 1, 1, gen_random_uuid(),
                                   1, gen_random_uuid()
                            FROM r, generate_series(0, 1) AS no
                            """)
                    .execute(Tuple.of(WS, at))
                    .await();
        }
        world.learnHabits();
    }

    private Map<Integer, Score> stored(UUID message) {
        var scores = new HashMap<Integer, Score>();
        world.rows("SELECT m.profile_no, m.score FROM cep_message m JOIN cep_run r ON r.run = m.run WHERE r.id = '%s'"
                        .formatted(message))
                .forEach(row -> scores.put(
                        row.getInteger("profile_no"),
                        row.getBuffer("score") == null
                                ? null
                                : Score.of(row.getBuffer("score").getBytes())));
        return scores;
    }

    private Map<Integer, Score> sent() {
        var id = world.request(to(List.of("u0", "u1", "u2"))).id();
        world.awaitState(id, "completed");
        return stored(id);
    }

    @Test
    void a_decision_keeps_how_well_its_channel_suits_the_person_and_how_likely_a_click_is_now() {
        world.person(1, new JsonObject().put("$timezone", TOKYO.getId()));
        world.person(1, new JsonObject());
        world.person(1, new JsonObject());
        world.startWorkers();
        learn();
        assertThat(sent().values()).as("where nobody asks").containsOnlyNulls();

        world.policies(new JsonObject().put("channelWeights", new JsonObject().put("webpush", 2)));
        world.execute("UPDATE cdp_profile SET consents = '{\"marketing/webpush\": [true, 1]}' WHERE profile_no = 2");
        var before = Instant.now();
        var scores = sent();
        assertThat(scores.get(EAGER).engagement()).isGreaterThan(1.5);
        assertThat(scores.get(BORED).engagement()).isLessThan(0.9);
        assertThat(scores.get(NEW).engagement()).isEqualTo(1);
        assertThat(scores.get(EAGER).value())
                .isGreaterThan(2 * scores.get(BORED).value());
        assertThat(scores.get(NEW).preference()).isEqualTo(1.25);
        assertThat(scores.get(EAGER).preference()).isEqualTo(1);
        assertThat(scores.values()).allMatch(one -> one.weight() == 2 && one.fit() == 1);

        var all = HabitsStore.readAll(world.pool, WS).await();
        var ofAll = Likelihood.ofAll(all);
        var eager = HabitsStore.read(world.pool, WS, Set.of(EAGER)).await().get(EAGER);
        var score = scores.get(EAGER);
        assertThat(score.efficacy() * score.engagement() * score.time())
                .as("how likely a click is in this hour, where they are")
                .isCloseTo(Likelihood.of(eager, ofAll)[HourOfWeek.of(before, TOKYO)], within(0.002));

        var explain = world.explain();
        for (int no : new int[] {EAGER, BORED, NEW}) {
            var clock = RunsStore.clock(world.pool).await();
            var explained = explain.situations(world.pool, WS, no, to(List.of("u" + no)), clock)
                    .await()
                    .getFirst();
            assertThat(explained.score()).isEqualTo(scores.get(no));
        }
    }

    @Test
    void one_hour_alone_is_as_likely_as_among_all_and_a_score_survives_its_octets() {
        var random = new Random(26);
        var hours = new double[HourOfWeek.COUNT];
        var clicks = new double[HourOfWeek.COUNT];
        for (int i = 0; i < hours.length; i++) {
            hours[i] = random.nextInt(3) * random.nextDouble();
            clicks[i] = hours[i] * random.nextDouble();
        }
        var person = new app.fathi.cep.besttime.Habits(20_000, hours, clicks);
        var ofAll = Likelihood.ofAll(person);
        var likely = Likelihood.of(person, ofAll);
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            assertThat(Likelihood.at(person, ofAll, hour)).isCloseTo(likely[hour], within(1e-6));
        }
        var score = new Score(0.1, 0.034_567, 7.89, 0.000_123, 1, 1.25);
        assertThat(Score.of(score.octets())).isEqualTo(score);
        assertThat(score.toJson().getDouble("efficacy")).isEqualTo(0.0346);
        assertThat(score.octets()).hasSize(12);
    }
}
