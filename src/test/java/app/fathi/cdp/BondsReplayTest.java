package app.fathi.cdp;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.IdentityRules.Kind;
import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.traits.ComputedTraits;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import app.fathi.segments.TraitRules;
import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who is one by their ids is who they are after a replay, whatever the order of arrival. Each life is a workspace of its own. */
class BondsReplayTest {
    private static final Instant NOON = Instant.parse("2026-11-02T12:00:00Z");
    private static final IdentityRules RULES = new IdentityRules(List.of(
            new Kind("userId", 4, List.of()),
            new Kind("crm_id", 2, List.of()),
            new Kind("email", 3, List.of()),
            new Kind("anonymousId", 200, List.of())));

    private static Vertx vertx;
    private static TestDatabase database;
    private static Pool pool;
    private static Deriver deriver;
    private static BondsJob job;
    private static int workspaces;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        database = TestDatabase.create();
        pool = database.pool(vertx);
        deriver = new Deriver(
                new Streams(vertx, pool, Config.of(Map.of()).stream()),
                new NoAddresses(),
                new ComputedTraits(new TraitRules()),
                List.of(),
                new LiveFeed(vertx, Config.of(Map.of()).live()),
                new Bonds((tx, jobs) -> Future.succeededFuture()));
        job = new BondsJob(new Transactions(pool), deriver, new NoAddresses());
    }

    @AfterAll
    static void stop() {
        Closing.close(vertx);
        database.close();
    }

    @Test
    void people_are_the_same_whatever_the_order_in_which_their_ids_are_told() {
        int refused = 0;
        for (int seed = 0; seed < 4; seed++) {
            var events = life(new Random(seed));
            var inOrder = world();
            events.forEach(event -> {
                derive(inOrder, List.of(event));
                settle(inOrder);
            });
            var expected = people(inOrder);
            refused += expected.contains("limit") ? 1 : 0;
            var random = new Random(100 + seed);
            for (int shuffle = 0; shuffle < 2; shuffle++) {
                var ws = world();
                var shuffled = new ArrayList<>(events);
                Collections.shuffle(shuffled, random);
                for (int from = 0; from < shuffled.size(); ) {
                    int to = Math.min(shuffled.size(), from + 1 + random.nextInt(12));
                    derive(ws, shuffled.subList(from, to));
                    from = to;
                    if (random.nextInt(3) == 0) {
                        settle(ws);
                    }
                }
                settle(ws);
                assertThat(people(ws)).as("seed %d, shuffle %d", seed, shuffle).isEqualTo(expected);
            }
        }
        assertThat(refused).as("lives in which something was refused").isGreaterThan(1);
    }

    @Test
    void an_event_that_comes_late_parts_whom_it_would_have_kept_apart() {
        int ws = world();
        derive(ws, List.of(told("ada", "m1", 1, "crm_id", "a1"), told("bob", "m2", 2, "crm_id", "b1")));
        derive(ws, List.of(told("ada", "m5", 5, "email", "same@x.test"), told("bob", "m6", 6, "email", "same@x.test")));
        settle(ws);
        assertThat(together(ws, "ada", "bob")).isTrue();
        derive(ws, List.of(told("ada", "m3", 3, "crm_id", "a2")));
        settle(ws);
        assertThat(together(ws, "ada", "bob"))
                .as("three numbers are too many for one person")
                .isFalse();
        assertThat(query("SELECT string_agg(user_id || ' ' || value, ',') FROM cdp_bond WHERE ws = " + ws
                        + " AND refused = 'limit'"))
                .isEqualTo("bob same@x.test");
        assertThat(query(
                        "SELECT string_agg(user_id, ',' ORDER BY user_id) FROM cdp_profile WHERE merged_into IS NULL AND ws = "
                                + ws))
                .isEqualTo("ada,bob");
    }

    @Test
    void of_one_event_the_less_important_id_is_left_out() {
        int ws = world();
        derive(
                ws,
                List.of(
                        told("ada", "m1", 1, "crm_id", "a1", "crm_id", "a2"),
                        told("bob", "m2", 2, "crm_id", "b1", "email", "b@x.test")));
        // With ada by the number, which fits no more; by the address with bob, of whom it would make the same.
        derive(ws, List.of(told("eve", "m3", 3, "email", "b@x.test", "crm_id", "a1")));
        settle(ws);
        assertThat(together(ws, "ada", "eve")).isTrue();
        assertThat(together(ws, "bob", "eve")).isFalse();
    }

    @Test
    void an_id_that_many_have_is_nobodys_however_they_come() {
        int ws = world();
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < 40; i++) {
            events.add(told("u" + i, "m" + i, i, "email", "info@x.test"));
        }
        derive(ws, events.subList(0, 3));
        settle(ws);
        assertThat(together(ws, "u0", "u2")).isTrue();
        derive(ws, events.subList(3, 40));
        settle(ws);
        assertThat(query("SELECT max(n) FROM (SELECT count(*) AS n FROM cdp_identity WHERE ws = " + ws
                        + " GROUP BY profile_no) c"))
                .isEqualTo("1");
        assertThat(query("SELECT count(*) FROM cdp_bond WHERE refused = 'shared' AND ws = " + ws))
                .isEqualTo("40");
    }

    @Test
    void of_a_server_that_tells_ids_without_end_the_first_are_kept() {
        int ws = world();
        for (int batch = 0; batch < 3; batch++) {
            var events = new ArrayList<StreamRecord>();
            for (int i = 0; i < 60; i++) {
                int at = 1_000 - batch * 60 - i;
                events.add(told("ada", "m" + at, at, "email", at + "@x.test"));
            }
            derive(ws, events);
            settle(ws);
        }
        assertThat(query("SELECT count(*) FROM cdp_bond WHERE ws = " + ws)).isEqualTo(String.valueOf(Bonding.MAX_TOLD));
        assertThat(query(
                        "SELECT string_agg(value, ',' ORDER BY at) FROM cdp_bond WHERE refused IS NULL AND ws = " + ws))
                .isEqualTo("821@x.test,822@x.test,823@x.test");
    }

    /** With nothing to be asked where nothing is told. */
    @Test
    void whoever_tells_nothing_is_looked_at_by_nobody() {
        int ws = world();
        derive(
                ws,
                List.of(record(
                        "identify",
                        payload("m1", 1)
                                .put("userId", "ada")
                                .put("traits", new JsonObject().put("email", "a@x.test")))));
        assertThat(query("SELECT count(*) FROM cdp_bond WHERE ws = " + ws)).isEqualTo("0");
        assertThat(job.step(ws, tx -> Future.succeededFuture())).isFalse();
    }

    // ---- lives ----

    private static List<StreamRecord> life(Random random) {
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < 40; i++) {
            var user = "u" + random.nextInt(10);
            var id = "m" + random.nextInt(1_000) + "-" + i;
            events.add(
                    switch (random.nextInt(8)) {
                        case 0 ->
                            record(
                                    "alias",
                                    payload(id, i)
                                            .put("trusted", true)
                                            .put("userId", user)
                                            .put("previousId", "u" + random.nextInt(10)));
                        case 1 ->
                            record(
                                    "identify",
                                    payload(id, i).put("userId", user).put("anonymousId", "v" + random.nextInt(6)));
                        case 2 ->
                            told(user, id, i, "email", "e" + random.nextInt(8), "crm_id", "c" + random.nextInt(8));
                        case 3, 4 -> told(user, id, i, "crm_id", "c" + random.nextInt(8));
                        default -> told(user, id, i, "email", "e" + random.nextInt(8));
                    });
        }
        return events;
    }

    private static StreamRecord told(String user, String messageId, int second, String... ids) {
        var known = new JsonArray();
        for (int i = 0; i < ids.length; i += 2) {
            known.add(new JsonArray().add(ids[i]).add(ids[i + 1]).add(true));
        }
        return record("identify", payload(messageId, second).put("userId", user).put(CarriedIds.KNOWN_BY, known));
    }

    private static JsonObject payload(String messageId, int second) {
        return new JsonObject()
                .put("messageId", messageId)
                .put("at", NOON.plusSeconds(second).toString())
                .put("verified", true);
    }

    private static StreamRecord record(String kind, JsonObject payload) {
        return new StreamRecord(0, payload.getString("messageId"), kind, payload);
    }

    private static int world() {
        int ws = ++workspaces;
        pool.withTransaction(tx -> new IdentityRulesStore().lay(tx, ws, RULES, 0, UUID.randomUUID()))
                .await();
        return ws;
    }

    private static void derive(int ws, List<StreamRecord> records) {
        var batch = records.stream()
                .map(one -> new Consumed(
                        new StreamRecord(
                                ws, one.key(), one.kind(), one.payload().copy()),
                        0,
                        0,
                        NOON))
                .toList();
        pool.withTransaction(tx -> deriver.derive(tx, batch)).await();
    }

    private static void settle(int ws) {
        while (job.step(ws, tx -> Future.succeededFuture())) {
            assertThat(
                            query(
                                    "SELECT count(*) FROM cdp_identity i JOIN cdp_profile p USING (ws, profile_no) WHERE p.merged_into IS NOT NULL"))
                    .as("ids at a profile that is no more")
                    .isEqualTo("0");
        }
    }

    /** Each person by their ids, the userId that is shown, and what was refused. */
    private static String people(int ws) {
        return query(
                """
                SELECT string_agg(who, E'\\n' ORDER BY who) FROM (
                  SELECT string_agg(i.value, ' ' ORDER BY i.kind, i.value) || ' is ' || coalesce(p.user_id, '-')
                         || coalesce((SELECT string_agg(b.user_id || '=' || b.kind || ':' || b.value || coalesce('!' || b.refused, ''), ' '
                              ORDER BY b.user_id, b.kind, b.value) FROM cdp_bond b
                            WHERE b.ws = p.ws AND b.user_id IN (SELECT value FROM cdp_identity u WHERE u.ws = p.ws AND u.kind = 0 AND u.profile_no = p.profile_no)), '')
                         AS who
                  FROM cdp_identity i JOIN cdp_profile p USING (ws, profile_no) WHERE i.ws = %d GROUP BY p.ws, p.profile_no, p.user_id) w
                """
                        .formatted(ws));
    }

    private static boolean together(int ws, String one, String other) {
        return query("SELECT count(DISTINCT profile_no) FROM cdp_identity WHERE kind = 0 AND ws = " + ws
                        + " AND value IN ('" + one + "', '" + other + "')")
                .equals("1");
    }

    private static String query(String sql) {
        return String.valueOf(
                pool.query(sql).execute().await().iterator().next().getValue(0));
    }
}
