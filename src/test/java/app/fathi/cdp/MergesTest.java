package app.fathi.cdp;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Closing;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Operators say who is one person and who is not. */
class MergesTest {
    private static final String PROFILES = "/api/v1/cdp/profiles/";
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";
    private static final Instant NOON = Instant.parse("2026-11-02T12:00:00Z");
    private static Vertx vertx;

    private static FakePushService push;
    private static TestServer server;
    private static Pool pool;
    private static int messages;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        pool = server.database().pool(vertx);
    }

    @AfterAll
    static void stop() {
        Closing.close(vertx);
        server.close();
        push.close();
    }

    // ---- given back ------------------------------------------------------------------------------------------------

    /** Two pairs of people live the same life; one pair is one person for a while. */
    @Test
    void who_was_merged_and_parted_is_as_if_nothing_had_been_whatever_came_in_between() {
        var segment = server.admin(
                        "POST", "/api/v1/segments", new JsonObject().put("name", "held " + UUID.randomUUID()))
                .json()
                .getString("id");
        for (int seed = 0; seed < 6; seed++) {
            var merged = new Life("x" + seed + "-" + UUID.randomUUID() + "-", segment);
            var control = new Life("y" + seed + "-" + UUID.randomUUID() + "-", segment);
            for (var life : List.of(merged, control)) {
                life.live(new Random(seed), 0, 40);
                life.subscribe("a1");
                life.subscribe("b1");
                life.hold("a1");
            }
            var before = merged.ids("a1", "b1");
            var asked = merged.merge("a1", "b1");
            assertThat(asked.status()).as(asked.body()).isEqualTo(200);
            assertThat(merged.ids("a1", "a2", "b2")).as("seed %d", seed).containsOnly(before.get(1));
            for (var life : List.of(merged, control)) {
                life.live(new Random(100 + seed), 40, 80);
                life.subscribe("a2");
                life.subscribe("b2");
                life.hold("b1");
            }
            var parted = unmerge("user:" + merged.prefix + "b1", new JsonObject().put("profileId", before.get(0)));
            assertThat(parted.status()).as(parted.body()).isEqualTo(200);
            for (var life : List.of(merged, control)) {
                life.live(new Random(200 + seed), 80, 100);
            }
            assertThat(merged.ids("a1", "b1")).as("the ids of the profiles").isEqualTo(before);
            assertThat(merged.shown()).as("seed %d", seed).isEqualTo(control.shown());
            assertThat(merged.shown()).contains("held ");
        }
    }

    // ---- claims and aliases ----------------------------------------------------------------------------------------

    @Test
    void a_claim_that_is_undone_stays_undone_until_an_operator_merges() {
        var ada = someone();
        var visitor = someone();
        var browser = subscription();
        var id = server.browser("POST", SUBSCRIPTIONS, browser.copy().put("anonymousId", visitor))
                .json()
                .getString("id");
        say(identify(null, visitor).put("traits", new JsonObject().put("seen", "shoes")));
        say(identify(ada, visitor).put("traits", new JsonObject().put("name", "Ada")));
        assertThat(ownerOf(id)).isEqualTo(idOf("user:" + ada));
        assertThat(profile("user:" + ada).getJsonObject("traits").getMap()).containsKeys("seen", "name");

        var parted = unmerge("user:" + ada, new JsonObject().put("ids", new JsonArray().add("anonymous:" + visitor)));
        assertThat(parted.status()).as(parted.body()).isEqualTo(200);
        assertThat(parted.json()
                        .getJsonObject("profile")
                        .getJsonObject("traits")
                        .getMap())
                .containsOnlyKeys("name");
        assertThat(parted.json()
                        .getJsonObject("separated")
                        .getJsonObject("traits")
                        .getMap())
                .containsOnlyKeys("seen");
        var apart = idOf("anonymous:" + visitor);
        assertThat(apart).isNotEqualTo(idOf("user:" + ada));
        assertThat(ownerOf(id)).isEqualTo(apart);

        say(identify(ada, visitor));
        say(new JsonObject().put("type", "alias").put("userId", ada).put("previousId", visitor));
        assertThat(idOf("anonymous:" + visitor)).as("the same claim").isEqualTo(apart);
        assertThat(ownerOf(id)).isEqualTo(apart);

        assertThat(merge("anonymous:" + visitor, "user:" + ada).status()).isEqualTo(200);
        assertThat(idOf("anonymous:" + visitor)).isEqualTo(idOf("user:" + ada));
        assertThat(ownerOf(id)).isEqualTo(idOf("user:" + ada));
        assertThat(profile("user:" + ada).getJsonObject("traits").getMap()).containsKeys("seen", "name");
    }

    @Test
    void an_alias_that_is_undone_stays_undone_and_each_has_the_browsers_that_subscribed_under_its_id() {
        var old = someone();
        var known = someone();
        var first = subscribe(old);
        var before = idOf("user:" + old);
        say(identify(known, null));
        say(new JsonObject().put("type", "alias").put("userId", known).put("previousId", old));
        var second = subscribe(old);
        assertThat(List.of(ownerOf(first), ownerOf(second))).containsOnly(idOf("user:" + known));
        assertThat(profile("user:" + old).getString("userId")).isEqualTo(known);

        var parted = unmerge("user:" + known, new JsonObject().put("ids", new JsonArray().add("user:" + old)));
        assertThat(parted.status()).as(parted.body()).isEqualTo(200);
        assertThat(idOf("user:" + old)).isEqualTo(before).isNotEqualTo(idOf("user:" + known));
        assertThat(List.of(ownerOf(first), ownerOf(second))).containsOnly(before);
        assertThat(profile("user:" + old).getString("userId")).isEqualTo(old);
        assertThat(profile("user:" + known).getJsonArray("otherUserIds")).isEmpty();
        say(new JsonObject().put("type", "alias").put("userId", known).put("previousId", old));
        assertThat(idOf("user:" + old)).isEqualTo(before);
    }

    @Test
    void a_visitor_whom_an_operator_has_put_to_somebody_is_nobody_elses_by_an_event() {
        var ada = someone();
        var eve = someone();
        var visitor = someone();
        say(identify(ada, null));
        say(identify(null, visitor));
        merge("anonymous:" + visitor, "user:" + ada);
        say(identify(eve, visitor));
        assertThat(idOf("anonymous:" + visitor)).isEqualTo(idOf("user:" + ada));
        var merged = identities("user:" + ada).stream()
                .filter(one -> one.getString("value").equals(visitor))
                .findFirst()
                .orElseThrow();
        assertThat(merged.getBoolean("settled")).isTrue();
        var link = merged.getJsonArray("links").getJsonObject(0);
        unmerge("user:" + ada, new JsonObject().put("profileId", link.getString("profileId")));
        say(identify(ada, visitor));
        assertThat(idOf("anonymous:" + visitor))
                .as("who claimed it meanwhile is among those whom it does not belong to")
                .isNotEqualTo(idOf("user:" + ada))
                .isNotEqualTo(idOf("user:" + eve));
    }

    // ---- explained -------------------------------------------------------------------------------------------------

    @Test
    void each_id_is_explained_by_the_event_or_the_person_that_brought_it() {
        var ada = someone();
        var other = someone();
        var third = someone();
        var visitor = someone();
        say(identify(ada, null), identify(other, null), identify(third, null));
        var claim = say(identify(ada, visitor)).getFirst();
        var alias = say(new JsonObject().put("type", "alias").put("userId", ada).put("previousId", other))
                .getFirst();
        var gone = idOf("user:" + third);
        merge("user:" + third, "user:" + ada);
        var byValue = new HashMap<String, JsonObject>();
        identities("user:" + ada).forEach(one -> byValue.put(one.getString("kind") + one.getString("value"), one));
        assertThat(byValue.get("userId" + ada).getJsonArray("links")).isEmpty();
        var claimed = byValue.get("anonymousId" + visitor).getJsonArray("links").getJsonObject(0);
        assertThat(claimed.getString("because")).isEqualTo("claim");
        assertThat(claimed.getString("value")).isEqualTo(ada);
        assertThat(claimed.getString("messageId")).isEqualTo(claim);
        assertThat(claimed.getBoolean("verified")).isTrue();
        var aliased = byValue.get("userId" + other).getJsonArray("links").getJsonObject(0);
        assertThat(aliased.getString("because")).isEqualTo("alias");
        assertThat(aliased.getString("messageId")).isEqualTo(alias);
        var merged = byValue.get("userId" + third).getJsonArray("links").getJsonObject(0);
        assertThat(merged.getString("because")).isEqualTo("merge");
        assertThat(merged.getString("profileId")).isEqualTo(gone);
        assertThat(merged.getString("madeBy"))
                .isEqualTo(server.admin("GET", "/api/v1/auth/me", null).json().getString("id"));
        var page = server.admin("GET", PROFILES + "user:" + ada + "/identities?limit=1", null)
                .json();
        assertThat(page.getJsonArray("items")).hasSize(1);
        assertThat(page.getString("nextCursor")).isNotNull();
    }

    // ---- what else there is ----

    @Test
    void both_are_told_as_facts_and_in_the_audit_trail() {
        var ada = someone();
        var eve = someone();
        say(identify(ada, null), identify(eve, null));
        var from = idOf("user:" + ada);
        var to = idOf("user:" + eve);
        merge("user:" + ada, "user:" + eve);
        unmerge("user:" + eve, new JsonObject().put("profileId", from));
        for (var fact : List.of("profile.merged", "profile.unmerged")) {
            var payload = query("SELECT payload FROM stream_record WHERE topic = 'facts' AND kind = '" + fact
                    + "' AND payload::text LIKE '%" + from + "%'");
            assertThat(payload).contains(from, to);
        }
        for (var operation : List.of("profile.merge", "profile.unmerge")) {
            assertThat(query("SELECT count(*) FROM audit_event WHERE operation = '" + operation + "' AND object_id = '"
                            + from + "'"))
                    .isEqualTo("1");
        }
    }

    @Test
    void who_is_suppressed_suppresses_whom_they_are_part_of_and_takes_it_along() {
        var ada = someone();
        var eve = someone();
        subscribe(ada);
        subscribe(eve);
        var from = idOf("user:" + ada);
        server.admin(
                "POST",
                "/api/v1/cdp/suppressions",
                new JsonObject().put("kind", "userId").put("value", ada));
        assertThat(isSuppressed(eve)).isFalse();
        merge("user:" + ada, "user:" + eve);
        assertThat(isSuppressed(eve)).isTrue();
        unmerge("user:" + eve, new JsonObject().put("profileId", from));
        assertThat(isSuppressed(eve)).isFalse();
        assertThat(isSuppressed(ada)).isTrue();
    }

    @Test
    void who_is_erased_takes_along_who_became_part_of_them_and_is_neither_merged_nor_parted() {
        var ada = someone();
        var eve = someone();
        var stays = someone();
        say(identify(ada, null), identify(eve, null), identify(stays, null));
        var from = idOf("user:" + ada);
        merge("user:" + ada, "user:" + eve);
        var asked = server.admin("POST", PROFILES + "user:" + eve + "/erase", null);
        assertThat(unmerge("user:" + eve, new JsonObject().put("profileId", from))
                        .status())
                .isEqualTo(404);
        assertThat(merge("user:" + eve, "user:" + stays).status()).isEqualTo(404);
        assertThat(merge("user:" + stays, "user:" + eve).status()).isEqualTo(422);
        eventually(
                "the receipt",
                () -> server.admin("GET", asked.header("Location"), null).json(),
                answer -> answer.getString("state").equals("done"));
        assertThat(query("SELECT count(*) FROM cdp_identity WHERE value IN ('" + ada + "', '" + eve + "')"))
                .isEqualTo("0");
        assertThat(query("SELECT count(*) FROM cdp_link WHERE identity_no NOT IN (SELECT no FROM cdp_identity)"))
                .isEqualTo("0");
        assertThat(query("SELECT count(*) FROM audit_detail WHERE detail::text LIKE '%" + ada + "%'"))
                .isEqualTo("0");
    }

    @Test
    void what_cannot_be_is_refused_with_what_to_do() {
        var ada = someone();
        var visitor = someone();
        say(identify(ada, visitor));
        assertThat(merge("user:" + ada, "anonymous:" + visitor).status())
                .as("one already")
                .isEqualTo(409);
        assertThat(merge("user:" + ada, "user:nobody-" + ada).status()).isEqualTo(422);
        assertThat(merge("user:" + ada, "no id").status()).isEqualTo(422);
        assertThat(merge("user:nobody-" + ada, "user:" + ada).status()).isEqualTo(404);
        var path = "user:" + ada;
        assertThat(unmerge(path, new JsonObject()).status()).isEqualTo(422);
        assertThat(unmerge(
                                path,
                                new JsonObject()
                                        .put("profileId", UUID.randomUUID().toString()))
                        .status())
                .isEqualTo(422);
        assertThat(unmerge(path, ids("user:nobody")).status()).isEqualTo(422);
        assertThat(unmerge(path, ids("user:" + ada, "anonymous:" + visitor)).status())
                .as("nobody would be left")
                .isEqualTo(422);
        assertThat(unmerge(path, ids("user:" + ada)).status())
                .as("with the visitor that they have claimed nobody would be left either")
                .isEqualTo(422);
        assertThat(server.send(
                                "POST",
                                PROFILES + path + "/merge",
                                server.member("analyst"),
                                new JsonObject().put("into", "user:x"))
                        .status())
                .isEqualTo(403);
    }

    @Test
    void of_an_id_from_before_this_was_remembered_a_profile_is_made() {
        var ada = someone();
        var visitor = someone();
        say(identify(ada, visitor).put("traits", new JsonObject().put("name", "Ada")));
        say(identify(null, visitor).put("traits", new JsonObject().put("seen", "shoes")));
        pool.query("UPDATE cdp_identity SET own_no = NULL, proof_user_id = NULL WHERE value IN ('" + ada + "', '"
                        + visitor + "')")
                .execute()
                .await();
        var before = idOf("user:" + ada);
        var parted = unmerge("user:" + ada, ids("anonymous:" + visitor));
        assertThat(parted.status()).as(parted.body()).isEqualTo(200);
        assertThat(idOf("user:" + ada)).isEqualTo(before);
        assertThat(profile("anonymous:" + visitor).getJsonObject("traits").getMap())
                .containsOnlyKeys("seen");
        assertThat(profile("anonymous:" + visitor).getString("userId")).isNull();
    }

    @Test
    void operators_and_events_at_once_leave_everybody_whole() {
        var prefix = "busy-" + UUID.randomUUID() + "-";
        var users = IntStream.range(0, 6).mapToObj(n -> prefix + "u" + n).toList();
        say(users.stream().map(user -> identify(user, null)).toArray(JsonObject[]::new));
        var random = new Random(7);
        var statuses = new ConcurrentHashMap<Integer, Integer>();
        for (int round = 0; round < 12; round++) {
            var operators = new ArrayList<CompletableFuture<Void>>();
            for (int n = 0; n < 4; n++) {
                var one = users.get(random.nextInt(6));
                var other = users.get(random.nextInt(6));
                var parts = random.nextBoolean();
                operators.add(CompletableFuture.runAsync(() -> {
                    var answer =
                            parts ? unmerge("user:" + one, ids("user:" + one)) : merge("user:" + one, "user:" + other);
                    statuses.merge(answer.status(), 1, Integer::sum);
                }));
            }
            var batch = new JsonArray();
            for (int i = 0; i < 40; i++) {
                var user = users.get(random.nextInt(6));
                var event = random.nextInt(6) == 0
                        ? new JsonObject()
                                .put("type", "alias")
                                .put("userId", user)
                                .put("previousId", users.get(random.nextInt(6)))
                        : identify(random.nextInt(3) == 0 ? null : user, prefix + "v" + random.nextInt(12))
                                .put("traits", new JsonObject().put("t" + random.nextInt(4), i));
                batch.add(event.put("messageId", prefix + round + "-" + i));
            }
            server.admin("POST", "/v1/batch", new JsonObject().put("batch", batch));
            operators.forEach(CompletableFuture::join);
        }
        eventually(
                "all events",
                () -> query("SELECT count(*) FROM cdp_event WHERE message_id LIKE '" + prefix + "%'"),
                count -> count.equals("480"));
        assertThat(statuses.keySet()).isSubsetOf(200, 409, 422);
        assertThat(statuses.get(200)).isGreaterThan(5);
        assertThat(
                        query(
                                "SELECT count(*) FROM cdp_identity i JOIN cdp_profile p USING (ws, profile_no) WHERE p.merged_into IS NOT NULL"))
                .as("ids at a profile that is no more")
                .isEqualTo("0");
        assertThat(
                        query(
                                """
                        SELECT count(*) FROM cdp_identity v JOIN cdp_identity u ON u.ws = v.ws AND u.kind = 0 AND u.value = v.claim_user_id
                        WHERE v.kind = 1 AND NOT v.settled AND v.profile_no <> u.profile_no
                        """))
                .as("visitors apart from who has claimed them")
                .isEqualTo("0");
        assertThat(
                        query(
                                "SELECT count(*) FROM cdp_profile p WHERE p.user_id IS NOT NULL AND p.merged_into IS NULL AND EXISTS "
                                        + "(SELECT FROM cdp_identity i WHERE i.ws = p.ws AND i.profile_no = p.profile_no) AND NOT EXISTS "
                                        + "(SELECT FROM cdp_identity i WHERE i.ws = p.ws AND i.profile_no = p.profile_no AND i.value = p.user_id)"))
                .as("people shown by an id of somebody else")
                .isEqualTo("0");
        var traits =
                """
                SELECT count(*) FROM cdp_profile p WHERE p.merged_into IS NULL AND EXISTS
                  (SELECT FROM cdp_identity i WHERE i.ws = p.ws AND i.profile_no = p.profile_no) AND p.traits <> (
                  SELECT coalesce(jsonb_object_agg(w.key, w.value), '{}') FROM (
                    SELECT DISTINCT ON (t.key) t.key, t.value -> 0 AS value FROM cdp_said i, jsonb_each(i.traits) t
                    WHERE i.ws = p.ws AND i.profile_no = p.profile_no
                    ORDER BY t.key, (t.value ->> 1)::bigint DESC, (t.value ->> 2) COLLATE "C" DESC) w WHERE w.value <> 'null')
                """;
        assertThat(query(traits))
                .as("people whose traits are not those of their ids")
                .isEqualTo("0");
    }

    /** Whoever sends such ids names nobody; the visitor beside it, where there is one, is somebody. */
    @Test
    void five_thousand_events_of_nobody_make_no_giant() {
        var nobody = List.<Object>of("null", "undefined", "0", "None", " NULL ", "[object Object]", 0, "guest", "");
        var mark = "flood-" + UUID.randomUUID();
        var refused = 0;
        for (int from = 0; from < 5_000; from += 250) {
            var batch = new JsonArray();
            for (int i = from; i < from + 250; i++) {
                var event = new JsonObject()
                        .put("type", "track")
                        .put("event", "Bought")
                        .put("messageId", mark + "-" + i)
                        .put("userId", nobody.get(i % nobody.size()))
                        .put("anonymousId", i % 2 == 0 ? mark + "-" + i % 100 : nobody.get(i / 2 % nobody.size()));
                batch.add(event);
            }
            var taken = server.admin("POST", "/api/v1/cdp/batch", new JsonObject().put("batch", batch));
            assertThat(taken.status()).as(taken.body()).isEqualTo(200);
            refused += (int) taken.json().getJsonArray("results").stream()
                    .filter(one -> !((JsonObject) one).getString("status").equals("accepted"))
                    .count();
        }
        assertThat(refused).as("without any id nobody is meant").isEqualTo(2_500);
        eventually(
                "the others",
                () -> query("SELECT count(*) FROM cdp_event WHERE message_id LIKE '" + mark + "-%'"),
                count -> count.equals("2500"));
        assertThat(
                        query(
                                "SELECT count(*) FROM cdp_identity WHERE lower(btrim(value)) IN ('null', 'undefined', '0', 'none', 'guest', '')"))
                .isEqualTo("0");
        assertThat(query("SELECT max(n) FROM (SELECT count(*) AS n FROM cdp_identity WHERE value LIKE '" + mark
                        + "%' GROUP BY ws, profile_no) c"))
                .isEqualTo("1");
    }

    @Test
    void browsers_that_subscribe_as_nobody_are_each_a_visitor_of_their_own() {
        var owners = new HashSet<String>();
        var nobody = List.of("null", "undefined", "0", " None ", "[object Object]");
        for (int i = 0; i < 10; i++) {
            var draft = subscription().put("anonymousId", nobody.get(i % 5));
            var saved = i % 2 == 0
                    ? server.browser("POST", SUBSCRIPTIONS, draft)
                    : server.admin("POST", SUBSCRIPTIONS, draft.put("userId", "null"));
            assertThat(saved.status()).as(saved.body()).isEqualTo(201);
            owners.add(ownerOf(saved.json().getString("id")));
        }
        assertThat(owners).hasSize(10);
    }

    // ---- lives -----------------------------------------------------------------------------------------------------

    /** What two people {@code a} and {@code b} do, each under two userIds and two visitors' ids of their own. */
    private static final class Life {
        private final String prefix;
        private final String segment;

        Life(String prefix, String segment) {
            this.prefix = prefix;
            this.segment = segment;
        }

        void live(Random random, int from, int to) {
            var events = new ArrayList<JsonObject>();
            for (var person : List.of("a", "b")) {
                events.add(identify(prefix + person + "1", prefix + person + "v1"));
                events.add(new JsonObject()
                        .put("type", "alias")
                        .put("userId", prefix + person + "1")
                        .put("previousId", prefix + person + "2"));
            }
            for (int i = from; i < to; i++) {
                var person = random.nextBoolean() ? "a" : "b";
                var user = random.nextInt(3) == 0 ? null : prefix + person + (1 + random.nextInt(2));
                var visitor =
                        user == null || random.nextBoolean() ? prefix + person + "v" + (1 + random.nextInt(2)) : null;
                var event =
                        switch (random.nextInt(5)) {
                            case 0 ->
                                identify(user, visitor)
                                        .put(
                                                "traits",
                                                new JsonObject()
                                                        .put("t" + random.nextInt(3), i)
                                                        .put("email", i + "@a.test"));
                            case 1 ->
                                track(
                                        user,
                                        visitor,
                                        random.nextBoolean() ? "Tag Added" : "Tag Removed",
                                        "tag",
                                        "t" + random.nextInt(3));
                            case 2 ->
                                identify(user, visitor).put("type", "group").put("groupId", "g" + random.nextInt(3));
                            case 3 -> {
                                var consent =
                                        track(user, visitor, "Consent Changed", "purpose", "p" + random.nextInt(3));
                                consent.getJsonObject("properties").put("granted", random.nextBoolean());
                                yield consent;
                            }
                            default -> track(user, visitor, "Bought", "n", i);
                        };
                events.add(event);
            }
            for (int i = 0; i < events.size(); i++) {
                events.get(i)
                        .put("timestamp", NOON.plusSeconds(1_000L * from + i).toString());
            }
            say(events.toArray(JsonObject[]::new));
        }

        void subscribe(String user) {
            MergesTest.subscribe(prefix + user);
        }

        void hold(String user) {
            var members = new JsonObject().put("add", new JsonArray().add("user:" + prefix + user));
            var changed = server.admin("POST", "/api/v1/segments/" + segment + "/members", members);
            assertThat(changed.status()).as(changed.body()).isBetween(200, 204);
        }

        Answer merge(String from, String into) {
            return MergesTest.merge("user:" + prefix + from, "user:" + prefix + into);
        }

        List<String> ids(String... users) {
            return List.of(users).stream()
                    .map(user -> idOf("user:" + prefix + user))
                    .toList();
        }

        /** All that is known of the two, without what differs from life to life. */
        String shown() {
            var text = new StringBuilder();
            for (var person : List.of("a1", "b1")) {
                var path = "user:" + prefix + person;
                var shown = profile(path);
                var id = (String) shown.remove("id");
                List.of("version", "firstSeenAt", "lastSeenAt").forEach(shown::remove);
                // In the order in which a batch happened to make them.
                shown.put(
                        "anonymousIds",
                        new JsonArray(shown.getJsonArray("anonymousIds").stream()
                                .sorted()
                                .toList()));
                text.append(shown.encodePrettily());
                text.append(server.admin("GET", PROFILES + path + "/consents", null)
                                .body())
                        .append('\n');
                server.admin("GET", PROFILES + path + "/events?limit=200", null)
                        .json()
                        .getJsonArray("items")
                        .forEach(event -> {
                            var one = (JsonObject) event;
                            List.of("messageId", "receivedAt").forEach(one::remove);
                            text.append(one.encode()).append('\n');
                        });
                text.append("subscriptions ")
                        .append(query(
                                "SELECT count(*) FROM webpush_subscription s JOIN cdp_profile p USING (ws, profile_no) WHERE p.id = '"
                                        + id + "'"))
                        .append("\nheld ")
                        .append(query(
                                "SELECT count(*) FROM segments_member m JOIN cdp_profile p USING (ws, profile_no) WHERE segment = '"
                                        + segment
                                        + "' AND coalesce((SELECT q.id FROM cdp_profile q WHERE q.ws = p.ws AND q.profile_no = p.merged_into), p.id) = '"
                                        + id + "'"))
                        .append("\nrules ")
                        .append(query(
                                "SELECT coalesce(string_agg(n.name || ' ' || coalesce(t.txt, t.num::text), ',' ORDER BY n.name), '') FROM cdp_trait t"
                                        + " JOIN cdp_trait_name n ON n.ws = t.ws AND n.no = t.trait JOIN cdp_profile p ON p.ws = t.ws AND p.profile_no = t.profile_no WHERE p.id = '"
                                        + id + "'"));
            }
            return text.toString().replace(prefix, "");
        }
    }

    private static JsonObject identify(String userId, String anonymousId) {
        var event = new JsonObject().put("type", "identify");
        if (userId != null) {
            event.put("userId", userId);
        }
        if (anonymousId != null) {
            event.put("anonymousId", anonymousId);
        }
        return event;
    }

    private static JsonObject track(String userId, String anonymousId, String name, String property, Object value) {
        return identify(userId, anonymousId)
                .put("type", "track")
                .put("event", name)
                .put("properties", new JsonObject().put(property, value));
    }

    /** Over a server's key; when this answers it is known. */
    private static List<String> say(JsonObject... events) {
        var ids = new ArrayList<String>();
        for (var event : events) {
            ids.add("m" + messages++ + "-" + UUID.randomUUID());
            event.put("messageId", ids.getLast());
        }
        var taken = server.admin("POST", "/v1/batch", new JsonObject().put("batch", new JsonArray(List.of(events))));
        assertThat(taken.status()).as(taken.body()).isEqualTo(200);
        var wanted = String.join("','", ids);
        eventually(
                "what was said",
                () -> query("SELECT count(*) FROM cdp_event WHERE message_id IN ('" + wanted + "')"),
                count -> count.equals(String.valueOf(ids.size())));
        return ids;
    }

    private static Answer merge(String from, String into) {
        return server.admin("POST", PROFILES + from + "/merge", new JsonObject().put("into", into));
    }

    private static Answer unmerge(String who, JsonObject body) {
        return server.admin("POST", PROFILES + who + "/unmerge", body);
    }

    private static JsonObject ids(String... ids) {
        return new JsonObject().put("ids", new JsonArray(List.of(ids)));
    }

    private static List<JsonObject> identities(String who) {
        return server.admin("GET", PROFILES + who + "/identities", null).json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    private static JsonObject profile(String who) {
        var answer = server.admin("GET", PROFILES + who, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static String idOf(String who) {
        return profile(who).getString("id");
    }

    private static String ownerOf(String subscription) {
        return query("SELECT p.id FROM webpush_subscription s JOIN cdp_profile p USING (ws, profile_no) WHERE s.id = '"
                + subscription + "'");
    }

    private static boolean isSuppressed(String userId) {
        return query("SELECT suppressed FROM cdp_profile WHERE id = '" + idOf("user:" + userId) + "'")
                .equals("true");
    }

    private static String subscribe(String userId) {
        var saved = server.admin("POST", SUBSCRIPTIONS, subscription().put("userId", userId));
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        return saved.json().getString("id");
    }

    private static JsonObject subscription() {
        var browser = push.subscribe(
                server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey"));
        return new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
    }

    private static String someone() {
        return "person-" + UUID.randomUUID();
    }

    private static String query(String sql) {
        return String.valueOf(
                pool.query(sql).execute().await().iterator().next().getValue(0));
    }
}
