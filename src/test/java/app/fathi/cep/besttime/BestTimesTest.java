package app.fathi.cep.besttime;

import static app.fathi.cep.SendingWorld.WS;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.DerivedBatch;
import app.fathi.cep.SendingWorld;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Best hours, of a ledger of messages that went in the past. Each test has people of its own; what everybody does is what all of them do. */
class BestTimesTest {
    /** The last Monday but one, at midnight. */
    private static final Instant MONDAY = LocalDate.now(ZoneOffset.UTC)
            .minusDays(14)
            .with(java.time.DayOfWeek.MONDAY)
            .atStartOfDay(ZoneOffset.UTC)
            .toInstant();

    private static final Instant TOMORROW =
            Instant.now().truncatedTo(ChronoUnit.DAYS).plus(1, ChronoUnit.DAYS);

    private static SendingWorld world;

    @BeforeAll
    static void open() {
        world = new SendingWorld(Map.of("FATHI_BEST_TIME_BATCH_PEOPLE", "100"));
        world.startWorkers();
    }

    @AfterAll
    static void close() {
        world.close();
    }

    private static int person(String zone) {
        return world.person(0, zone == null ? new JsonObject() : new JsonObject().put("$timezone", zone));
    }

    /** A message of that time to these people, over since then; who clicked does so after so many minutes. */
    private static void sent(Instant at, List<Integer> people, Integer clickedAfterMinutes) {
        long run = run(at, "marketing", true);
        world.pool
                .preparedQuery(
                        """
                        INSERT INTO cep_message (run, token, created_at, accepted_at, clicked_at, ws, profile_no, step, rank, state, channel, attempts, id, reason, subscription)
                        SELECT $1, 0, $3, $3, $3 + make_interval(mins => $4), $5, no, 0, rank, 2, 1, 1, gen_random_uuid(), 1, gen_random_uuid()
                        FROM unnest($2::int[]) AS no, generate_series(0, 1) AS rank
                        """)
                .execute(Tuple.of(
                        run, people.toArray(Integer[]::new), at.atOffset(ZoneOffset.UTC), clickedAfterMinutes, WS))
                .await();
    }

    private static long run(Instant at, String purpose, boolean tracking) {
        return world.pool
                .preparedQuery(
                        """
                        INSERT INTO cep_run (run, ws, id, kind, channel, state, purpose, content, ttl_seconds, urgency, tracking, send_at,
                                             expires_at, planned, unknown, chunks_left, created_at, finished_at)
                        VALUES (cep_next_run(), $1, gen_random_uuid(), 'api', 1, 'completed', $2, '{}', 60, 'normal', $3, $4, $4, 1, 0, 0, $4, $4)
                        RETURNING run
                        """)
                .execute(Tuple.of(WS, purpose, tracking, at.atOffset(ZoneOffset.UTC)))
                .await()
                .iterator()
                .next()
                .getLong("run");
    }

    private static Instant best(int person, Instant from, Instant until) {
        return world.bestTimes()
                .instants(world.pool, WS, Set.of(person), from, until)
                .await()
                .get(person);
    }

    private static int hour(int person, ZoneId zone) {
        return best(person, TOMORROW, TOMORROW.plus(1, ChronoUnit.DAYS))
                .atZone(zone)
                .getHour();
    }

    private static Habits habits(int person) {
        return HabitsStore.read(world.pool, WS, Set.of(person)).await().getOrDefault(person, Habits.NONE);
    }

    /** Each that is never clicked counts once, and for 23 hours 0.3. */
    private static double messages(Habits habits) {
        return DoubleStream.of(habits.tried()).sum() / (1 + 23 * 0.3);
    }

    private static Instant at(int day, int hour, String zone) {
        return MONDAY.atZone(ZoneOffset.UTC)
                .toLocalDate()
                .plusDays(day)
                .atTime(hour, 10)
                .atZone(ZoneId.of(zone))
                .toInstant();
    }

    @Test
    void each_gets_their_own_hour_by_their_own_clock_and_who_is_new_that_of_all() {
        int nepal = person("Asia/Kathmandu");
        int other = person("America/New_York");
        int nobody = person("Asia/Tokyo");
        var others = IntStream.range(0, 40).mapToObj(i -> person(null)).toList();
        for (int day = 0; day < 7; day++) {
            sent(at(day, 6, "Asia/Kathmandu"), List.of(nepal), 5);
            sent(at(day, 12, "America/New_York"), List.of(other), null);
            sent(at(day, 22, "America/New_York"), List.of(other), 5);
            sent(at(day, 17, "UTC"), others.subList(0, 12), 5);
            sent(at(day, 17, "UTC"), others.subList(12, 40), null);
        }
        world.learnHabits();
        assertThat(hour(nepal, ZoneId.of("Asia/Kathmandu"))).isEqualTo(6);
        assertThat(hour(other, ZoneId.of("America/New_York"))).isEqualTo(22);
        assertThat(hour(nobody, ZoneId.of("Asia/Tokyo"))).as("everybody's").isEqualTo(17);
        var both = world.bestTimes()
                .instants(world.pool, WS, List.of(nepal, nobody, nepal), TOMORROW, TOMORROW.plusSeconds(86_400))
                .await();
        assertThat(both.keySet()).containsExactlyInAnyOrder(nepal, nobody);
        assertThat(both.get(nepal).atZone(ZoneId.of("Asia/Kathmandu")).getMinute())
                .isZero();

        var six = best(nepal, TOMORROW, TOMORROW.plusSeconds(86_400));
        assertThat(best(nepal, six.plusSeconds(600), six.plusSeconds(7_200)))
                .as("the hour has begun")
                .isEqualTo(six.plusSeconds(600));
        assertThat(best(nepal, six.plusSeconds(600), six.plusSeconds(600)))
                .as("there is no time")
                .isEqualTo(six.plusSeconds(600));
        assertThat(best(nepal, six.plusSeconds(10_800), six.plusSeconds(14_400)))
                .as("nothing but another hour")
                .isBetween(six.plusSeconds(10_800), six.plusSeconds(14_399));
    }

    @Test
    void a_person_with_two_devices_is_one_and_a_message_is_learned_of_once() {
        var people = IntStream.range(0, 250).mapToObj(i -> person(null)).toList();
        sent(at(1, 9, "UTC"), people, null);
        var everybody = HabitsStore.readAll(world.pool, WS).await();
        world.learnHabits();
        assertThat(messages(HabitsStore.readAll(world.pool, WS).await()) - messages(everybody))
                .as("learned of in three pieces")
                .isBetween(249.0 * 0.8, 251.0);
        world.learnHabits();
        for (var no : List.of(people.getFirst(), people.get(100), people.getLast())) {
            assertThat(messages(habits(no))).isBetween(0.99, 1.01);
            assertThat(habits(no).tried()[24 + 9]).isEqualTo(1);
        }
        assertThat(world.rows("SELECT FROM cep_habits_run")).isEmpty();
    }

    @Test
    void only_what_is_over_for_a_day_is_learned_of_and_nothing_that_says_nothing() {
        int someone = person(null);
        var silent = run(at(0, 9, "UTC"), "marketing", false);
        var urgent = run(at(0, 9, "UTC"), "transactional", true);
        var waiting = run(at(0, 9, "UTC"), "marketing", true);
        sent(Instant.now().minus(2, ChronoUnit.HOURS), List.of(someone), 5);
        world.execute(
                "UPDATE cep_run SET finished_at = NULL, expires_at = now() + interval '1 hour' WHERE run = " + waiting);
        world.learnHabits();
        assertThat(habits(someone).isEmpty()).isTrue();
        assertThat(world.rows("SELECT run FROM cep_habits_run").stream().map(row -> row.getLong("run")))
                .as("silent %d, urgent %d", silent, urgent)
                .containsExactly(waiting);

        world.execute(
                "UPDATE cep_run SET created_at = created_at - interval '1 day', finished_at = finished_at - interval '1 day'");
        world.execute("UPDATE cep_run SET expires_at = now() - interval '2 days' WHERE run = " + waiting);
        world.learnHabits();
        assertThat(messages(habits(someone))).isBetween(0.1, 1.01);
        assertThat(world.rows("SELECT FROM cep_habits_run")).isEmpty();
    }

    @Test
    void quiet_hours_and_blackouts_are_chosen_only_where_there_is_nothing_else() {
        int owl = person("UTC");
        for (int day = 0; day < 7; day++) {
            sent(at(day, 23, "UTC"), List.of(owl), 5);
        }
        world.learnHabits();
        assertThat(hour(owl, ZoneOffset.UTC)).isEqualTo(23);
        try {
            world.policies(new JsonObject()
                    .put("quietHours", new JsonObject().put("start", "22:00").put("end", "08:00")));
            assertThat(hour(owl, ZoneOffset.UTC)).isBetween(8, 21);
            var night = TOMORROW.plus(23, ChronoUnit.HOURS);
            assertThat(best(owl, night, night.plusSeconds(3_600)))
                    .as("no other hour")
                    .isEqualTo(night);
            var dark = new JsonObject()
                    .put("name", "mourning")
                    .put("start", TOMORROW.plus(9, ChronoUnit.HOURS).toString().substring(0, 16))
                    .put("end", TOMORROW.plus(24, ChronoUnit.HOURS).toString().substring(0, 16));
            world.policies(new JsonObject().put("blackouts", new JsonArray().add(dark)));
            assertThat(hour(owl, ZoneOffset.UTC)).isBetween(0, 8);
            world.policies(new JsonObject());
            world.execute(
                    "UPDATE cdp_profile SET traits = traits || '{\"$quietHours\": {\"start\": \"22:30\", \"end\": \"23:30\"}}' WHERE profile_no = "
                            + owl);
            assertThat(hour(owl, ZoneOffset.UTC)).as("their own wish").isNotEqualTo(23);
        } finally {
            world.policies(new JsonObject());
        }
    }

    @Test
    void who_becomes_one_person_with_another_has_the_habits_of_both() {
        int visitor = person(null);
        int known = person(null);
        int never = person(null);
        sent(at(2, 9, "UTC"), List.of(visitor), null);
        sent(at(2, 15, "UTC"), List.of(known), null);
        world.learnHabits();
        var moved = new DerivedBatch(
                List.of(),
                List.of(),
                Set.of(new DerivedBatch.Moved(WS, visitor, known), new DerivedBatch.Moved(WS, never, visitor)));
        world.run(tx -> new HabitsStage().apply(tx, moved));
        assertThat(messages(habits(known))).isBetween(1.9, 2.1);
        assertThat(habits(known).tried()[2 * 24 + 9]).isEqualTo(1);
        assertThat(messages(habits(visitor)))
                .as("their addresses may have stayed")
                .isBetween(0.99, 1.01);

        world.execute("UPDATE cdp_profile SET addresses_into = " + known + " WHERE profile_no = " + visitor);
        sent(at(3, 9, "UTC"), List.of(visitor), null);
        world.learnHabits();
        assertThat(messages(habits(known)))
                .as("what came to the number of before")
                .isBetween(2.5, 3.1);
        assertThat(messages(habits(visitor))).isBetween(0.99, 1.01);
    }

    @Test
    void who_is_erased_has_no_habits_and_gets_none() {
        int gone = person(null);
        sent(at(4, 9, "UTC"), List.of(gone), null);
        world.learnHabits();
        var erasable = new PeopleInHabits();
        var told = erasable.tell(world.pool, WS, Set.of(gone)).await();
        assertThat(told).hasSize(1);
        assertThat(told.getFirst().getJsonArray("tried")).hasSize(HourOfWeek.COUNT);
        Map<String, Integer> erased = world.run(tx -> erasable.erase(tx, WS, Set.of(gone)));
        assertThat(erased).isEqualTo(Map.of("cep_habits", 1));
        world.execute("DELETE FROM cdp_profile WHERE profile_no = " + gone);
        sent(at(5, 9, "UTC"), List.of(gone), null);
        world.learnHabits();
        assertThat(habits(gone).isEmpty()).isTrue();
        assertThat(world.rows("SELECT FROM cep_habits WHERE profile_no = " + gone))
                .isEmpty();
    }

    @Test
    void other_workspaces_learn_nothing_of_it() {
        int someone = person(null);
        sent(at(4, 9, "UTC"), List.of(someone), 5);
        world.learnHabits();
        assertThat(HabitsStore.readAll(world.pool, WS + 1).await().isEmpty()).isTrue();
        assertThat(HabitsStore.read(world.pool, WS + 1, Set.of(someone)).await())
                .isEmpty();
        var asked = IntStream.range(0, 5_000).boxed().collect(Collectors.toSet());
        assertThat(world.bestTimes()
                        .instants(world.pool, WS, asked, TOMORROW, TOMORROW.plusSeconds(86_400))
                        .await())
                .as("whoever is asked for")
                .hasSize(5_000);
    }
}
