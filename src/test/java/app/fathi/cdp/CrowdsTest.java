package app.fathi.cdp;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.traits.ComputedTraits;
import app.fathi.platform.config.Config;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import app.fathi.segments.TraitRules;
import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Floods of ids make nobody a giant. */
class CrowdsTest {
    private static final int WS = 1;
    private static final int FLOOD = 10_000;
    private static final int BATCH = 500;
    private static final String LONG = "x".repeat(10_000);
    private static final Instant NOON = Instant.parse("2026-11-02T12:00:00Z");

    private final Vertx vertx = Vertx.vertx();
    private TestDatabase database;
    private Pool pool;
    private Deriver deriver;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
        deriver = new Deriver(
                new Streams(vertx, pool, Config.of(Map.of()).stream()),
                new NoAddresses(),
                new ComputedTraits(new TraitRules()),
                List.of(),
                new LiveFeed(vertx, Config.of(Map.of()).live()),
                new Bonds((tx, jobs) -> Future.succeededFuture()));
    }

    @AfterEach
    void stop() {
        Closing.close(vertx);
        database.close();
    }

    @Test
    void a_visitors_id_that_many_people_claim_is_nobodys_and_bridges_nobody() {
        derive(List.of(visit("kiosk", "m0", NOON.minusSeconds(9))));
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < FLOOD; i++) {
            events.add(claim("u" + i, "kiosk", "m-" + i, NOON.plusSeconds(i), i % 2 == 0));
        }
        Collections.shuffle(events, new Random(1));
        derive(events);
        assertThat(largest()).isEqualTo(1);
        assertThat(count("SELECT count(*) FROM cdp_identity i JOIN cdp_profile p USING (ws, profile_no)"
                        + " WHERE i.value = 'kiosk' AND p.user_id IS NULL AND p.traits ->> 'seen' = 'm0'"))
                .as("what was done there is still to be found, by nobody's name")
                .isEqualTo(1);
        assertThat(count("SELECT count(*) FROM cdp_profile WHERE user_id IS NOT NULL AND traits ? 'seen'"))
                .isZero();
        assertThat(count("SELECT max(jsonb_array_length(claimants)) FROM cdp_identity"))
                .isEqualTo(Identity.MAX_CLAIMANTS + 1);
        // Nobody who has claimed it takes the others' device along when they are forgotten.
        for (int no = 1; no <= 20; no++) {
            assertThat(new ErasuresStore().parts(pool, WS, no).await()).hasSizeLessThanOrEqualTo(2);
        }
    }

    @Test
    void up_to_ten_claims_the_first_has_the_visitor_whatever_the_order_of_arrival() {
        for (int people : new int[] {Identity.MAX_CLAIMANTS, Identity.MAX_CLAIMANTS + 1}) {
            var events = new ArrayList<StreamRecord>();
            for (int i = 0; i < people; i++) {
                events.add(claim(people + "u" + i, "v" + people, people + "m-" + i, NOON.plusSeconds(i), false));
            }
            Collections.shuffle(events, new Random(people));
            for (var event : events) {
                derive(List.of(event));
            }
        }
        assertThat(owner("v10")).isEqualTo("10u0");
        assertThat(owner("v11")).isEqualTo("visitor");
    }

    @Test
    void of_the_visitors_ids_that_one_person_claims_the_newest_stay_and_older_ones_are_found_by_themselves() {
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < FLOOD; i++) {
            events.add(claim("ada", "v" + i, "m-" + i, NOON.plusSeconds(i), i % 3 == 0));
        }
        derive(List.of(refuse("v7", "m-refused", NOON.plusSeconds(7))));
        Collections.shuffle(events, new Random(2));
        derive(events);
        assertThat(largest()).isEqualTo(Crowds.MAX_VISITOR_IDS + 1);
        assertThat(count("SELECT count(*) FROM cdp_identity i JOIN cdp_profile p USING (ws, profile_no)"
                        + " WHERE p.user_id = 'ada' AND i.kind = 1 AND substr(i.value, 2)::int >= "
                        + (FLOOD - Crowds.MAX_VISITOR_IDS)))
                .as("the newest")
                .isEqualTo(Crowds.MAX_VISITOR_IDS);
        assertThat(owner("v7")).isEqualTo("visitor");
        assertThat(
                        count(
                                "SELECT count(*) FROM cdp_profile WHERE user_id = 'ada' AND consents -> 'marketing/*' ->> 0 = 'false'"))
                .as("what was refused under an id that has left is refused")
                .isEqualTo(1);
        assertThat(count("SELECT count(*) FROM cdp_event")).isEqualTo(FLOOD + 1);
        var ada = (int) count("SELECT profile_no FROM cdp_profile WHERE user_id = 'ada'");
        assertThat(new ErasuresStore().parts(pool, WS, ada).await())
                .as("whoever forgets ada forgets all of them")
                .hasSizeGreaterThanOrEqualTo(FLOOD - Crowds.MAX_VISITOR_IDS);
    }

    @Test
    void a_server_that_makes_everybody_an_alias_of_one_melts_no_more_than_fifty() {
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < 1_000; i++) {
            events.add(alias("u" + i, "one", "m-" + i, NOON.plusSeconds(i)));
        }
        derive(events);
        assertThat(
                        count(
                                "SELECT max(n) FROM (SELECT count(*) AS n FROM cdp_identity WHERE kind = 0 GROUP BY profile_no) c"))
                .isEqualTo(IdentitiesStore.MAX_USER_IDS);
        assertThat(largest()).isLessThanOrEqualTo(IdentitiesStore.MAX_USER_IDS + Crowds.MAX_VISITOR_IDS);
    }

    @Test
    void what_is_said_of_an_id_never_outgrows_memory_and_what_was_said_last_stays() {
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < 60; i++) {
            events.add(says("ada", null, "m-" + i, NOON.plusSeconds(i), new JsonObject().put("t" + i, LONG)));
            events.add(employs("ada", "company", "g-" + i, NOON.plusSeconds(i), new JsonObject().put("t" + i, LONG)));
        }
        Collections.shuffle(events, new Random(3));
        derive(events);
        assertThat(count("SELECT max(octet_length(traits::text)) FROM cdp_words"))
                .isBetween(50_000L, 70_000L);
        assertThat(count("SELECT max(octet_length(traits::text)) FROM cdp_group"))
                .isBetween(50_000L, 70_000L);
        assertThat(names("SELECT jsonb_object_keys(traits) FROM cdp_profile WHERE user_id = 'ada'"))
                .containsExactlyInAnyOrder("t54", "t55", "t56", "t57", "t58", "t59");
        assertThat(names("SELECT n.name FROM cdp_trait t JOIN cdp_trait_name n ON n.no = t.trait"))
                .as("rules see the same")
                .containsExactlyInAnyOrder("t54", "t55", "t56", "t57", "t58", "t59");
        assertThat(names("SELECT jsonb_object_keys(traits) FROM cdp_group"))
                .hasSize(6)
                .contains("t59");
    }

    @Test
    void a_person_of_many_large_ids_is_no_larger_than_one_id_and_a_later_word_of_the_site_counts() {
        var events = new ArrayList<StreamRecord>();
        for (int v = 0; v < 40; v++) {
            var traits = new JsonObject();
            for (int i = 0; i < 5; i++) {
                traits.put("junk" + v + "-" + i, LONG.substring(0, 6_000));
            }
            events.add(says(null, "v" + v, "t-" + v, NOON.plusSeconds(v), traits));
            events.add(tags("v" + v, "g-" + v, NOON.plusSeconds(v)));
            events.add(claim("ada", "v" + v, "m-" + v, NOON.plusSeconds(v), false));
        }
        derive(events);
        assertThat(count("SELECT max(octet_length(traits::text)) FROM cdp_profile"))
                .isBetween(50_000L, 70_000L);
        derive(List.of(says("ada", null, "last", NOON.plusSeconds(99), new JsonObject().put("plan", "gold"))));
        assertThat(names("SELECT jsonb_object_keys(traits) FROM cdp_profile WHERE user_id = 'ada'"))
                .contains("plan", "junk39-0")
                .doesNotContain("junk0-0");
        assertThat(count("SELECT max(octet_length(traits::text)) FROM cdp_profile"))
                .isBetween(50_000L, 70_000L);
    }

    @Test
    void of_consents_that_are_too_much_what_shows_them_goes_and_never_the_word() {
        var events = new ArrayList<StreamRecord>();
        for (int i = 0; i < 60; i++) {
            var refusal = refuse("v", "m-" + i, NOON.plusSeconds(i));
            refusal.payload()
                    .getJsonObject("properties")
                    .put("purpose", "p" + i)
                    .put("evidence", new JsonObject().put("text", LONG.substring(0, 3_900)));
            events.add(refusal);
        }
        derive(events);
        assertThat(count("SELECT octet_length(consents::text) FROM cdp_identity"))
                .isBetween(50_000L, 70_000L);
        assertThat(count("SELECT count(*) FROM cdp_identity, jsonb_each(consents) c WHERE c.value ->> 0 = 'false'"))
                .isEqualTo(60);
        assertThat(count("SELECT count(*) FROM cdp_profile, jsonb_object_keys(consents)"))
                .isEqualTo(60);
        assertThat(count("SELECT count(*) FROM cdp_identity, jsonb_each(consents) c WHERE c.value -> 4 <> '{}'"))
                .isBetween(10L, 20L);
        assertThat(count("SELECT count(*) FROM cdp_identity WHERE consents -> 'p59/*' -> 4 ->> 'text' <> ''"))
                .isEqualTo(1);
    }

    private List<String> names(String sql) {
        var names = new ArrayList<String>();
        pool.query(sql).execute().await().forEach(row -> names.add(row.getString(0)));
        return names;
    }

    private long largest() {
        return count("SELECT max(n) FROM (SELECT count(*) AS n FROM cdp_identity GROUP BY ws, profile_no) c");
    }

    private String owner(String visitor) {
        return pool.query(
                        "SELECT coalesce(p.user_id, 'visitor') FROM cdp_identity i JOIN cdp_profile p USING (ws, profile_no)"
                                + " WHERE i.kind = 1 AND i.value = '" + visitor + "'")
                .execute()
                .await()
                .iterator()
                .next()
                .getString(0);
    }

    private long count(String sql) {
        return ((Number) pool.query(sql).execute().await().iterator().next().getValue(0)).longValue();
    }

    private void derive(List<StreamRecord> records) {
        for (int from = 0; from < records.size(); from += BATCH) {
            var batch = records.subList(from, Math.min(records.size(), from + BATCH)).stream()
                    .map(record -> new Consumed(record, 0, 0, NOON))
                    .toList();
            pool.withTransaction(tx -> deriver.derive(tx, batch)).await();
        }
    }

    private static StreamRecord visit(String visitor, String messageId, Instant at) {
        return record(
                "identify",
                payload(messageId, at, false)
                        .put("anonymousId", visitor)
                        .put("traits", new JsonObject().put("seen", messageId)));
    }

    private static StreamRecord says(String user, String visitor, String messageId, Instant at, JsonObject traits) {
        return record(
                "identify",
                payload(messageId, at, false)
                        .put("userId", user)
                        .put("anonymousId", visitor)
                        .put("traits", traits));
    }

    private static StreamRecord employs(String user, String group, String messageId, Instant at, JsonObject traits) {
        return record("group", says(user, null, messageId, at, traits).payload().put("groupId", group));
    }

    private static StreamRecord tags(String visitor, String messageId, Instant at) {
        return record(
                "track",
                payload(messageId, at, false)
                        .put("anonymousId", visitor)
                        .put("event", "Tag Added")
                        .put("properties", new JsonObject().put("tag", messageId)));
    }

    private static StreamRecord claim(String user, String visitor, String messageId, Instant at, boolean verified) {
        return record(
                "identify", payload(messageId, at, verified).put("userId", user).put("anonymousId", visitor));
    }

    private static StreamRecord refuse(String visitor, String messageId, Instant at) {
        return record(
                "track",
                payload(messageId, at, false)
                        .put("anonymousId", visitor)
                        .put("event", Consent.EVENT)
                        .put(
                                "properties",
                                new JsonObject().put("purpose", "marketing").put("granted", false)));
    }

    private static StreamRecord alias(String previous, String user, String messageId, Instant at) {
        return record(
                "alias",
                payload(messageId, at, true)
                        .put("trusted", true)
                        .put("previousId", previous)
                        .put("userId", user));
    }

    private static JsonObject payload(String messageId, Instant at, boolean verified) {
        return new JsonObject()
                .put("messageId", messageId)
                .put("at", at.toString())
                .put("verified", verified);
    }

    private static StreamRecord record(String kind, JsonObject payload) {
        return new StreamRecord(WS, payload.getString("messageId"), kind, payload);
    }
}
