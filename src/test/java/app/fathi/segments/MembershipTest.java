package app.fathi.segments;

import static app.fathi.testing.Eventually.eventually;
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
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

/** What is kept of who is in which segment equals what the rules say of everybody, whatever happened in whatever order. */
class MembershipTest {
    private static final int WS = 1;
    private static final int SEEDS = Integer.getInteger("fathi.rounds", 3);

    private final Vertx vertx = Vertx.vertx();
    private final SegmentsStore store = new SegmentsStore();
    private final RulesStore rules = new RulesStore();
    private final People people = new People(store);
    private final BlocksStore blocks = new BlocksStore();
    private final Map<UUID, Integer> numbers = new HashMap<>();
    private Bitmaps bitmaps;
    private TestDatabase database;
    private Pool pool;
    private Transactions transactions;
    private Deriver deriver;
    private Membership membership;
    private MembershipTimers timers;
    private MembershipFacts facts;
    private RebuildJob rebuild;
    private Random random;
    private int message;

    @BeforeEach
    void start() {
        fresh(1);
    }

    private void fresh(long seed) {
        random = new Random(seed);
        numbers.clear();
        database = TestDatabase.create();
        pool = database.pool(vertx);
        bitmaps = new Bitmaps(1 << 20);
        transactions = new Transactions(pool);
        var streams = new Streams(vertx, pool, Config.of(Map.of()).stream());
        membership = new Membership(vertx, rules);
        timers = new MembershipTimers(transactions, streams, membership);
        facts = new MembershipFacts(vertx, membership);
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
    void what_is_kept_is_what_the_rules_say_after_every_batch_and_at_every_moment_of_the_year_that_follows() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            if (seed > 1) {
                database.close();
                fresh(seed);
            }
            var described = described();
            described.subList(0, 5).forEach(this::create);
            for (int batch = 0; batch < 12; batch++) {
                derive(batch());
                messages();
                check("seed " + seed + ", batch " + batch, now());
                if (batch == 5) {
                    described.subList(5, described.size()).forEach(this::create);
                    check("seed " + seed + ", all rules", now());
                }
            }
            turned("seed " + seed);
            var end = now().plus(Duration.ofDays(366));
            int moments = 0;
            for (var due = due(); due != null && due.isBefore(end); due = due()) {
                while (timers.fire(due).await() > 0) {}
                if (moments++ < 60 || random.nextInt(20) == 0) {
                    check("seed " + seed + ", " + due, due);
                }
            }
            assertThat(moments).as("moments at which time moved somebody").isGreaterThan(60);
            turned("seed " + seed + ", a year later");
            told("seed " + seed);
        }
    }

    @Test
    void whoever_is_asked_by_an_old_rule_while_it_changes_is_asked_again() {
        derive(List.of(isOn("ada", "gold")));
        var gold = create(trait("plan", "equals").put("value", "gold"));
        assertThat(kept(gold)).hasSize(1);
        var before = pool.getConnection().await();
        var open = before.begin().await();
        deriver.derive(before, consumed(List.of(isOn("ada", "silver")))).await();
        var changing = change(gold, trait("plan", "equals").put("value", "silver"));
        eventually(
                "that the change waits for the batch",
                () -> pool.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getLong(0),
                waiting -> waiting > 0);
        open.commit().await();
        before.close().await();
        changing.await();
        everybody();
        assertThat(kept(gold)).hasSize(1);
        check("afterwards", now());
        turned("afterwards");
    }

    @Test
    void bitmaps_are_read_again_only_when_they_have_changed() {
        derive(List.of(isOn("ada", "gold"), isOn("bob", "silver")));
        var gold = create(trait("plan", "equals").put("value", "gold"));
        var silver = create(trait("plan", "equals").put("value", "silver"));
        turned("before");
        var before = bitmaps.read(pool, WS, numbers.values()).await().get(0);
        derive(List.of(isOn("cleo", "gold")));
        turned("after");
        var after = bitmaps.read(pool, WS, numbers.values()).await().get(0);
        assertThat(after.get(numbers.get(silver))).isSameAs(before.get(numbers.get(silver)));
        assertThat(after.get(numbers.get(gold)).getCardinality()).isEqualTo(2);
    }

    @Test
    void being_asked_about_something_else_does_not_make_anybody_miss_their_moment() {
        create(trait("plan", "equals").put("value", "gold"));
        var lately = create(rule("did").put("event", "Visit").put("within", "P1D"));
        var visit = tracked("ada", null, "Visit", new JsonObject());
        visit.payload().put("at", Instant.now().toString());
        derive(List.of(visit));
        var moment = due();
        assertThat(moment).isNotNull();
        derive(List.of(isOn("ada", "gold")));
        assertThat(due()).isEqualTo(moment);
        timers.fire(moment).await();
        assertThat(kept(lately)).isEmpty();
    }

    @Test
    void people_of_whom_nothing_was_ever_said_are_asked_when_they_come() {
        var nobody = create(trait("plan", "missing"));
        var didNot = create(rule("didNot").put("event", "Order").put("within", "PT1H"));
        derive(List.of(event("page", "ada", null, new JsonObject().put("name", "Home"))));
        assertThat(kept(nobody)).hasSize(1);
        assertThat(kept(didNot)).hasSize(1);
    }

    @Test
    void a_rule_about_messages_is_asked_of_nobody_before_the_ledger_is_made_ready_for_it() {
        derive(List.of(isOn("ada", "gold")));
        create(trait("plan", "exists"));
        save(rule("message").put("was", "sent"));
        assertThat(rules().askMessages()).isFalse();
        everybody();
        assertThat(rules().askMessages()).isTrue();
    }

    private LiveSegments rules() {
        return transactions.run(tx -> membership.rules(tx, WS)).await().orElseThrow();
    }

    @Test
    void news_is_told_of_segments_only_that_everybody_was_asked() {
        derive(List.of(isOn("ada", "gold")));
        var gold = create(trait("plan", "equals").put("value", "gold"));
        assertThat(kinds()).as("who was in it from the beginning").doesNotContain("segment.entered");
        derive(List.of(isOn("eve", "gold")));
        derive(List.of(isOn("ada", "silver")));
        assertThat(kinds()).containsSubsequence("segment.rebuilt", "segment.entered", "segment.left");
        change(gold, trait("plan", "equals").put("value", "silver")).await();
        everybody();
        assertThat(kinds().stream().filter("segment.left"::equals))
                .as("another rule is no news about people")
                .hasSize(1);
    }

    @Test
    void while_everybody_is_being_asked_nobody_enters_but_is_counted() {
        var gold = create(trait("plan", "equals").put("value", "gold"));
        change(gold, trait("plan", "equals").put("value", "silver")).await();
        var asking = rebuild.begin(WS).orElseThrow();
        derive(List.of(isOn("ada", "silver")));
        assertThat(kinds()).contains("segment.counted").doesNotContain("segment.entered");
        while (!asking.isOver()) {
            asking = rebuild.step(WS, asking, tx -> Future.succeededFuture());
        }
        rebuild.end(WS, asking);
        assertThat(kept(gold)).hasSize(1);
        derive(List.of(isOn("eve", "silver")));
        assertThat(kinds()).contains("segment.entered");
    }

    @Test
    void what_people_agree_to_and_refuse_moves_them() {
        var agreed = create(rule("consent")
                .put("purpose", "marketing")
                .put("channel", "webpush")
                .put("state", "granted"));
        for (boolean granted : new boolean[] {true, false, true}) {
            var said = tracked(
                    "ada",
                    null,
                    "Consent Changed",
                    new JsonObject()
                            .put("purpose", "marketing")
                            .put("channel", "webpush")
                            .put("granted", granted));
            said.payload().put("at", Instant.now().toString());
            derive(List.of(said));
            assertThat(kept(agreed)).hasSize(granted ? 1 : 0);
        }
    }

    @Test
    void tags_and_groups_move_people_in_the_batch_that_tells_of_them() {
        var vip = create(rule("tagged").put("tag", "vip"));
        var atAcme = create(rule("group").put("group", "acme"));
        var onGold = create(
                rule("group").put("trait", "plan").put("operator", "equals").put("value", "gold"));
        derive(List.of(isOn("ada", "free")));
        for (boolean given : new boolean[] {true, false}) {
            var said = tracked("ada", null, given ? "Tag Added" : "Tag Removed", new JsonObject().put("tag", "vip"));
            said.payload().put("at", Instant.now().toString());
            derive(List.of(said));
            assertThat(kept(vip)).hasSize(given ? 1 : 0);
        }
        derive(List.of(inGroup("ada", "acme", "gold")));
        assertThat(kept(atAcme)).hasSize(1);
        assertThat(kept(onGold)).hasSize(1);
        derive(List.of(inGroup("eve", "acme", "free")));
        assertThat(kept(atAcme)).hasSize(2);
        while (timers.round(null).await()) {}
        assertThat(kept(onGold)).isEmpty();
    }

    @Test
    void members_of_a_large_group_are_woken_piece_by_piece_and_once_more_when_it_became_other_meanwhile() {
        create(rule("group").put("trait", "plan").put("operator", "equals").put("value", "gold"));
        database.execute(
                """
                INSERT INTO cdp_profile (ws, profile_no, id, user_id, groups, first_seen_at, last_seen_at)
                SELECT 1, n, gen_random_uuid(), 'm' || n, CASE WHEN n % 3 > 0 THEN ARRAY['large', 'x'] ELSE '{x}' END, now(), now()
                FROM generate_series(1001, 4600) n
                """);
        database.execute("INSERT INTO cdp_profile_number (ws, next) VALUES (1, 4601)");
        derive(List.of(inGroup("ada", "small", "gold"), inGroup("ada", "large", "gold")));
        var members = new GroupMembers(transactions);
        var pieces = new ArrayList<Integer>();
        for (int piece = members.wake().await();
                piece >= 0;
                piece = members.wake().await()) {
            if (pieces.size() == 2) {
                derive(List.of(inGroup("ada", "large", "silver")));
            }
            pieces.add(piece);
        }
        assertThat(pieces)
                .as("the small one has its turn between")
                .containsExactlyInAnyOrder(1, 1000, 1000, 401, 1000, 1000, 401);
        assertThat(pieces.subList(0, 2)).contains(1);
        var woken = pool.query("SELECT count(*) FROM segments_person WHERE due <= now()")
                .execute()
                .await();
        assertThat(woken.iterator().next().getLong(0)).isEqualTo(2401);
        assertThat(pool.query("SELECT FROM segments_group").execute().await().size())
                .isZero();
    }

    @Test
    void what_no_rule_asks_of_a_group_wakes_nobody() {
        create(rule("group").put("trait", "plan").put("operator", "equals").put("value", "gold"));
        derive(List.of(inGroup("ada", "acme", "gold")));
        assertThat(pool.query("DELETE FROM segments_group").execute().await().rowCount())
                .isEqualTo(1);
        derive(List.of(inGroup("eve", "acme", "gold")));
        var town = inGroup("ada", "acme", "gold");
        town.payload().getJsonObject("traits").put("town", "Rome");
        derive(List.of(town));
        assertThat(new GroupMembers(transactions).wake().await()).isEqualTo(-1);
    }

    private StreamRecord inGroup(String user, String group, String plan) {
        var said = event(
                "group",
                user,
                null,
                new JsonObject().put("groupId", group).put("traits", new JsonObject().put("plan", plan)));
        said.payload().put("at", Instant.now().toString());
        return said;
    }

    @Test
    void people_who_cannot_be_asked_keep_no_others_from_being_asked() {
        var lately = create(rule("did").put("event", "Visit").put("within", "P1D"));
        var visit = tracked("ada", null, "Visit", new JsonObject());
        visit.payload().put("at", Instant.now().toString());
        derive(List.of(visit));
        database.execute("INSERT INTO segments_workspace (ws) VALUES (0)");
        database.execute("INSERT INTO segments_person (ws, profile_no, due) VALUES (0, 1, now() - interval '1 hour')");
        database.execute("UPDATE segments_person SET due = now() - interval '1 second' WHERE ws = 1");
        database.execute(
                """
                CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
                CREATE TRIGGER fail BEFORE UPDATE ON segments_person FOR EACH ROW WHEN (NEW.due IS NULL AND NEW.ws = 0)
                EXECUTE FUNCTION fail()
                """);
        timers.fire(null).await();
        var dues = pool.query(
                        "SELECT ws, due > now() + interval '30 seconds' AS later FROM segments_person ORDER BY ws")
                .execute()
                .await();
        dues.forEach(row -> assertThat(row.getBoolean("later"))
                .as("the one put off, the other asked: workspace %s", row.getInteger("ws"))
                .isTrue());
        assertThat(dues.size()).isEqualTo(2);
        assertThat(kept(lately)).hasSize(1);
    }

    @Test
    void of_those_who_are_due_together_one_who_cannot_be_asked_waits_alone() {
        create(rule("did").put("event", "Visit").put("within", "P1D"));
        database.execute(
                "INSERT INTO segments_person (ws, profile_no, due) SELECT 1, n, now() FROM generate_series(1, 60) n");
        database.execute(
                """
                CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
                CREATE TRIGGER fail BEFORE UPDATE ON segments_person FOR EACH ROW WHEN (NEW.due IS NULL AND NEW.profile_no IN (7, 41))
                EXECUTE FUNCTION fail()
                """);
        assertThat(timers.fire(null).await()).isEqualTo(60);
        var waiting = pool.query("SELECT profile_no FROM segments_person WHERE due > now() ORDER BY 1")
                .execute()
                .await();
        assertThat(waiting.stream().map(row -> row.getInteger(0))).containsExactly(7, 41);
        assertThat(timers.fire(null).await()).isZero();
    }

    @Test
    void a_rule_that_cannot_be_read_keeps_no_others_from_being_asked() {
        derive(List.of(isOn("ada", "gold")));
        var strange = create(trait("plan", "exists"));
        database.execute("UPDATE segments_segment SET rule = '{\"type\": \"of tomorrow\"}', rule_no = 9 WHERE id = '"
                + strange + "'");
        var gold = create(trait("plan", "equals").put("value", "gold"));
        assertThat(kept(gold)).hasSize(1);
        assertThat(store.find(pool, WS, strange).await().orElseThrow().isKept()).isFalse();
        assertThat(rebuild.begin(WS)).as("nothing that could be asked is left").isEmpty();
    }

    // ---- the world ----

    private List<JsonObject> described() {
        var rules = new ArrayList<JsonObject>();
        rules.add(trait("plan", "equals").put("value", "gold"));
        rules.add(trait("plan", "notEquals").put("value", "gold"));
        rules.add(rule("did").put("event", "Order").put("within", "P30D"));
        rules.add(rule("not").put("rule", trait("score", "gt").put("value", 5)));
        rules.add(rule("lastTime")
                .put("event", "Visit")
                .put("operator", "withinLast")
                .put("duration", "P2D"));
        rules.add(rule("did").put("event", "Order").put("within", "P7D").put("atLeast", 3));
        rules.add(rule("did").put("event", "Order").put("within", "P30D").put("exactly", 2));
        rules.add(rule("didNot").put("event", "Visit").put("within", "PT12H"));
        rules.add(rule("did")
                .put("event", "Order")
                .put("atMost", 2)
                .put("atLeast", 1)
                .put(
                        "where",
                        JsonArray.of(new JsonObject()
                                .put("property", "total")
                                .put("operator", "gte")
                                .put("value", 50))));
        rules.add(rule("did")
                .put("event", "Order")
                .put("within", "P90D")
                .put(
                        "where",
                        JsonArray.of(new JsonObject()
                                .put("property", "shop")
                                .put("operator", "endsWith")
                                .put("value", "1"))));
        rules.add(rule("firstTime")
                .put("event", "Order")
                .put("operator", "notWithinLast")
                .put("duration", "P20D"));
        rules.add(total("sum", "P30D", "gt", 100));
        rules.add(total("avg", "PT1H", "gte", 40));
        rules.add(total("max", "P2D", "lt", 80));
        rules.add(total("min", "P300D", "gt", 10));
        rules.add(total("sum", null, "gt", 200)
                .put(
                        "where",
                        JsonArray.of(new JsonObject()
                                .put("property", "shop")
                                .put("operator", "notEquals")
                                .put("value", "s1"))));
        rules.add(rule("firstTime")
                .put("event", "Order")
                .put("within", "P20D")
                .put("operator", "withinLast")
                .put("duration", "P1D"));
        rules.add(rule("did").put("call", "page").put("event", "Order").put("within", "P3D"));
        rules.add(rule("didNot").put("call", "page").put("within", "PT12H"));
        rules.add(rule("did").put("call", "screen").put("atLeast", 2));
        rules.add(rule("total")
                .put("call", "page")
                .put("function", "max")
                .put("property", "total")
                .put("operator", "gt")
                .put("value", 50));
        rules.add(rule("lastTime")
                .put("call", "page")
                .put("operator", "withinLast")
                .put("duration", "P1D"));
        rules.add(rule("and")
                .put(
                        "rules",
                        JsonArray.of(
                                rule("tagged").put("tag", "vip"),
                                rule("not").put("rule", rule("tagged").put("tag", "new")))));
        rules.add(rule("group").put("group", "g1"));
        rules.add(rule("not").put("rule", rule("group")));
        rules.add(rule("group").put("trait", "plan").put("operator", "equals").put("value", "gold"));
        rules.add(rule("group")
                .put("trait", "since")
                .put("operator", "withinLast")
                .put("duration", "P40D"));
        rules.add(rule("message").put("was", "sent").put("within", "P10D").put("atLeast", 2));
        rules.add(rule("message").put("was", "ignored").put("olderThan", "P1D").put("purpose", "news"));
        rules.add(rule("message").put("was", "shown").put("exactly", 0));
        rules.add(rule("message").put("was", "clicked").put("within", "P2D"));
        rules.add(rule("ignoredLast").put("last", 2).put("olderThan", "PT6H"));
        rules.add(trait("since", "withinLast").put("duration", "P40D"));
        rules.add(trait("since", "notWithinLast").put("duration", "P3D"));
        rules.add(trait("born", "anniversary").put("inDays", 3));
        rules.add(rule("consent")
                .put("purpose", "marketing")
                .put("channel", "webpush")
                .put("state", "granted"));
        rules.add(rule("or")
                .put(
                        "rules",
                        JsonArray.of(
                                trait("plan", "equals").put("value", "gold"),
                                rule("and")
                                        .put(
                                                "rules",
                                                JsonArray.of(
                                                        rule("did")
                                                                .put("event", "Visit")
                                                                .put("within", "P1D")
                                                                .put("atLeast", 2),
                                                        rule("not")
                                                                .put(
                                                                        "rule",
                                                                        rule("did")
                                                                                .put("event", "Order")
                                                                                .put("within", "P1D")))))));
        return rules;
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

    private List<StreamRecord> batch() {
        var batch = new ArrayList<StreamRecord>();
        for (int i = 0; i < 30; i++) {
            var user = random.nextInt(4) == 0 ? null : "u" + random.nextInt(9);
            var visitor = user == null || random.nextInt(4) == 0 ? "v" + random.nextInt(7) : null;
            batch.add(
                    switch (random.nextInt(9)) {
                        case 0, 1 -> identify(user, visitor, traits());
                        case 2 -> random.nextBoolean() ? consents(user, visitor) : tags(user, visitor);
                        case 3 ->
                            user == null || random.nextBoolean()
                                    ? page(user, visitor)
                                    : event(
                                            "alias",
                                            user,
                                            null,
                                            new JsonObject().put("previousId", "u" + random.nextInt(9)));
                        case 4, 5 ->
                            tracked(
                                    user,
                                    visitor,
                                    "Order",
                                    new JsonObject()
                                            .put("total", random.nextInt(1_000) / 10.0)
                                            .put("shop", "s" + random.nextInt(3)));
                        case 6 ->
                            event(
                                    "group",
                                    user,
                                    visitor,
                                    new JsonObject()
                                            .put("groupId", "g" + random.nextInt(4))
                                            .put("traits", traits()));
                        default -> tracked(user, visitor, "Visit", new JsonObject());
                    });
        }
        return batch;
    }

    private JsonObject traits() {
        var traits = new JsonObject();
        switch (random.nextInt(5)) {
            case 0 -> traits.put("plan", List.of("gold", "silver").get(random.nextInt(2)));
            case 1 -> traits.put("score", random.nextInt(3) == 0 ? "many" : (Object) random.nextInt(10));
            case 2 -> traits.put("since", past().toString());
            case 3 -> traits.put("born", "19" + (70 + random.nextInt(30)) + "-0" + (1 + random.nextInt(9)) + "-29");
            default -> traits.putNull(List.of("plan", "score", "since").get(random.nextInt(3)));
        }
        return random.nextInt(6) == 0 ? traits.put("$timezone", "Asia/Tokyo") : traits;
    }

    private Instant past() {
        var span = List.of(Duration.ofHours(2), Duration.ofDays(3), Duration.ofDays(50))
                .get(random.nextInt(3));
        return Instant.now().minusMillis(random.nextLong(span.toMillis())).truncatedTo(ChronoUnit.MILLIS);
    }

    private StreamRecord tracked(String user, String visitor, String name, JsonObject properties) {
        return event("track", user, visitor, new JsonObject().put("event", name).put("properties", properties));
    }

    private StreamRecord page(String user, String visitor) {
        var page = new JsonObject().put("properties", new JsonObject().put("total", random.nextInt(100)));
        if (random.nextInt(4) > 0) {
            page.put("name", List.of("Home", "Order").get(random.nextInt(2)));
        }
        return event(random.nextInt(4) == 0 ? "screen" : "page", user, visitor, page);
    }

    private StreamRecord tags(String user, String visitor) {
        return tracked(
                user,
                visitor,
                random.nextInt(3) == 0 ? "Tag Removed" : "Tag Added",
                new JsonObject().put("tag", List.of("vip", "new").get(random.nextInt(2))));
    }

    private StreamRecord consents(String user, String visitor) {
        return tracked(
                user,
                visitor,
                "Consent Changed",
                new JsonObject()
                        .put("purpose", "marketing")
                        .put("channel", "webpush")
                        .put("granted", random.nextBoolean()));
    }

    private StreamRecord identify(String user, String visitor, JsonObject traits) {
        return event("identify", user, visitor, new JsonObject().put("traits", traits));
    }

    /** Said now, so that it stands. */
    private StreamRecord isOn(String user, String plan) {
        var said = identify(user, null, new JsonObject().put("plan", plan));
        said.payload().put("at", Instant.now().toString());
        return said;
    }

    private StreamRecord event(String type, String user, String visitor, JsonObject content) {
        var event = new JsonObject()
                .put("type", type)
                .put("messageId", "m" + message++)
                .put("at", past().toString())
                .put("verified", true)
                .put("trusted", true)
                .put("source", "test")
                .mergeIn(content);
        if (user != null) {
            event.put("userId", user);
        }
        if (visitor != null) {
            event.put("anonymousId", visitor);
        }
        return new StreamRecord(WS, user != null ? user : visitor, type, event);
    }

    private static JsonObject rule(String type) {
        return new JsonObject().put("type", type);
    }

    private static JsonObject trait(String name, String operator) {
        return rule("trait").put("trait", name).put("operator", operator);
    }

    private void derive(List<StreamRecord> records) {
        pool.withTransaction(tx -> deriver.derive(tx, consumed(records))).await();
    }

    /** Some are sent some, and do something with them; the facts tell of whom to look, and those who are due are asked. */
    private void messages() {
        var news = new ArrayList<StreamRecord>();
        for (int i = 0; i < 3; i++) {
            var message =
                    SentMessages.make(pool, WS, List.of("news", "marketing").get(random.nextInt(2)));
            var people = new JsonArray();
            var reports = new ArrayList<SentMessages.Device>();
            for (int no = 1; no < 12; no++) {
                if (random.nextInt(3) == 0) {
                    var sent = random.nextInt(9) == 0 ? null : past();
                    SentMessages.put(pool, WS, message, new SentMessages.Device(no, 0, sent, null, null, null));
                    people.add(no);
                    reports.add(new SentMessages.Device(
                            no,
                            0,
                            sent,
                            random.nextBoolean() ? past() : null,
                            random.nextInt(3) == 0 ? past() : null,
                            null));
                }
            }
            news.add(told("message.accepted", people));
            if (random.nextBoolean()) {
                reports.forEach(report -> SentMessages.put(pool, WS, message, report));
                news.add(told("message.shown", people));
                news.add(told("message.clicked", people));
            }
        }
        pool.withTransaction(tx -> facts.learn(tx, consumed(news))).await();
        while (timers.round(null).await()) {}
        while (timers.fire(null).await() > 0) {}
    }

    private static StreamRecord told(String kind, JsonArray people) {
        return new StreamRecord(
                WS, "message", kind, new JsonObject().put("deliveries", new JsonObject().put("profileNo", people)));
    }

    private static List<Consumed> consumed(List<StreamRecord> records) {
        return records.stream()
                .map(one -> new Consumed(one, 0, 0, Instant.now()))
                .toList();
    }

    private UUID create(JsonObject rule) {
        var id = save(rule);
        everybody();
        numbers.put(id, store.find(pool, WS, id).await().orElseThrow().keeping().no());
        return id;
    }

    private UUID save(JsonObject rule) {
        var id = UUID.randomUUID();
        var draft = Segment.of(id, new JsonObject().put("name", id.toString()).put("rule", rule));
        transactions
                .run(tx -> store.lockAll(tx, WS)
                        .compose(locked -> store.insert(tx, WS, draft, id))
                        .compose(done -> rules.changed(tx, WS, id)))
                .await();
        return id;
    }

    private Future<?> change(UUID id, JsonObject rule) {
        return transactions.run(tx -> store.lockAll(tx, WS)
                .compose(locked -> store.find(tx, WS, id))
                .compose(
                        found -> store.update(tx, WS, found.orElseThrow().with(new JsonObject().put("rule", rule)), id))
                .compose(done -> rules.changed(tx, WS, id)));
    }

    private void everybody() {
        var asking = rebuild.begin(WS).orElseThrow();
        while (!asking.isOver()) {
            asking = rebuild.step(WS, asking, tx -> Future.succeededFuture());
        }
        rebuild.end(WS, asking);
    }

    // ---- what is seen ----

    private Instant now() {
        return new MembershipStore().now(pool).await();
    }

    private Instant due() {
        var row = pool.query("SELECT min(due) AS due FROM segments_person")
                .execute()
                .await()
                .iterator()
                .next();
        return row.getOffsetDateTime("due") == null
                ? null
                : row.getOffsetDateTime("due").toInstant();
    }

    private Set<Integer> kept(UUID segment) {
        var rows = pool.preparedQuery(
                        "SELECT profile_no FROM segments_person WHERE ws = $1 AND members @> ARRAY[$2::int]")
                .execute(Tuple.of(WS, numbers.get(segment)))
                .await();
        return rows.stream().map(row -> row.getInteger("profile_no")).collect(Collectors.toCollection(TreeSet::new));
    }

    private void check(String when, Instant at) {
        for (var segment : rules.dynamic(pool, WS).await()) {
            var question = people.ask(pool, WS, segment.rule(), at).await();
            var meant = people.page(pool, WS, question, Integer.MAX_VALUE, 1_000).await().stream()
                    .map(Known::no)
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(kept(segment.id())).as("%s: %s", when, segment.rule()).isEqualTo(meant);
        }
    }

    /** Facts in any order, some twice, lead to the same bitmaps. */
    private void turned(String when) {
        var records = records().stream()
                .filter(one -> MembershipFacts.MOVES.contains(one.kind()))
                .collect(Collectors.toCollection(ArrayList::new));
        Collections.shuffle(records, random);
        for (int from = 0; from < records.size(); from += 40) {
            var part = records.subList(from, Math.min(records.size(), from + 40));
            pool.withTransaction(tx -> facts.learn(tx, consumed(part))).await();
        }
        var atHand = bitmaps.read(pool, WS, numbers.values()).await();
        for (var segment : numbers.keySet()) {
            assertThat(people(atHand, numbers.get(segment))).as(when).isEqualTo(kept(segment));
            var numbersOf = blocks.page(pool, WS, numbers.get(segment), Integer.MAX_VALUE, 1_000)
                    .await();
            assertThat(new TreeSet<>(numbersOf)).as(when).isEqualTo(kept(segment));
            assertThat(numbersOf).isSortedAccordingTo(Collections.reverseOrder());
            assertThat(blocks.people(pool, WS, List.of(numbers.get(segment)))
                            .await()
                            .getOrDefault(numbers.get(segment), 0L))
                    .isEqualTo(numbersOf.size());
        }
    }

    private static Set<Integer> people(Map<Integer, Map<Integer, RoaringBitmap>> bits, int segment) {
        var people = new TreeSet<Integer>();
        bits.forEach((block, segments) -> segments.getOrDefault(segment, new RoaringBitmap())
                .forEach((int bit) -> people.add(BlocksStore.profileNo(block, bit))));
        return people;
    }

    /** Whoever enters was not in it, whoever leaves was. */
    private void told(String when) {
        var in = new TreeMap<String, Boolean>();
        for (var record : records()) {
            var key = record.payload().getString("segment") + " "
                    + record.payload().getInteger("profileNo");
            if (record.kind().equals(MembershipFacts.ENTERED) || record.kind().equals(MembershipFacts.LEFT)) {
                var entered = record.kind().equals(MembershipFacts.ENTERED);
                var before = in.put(key, entered);
                assertThat(before == null || before != entered).as(when).isTrue();
            }
        }
        assertThat(in).as(when).isNotEmpty();
    }

    private List<String> kinds() {
        pool.withTransaction(tx -> tx.query("DELETE FROM outbox RETURNING kind").execute())
                .await()
                .forEach(row -> outbox.add(row.getString("kind")));
        var kinds = new ArrayList<>(outbox);
        records().forEach(one -> kinds.add(one.kind()));
        return kinds;
    }

    private final List<String> outbox = new ArrayList<>();

    private List<StreamRecord> records() {
        return pool
                .query(
                        "SELECT kind, key, payload FROM stream_record WHERE topic = 'facts' ORDER BY period, at, part, pos")
                .execute()
                .await()
                .stream()
                .map(row -> new StreamRecord(
                        WS, row.getString("key"), row.getString("kind"), new JsonObject(row.getString("payload"))))
                .toList();
    }
}
