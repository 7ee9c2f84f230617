package app.fathi.segments;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.Bonds;
import app.fathi.cdp.Deriver;
import app.fathi.cdp.NoAddresses;
import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.traits.ComputedTraits;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import app.fathi.testing.Closing;
import app.fathi.testing.Plans;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What people's events come to is kept as long as the events and as somebody asks, and no event is read again for it. */
class SumsTest {
    private static final int WS = 1;
    private static final long DAY = 86_400;

    private final Vertx vertx = Vertx.vertx();
    private final SegmentsStore store = new SegmentsStore();
    private final RulesStore rules = new RulesStore();
    private final People people = new People(store);
    private final KeptSums keeper = new KeptSums();
    private TestDatabase database;
    private Pool pool;
    private Transactions transactions;
    private Deriver deriver;
    private MembershipTimers timers;
    private RebuildJob rebuild;
    private int message;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
        transactions = new Transactions(pool);
        var streams = new Streams(vertx, pool, Config.of(Map.of()).stream());
        var membership = new Membership(vertx, rules);
        timers = new MembershipTimers(transactions, streams, membership);
        rebuild = new RebuildJob(transactions, membership, () -> Future.succeededFuture(true));
        deriver = new Deriver(
                streams,
                new NoAddresses(),
                new ComputedTraits(new TraitRules()),
                List.of(new MembershipStage(membership)),
                new LiveFeed(vertx, Config.of(Map.of()).live()),
                new Bonds((tx, jobs) -> Future.succeededFuture()));
    }

    @AfterEach
    void stop() {
        Closing.close(vertx);
        database.close();
    }

    @Test
    void one_more_event_of_somebody_who_did_very_much_reads_no_more_rows_than_of_somebody_who_did_little() {
        all().forEach(this::create);
        derive(order("little", Instant.now(), 1), order("much", Instant.now(), 1));
        past("little", 40);
        past("much", 20_000);
        everybodyAgain();
        check("before");
        derive(order("little", Instant.now(), 1), order("much", Instant.now(), 1));
        assertThat(rowsRead(order("little", Instant.now(), 1))).doesNotContainKey("cdp_event");
        assertThat(rowsRead(order("much", Instant.now(), 1)))
                .containsKey("segments_sum")
                .doesNotContainKey("cdp_event");
        // All else that is read is what is kept of them; a minute may have begun in between.
        assertThat(rowsOf("much")).isLessThanOrEqualTo(rowsOf("little") + 10).isLessThan(400);
        check("after");
    }

    /** What somebody did each half hour, so both have events in each step. */
    private void past(String user, int events) {
        pool.preparedQuery(
                        """
                        INSERT INTO cdp_event (period, ws, identity_no, at, message_id, kind, name, payload)
                        SELECT (SELECT max(number) FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= now()), $1, i.no,
                               now() - make_interval(mins => 30 * (n % 40)), $2 || n, 'track', 'Order',
                               jsonb_build_object('properties', jsonb_build_object('total', n % 90))
                        FROM generate_series(1, $3) n, cdp_identity i WHERE i.value = $2
                        """)
                .execute(Tuple.of(WS, user, events))
                .await();
    }

    private long rowsOf(String user) {
        return count(
                "SELECT count(*) FROM segments_sum s JOIN cdp_identity i ON i.profile_no = s.profile_no WHERE i.value = '"
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
                        FROM pg_stat_xact_user_tables WHERE relname ~ '^(cdp_event|segments_(sum|moments|person))' GROUP BY 1
                        """)
                .execute()
                .map(rows -> {
                    var read = new TreeMap<String, Long>();
                    rows.forEach(row -> read.put(row.getString("name"), row.getLong("rows")));
                    return read;
                });
    }

    @Test
    void what_came_to_something_goes_with_the_events_and_whoever_did_them_is_asked_again() {
        var ever = create(total("sum", null, "gte", 100));
        var first = create(rule("firstTime")
                .put("event", "Order")
                .put("operator", "notWithinLast")
                .put("duration", "P20D"));
        derive(order("ada", Instant.now().minusSeconds(30 * DAY), 90), order("eve", Instant.now(), 90));
        long today = Instant.now().getEpochSecond() / DAY;
        cameOn("ada", today - 29);
        derive(order("ada", Instant.now().minusSeconds(5 * DAY), 20));
        check("all are there");
        assertThat(kept(ever)).hasSize(1);
        assertThat(kept(first)).as("eve did it today").hasSize(1);
        // As of a workspace that keeps events for less.
        pool.query("DELETE FROM cdp_event WHERE period < " + (today - 20))
                .execute()
                .await();
        assertThat(repeat(tx -> keeper.forget(tx, WS, 20, 1))).isEqualTo(2);
        while (timers.fire(null).await() > 0) {}
        check("the older event is gone");
        assertThat(kept(ever)).isEmpty();
        assertThat(kept(first)).isEmpty();
        // As when its partition is dropped: not even before the keeper has come.
        cameOn("eve", today - 400);
        pool.query("DELETE FROM cdp_event WHERE period < " + (today - 20))
                .execute()
                .await();
        pool.query("DELETE FROM partition_period WHERE relation = 'cdp_event' AND number < " + (today - 20))
                .execute()
                .await();
        derive(order("eve", Instant.now(), 20));
        check("the day's partition is gone");
        assertThat(repeat(tx -> keeper.forgetEverywhere(tx, 400, 1))).isEqualTo(2);
        assertThat(count("SELECT count(*) FROM segments_sum WHERE day < " + (today - 20)))
                .isZero();
    }

    /** Whoever's events came today has them from that day. */
    private void cameOn(String user, long day) {
        pool.query("SELECT add_period('cdp_event', 86400, to_timestamp(" + day * DAY + "))")
                .execute()
                .await();
        var who = "(SELECT profile_no FROM cdp_identity WHERE value = '" + user + "')";
        pool.query("UPDATE cdp_event SET period = " + day
                        + " WHERE identity_no = (SELECT no FROM cdp_identity WHERE value = '" + user + "')")
                .execute()
                .await();
        pool.query("UPDATE segments_sum SET day = " + day + " WHERE profile_no = " + who)
                .execute()
                .await();
    }

    @Test
    void what_lies_behind_all_windows_or_is_asked_no_more_is_kept_no_longer() {
        var month = create(total("sum", "P30D", "gt", 0));
        create(total("sum", "P60D", "gt", 0));
        derive(order("ada", Instant.now().minusSeconds(50 * DAY), 5), order("ada", Instant.now(), 5));
        assertThat(count("SELECT count(*) FROM segments_sum"))
                .as("one behaviour, two windows")
                .isEqualTo(2);
        assertThat(repeat(tx -> keeper.forgetEverywhere(tx, 400, 10))).isZero();
        timers.fire(Instant.now().plusSeconds(12 * DAY)).await();
        assertThat(count("SELECT count(*) FROM segments_sum")).isEqualTo(1);
        assertThat(kept(month)).hasSize(1);
        pool.query("DELETE FROM segments_segment").execute().await();
        assertThat(repeat(tx -> keeper.forgetEverywhere(tx, 400, 10))).isPositive();
        assertThat(count("SELECT count(*) FROM segments_sum")).isZero();
        assertThat(count("SELECT count(*) FROM segments_atom")).isZero();
        create(total("sum", "P30D", "gt", 0));
        check("asked anew");
    }

    @Test
    void a_rule_that_looks_further_back_than_what_is_kept_is_asked_when_everything_was_counted_again() {
        create(total("sum", "P10D", "gt", 5));
        derive(order("ada", Instant.now().minusSeconds(40 * DAY), 90), order("ada", Instant.now(), 5));
        assertThat(count("SELECT count(*) FROM segments_sum"))
                .as("what is behind the window")
                .isEqualTo(1);
        var further = create(total("sum", "P80D", "gt", 5));
        assertThat(kept(further)).hasSize(1);
        check("further back");
    }

    @Test
    void numbers_of_any_size_in_any_order_come_to_the_same() {
        var exact = create(total("sum", null, "equals", 1));
        var tiny = List.of(0.1, 0.2, 0.3, 1e15, 0.4, -1e15);
        for (int i = 0; i < tiny.size(); i++) {
            for (int k = 0; k < tiny.size(); k++) {
                derive(order("p" + i, Instant.now(), tiny.get((i + k) % tiny.size())));
            }
        }
        check("decimals");
        assertThat(kept(exact)).as("by any way").hasSize(tiny.size());
        derive(
                order("p0", Instant.now(), 1e308),
                order("p0", Instant.now(), 1e308),
                order("p0", Instant.now(), 5e-324));
        check("beyond all doubles");
        derive(order("p0", Instant.now(), -1e308), order("p0", Instant.now(), -1e308));
        check("and back");
    }

    @Test
    void what_is_kept_of_somebody_is_found_by_its_key() {
        assertThat(Plans.onEmptyTables(SumsStore.SUMMED))
                .filteredOn(line -> line.contains("segments_sum"))
                .isNotEmpty()
                .allMatch(line ->
                        line.contains("segments_sum_pkey") || line.contains("Delete on") || line.contains("Tid Scan"));
    }

    // ---- the world ----

    private static List<JsonObject> all() {
        return List.of(
                total("sum", null, "gt", 100),
                total("avg", "P30D", "gt", 40),
                total("max", "P2D", "gt", 80),
                total("min", "P300D", "lt", 10),
                rule("firstTime")
                        .put("event", "Order")
                        .put("operator", "withinLast")
                        .put("duration", "P1D"),
                rule("did").put("event", "Order").put("within", "P30D").put("atLeast", 50));
    }

    private static JsonObject total(String function, String within, String operator, int value) {
        var rule = rule("total")
                .put("event", "Order")
                .put("function", function)
                .put("property", "total")
                .put("operator", operator)
                .put("value", value);
        return within == null ? rule : rule.put("within", within);
    }

    private static JsonObject rule(String type) {
        return new JsonObject().put("type", type);
    }

    private StreamRecord order(String user, Instant at, Object total) {
        return new StreamRecord(
                WS,
                user,
                "track",
                new JsonObject()
                        .put("type", "track")
                        .put("event", "Order")
                        .put("properties", new JsonObject().put("total", total))
                        .put("userId", user)
                        .put("messageId", "m" + message++)
                        .put("at", at.truncatedTo(ChronoUnit.MILLIS).toString())
                        .put("verified", true)
                        .put("trusted", true)
                        .put("source", "test"));
    }

    private void derive(StreamRecord... records) {
        pool.withTransaction(tx -> deriver.derive(tx, consumed(records))).await();
    }

    private static List<Consumed> consumed(StreamRecord... records) {
        return Arrays.stream(records)
                .map(one -> new Consumed(one, 0, 0, Instant.now()))
                .toList();
    }

    private UUID create(JsonObject rule) {
        var id = UUID.randomUUID();
        var draft = Segment.of(id, new JsonObject().put("name", id.toString()).put("rule", rule));
        transactions
                .run(tx -> store.lockAll(tx, WS)
                        .compose(locked -> store.insert(tx, WS, draft, id))
                        .compose(done -> rules.changed(tx, WS, id)))
                .await();
        everybody();
        return id;
    }

    private void everybody() {
        var asking = rebuild.begin(WS).orElseThrow();
        while (!asking.isOver()) {
            asking = rebuild.step(WS, asking, tx -> Future.succeededFuture());
        }
        rebuild.end(WS, asking);
    }

    /** As after an update of the program. */
    private void everybodyAgain() {
        pool.query("UPDATE segments_segment SET kept_no = NULL").execute().await();
        everybody();
    }

    private int repeat(java.util.function.Function<SqlConnection, Future<Integer>> step) {
        int gone = 0;
        for (int now = 1; now > 0; gone += now) {
            now = transactions.run(step).await();
        }
        return gone;
    }

    // ---- what is seen ----

    private Set<Integer> kept(UUID segment) {
        int no = store.find(pool, WS, segment).await().orElseThrow().keeping().no();
        var rows = pool.preparedQuery(
                        "SELECT profile_no FROM segments_person WHERE ws = $1 AND members @> ARRAY[$2::int]")
                .execute(Tuple.of(WS, no))
                .await();
        return rows.stream().map(row -> row.getInteger("profile_no")).collect(Collectors.toCollection(TreeSet::new));
    }

    /** What is kept is what the rules say of the events. */
    private void check(String when) {
        var asked = new ArrayList<>();
        var now = new MembershipStore().now(pool).await();
        for (var segment : rules.dynamic(pool, WS).await()) {
            var question = people.ask(pool, WS, segment.rule(), now).await();
            var meant = people.page(pool, WS, question, Integer.MAX_VALUE, 1_000).await().stream()
                    .map(Known::no)
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(kept(segment.id())).as("%s: %s", when, segment.rule()).isEqualTo(meant);
            asked.add(segment.id());
        }
        assertThat(asked).isNotEmpty();
    }

    private long count(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }
}
