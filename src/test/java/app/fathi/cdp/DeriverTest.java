package app.fathi.cdp;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.traits.ComputedTraits;
import app.fathi.cdp.traits.Rules;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import app.fathi.segments.TraitRules;
import app.fathi.testing.Closing;
import app.fathi.testing.Eventually;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeriverTest {
    private static final int WS = 1;
    private static final Instant NOON = Instant.parse("2026-11-02T12:00:00Z");

    private final Vertx vertx = Vertx.vertx();
    private final List<String> moves = new ArrayList<>();
    private final Profiles profiles = new Profiles();
    private TestDatabase database;
    private Pool pool;
    private Deriver deriver;

    @BeforeEach
    void start() {
        fresh();
    }

    private void fresh() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
        var streams = new Streams(vertx, pool, Config.of(Map.of()).stream());
        deriver = new Deriver(
                streams,
                nobodysAddresses(),
                new ComputedTraits(new TraitRules()),
                List.of(),
                new LiveFeed(vertx, Config.of(Map.of()).live()),
                new Bonds((tx, jobs) -> Future.succeededFuture()));
    }

    /** Nobody has any; what would have moved is written down. */
    private AddressBook nobodysAddresses() {
        return new AddressBook() {
            @Override
            public Future<Void> move(SqlConnection tx, int ws, int from, int to) {
                moves.add(from + "→" + to);
                return Future.succeededFuture();
            }

            @Override
            public Future<Void> part(SqlConnection tx, int ws, int from, Map<Long, Integer> toNos) {
                return Future.succeededFuture();
            }
        };
    }

    @AfterEach
    void stop() {
        Closing.close(vertx);
        database.close();
    }

    @Test
    void profiles_are_the_same_whatever_the_order_and_repetition_of_arrival() {
        var events = new ArrayList<StreamRecord>();
        var random = new Random(42);
        for (int i = 0; i < 120; i++) {
            var user = random.nextInt(3) == 0 ? null : "u" + random.nextInt(4);
            var visitor = user == null || random.nextBoolean() ? "v" + random.nextInt(6) : null;
            var at = NOON.plusSeconds(random.nextInt(40));
            if (user != null && random.nextInt(6) == 0) {
                var former = random.nextBoolean() ? "u" + random.nextInt(6) : "v" + random.nextInt(6);
                events.add(alias(former, user, "m" + i, at, random.nextInt(4) > 0));
                continue;
            }
            events.add(identify(
                    user,
                    visitor,
                    "m" + i,
                    at,
                    random.nextBoolean(),
                    new JsonObject()
                            .put(
                                    "t" + random.nextInt(3),
                                    switch (random.nextInt(10)) {
                                        case 0 -> null;
                                        // The same said again by others, which changes nothing until something else is
                                        // said in between.
                                        case 1, 2, 3, 4 -> random.nextInt(2);
                                        default -> i;
                                    })));
            events.add(tagging(user, visitor, "g" + i, at, random.nextBoolean(), "tag" + random.nextInt(4)));
            events.add(group(user, visitor, "j" + i, at, "group" + random.nextInt(3), new JsonObject().put("n", i)));
        }
        var expected = derivedFrom(events, 500);
        for (int seed = 0; seed < 4; seed++) {
            database.close();
            fresh();
            var shuffled = new ArrayList<>(events);
            shuffled.addAll(events.subList(0, 40));
            Collections.shuffle(shuffled, new Random(seed));
            assertThat(derivedFrom(shuffled, 1 + seed * 17)).as("seed %d", seed).isEqualTo(expected);
            assertThat(untold())
                    .as("seed %d: what rules would read otherwise", seed)
                    .isEmpty();
        }
    }

    /** UTF-16 has the second one before the first. */
    @Test
    void of_two_messages_of_one_moment_the_later_is_the_one_of_the_higher_code_points_in_memory_as_in_the_database() {
        var lower = "m\uFFFD";
        var higher = "m😀";
        derive(
                identify("one", null, higher, NOON, false, new JsonObject().put("word", higher)),
                identify("one", null, lower + "1", NOON, false, new JsonObject().put("word", lower)));
        derive(
                identify("two", null, higher + "2", NOON, false, new JsonObject().put("word", higher)),
                identify(null, "v", lower + "2", NOON, false, new JsonObject().put("word", lower)));
        derive(identify("two", "v", "z", NOON.minusSeconds(1), false, new JsonObject()));
        assertThat(traits("one")).isEqualTo(traits("two")).isEqualTo(new JsonObject().put("word", higher));
    }

    @Test
    void of_a_trait_of_which_the_first_word_stands_it_stands_whatever_came_when() {
        for (int seed = 0; seed < 2; seed++) {
            if (seed > 0) {
                database.close();
                fresh();
            }
            firstOf("t0", "t1");
            var random = new Random(seed);
            var events = new ArrayList<StreamRecord>();
            for (int i = 0; i < 60; i++) {
                var event = identify(
                        random.nextInt(3) == 0 ? "ada" : null,
                        "v" + random.nextInt(3),
                        "m" + i,
                        NOON.plusSeconds(random.nextInt(20)),
                        true,
                        new JsonObject().put("t" + random.nextInt(3), random.nextInt(2) == 0 ? null : i));
                // Staff speak of one trait of the two only.
                if (random.nextInt(15) == 0) {
                    event.payload().put(Arrived.OF_STAFF, true).put("traits", new JsonObject().put("t1", i));
                }
                events.add(event);
            }
            for (int v = 0; v < 3; v++) {
                events.add(identify("ada", "v" + v, "w" + v, NOON.plusSeconds(30), true, new JsonObject()));
            }
            Collections.shuffle(events, random);
            derivedFrom(events, 7);
            var expected = new TreeMap<String, Object>();
            for (var name : List.of("t0", "t1", "t2")) {
                var said = events.stream()
                        .map(StreamRecord::payload)
                        .filter(one -> one.getJsonObject("traits").containsKey(name))
                        .sorted(Comparator.comparing((JsonObject one) -> Instant.parse(one.getString("at")))
                                .thenComparing(one -> one.getString("messageId")))
                        .toList();
                var staffs = said.stream()
                        .filter(one -> one.getBoolean(Arrived.OF_STAFF, false))
                        .toList();
                var word = name.equals("t2")
                        ? said.getLast()
                        : !staffs.isEmpty()
                                ? staffs.getLast()
                                : said.stream()
                                        .filter(one ->
                                                one.getJsonObject("traits").getValue(name) != null)
                                        .findFirst()
                                        .orElseThrow();
                var value = word.getJsonObject("traits").getValue(name);
                if (value != null) {
                    expected.put(name, value);
                }
            }
            assertThat(new TreeMap<>(traits("ada").getMap()))
                    .as("seed %d", seed)
                    .isEqualTo(expected);
            assertThat(untold()).isEmpty();
        }
    }

    @Test
    void what_a_version_before_has_kept_with_the_id_counts_and_moves_to_the_words() {
        derive(identify(
                "ada",
                null,
                "m1",
                NOON,
                true,
                new JsonObject().put("plan", "gold").put("city", "Bern")));
        pool.query("UPDATE cdp_identity i SET traits = w.traits FROM cdp_words w WHERE w.identity_no = i.no")
                .execute()
                .await();
        pool.query("DELETE FROM cdp_words").execute().await();

        derive(identify("ada", null, "m0", NOON.minusSeconds(1), true, new JsonObject().put("plan", "silver")));
        assertThat(traits("ada").getMap()).containsOnly(entry("plan", "gold"), entry("city", "Bern"));
        derive(identify("ada", null, "m2", NOON.plusSeconds(1), true, new JsonObject().put("plan", "blue")));
        assertThat(traits("ada").getMap()).containsOnly(entry("plan", "blue"), entry("city", "Bern"));
        // A node of the version before says something while an update goes from node to node.
        pool.query("UPDATE cdp_identity SET traits = '{\"age\": [7, 1, \"m3\", \"ingest\"]}'")
                .execute()
                .await();
        derive(identify("ada", null, "m4", NOON.plusSeconds(2), true, new JsonObject().put("plan", "red")));
        assertThat(traits("ada").getMap()).containsOnly(entry("plan", "red"), entry("city", "Bern"), entry("age", 7));
        assertThat(pool.query("SELECT count(*) AS n FROM cdp_identity WHERE traits <> '{}'")
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getLong("n"))
                .isZero();
    }

    @Test
    void a_first_word_stays_however_many_traits_are_said_after_it() {
        firstOf("first");
        derive(identify("ada", null, "m0", NOON, true, new JsonObject().put("first", "kept")));
        derive(identify("ada", null, "m", NOON.minusSeconds(5), true, new JsonObject().putNull("first")));
        for (int i = 1; i <= 51; i++) {
            var traits = new JsonObject();
            for (int j = 0; j < 10; j++) {
                traits.put("t" + i + "-" + j, i);
            }
            derive(identify("ada", null, "m" + i, NOON.plusSeconds(i), true, traits.put("first", i)));
        }
        assertThat(traits("ada").getMap()).hasSize(Identity.MAX_TRAITS).containsEntry("first", "kept");
    }

    private void firstOf(String... names) {
        pool.preparedQuery("INSERT INTO cdp_trait_rules (ws, oldest, updated_by) VALUES ($1, $2, gen_random_uuid())")
                .execute(Tuple.of(WS, (Object) names))
                .await();
        pool.query("INSERT INTO cdp_trait_workspace (ws) VALUES (" + WS + ")")
                .execute()
                .await();
    }

    @Test
    void of_somebody_who_is_there_all_the_time_nothing_is_written_but_what_they_do() {
        var here = new JsonObject().put("plan", "gold");
        derive(identify("ada", null, "m1", NOON, true, here));
        var before = rows();
        derive(
                track("ada", null, "m2", NOON.plusSeconds(60), "Bought", new JsonObject()),
                track("ada", null, "m3", NOON.plus(Identity.SEEN_STEP), "Bought", new JsonObject()));
        assertThat(rows()).as("an hour's quarter is not over").isEqualTo(before);

        derive(identify("ada", null, "m4", NOON.plusSeconds(90), true, here));
        assertThat(rows().get("profile")).as("the same again").isEqualTo(before.get("profile"));
        assertThat(rows().get("identity")).as("a later word").isNotEqualTo(before.get("identity"));

        var later = NOON.plus(Identity.SEEN_STEP).plusSeconds(91);
        derive(track("ada", null, "m5", later, "Bought", new JsonObject()));
        assertThat(rows().get("profile")).as("being seen is the id's").isEqualTo(before.get("profile"));
        assertThat(pool.query("SELECT last_seen_at FROM cdp_identity")
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getOffsetDateTime("last_seen_at")
                        .toInstant())
                .isEqualTo(later);
        var people = new ProfilesStore();
        assertThat(people.show(pool, WS, null, IdentityGraph.USER, "ada")
                        .await()
                        .orElseThrow()
                        .lastSeenAt())
                .as("of the person")
                .isEqualTo(later);
        assertThat(people.list(pool, WS, new ProfilesStore.Filter(null, null, null, null), Integer.MAX_VALUE, 10)
                        .await())
                .extracting(ProfilesStore.Shown::lastSeenAt)
                .as("in a list")
                .containsExactly(later);
        assertThat(pool.query("SELECT count(*) AS n FROM cdp_event")
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getLong("n"))
                .isEqualTo(5);
    }

    /** The version of the only row of each table, as the database counts them. */
    private Map<String, String> rows() {
        var row = pool.query(
                        "SELECT (SELECT xmin::text FROM cdp_profile) AS profile, (SELECT xmin::text FROM cdp_identity) AS identity")
                .execute()
                .await()
                .iterator()
                .next();
        return Map.of("profile", row.getString("profile"), "identity", row.getString("identity"));
    }

    @Test
    void two_batches_at_once_that_say_something_of_one_person_both_count() {
        derive(
                identify("ada", "v1", "m1", NOON, true, new JsonObject()),
                identify("ada", "v2", "m2", NOON, true, new JsonObject()));
        var first = pool.getConnection().await();
        var open = first.begin().await();
        deriver.derive(first, consumed(identify(null, "v1", "m3", NOON, false, new JsonObject().put("a", 1))))
                .await();
        var second = pool.withTransaction(tx ->
                deriver.derive(tx, consumed(identify(null, "v2", "m4", NOON, false, new JsonObject().put("b", 2)))));
        eventually(
                "that the second waits",
                () -> pool.query("SELECT count(*) FROM pg_locks WHERE NOT granted")
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getLong(0),
                waiting -> waiting > 0);
        open.commit().await();
        first.close().await();
        second.await();
        assertThat(traits("ada").getMap()).containsOnlyKeys("a", "b");
        assertThat(untold()).isEmpty();
    }

    @Test
    void of_the_traits_of_an_id_the_latest_five_hundred_are_kept_whatever_the_order_of_arrival() {
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < 60; i++) {
            var traits = new JsonObject();
            for (int j = 0; j < 10; j++) {
                traits.put("t" + i + "-" + j, i);
            }
            events.add(identify("ada", null, "m" + i, NOON.plusSeconds(i), true, traits));
        }
        Collections.shuffle(events, new Random(7));
        derive(events.subList(0, 25).toArray(StreamRecord[]::new));
        derive(events.subList(25, 60).toArray(StreamRecord[]::new));
        assertThat(traits("ada").fieldNames()).hasSize(Identity.MAX_TRAITS).noneMatch(name -> name.startsWith("t9-"));
        assertThat(untold()).isEmpty();
    }

    @Test
    void nobody_makes_more_than_two_thousand_names_and_what_has_none_is_known_all_the_same() {
        pool.query("INSERT INTO cdp_trait_name SELECT 1, n, 'name' || n FROM generate_series(1, 1999) n")
                .execute()
                .await();
        derive(identify(
                "ada",
                null,
                "m1",
                NOON,
                true,
                new JsonObject().put("x", 1).put("y", 2).put("name7", 3)));
        assertThat(traits("ada").getMap()).containsOnlyKeys("x", "y", "name7");
        assertThat(told()).hasSize(2).contains("name7 3");
        derive(identify("ada", null, "m2", NOON, true, new JsonObject().put("phone", "+49 30 1")));
        assertThat(told()).as("by which people are left alone").contains("phone +49 30 1");
    }

    @Test
    void names_that_nobody_has_and_nothing_speaks_of_make_room_for_others() {
        derive(identify(
                "ada",
                null,
                "m1",
                NOON,
                true,
                new JsonObject().put("plan", "gold").put("gone", 1).put("asked", 1)));
        pool.query("INSERT INTO cdp_trait_name SELECT 1, n, 'name' || n FROM generate_series("
                        + "(SELECT max(no) + 1 FROM cdp_trait_name), 2000) n")
                .execute()
                .await();
        derive(identify(
                "ada",
                null,
                "m2",
                NOON,
                true,
                new JsonObject().put("late", "yes").put("later", "no")));
        assertThat(told()).as("no room").hasSize(3);
        derive(identify(
                "ada",
                null,
                "m3",
                NOON.plusSeconds(1),
                true,
                new JsonObject().putNull("gone").putNull("asked")));
        pool.query("INSERT INTO cdp_trait_rules (ws, oldest, updated_by) VALUES (1, '{name7}', gen_random_uuid())")
                .execute()
                .await();
        assertThat(job().free(WS, () -> false)).as("told to stop").isFalse();
        assertThat(names()).hasSize(2000);
        assertThat(job().free(WS, () -> true)).isTrue();
        assertThat(names()).containsExactly("asked", "plan", "name7", "name2000");
        derive(identify("eve", null, "m4", NOON, true, new JsonObject().put("late", "no")));
        assertThat(pool.query("SELECT no, whole FROM cdp_trait_name WHERE name = 'late'")
                        .execute()
                        .await()
                        .iterator()
                        .next())
                .satisfies(row -> {
                    assertThat(row.getInteger("no"))
                            .as("a number is not used again")
                            .isEqualTo(2001);
                    assertThat(row.getBoolean("whole")).as("ada has it, too").isFalse();
                });
        assertThat(told()).contains("late no").doesNotContain("late yes");
        assertThat(job().free(WS, () -> true)).isTrue();
        assertThat(job().complete(WS, () -> true)).isTrue();
        assertThat(told()).contains("late no", "late yes");
        assertThat(pool.query("SELECT FROM cdp_trait_name WHERE NOT whole")
                        .execute()
                        .await()
                        .size())
                .isZero();
        derive(identify("bob", null, "m5", NOON, true, new JsonObject().put("later", "yes")));
        assertThat(told()).contains("later yes");
    }

    @Test
    void a_name_that_somebody_says_at_the_same_moment_stays() throws InterruptedException {
        derive(identify(
                "ada",
                null,
                "m1",
                NOON,
                true,
                new JsonObject().put("town", "Rome").put("zip", 1)));
        derive(identify("ada", null, "m2", NOON.plusSeconds(1), true, new JsonObject().putNull("town")));
        var saying = pool.getConnection().await();
        var open = saying.begin().await();
        deriver.derive(saying, consumed(identify("eve", null, "m3", NOON, true, new JsonObject().put("town", "Oslo"))))
                .await();
        var freeing = Thread.startVirtualThread(() -> job().free(WS, () -> true));
        eventually(
                "that the job waits for the batch",
                () -> pool.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getLong(0),
                waiting -> waiting > 0);
        open.commit().await();
        saying.close().await();
        freeing.join();
        assertThat(names()).containsExactly("town", "zip");
        assertThat(told()).contains("town Oslo");
    }

    private TraitsJob job() {
        return new TraitsJob(new Transactions(pool), new Rules() {
            @Override
            public Predicate<JsonObject> where(JsonArray conditions, String at) {
                throw new UnsupportedOperationException();
            }

            @Override
            public Future<Set<String>> asked(SqlClient client, int ws) {
                return Future.succeededFuture(Set.of("asked"));
            }

            @Override
            public Future<List<String>> segmentsAsking(SqlConnection tx, int ws, String trait) {
                throw new UnsupportedOperationException();
            }
        });
    }

    private List<String> names() {
        return pool.query("SELECT name FROM cdp_trait_name ORDER BY no").execute().await().stream()
                .map(row -> row.getString("name"))
                .toList();
    }

    @Test
    void people_from_before_are_put_down_by_the_job() {
        derive(
                identify("ada", null, "m1", NOON, true, new JsonObject().put("plan", "gold")),
                identify("eve", null, "m2", NOON, true, new JsonObject().put("plan", "free")));
        pool.query("DELETE FROM cdp_trait").execute().await();
        pool.query("UPDATE cdp_profile_number SET untold = next").execute().await();
        assertThat(untold()).hasSize(2);
        var job = job();
        assertThat(job.step(WS)).isTrue();
        assertThat(job.step(WS)).isFalse();
        assertThat(untold()).isEmpty();
    }

    @Test
    void an_unverified_claim_carries_traits_and_no_address() {
        var visitor = reach(null, "v");
        derive(identify("ada", "v", "m1", NOON, false, new JsonObject().put("firstName", "Ada")));
        assertThat(moves).isEmpty();
        assertThat(reach(null, "v")).as("who subscribed as a visitor stays one").isEqualTo(visitor);
        assertThat(reach("ada", null)).isNotEqualTo(visitor);
        assertThat(traits("ada").getString("firstName")).isEqualTo("Ada");
    }

    @Test
    void a_verified_claim_takes_the_visitors_addresses_along() {
        var visitor = reach(null, "v");
        derive(identify("ada", "v", "m1", NOON, true, new JsonObject()));
        var ada = reach("ada", null);
        assertThat(moves).containsExactly(visitor + "→" + ada);
        assertThat(reach(null, "v")).isEqualTo(ada);
    }

    @Test
    void what_a_visitor_did_belongs_to_who_claimed_it_first_and_addresses_to_who_proved_it_last() {
        derive(identify(null, "v", "m1", NOON, false, new JsonObject().put("seen", "shoes")));
        derive(identify("eve", "v", "m3", NOON.plusSeconds(20), true, new JsonObject()));
        derive(identify("ada", "v", "m2", NOON.plusSeconds(10), true, new JsonObject()));
        assertThat(traits("ada").getString("seen")).isEqualTo("shoes");
        assertThat(traits("eve").getString("seen")).isNull();
        assertThat(reach(null, "v")).isEqualTo(reach("eve", null));
        assertThat(moves).as("a known person's addresses never move to another").hasSize(1);
    }

    @Test
    void an_alias_joins_what_is_known_of_two_people_and_who_hangs_on_them() {
        derive(
                identify("old", "v1", "m1", NOON, true, new JsonObject().put("plan", "gold")),
                identify("new", "v2", "m2", NOON, true, new JsonObject().put("city", "Izmir")));
        var old = reach("old", null);
        var user = reach("new", null);
        moves.clear();
        derive(alias("old", "new", "m3", NOON.plusSeconds(1), true));
        assertThat(moves).contains(old + "→" + user);
        for (var id : List.of("old", "new")) {
            assertThat(traits(id).getMap()).containsEntry("plan", "gold").containsEntry("city", "Izmir");
        }
        assertThat(List.of(reach("old", null), reach("new", null), reach(null, "v1"), reach(null, "v2")))
                .containsOnly(user);
        assertThat(shown("old").userId()).isEqualTo("new");

        derive(alias("new", "newest", "m4", NOON.plusSeconds(2), true));
        assertThat(reach(null, "v1")).as("over two steps").isEqualTo(reach("newest", null));
        assertThat(shown("old").userId()).isEqualTo("newest");
        assertThat(shown("old").otherUserIds()).containsExactlyInAnyOrder("old", "new");
        var before = pool.query("SELECT id FROM cdp_profile WHERE profile_no = " + old)
                .execute()
                .await()
                .iterator()
                .next()
                .getUUID("id");
        assertThat(profiles.numbersByIds(pool, WS, List.of(before)).await())
                .as("who kept the id of the profile that is no more")
                .containsValue(reach("newest", null));
    }

    @Test
    void an_alias_that_is_not_trusted_with_known_people_takes_only_the_visitor_of_that_id() {
        derive(identify("ada", null, "m1", NOON, true, new JsonObject().put("plan", "gold")));
        var ada = reach("ada", null);
        derive(alias("ada", "eve", "m2", NOON.plusSeconds(1), false));
        assertThat(reach("ada", null)).isEqualTo(ada).isNotEqualTo(reach("eve", null));
        assertThat(traits("eve").getMap()).isEmpty();
        assertThat(profiles.numbersByUserIds(pool, WS, List.of("ada")).await()).containsEntry("ada", ada);
    }

    @Test
    void times_finer_than_a_microsecond_make_no_order_that_later_batches_cannot_see() {
        var ada = identify("ada", "v", "m2", NOON.plusNanos(300), true, new JsonObject());
        var eve = identify("eve", "v", "m1", NOON.plusNanos(700), true, new JsonObject());
        var seen = identify(null, "v", "m0", NOON, true, new JsonObject().put("seen", "shoes"));
        for (var batches : List.of(
                List.of(List.of(seen, ada, eve)),
                List.of(List.of(seen, ada), List.of(eve)),
                List.of(List.of(seen, eve), List.of(ada)))) {
            database.close();
            fresh();
            batches.forEach(batch -> derive(batch.toArray(StreamRecord[]::new)));
            assertThat(traits("eve").getString("seen")).as("%s", batches).isEqualTo("shoes");
        }
    }

    @Test
    void a_tag_stays_with_who_has_it_until_the_latest_word_takes_it_away() {
        derive(tagging(null, "v", "m1", NOON, true, " vip "), tagging(null, "v", "m2", NOON, true, "new"));
        derive(identify("ada", "v", "m3", NOON.plusSeconds(1), true, new JsonObject()));
        assertThat(tags("ada")).containsExactly("new", "vip");
        derive(tagging("ada", null, "m4", NOON.plusSeconds(2), false, "new"));
        derive(tagging("ada", null, "m5", NOON.plusSeconds(1), true, "new"));
        assertThat(tags("ada")).as("what comes late was said before").containsExactly("vip");
    }

    @Test
    void of_the_tags_of_an_id_the_latest_hundred_are_kept_whatever_the_order_of_arrival() {
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < 150; i++) {
            events.add(tagging("ada", null, "m" + i, NOON.plusSeconds(i), true, "tag-%03d".formatted(i)));
        }
        Collections.shuffle(events, new Random(7));
        derive(events.subList(0, 60).toArray(StreamRecord[]::new));
        derive(events.subList(60, 150).toArray(StreamRecord[]::new));
        assertThat(tags("ada"))
                .isEqualTo(
                        IntStream.range(50, 150).mapToObj("tag-%03d"::formatted).toList());
    }

    @Test
    void what_is_no_tag_is_an_event_like_any_other() {
        for (var tag : new Object[] {"", "  ", "x".repeat(65), 7, new JsonObject(), true}) {
            derive(track("ada", null, "m-" + tag, NOON, "Tag Added", new JsonObject().put("tag", tag)));
        }
        derive(track("ada", null, "m-none", NOON, "Tag Added", new JsonObject()));
        derive(track("ada", null, "m-other", NOON, "Tagged", new JsonObject().put("tag", "vip")));
        assertThat(tags("ada")).isEmpty();
        derive(tagging("ada", null, "m-long", NOON, true, "👋".repeat(64)));
        assertThat(tags("ada")).hasSize(1);
    }

    @Test
    void nobody_waits_for_the_disk_to_derive_while_others_do_on_the_same_connection() {
        var said = new ArrayList<String>();
        deriver = deriver((tx, batch) -> waits(tx).onSuccess(said::add).mapEmpty());
        pool.withConnection(connection -> connection
                        // As everywhere but in databases of tests.
                        .query("SET synchronous_commit = on")
                        .execute()
                        .compose(set -> connection.begin())
                        .compose(tx -> deriver.derive(
                                        connection,
                                        consumed(identify("ada", null, "m1", NOON, false, new JsonObject())))
                                .compose(done -> tx.commit()))
                        .compose(done -> waits(connection).onSuccess(said::add)))
                .await();
        assertThat(said).containsExactly("off", "on");
    }

    private static Future<String> waits(SqlConnection connection) {
        return connection.query("SHOW synchronous_commit").execute().map(rows -> rows.iterator()
                .next()
                .getString(0));
    }

    private Deriver deriver(ProfileStage stage) {
        return new Deriver(
                new Streams(vertx, pool, Config.of(Map.of()).stream()),
                nobodysAddresses(),
                new ComputedTraits(new TraitRules()),
                List.of(stage),
                new LiveFeed(vertx, Config.of(Map.of()).live()),
                new Bonds((tx, jobs) -> Future.succeededFuture()));
    }

    @Test
    void stages_hear_of_each_id_that_has_gone_from_one_profile_to_another() {
        var heard = new ArrayList<String>();
        deriver = deriver((tx, batch) -> {
            batch.moved().forEach(one -> heard.add(one.fromNo() + "→" + one.toNo()));
            return Future.succeededFuture();
        });
        derive(identify(null, "v", "m1", NOON, false, new JsonObject()));
        derive(identify("ada", null, "m2", NOON, false, new JsonObject()));
        var visitor = reach(null, "v");
        var ada = reach("ada", null);
        assertThat(heard).isEmpty();
        derive(identify("ada", "v", "m3", NOON, false, new JsonObject()));
        assertThat(heard).as("also without proof").containsExactly(visitor + "→" + ada);
        derive(identify("ada", "v", "m4", NOON.plusSeconds(1), true, new JsonObject()));
        assertThat(heard)
                .as("addresses go later, with the proof")
                .containsExactly(visitor + "→" + ada, visitor + "→" + ada);
        derive(identify("eve", "v", "m0", NOON.minusSeconds(1), false, new JsonObject()));
        var eve = reach("eve", null);
        assertThat(heard).as("an earlier claim").contains(ada + "→" + eve);
        heard.clear();
        derive(alias("ada", "eve", "m5", NOON.plusSeconds(2), true));
        assertThat(heard).contains(ada + "→" + eve);
    }

    @Test
    void a_repeated_message_is_taken_once() {
        var event = identify("ada", null, "m1", NOON, true, new JsonObject().put("n", 1));
        derive(event);
        derive(event);
        var kept = pool.query("SELECT count(*) FROM cdp_event")
                .execute()
                .await()
                .iterator()
                .next()
                .getLong(0);
        assertThat(kept).isEqualTo(1);
    }

    @Test
    void two_makings_of_one_id_at_once_give_one_person() {
        var both = new ArrayList<Future<Profiles.Reached>>();
        for (int i = 0; i < 8; i++) {
            both.add(pool.withTransaction(tx -> profiles.reach(tx, WS, "same", null)));
        }
        Future.all(both).await();
        assertThat(both.stream().map(Future::result).distinct()).hasSize(1);
    }

    /** Or it and who drains the outbox, who goes through the heads in their order, would wait for each other. */
    @Test
    void a_batch_in_which_many_prove_who_they_are_holds_no_head_while_it_waits_for_a_lower_one() {
        var proofs = IntStream.range(0, 8)
                .mapToObj(n -> {
                    reach(null, "v" + n);
                    reach("u" + n, null);
                    return identify("u" + n, "v" + n, "m" + n, NOON.plusSeconds(n), true, new JsonObject());
                })
                .toArray(StreamRecord[]::new);
        // What it would take, in a transaction that does not happen.
        var heads = pool.withTransaction(tx -> deriver.derive(tx, consumed(proofs))
                        .compose(done -> tx.query(
                                        "SELECT DISTINCT part FROM stream_record WHERE topic = 'facts' ORDER BY part")
                                .execute())
                        .compose(rows -> Future.<List<Short>>failedFuture(new Heads(
                                rows.stream().map(row -> row.getShort(0)).toList()))))
                .recover(failure -> Future.succeededFuture(((Heads) failure).parts))
                .await();
        assertThat(heads).hasSizeGreaterThan(2);

        var drain = pool.getConnection().await();
        drain.query("BEGIN").execute().await();
        drain.preparedQuery("SELECT FROM stream_head WHERE topic = 'facts' AND part = $1 FOR UPDATE")
                .execute(Tuple.of(heads.getFirst()))
                .await();
        var deriving = pool.withTransaction(tx -> deriver.derive(tx, consumed(proofs)));
        Eventually.eventually(
                "it waits for the lowest head",
                () -> count("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"),
                waiting -> waiting > 0);
        assertThat(
                        count(
                                "SELECT count(*) FROM (SELECT part FROM stream_head WHERE topic = 'facts' FOR UPDATE SKIP LOCKED) free"))
                .as("heads that nobody holds but the one")
                .isEqualTo(15);
        drain.query("COMMIT").execute().await();
        deriving.await();
        drain.close().await();
        assertThat(count("SELECT count(*) FROM stream_record WHERE kind = 'profile.merged'"))
                .isEqualTo(8);
    }

    private static final class Heads extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient List<Short> parts;

        Heads(List<Short> parts) {
            this.parts = parts;
        }
    }

    private long count(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }

    /** What the rows for rules and the traits in force do not have in common. */
    private List<String> untold() {
        return lines(
                """
                WITH told AS (%s),
                inforce AS (SELECT p.user_id, e.key || ' ' || (e.value #>> '{}') FROM cdp_profile p, jsonb_each(p.traits) e)
                SELECT one::text AS line FROM ((TABLE told EXCEPT TABLE inforce) UNION ALL (TABLE inforce EXCEPT TABLE told)) one
                """
                        .formatted(TOLD));
    }

    private static final String TOLD =
            """
            SELECT p.user_id, n.name || ' ' || coalesce(t.txt, t.num::text) AS line
            FROM cdp_trait t JOIN cdp_trait_name n ON n.ws = t.ws AND n.no = t.trait JOIN cdp_profile p ON p.ws = t.ws AND p.profile_no = t.profile_no
            """;

    private List<String> told() {
        return lines(TOLD);
    }

    private List<String> lines(String sql) {
        return pool.query(sql).execute().await().stream()
                .map(row -> row.getString("line"))
                .toList();
    }

    @Test
    void an_event_that_came_in_another_period_does_not_happen_again() {
        var events = IntStream.range(0, 3)
                .mapToObj(i -> identify("u1", null, "m" + i, NOON, false, new JsonObject().put("t" + i, i)))
                .toArray(StreamRecord[]::new);
        derive(events);
        pool.query(
                        """
                        DO $$
                        DECLARE present bigint := (SELECT max(period) FROM ingest_seen);
                        BEGIN
                          EXECUTE format('CREATE TABLE seen_before PARTITION OF ingest_seen FOR VALUES FROM (%s) TO (%s)', present - 1, present);
                          UPDATE ingest_seen SET period = present + s.step
                          FROM (SELECT hash, row_number() OVER (ORDER BY hash) - 2 AS step FROM ingest_seen) s WHERE s.hash = ingest_seen.hash;
                        END $$
                        """)
                .execute()
                .await();
        derive(events);
        derive(identify("u1", null, "m3", NOON, false, new JsonObject()));
        assertThat(pool.query("SELECT message_id FROM cdp_event ORDER BY 1")
                        .execute()
                        .await())
                .extracting(row -> row.getString("message_id"))
                .containsExactly("m0", "m1", "m2", "m3");
    }

    private TreeMap<String, String> derivedFrom(List<StreamRecord> events, int batchSize) {
        for (int from = 0; from < events.size(); from += batchSize) {
            derive(events.subList(from, Math.min(events.size(), from + batchSize))
                    .toArray(StreamRecord[]::new));
        }
        var result = new TreeMap<String, String>();
        pool.query(
                        """
                        SELECT i.kind || ':' || i.value AS id, coalesce(p.user_id, 'visitor') || ' ' || p.traits::text || p.tags::text || p.groups::text AS person,
                               coalesce(a.user_id, 'visitor') AS reached
                        FROM cdp_identity i JOIN cdp_profile p USING (ws, profile_no)
                        JOIN cdp_profile a ON a.ws = i.ws AND a.profile_no = i.address_no
                        """)
                .execute()
                .await()
                .forEach(row ->
                        result.put(row.getString("id"), row.getString("person") + " " + row.getString("reached")));
        pool.query("SELECT id, traits::text FROM cdp_group")
                .execute()
                .await()
                .forEach(row -> result.put("group:" + row.getString("id"), row.getString("traits")));
        return result;
    }

    private void derive(StreamRecord... records) {
        pool.withTransaction(tx -> deriver.derive(tx, consumed(records))).await();
    }

    private static List<Consumed> consumed(StreamRecord... records) {
        var consumed = new ArrayList<Consumed>();
        for (var record : records) {
            consumed.add(new Consumed(record, 0, consumed.size(), NOON));
        }
        return consumed;
    }

    private static StreamRecord group(
            String userId, String anonymousId, String messageId, Instant at, String groupId, JsonObject traits) {
        var payload =
                identify(userId, anonymousId, messageId, at, false, traits).payload();
        return new StreamRecord(WS, userId != null ? userId : anonymousId, "group", payload.put("groupId", groupId));
    }

    private int reach(String userId, String anonymousId) {
        return pool.withTransaction(tx -> profiles.reach(tx, WS, userId, anonymousId))
                .await()
                .profileNo();
    }

    private ProfilesStore.Shown shown(String userId) {
        return new ProfilesStore()
                .show(pool, WS, null, IdentityGraph.USER, userId)
                .await()
                .orElseThrow();
    }

    private JsonObject traits(String userId) {
        var no = profiles.numbersByUserIds(pool, WS, List.of(userId)).await().get(userId);
        return profiles.views(pool, WS, List.of(no)).await().get(no).traits();
    }

    private List<String> tags(String userId) {
        return List.of(pool.preparedQuery("SELECT tags FROM cdp_profile WHERE user_id = $1")
                .execute(Tuple.of(userId))
                .await()
                .iterator()
                .next()
                .getArrayOfStrings("tags"));
    }

    private static StreamRecord tagging(
            String userId, String anonymousId, String messageId, Instant at, boolean has, String tag) {
        return track(
                userId,
                anonymousId,
                messageId,
                at,
                has ? "Tag Added" : "Tag Removed",
                new JsonObject().put("tag", tag));
    }

    private static StreamRecord track(
            String userId, String anonymousId, String messageId, Instant at, String event, JsonObject properties) {
        var payload = identify(userId, anonymousId, messageId, at, false, new JsonObject())
                .payload();
        payload.put("event", event).put("properties", properties).remove("traits");
        return new StreamRecord(WS, userId != null ? userId : anonymousId, "track", payload);
    }

    private static StreamRecord identify(
            String userId, String anonymousId, String messageId, Instant at, boolean verified, JsonObject traits) {
        var payload = new JsonObject()
                .put("messageId", messageId)
                .put("at", at.toString())
                .put("verified", verified)
                .put("traits", traits);
        if (userId != null) {
            payload.put("userId", userId);
        }
        if (anonymousId != null) {
            payload.put("anonymousId", anonymousId);
        }
        return new StreamRecord(WS, userId != null ? userId : anonymousId, "identify", payload);
    }

    /** With a valid token for the new id at least. */
    private static StreamRecord alias(String previousId, String userId, String messageId, Instant at, boolean trusted) {
        return new StreamRecord(
                WS,
                userId,
                "alias",
                new JsonObject()
                        .put("messageId", messageId)
                        .put("at", at.toString())
                        .put("verified", true)
                        .put("trusted", trusted)
                        .put("previousId", previousId)
                        .put("userId", userId));
    }
}
