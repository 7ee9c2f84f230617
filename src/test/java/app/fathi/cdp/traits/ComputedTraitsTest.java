package app.fathi.cdp.traits;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.Bonds;
import app.fathi.cdp.Deriver;
import app.fathi.cdp.NoAddresses;
import app.fathi.cdp.PeopleInProfiles;
import app.fathi.cdp.live.LiveFeed;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import app.fathi.segments.TraitRules;
import app.fathi.testing.Closing;
import app.fathi.testing.Plans;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is computed of people equals what a reading of the contract that is as plain as can be makes of all events. */
class ComputedTraitsTest {
    private static final int WS = 1;
    private static final int SEEDS = Integer.getInteger("fathi.rounds", 2);
    private static final UUID STAFF = UUID.randomUUID();
    private static final Instant NOW = Instant.now().truncatedTo(ChronoUnit.MICROS);

    private final Vertx vertx = Vertx.vertx();
    private final ComputedTraitsStore store = new ComputedTraitsStore();
    private TestDatabase database;
    private Pool pool;
    private Transactions transactions;
    private Deriver deriver;
    private ComputeJob job;
    private ComputedTimers timers;
    private final List<Done> all = new ArrayList<>();
    private final Map<String, JsonObject> defined = new TreeMap<>();

    /** @param id whose it was when it came, as {@code u1} or {@code v1} */
    private record Done(
            String id, String call, String event, Instant at, String messageId, Integer cents, String shop) {
        JsonObject properties() {
            var properties = new JsonObject().put("shop", shop);
            // What is no number is passed over by sums.
            return properties.put("total", cents == null ? "none" : cents / 100.0);
        }
    }

    @BeforeEach
    void start() {
        fresh();
    }

    private void fresh() {
        all.clear();
        defined.clear();
        database = TestDatabase.create();
        pool = database.pool(vertx);
        transactions = new Transactions(pool);
        deriver = new Deriver(
                new Streams(vertx, pool, Config.of(Map.of()).stream()),
                new NoAddresses(),
                new ComputedTraits(new TraitRules()),
                List.of(),
                new LiveFeed(vertx, Config.of(Map.of()).live()),
                new Bonds((tx, jobs) -> Future.succeededFuture()));
        job = new ComputeJob(transactions, deriver);
        timers = new ComputedTimers(transactions, deriver);
    }

    @AfterEach
    void stop() {
        Closing.close(vertx);
        database.close();
    }

    @Test
    void what_is_computed_is_what_the_events_say_whatever_came_when_and_whoever_became_whom() {
        long begin = Long.getLong("fathi.seed", System.nanoTime());
        for (long seed = begin; seed < begin + SEEDS; seed++) {
            if (seed > begin) {
                database.close();
                fresh();
            }
            follow(seed);
        }
    }

    private void follow(long seed) {
        var random = new Random(seed);
        var what = "seed " + seed;
        for (int i = 0; i < 6; i++) {
            define("t" + i, computation(random));
        }
        for (var order : List.of("first", "last", "mostFrequent")) {
            define(
                    order,
                    new JsonObject()
                            .put("aggregate", order)
                            .put("event", "Order")
                            .put("property", "shop"));
        }
        computeAll();
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < 150; i++) {
            events.add(random.nextInt(5) == 0 ? meeting(random, "j" + i) : done(random, "m" + i));
        }
        Collections.shuffle(events, random);
        for (int from = 0; from < events.size(); ) {
            int to = Math.min(events.size(), from + 1 + random.nextInt(30));
            derive(events.subList(from, to).toArray(StreamRecord[]::new));
            from = to;
            assertThat(inForce()).as("%s, %s events", what, to).isEqualTo(plain(arrived(events, to), NOW));
            if (random.nextInt(3) == 0) {
                var name = "t" + random.nextInt(8);
                if (random.nextBoolean() || !defined.containsKey(name)) {
                    define(name, computation(random));
                } else {
                    forget(name);
                }
                computeAll();
                assertThat(inForce()).as("%s, %s other", what, name).isEqualTo(plain(arrived(events, to), NOW));
            }
        }
        assertThat(untold()).as(what + ": what rules would read otherwise").isEmpty();
        for (int days : new int[] {1, 4, 9, 40}) {
            var later = NOW.plus(Duration.ofDays(days));
            timers.fire(later).await();
            assertThat(inForce()).as("%s, %s days later", what, days).isEqualTo(plain(all, later));
            assertThat(timers.fire(later).await()).as(what).isZero();
        }
        assertThat(untold()).as(what + ": what rules would read otherwise").isEmpty();
        var people = owners().values();
        pool.withTransaction(tx -> new PeopleInProfiles().erase(tx, WS, new HashSet<>(people)))
                .await();
        assertThat(count("SELECT count(*) FROM cdp_computed_value")).as(what).isZero();
        assertThat(count("SELECT count(*) FROM cdp_computed_part")).as(what).isZero();
    }

    private List<Done> arrived(List<StreamRecord> events, int to) {
        var ids = new HashSet<String>();
        events.subList(0, to).forEach(one -> ids.add(one.payload().getString("messageId")));
        return all.stream().filter(one -> ids.contains(one.messageId())).toList();
    }

    @Test
    void batches_at_once_of_one_persons_ids_all_count() {
        define("n", new JsonObject().put("aggregate", "count").put("event", "Order"));
        for (int i = 0; i < 8; i++) {
            derive(record("identify", "u1", "v" + i, "i" + i, NOW, new JsonObject()));
        }
        var batches = IntStream.range(0, 24)
                .mapToObj(i -> pool.withTransaction(tx -> deriver.derive(
                        tx, consumed(track(null, "v" + i % 8, "m" + i, NOW.minusSeconds(i), "Order", "s", 1)))))
                .toList();
        Future.all(batches).await();
        assertThat(traits("u1")).containsEntry("n", 24);
    }

    @Test
    void what_is_said_under_the_name_counts_before_and_after_and_not_while_it_is_computed() {
        derive(
                record(
                        "identify",
                        "u1",
                        null,
                        "i1",
                        NOW,
                        new JsonObject().put("n", "said").put("other", 1)),
                track("u2", null, "m1", NOW, "Order", "s", 1));
        define("n", new JsonObject().put("aggregate", "count").put("event", "Order"));
        computeAll();
        assertThat(traits("u1")).as("without such an event").containsOnlyKeys("other");
        assertThat(traits("u2")).containsEntry("n", 1);
        derive(record("identify", "u1", null, "i2", NOW.plusSeconds(1), new JsonObject().put("n", "said again")));
        assertThat(traits("u1")).containsOnlyKeys("other");
        derive(track("u1", null, "m2", NOW, "Order", "s", 1));
        assertThat(traits("u1")).containsEntry("n", 1);
        assertThat(untold()).isEmpty();
        forget("n");
        computeAll();
        assertThat(traits("u1")).containsEntry("n", "said again");
        assertThat(traits("u2")).isEmpty();
        assertThat(count("SELECT count(*) FROM cdp_computed_value")).isZero();
        assertThat(count("SELECT count(*) FROM cdp_computed_part")).isZero();
        assertThat(untold()).isEmpty();
    }

    @Test
    void nothing_is_locked_or_written_for_events_of_which_nothing_is_computed() {
        define("n", new JsonObject().put("aggregate", "count").put("event", "Order"));
        computeAll();
        derive(track("u1", null, "m1", NOW, "Order", "s", 1));
        var before = count("SELECT xmin::text::bigint FROM cdp_profile");
        var seen = count("SELECT xmin::text::bigint FROM cdp_computed_value");
        derive(track("u1", null, "m2", NOW, "Visit", "s", 1));
        derive(track("u1", null, "m1", NOW, "Order", "s", 1));
        computeAll();
        assertThat(count("SELECT xmin::text::bigint FROM cdp_profile")).isEqualTo(before);
        assertThat(count("SELECT xmin::text::bigint FROM cdp_computed_value")).isEqualTo(seen);
    }

    @Test
    void one_more_event_of_somebody_who_did_very_much_reads_no_more_rows_than_of_somebody_who_did_little() {
        for (var aggregate : List.of("sum", "avg", "min", "max", "first", "last", "mostFrequent")) {
            define(
                    aggregate,
                    new JsonObject()
                            .put("aggregate", aggregate)
                            .put("event", "Order")
                            .put("property", "total"));
            define(
                    aggregate + "Lately",
                    new JsonObject()
                            .put("aggregate", aggregate)
                            .put("event", "Order")
                            .put("property", "total")
                            .put("within", "P30D"));
        }
        derive(track("little", null, "m1", NOW, "Order", "s", 1), track("much", null, "m2", NOW, "Order", "s", 1));
        past("little", 40);
        past("much", 20_000);
        define("n", new JsonObject().put("aggregate", "count").put("event", "Order"));
        // Everything is counted again from the events.
        pool.query("UPDATE cdp_computed_value SET traits = '{}'").execute().await();
        computeAll();
        derive(track("little", null, "m5", NOW, "Order", "s", 1), track("much", null, "m6", NOW, "Order", "s", 1));
        assertThat(rowsRead(track("little", null, "m3", NOW, "Order", "s", 1))).doesNotContainKey("cdp_event");
        assertThat(rowsRead(track("much", null, "m4", NOW, "Order", "s", 1)))
                .containsKey("cdp_computed_part")
                .doesNotContainKey("cdp_event");
        // All else that is read is what is kept of them; an hour may have begun in between.
        assertThat(rowsOf("much")).isLessThanOrEqualTo(rowsOf("little") + 50).isLessThan(1_000);
        assertThat(traits("much"))
                .containsEntry("n", 20_003)
                .containsEntry(
                        "sum",
                        3 + IntStream.rangeClosed(1, 20_000).map(n -> n % 10).sum())
                .containsEntry("mostFrequentLately", 1);
        assertThat(traits("little")).containsEntry("n", 43);
    }

    /** Each half hour, so both have events in each step. */
    private void past(String user, int events) {
        pool.preparedQuery(
                        """
                        INSERT INTO cdp_event (period, ws, identity_no, at, message_id, kind, name, payload)
                        SELECT (SELECT max(number) FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= now()), $1, i.no,
                               now() - make_interval(mins => 30 * (n % 40)), $2 || n, 'track', 'Order',
                               jsonb_build_object('properties', jsonb_build_object('total', n % 10))
                        FROM generate_series(1, $3) n, cdp_identity i WHERE i.value = $2
                        """)
                .execute(Tuple.of(WS, user, events))
                .await();
    }

    private long rowsOf(String user) {
        return count(
                "SELECT count(*) FROM cdp_computed_part p JOIN cdp_identity i ON i.profile_no = p.profile_no WHERE i.value = '"
                        + user + "'");
    }

    /** By what was read. */
    private Map<String, Long> rowsRead(StreamRecord record) {
        return pool.withTransaction(tx -> read(tx).compose(before -> deriver.derive(tx, consumed(record))
                        .compose(done -> read(tx))
                        .map(after -> {
                            after.replaceAll((table, rows) -> rows - before.getOrDefault(table, 0L));
                            after.values().removeIf(rows -> rows == 0);
                            return after;
                        })))
                .await();
    }

    private static Future<Map<String, Long>> read(SqlConnection tx) {
        return tx.query(
                        """
                        SELECT regexp_replace(relname, '_[0-9]+$', '') AS name, sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint AS rows
                        FROM pg_stat_xact_user_tables WHERE relname ~ '^cdp_(event|computed_part|computed_value)' GROUP BY 1
                        """)
                .execute()
                .map(rows -> {
                    var read = new TreeMap<String, Long>();
                    rows.forEach(row -> read.put(row.getString("name"), row.getLong("rows")));
                    return read;
                });
    }

    @Test
    void what_is_counted_again_is_what_was_counted_as_it_came_however_large_it_is() {
        define(
                "n",
                new JsonObject()
                        .put("aggregate", "count")
                        .put("event", "Order")
                        .put(
                                "where",
                                JsonArray.of(new JsonObject()
                                        .put("property", "shop")
                                        .put("operator", "endsWith")
                                        .put("value", "needle"))));
        derive(track("u1", null, "m1", NOW, "Order", "x".repeat(20_000) + "needle", 1));
        assertThat(traits("u1")).containsEntry("n", 1);
        derive(record("identify", "u1", "v1", "i1", NOW, new JsonObject()));
        assertThat(traits("u1")).containsEntry("n", 1);
    }

    @Test
    void of_too_many_values_the_same_ones_count_whatever_came_when() {
        define(
                "favourite",
                new JsonObject()
                        .put("aggregate", "mostFrequent")
                        .put("event", "Order")
                        .put("property", "shop")
                        .put("within", "P10D"));
        var events = new ArrayList<StreamRecord>();
        for (var who : List.of("u1", "u2")) {
            for (int i = 0; i < 400; i++) {
                events.add(track(
                        who, null, who + "-" + i, NOW.minusSeconds(i % 60), "Order", "s" + (i * 7 + i / 100) % 250, 1));
            }
        }
        Collections.shuffle(events, new Random(1));
        derive(events.subList(0, 300).toArray(StreamRecord[]::new));
        derive(events.subList(300, 800).toArray(StreamRecord[]::new));
        assertThat(traits("u1")).isEqualTo(traits("u2")).containsKey("favourite");
        assertThat(count("SELECT count(DISTINCT key) FROM cdp_computed_part")).isLessThanOrEqualTo(200);
        assertThat(
                        count(
                                "SELECT max(n) FROM (SELECT count(*) AS n FROM cdp_computed_part GROUP BY profile_no, begins) few"))
                .isEqualTo(100);
    }

    @Test
    void what_is_kept_of_events_goes_with_them() {
        define("n", new JsonObject().put("aggregate", "count").put("event", "Order"));
        derive(track("u1", null, "m1", NOW, "Order", "s", 1), track("u2", null, "m2", NOW, "Order", "s", 1));
        long today =
                count("SELECT max(number) FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= now()");
        for (var table : List.of("cdp_event SET period", "cdp_computed_part SET day")) {
            pool.query("SELECT add_period('cdp_event', 86400, to_timestamp(" + (today - 30) * 86_400 + "))")
                    .execute()
                    .await();
            pool.query("UPDATE " + table + " = " + (today - 30)).execute().await();
        }
        derive(track("u1", null, "m3", NOW, "Order", "s", 1));
        assertThat(traits("u1")).containsEntry("n", 2);
        pool.query("DELETE FROM cdp_event WHERE period < " + (today - 20))
                .execute()
                .await();
        var keeper = new KeptParts();
        int gone = 0;
        for (int now = 1; now > 0; gone += now) {
            now = transactions.run(tx -> keeper.forget(tx, WS, 20, 1)).await();
        }
        assertThat(gone).isEqualTo(2);
        timers.fire(null).await();
        assertThat(traits("u1")).containsEntry("n", 1);
        assertThat(traits("u2")).isEmpty();
        pool.query("UPDATE cdp_computed_part SET day = 1").execute().await();
        assertThat(transactions.run(tx -> keeper.forgetEverywhere(tx, 400, 5)).await())
                .isEqualTo(1);
        assertThat(transactions.run(tx -> keeper.forgetEverywhere(tx, 400, 5)).await())
                .isZero();
    }

    @Test
    void a_name_that_is_computed_has_room_among_the_names_that_rules_know() {
        pool.query("INSERT INTO cdp_trait_name SELECT 1, n, 'name' || n FROM generate_series(1, 2000) n")
                .execute()
                .await();
        define("n", new JsonObject().put("aggregate", "count").put("event", "Order"));
        derive(track("u1", null, "m1", NOW, "Order", "s", 1));
        assertThat(untold()).isEmpty();
    }

    @Test
    void the_events_of_a_person_are_found_by_that_persons_ids() {
        assertThat(Plans.onEmptyTables(PartsStore.WHOLE))
                .filteredOn(line -> line.contains("cdp_computed_part"))
                .isNotEmpty()
                .allMatch(line -> line.contains("cdp_computed_part_pkey")
                        || line.contains("Delete on")
                        || line.contains("Tid Scan"));
        assertThat(Plans.onEmptyTables(PartsStore.EVENTS))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("profile_no = "))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("identity_no = cdp_identity.no"))
                .noneMatch(line -> line.contains("Seq Scan on cdp_"));
        assertThat(Plans.onEmptyTables(ComputedValuesStore.DUE))
                .anyMatch(line -> line.contains("cdp_computed_value_due"));
    }

    // ---- what is made up ----

    private JsonObject computation(Random random) {
        var function = List.of("count", "sum", "avg", "min", "max", "first", "last", "mostFrequent")
                .get(random.nextInt(8));
        var json = new JsonObject().put("aggregate", function).put("event", random.nextBoolean() ? "Order" : "Visit");
        switch (random.nextInt(4)) {
            case 0 -> json.put("call", "page");
            case 1 ->
                json.put("call", List.of("page", "screen").get(random.nextInt(2)))
                        .remove("event");
            default -> {}
        }
        if (!function.equals("count")) {
            json.put("property", function.length() == 3 || random.nextBoolean() ? "total" : "shop");
        }
        if (random.nextInt(3) > 0) {
            json.put("within", List.of("P10D", "P3D", "PT12H").get(random.nextInt(3)));
        }
        var property = new JsonObject().put("property", "shop");
        switch (random.nextInt(4)) {
            case 0 ->
                json.put(
                        "where", JsonArray.of(property.put("operator", "equals").put("value", "s1")));
            case 1 ->
                json.put(
                        "where",
                        JsonArray.of(property.put("operator", "notEquals")
                                .put("value", "S2")
                                .put("ignoreCase", true)));
            default -> {}
        }
        return json;
    }

    /** What came late is older than the rest; many are of the same moment. */
    private StreamRecord done(Random random, String messageId) {
        var id = random.nextBoolean() ? "u" + random.nextInt(4) : "v" + random.nextInt(6);
        var at = NOW.minus(Duration.ofHours(1 + random.nextInt(8) * 44));
        var call = List.of("track", "page", "track", "page", "screen").get(random.nextInt(5));
        var one = new Done(
                id,
                call,
                !call.equals("track") && random.nextInt(3) == 0
                        ? null
                        : List.of("Order", "Visit", "Nothing").get(random.nextInt(3)),
                at,
                messageId,
                random.nextInt(8) == 0 ? null : random.nextInt(300),
                "s" + random.nextInt(4));
        all.add(one);
        var told = record(call, id.startsWith("u") ? id : null, id.startsWith("v") ? id : null, messageId, at, null);
        told.payload().put("properties", one.properties());
        if (one.event() != null) {
            told.payload().put(call.equals("track") ? "event" : "name", one.event());
        }
        return told;
    }

    private StreamRecord meeting(Random random, String messageId) {
        var at = NOW.minus(Duration.ofHours(1 + random.nextInt(300)));
        var user = "u" + random.nextInt(4);
        if (random.nextInt(4) == 0) {
            var alias = record("alias", user, null, messageId, at, null);
            alias.payload().put("previousId", "u" + random.nextInt(4));
            return alias;
        }
        return record("identify", user, "v" + random.nextInt(6), messageId, at, new JsonObject());
    }

    private static StreamRecord track(
            String user, String visitor, String messageId, Instant at, String event, String shop, int total) {
        return track(
                user,
                visitor,
                messageId,
                at,
                event,
                new JsonObject().put("shop", shop).put("total", total));
    }

    private static StreamRecord track(
            String user, String visitor, String messageId, Instant at, String event, JsonObject properties) {
        var record = record("track", user, visitor, messageId, at, null);
        record.payload().put("event", event).put("properties", properties);
        return record;
    }

    private static StreamRecord record(
            String kind, String user, String visitor, String messageId, Instant at, JsonObject traits) {
        return new StreamRecord(
                WS,
                user == null ? visitor : user,
                kind,
                new JsonObject()
                        .put("type", kind)
                        .put("userId", user)
                        .put("anonymousId", visitor)
                        .put("messageId", messageId)
                        .put("at", at.toString())
                        .put("verified", true)
                        .put("trusted", true)
                        .put("traits", traits));
    }

    // ---- what is done with it ----

    private void define(String name, JsonObject compute) {
        defined.put(name, compute);
        change(tx -> store.all(tx, WS).compose(before -> {
            var trait = new ComputedTrait(UUID.randomUUID(), name, "", List.of(), compute, false, null);
            return before.stream()
                    .filter(one -> one.name().equals(name))
                    .findFirst()
                    .map(one -> store.update(tx, WS, one.with(new JsonObject().put("compute", compute)), STAFF)
                            .mapEmpty())
                    .orElseGet(() -> store.insert(tx, WS, trait, STAFF).mapEmpty());
        }));
    }

    private void forget(String name) {
        defined.remove(name);
        change(tx -> store.all(tx, WS)
                .compose(before -> store.delete(
                        tx,
                        WS,
                        before.stream()
                                .filter(one -> one.name().equals(name))
                                .findFirst()
                                .orElseThrow()
                                .id())));
    }

    private void change(java.util.function.Function<io.vertx.sqlclient.SqlConnection, Future<?>> change) {
        pool.withTransaction(tx -> deriver.enterAlone(tx, WS)
                        .compose(alone -> change.apply(tx))
                        .compose(done -> store.changed(tx, WS)))
                .await();
    }

    private void computeAll() {
        while (job.step(WS, tx -> Future.succeededFuture()).isPresent()) {
            // The next of them.
        }
        assertThat(count("SELECT count(*) FROM cdp_computed_trait WHERE NOT ready"))
                .isZero();
    }

    private void derive(StreamRecord... records) {
        pool.withTransaction(tx -> deriver.derive(tx, consumed(records))).await();
    }

    private static List<Consumed> consumed(StreamRecord... records) {
        return IntStream.range(0, records.length)
                .mapToObj(i -> new Consumed(records[i], 0, i, NOW))
                .toList();
    }

    // ---- what is compared ----

    /** By id → trait. Those of whom nothing is computed are left out. */
    private Map<String, Map<String, Object>> inForce() {
        var found = new TreeMap<String, Map<String, Object>>();
        owners().keySet().forEach(id -> {
            var traits = traits(id);
            if (!traits.isEmpty()) {
                found.put(id, traits);
            }
        });
        return found;
    }

    private Map<String, Integer> owners() {
        var owners = new TreeMap<String, Integer>();
        pool.query("SELECT value, profile_no FROM cdp_identity")
                .execute()
                .await()
                .forEach(row -> owners.put(row.getString("value"), row.getInteger("profile_no")));
        return owners;
    }

    private Map<String, Object> traits(String id) {
        var rows = pool.query(
                        "SELECT p.traits FROM cdp_profile p JOIN cdp_identity i ON i.profile_no = p.profile_no WHERE i.value = '"
                                + id + "'")
                .execute()
                .await();
        var traits = new TreeMap<String, Object>();
        rows.iterator().next().getJsonObject("traits").forEach(one -> traits.put(one.getKey(), one.getValue()));
        return traits;
    }

    private Map<String, Map<String, Object>> plain(List<Done> events, Instant now) {
        var owners = owners();
        var found = new TreeMap<String, Map<String, Object>>();
        owners.forEach((id, no) -> {
            var theirs = events.stream()
                    .filter(one -> no.equals(owners.get(one.id())))
                    .sorted(Comparator.comparing(Done::at).thenComparing(Done::messageId))
                    .toList();
            var traits = new TreeMap<String, Object>();
            defined.forEach((name, compute) -> {
                var value = value(theirs, compute, now);
                if (value != null) {
                    traits.put(name, value);
                }
            });
            if (!traits.isEmpty()) {
                found.put(id, traits);
            }
        });
        return found;
    }

    private static Object value(List<Done> theirs, JsonObject compute, Instant now) {
        var function = compute.getString("aggregate");
        var within = compute.getString("within");
        var where = compute.getJsonArray("where", new JsonArray());
        var from = within == null ? Instant.MIN : begin(now.minus(Duration.parse(within)), within, function);
        Predicate<Done> fits = one -> where.isEmpty()
                || (where.getJsonObject(0).getString("operator").equals("equals")
                        ? one.shop().equals("s1")
                        : !one.shop().equals("s2"));
        var counted = theirs.stream()
                .filter(one -> one.call().equals(compute.getString("call", "track")))
                .filter(one -> !compute.containsKey("event")
                        || compute.getString("event").equals(one.event()))
                .filter(one -> !one.at().isBefore(from))
                .filter(fits)
                .toList();
        if (function.equals("count")) {
            return counted.isEmpty() ? null : counted.size();
        }
        if (function.length() == 3) {
            var cents =
                    counted.stream().map(Done::cents).filter(one -> one != null).toList();
            if (cents.isEmpty()) {
                return null;
            }
            double sum = cents.stream().mapToInt(Integer::intValue).sum() / 100.0;
            return number(
                    switch (function) {
                        case "sum" -> sum;
                        case "avg" -> sum / cents.size();
                        case "min" -> Collections.min(cents) / 100.0;
                        default -> Collections.max(cents) / 100.0;
                    });
        }
        var values = new ArrayList<Object>();
        for (var one : counted) {
            if (compute.getString("property").equals("shop")) {
                values.add(one.shop());
            } else {
                values.add(one.cents() == null ? "none" : number(one.cents() / 100.0));
            }
        }
        if (values.isEmpty()) {
            return null;
        }
        return switch (function) {
            case "first" -> values.getFirst();
            case "last" -> values.getLast();
            default -> {
                Object best = null;
                int most = 0;
                for (var one : values) {
                    int times = Collections.frequency(values, one);
                    if (times >= most) {
                        most = times;
                        best = one;
                    }
                }
                yield best;
            }
        };
    }

    /** Of the minute, the hour or the day, as windows of this length are cut. */
    private static Instant begin(Instant at, String within, String function) {
        boolean coarse = function.equals("mostFrequent");
        return at.truncatedTo(
                within.equals("PT12H")
                        ? coarse ? ChronoUnit.HOURS : ChronoUnit.MINUTES
                        : coarse ? ChronoUnit.DAYS : ChronoUnit.HOURS);
    }

    /** As JSON reads it. */
    private static Object number(double number) {
        return number == (int) number ? (Object) (int) number : (Object) number;
    }

    private List<String> untold() {
        var rows = new ArrayList<String>();
        pool.query(
                        """
                        SELECT p.profile_no || ' ' || t.key AS row FROM cdp_profile p CROSS JOIN LATERAL jsonb_each(p.traits) t
                        WHERE NOT EXISTS (
                          SELECT FROM cdp_trait_name n JOIN cdp_trait r ON r.ws = p.ws AND r.trait = n.no AND r.profile_no = p.profile_no
                          WHERE n.ws = p.ws AND n.name = t.key AND coalesce(to_jsonb(r.num), to_jsonb(r.txt)) = t.value)
                        UNION ALL
                        SELECT r.profile_no || ' no more ' || n.name FROM cdp_trait r JOIN cdp_trait_name n ON n.no = r.trait
                        JOIN cdp_profile p ON p.profile_no = r.profile_no WHERE NOT p.traits ? n.name
                        """)
                .execute()
                .await()
                .forEach(row -> rows.add(row.getString("row")));
        return rows;
    }

    private long count(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }
}
