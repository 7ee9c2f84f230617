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
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** People are known by e-mail addresses, phone numbers and ids of other systems. */
class BondsTest {
    private static final String PROFILES = "/api/v1/cdp/profiles/";
    private static final String RULES = "/api/v1/cdp/identity-rules";
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";
    private static final Instant BEGAN = Instant.now().minusSeconds(100_000);
    private static Vertx vertx;
    private static FakePushService push;
    private static TestServer server;
    private static Pool pool;
    private static int said;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        push = FakePushService.start();
        server = TestServer.start(Map.of(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString(), "FATHI_JOBS_POLL_MILLIS", "50"));
        pool = server.database().pool(vertx);
        var before = server.admin("GET", RULES, null);
        assertThat(before.json().getJsonArray("kinds").encode())
                .isEqualTo(
                        "[{\"kind\":\"userId\",\"limit\":50,\"blocked\":[]},{\"kind\":\"anonymousId\",\"limit\":200,\"blocked\":[]}]");
        var laid = lay(
                before.header("ETag"),
                kind("userId", 5),
                kind("crm_id", 1),
                kind("email", 2)
                        .put("blocked", new JsonArray().add("*@Blocked.test").add("noreply@*")),
                kind("phone", 2));
        assertThat(laid.status()).as(laid.body()).isEqualTo(200);
    }

    @AfterAll
    static void stop() {
        Closing.close(vertx);
        server.close();
        push.close();
    }

    // ---- joined ----

    @Test
    void of_whom_the_same_address_is_told_by_a_server_is_one_person_with_all_that_was_theirs() {
        var ada = someone();
        var other = someone();
        var address = someone() + "@Mail.test";
        var browser = subscribe(ada);
        say(identify(ada, "email", " " + address.toUpperCase(java.util.Locale.ROOT) + " ")
                .put("traits", new JsonObject().put("email", address).put("name", "Ada")));
        var first = idOf(ada);
        var message = say(identify(other, "email", address)).getFirst();
        joined(ada, other);
        assertThat(idOf(other)).as("the one of whom it was told first stays").isEqualTo(first);
        assertThat(profile(other).getString("userId")).isEqualTo(ada);
        assertThat(profile(other).getJsonObject("traits").getString("name")).isEqualTo("Ada");
        assertThat(query(
                        "SELECT p.id FROM webpush_subscription s JOIN cdp_profile p USING (ws, profile_no) WHERE s.id = '"
                                + browser + "'"))
                .isEqualTo(first);
        var email = ids(other, "email").getFirst();
        assertThat(email.getString("value")).isEqualTo(address.toLowerCase(java.util.Locale.ROOT));
        assertThat(email.getString("refused")).isNull();
        var links = email.getJsonArray("links");
        assertThat(links).hasSize(2);
        assertThat(links.getJsonObject(1).getString("value")).isEqualTo(other);
        assertThat(links.getJsonObject(1).getString("messageId")).isEqualTo(message);
        assertThat(query(
                        "SELECT count(*) FROM stream_record WHERE topic = 'facts' AND kind = 'profile.merged' AND payload::text LIKE '%"
                                + first + "%'"))
                .isEqualTo("1");
    }

    @Test
    void numbers_and_ids_of_other_systems_join_as_well_and_people_are_found_by_them() {
        var ada = someone();
        var second = someone();
        var third = someone();
        var number = "+49" + (long) (1e9 + Math.random() * 8e9);
        say(identify(ada).put("traits", new JsonObject().put("phone", number)));
        say(identify(second)
                .put(
                        "traits",
                        new JsonObject()
                                .put(
                                        "phone",
                                        number.substring(0, 5) + " (" + number.substring(5, 8) + ") "
                                                + number.substring(8))));
        joined(ada, second);
        var crm = "CRM-" + someone();
        say(external(ada, "crm_id", crm), external(third, "crm_id", crm));
        joined(ada, third);
        assertThat(ids(ada, "crm_id"))
                .singleElement()
                .extracting(one -> one.getString("value"))
                .isEqualTo(crm);
        for (var asked : List.of(crm, number)) {
            var found = server.admin("GET", "/api/v1/cdp/profiles?q=" + asked.replace("+", "%2B"), null)
                    .json()
                    .getJsonArray("items");
            assertThat(found).as(asked).hasSize(1);
            assertThat(found.getJsonObject(0).getString("id")).isEqualTo(idOf(ada));
        }
    }

    @Test
    void what_names_nobody_or_is_none_joins_nobody_and_is_explained() {
        var ada = someone();
        var eve = someone();
        for (var who : List.of(ada, eve)) {
            say(
                    identify(who)
                            .put(
                                    "traits",
                                    new JsonObject()
                                            .put("email", "team@blocked.TEST")
                                            .put("phone", "030 123456")),
                    identify(who, "email", "noreply@x.test"),
                    external(who, "crm_id", "null"),
                    identify(who).put("traits", new JsonObject().put("email", "not an address")),
                    external(who, "unknown_kind", "same"));
        }
        assertThat(idOf(ada)).isNotEqualTo(idOf(eve));
        assertThat(refusals(ada))
                .containsExactlyInAnyOrder(
                        "email team@blocked.TEST blocked",
                        "phone 030 123456 malformed",
                        "email noreply@x.test blocked",
                        "crm_id null blocked",
                        "email not an address malformed");
        assertThat(query("SELECT count(*) FROM cdp_bond WHERE user_id IN ('" + ada + "', '" + eve + "')"))
                .isEqualTo("0");
    }

    @Test
    void over_a_public_key_nobody_is_joined_whatever_is_claimed_and_whoever_proves_to_be_themselves() {
        var ada = someone();
        var eve = someone();
        var address = someone() + "@mail.test";
        say(identify(ada, "email", address));
        var forged = identify(eve, "email", address)
                .put("traits", new JsonObject().put("email", address))
                .put(
                        "knownBy",
                        new JsonArray()
                                .add(new JsonArray().add("email").add(address).add(true)))
                .put("trusted", true);
        var signed = identify(eve, "email", address);
        signed.getJsonObject("context").put("identityToken", token(eve));
        for (var event : List.of(forged, signed)) {
            var id = UUID.randomUUID().toString();
            var taken = server.browser("POST", "/v1/identify", event.put("messageId", id));
            assertThat(taken.status()).as(taken.body()).isEqualTo(200);
            await(List.of(id));
        }
        nothingOpen();
        assertThat(idOf(eve)).isNotEqualTo(idOf(ada));
        assertThat(profile(eve).getJsonObject("traits").getString("email")).isEqualTo(address);
        assertThat(refusals(eve)).containsExactly("email " + address + " unverified");
        assertThat(query("SELECT count(*) FROM cdp_bond WHERE user_id = '" + eve + "'"))
                .isEqualTo("0");
    }

    @Test
    void an_id_of_which_one_person_has_enough_is_left_out_and_told_why() {
        var ada = someone();
        var eve = someone();
        var crm = someone();
        var address = someone() + "@mail.test";
        say(external(ada, "crm_id", crm), external(ada, "crm_id", crm + "-2"));
        nothingOpen();
        assertThat(refusals(ada)).containsExactly("crm_id " + crm + "-2 limit");
        say(external(eve, "crm_id", crm + "-3"), identify(ada, "email", address), identify(eve, "email", address));
        nothingOpen();
        assertThat(idOf(eve)).as("they have a number each").isNotEqualTo(idOf(ada));
        assertThat(refusals(eve)).containsExactly("email " + address + " limit");
        assertThat(ids(ada, "email")).hasSize(1);
    }

    // ---- undone ----

    @Test
    void who_was_joined_by_an_id_is_parted_by_an_operator_for_good() {
        var ada = someone();
        var eve = someone();
        var bob = someone();
        var address = someone() + "@mail.test";
        say(identify(ada, "email", address), identify(eve, "email", address), identify(bob, "email", address));
        joined(ada, eve);
        joined(ada, bob);
        var parted = server.admin(
                "POST",
                PROFILES + "user:" + ada + "/unmerge",
                new JsonObject().put("ids", new JsonArray().add("user:" + ada)));
        assertThat(parted.status()).as(parted.body()).isEqualTo(200);
        say(identify(ada, "email", address).put("traits", new JsonObject().put("again", true)));
        nothingOpen();
        assertThat(idOf(ada)).isNotEqualTo(idOf(eve));
        assertThat(idOf(bob)).as("who stays stays together").isEqualTo(idOf(eve));
        assertThat(refusals(ada)).containsExactly("email " + address + " operator");
        assertThat(ids(eve, "email").getFirst().getJsonArray("links")).hasSize(2);

        server.admin("POST", PROFILES + "user:" + ada + "/merge", new JsonObject().put("into", "user:" + eve));
        nothingOpen();
        assertThat(idOf(ada)).isEqualTo(idOf(eve));
        assertThat(ids(eve, "email").getFirst().getJsonArray("links")).hasSize(3);
    }

    @Test
    void an_alias_counts_before_all_ids() {
        var ada = someone();
        var eve = someone();
        var crm = someone();
        say(external(ada, "crm_id", crm), external(eve, "crm_id", crm + "-2"));
        say(new JsonObject().put("type", "alias").put("userId", ada).put("previousId", eve));
        nothingOpen();
        assertThat(idOf(eve)).isEqualTo(idOf(ada));
        assertThat(refusals(ada)).containsExactly("crm_id " + crm + "-2 limit");
    }

    // ---- forgotten ----

    @Test
    void an_id_of_who_was_erased_never_comes_back_under_another() {
        var ada = someone();
        var eve = someone();
        var bob = someone();
        var address = someone() + "@mail.test";
        var crm = someone();
        say(
                external(ada, "crm_id", crm),
                identify(ada, "email", address),
                external(bob, "crm_id", someone()),
                identify(bob, "email", address));
        nothingOpen();
        var exported = server.admin("GET", PROFILES + "user:" + ada + "/export", null);
        assertThat(exported.body()).contains("\"idKind\":\"crm_id\"", crm, "\"idKind\":\"email\"", address);
        var asked = server.admin("POST", PROFILES + "user:" + ada + "/erase", null);
        var done = eventually(
                "the receipt",
                () -> server.admin("GET", asked.header("Location"), null).json(),
                answer -> answer.getString("state").equals("done"));
        assertThat(done.getJsonObject("counts").getInteger("cdp_bond"))
                .as("two of hers, and what somebody else had of it")
                .isEqualTo(3);
        for (var table : List.of("cdp_bond", "cdp_suppression", "audit_detail", "jobs", "cdp_identity")) {
            assertThat(query("SELECT count(*) FROM " + table + " t WHERE t::text LIKE '%" + crm
                            + "%' OR t::text LIKE '%" + ada + "%'"))
                    .as(table)
                    .isEqualTo("0");
        }

        send(external(eve, "crm_id", crm), identify(eve, "email", address));
        say(identify(eve).put("traits", new JsonObject().put("email", address).put("name", "Eve")));
        nothingOpen();
        assertThat(query("SELECT count(*) FROM cdp_bond WHERE value IN ('" + crm + "', '" + address + "')"))
                .isEqualTo("0");
        assertThat(query("SELECT count(*) FROM cdp_event WHERE payload::text LIKE '%" + crm + "%'"))
                .as("an event that says whose it is is dropped as one of the person themselves")
                .isEqualTo("0");
        assertThat(profile(eve).getJsonObject("traits").getString("name"))
                .as("a trait says nothing of whose an event is")
                .isEqualTo("Eve");
    }

    // ---- the rules ----

    @Test
    void rules_are_bounded_versioned_and_for_whom_they_are_for() {
        var etag = server.admin("GET", RULES, null).header("ETag");
        for (var wrong : List.of(
                kind("user_id", 1),
                kind("USERID", 1),
                kind("1st", 1),
                kind("email", 51),
                kind("userId", 1).put("blocked", new JsonArray().add("x")),
                kind("email", 1).put("blocked", new JsonArray().add("a*b")),
                kind("email", 1).put("blocked", new JsonArray().add("*")))) {
            assertThat(lay(etag, wrong).status()).as(wrong.encode()).isEqualTo(422);
        }
        assertThat(lay(etag, kind("email", 1), kind("Email", 1)).status()).isEqualTo(422);
        assertThat(lay(etag, kind("email", 0)).status()).isEqualTo(400);
        assertThat(lay("\"v77\"", kind("email", 1)).status()).isEqualTo(412);
        assertThat(server.send("PUT", RULES, server.member("analyst"), new JsonObject().put("kinds", new JsonArray()))
                        .status())
                .isEqualTo(403);
        assertThat(query("SELECT count(*) FROM audit_event WHERE operation = 'identity-rules.set'"))
                .isEqualTo("1");
    }

    // ---- what is said ----

    private static JsonObject identify(String userId) {
        return new JsonObject().put("type", "identify").put("userId", userId);
    }

    private static JsonObject identify(String userId, String kind, String value) {
        return external(userId, kind, value);
    }

    private static JsonObject external(String userId, String kind, String value) {
        return identify(userId)
                .put(
                        "context",
                        new JsonObject()
                                .put(
                                        "externalIds",
                                        new JsonArray()
                                                .add(new JsonObject()
                                                        .put("id", value)
                                                        .put("type", kind)
                                                        .put("collection", "users")
                                                        .put("encoding", "none"))));
    }

    private static List<String> send(JsonObject... events) {
        var ids = new ArrayList<String>();
        for (var event : events) {
            ids.add(UUID.randomUUID().toString());
            // In this order, also within the same millisecond.
            event.put("messageId", ids.getLast())
                    .put("timestamp", BEGAN.plusSeconds(said++).toString());
        }
        var taken = server.admin("POST", "/v1/batch", new JsonObject().put("batch", new JsonArray(List.of(events))));
        assertThat(taken.status()).as(taken.body()).isEqualTo(200);
        return ids;
    }

    /** Over a server's key; when this answers it is known. */
    private static List<String> say(JsonObject... events) {
        var ids = send(events);
        await(ids);
        return ids;
    }

    private static void await(List<String> messageIds) {
        eventually(
                "what was said",
                () -> query("SELECT count(*) FROM cdp_event WHERE message_id IN ('" + String.join("','", messageIds)
                        + "')"),
                count -> count.equals(String.valueOf(messageIds.size())));
    }

    private static void nothingOpen() {
        eventually(
                "all is looked at",
                () -> query("SELECT count(*) FROM cdp_bond WHERE open"),
                count -> count.equals("0"));
    }

    private static void joined(String one, String other) {
        nothingOpen();
        assertThat(idOf(other)).isEqualTo(idOf(one));
    }

    private static List<JsonObject> ids(String userId, String kind) {
        return identities(userId).stream()
                .filter(one -> one.getString("kind").equals(kind))
                .toList();
    }

    private static List<String> refusals(String userId) {
        return identities(userId).stream()
                .filter(one -> one.getString("refused") != null)
                .map(one -> one.getString("kind") + " " + one.getString("value") + " " + one.getString("refused"))
                .toList();
    }

    /** By pages of one, so that each goes on where the one before ended. */
    private static List<JsonObject> identities(String userId) {
        var all = new ArrayList<JsonObject>();
        var path = PROFILES + "user:" + userId + "/identities?limit=1";
        for (var next = path; next != null; ) {
            var page = server.admin("GET", next, null).json();
            page.getJsonArray("items").forEach(one -> all.add((JsonObject) one));
            next = page.getString("nextCursor") == null ? null : path + "&cursor=" + page.getString("nextCursor");
        }
        return all;
    }

    private static JsonObject profile(String userId) {
        var answer = server.admin("GET", PROFILES + "user:" + userId, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static String idOf(String userId) {
        return profile(userId).getString("id");
    }

    private static String subscribe(String userId) {
        var browser = push.subscribe(
                server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey"));
        var saved = server.admin(
                "POST",
                SUBSCRIPTIONS,
                new JsonObject()
                        .put("endpoint", browser.endpoint())
                        .put(
                                "keys",
                                new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()))
                        .put("userId", userId));
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        return saved.json().getString("id");
    }

    private static String token(String userId) {
        var encoder = Base64.getUrlEncoder().withoutPadding();
        var signed =
                encoder.encodeToString("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8)) + "."
                        + encoder.encodeToString(new JsonObject()
                                .put("sub", userId)
                                .put("exp", Instant.now().plusSeconds(600).getEpochSecond())
                                .encode()
                                .getBytes(StandardCharsets.UTF_8));
        try {
            var mac = Mac.getInstance("HmacSHA256");
            var key = server.admin("GET", "/api/v1/workspaces/current", null)
                    .json()
                    .getString("identityKey");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(key), "HmacSHA256"));
            return signed + "." + encoder.encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonObject kind(String name, int limit) {
        return new JsonObject().put("kind", name).put("limit", limit);
    }

    private static Answer lay(String etag, JsonObject... kinds) {
        return server.admin(
                "PUT", RULES, new JsonObject().put("kinds", new JsonArray(List.of(kinds))), "If-Match", etag);
    }

    private static String someone() {
        return "person-" + UUID.randomUUID();
    }

    private static String query(String sql) {
        return String.valueOf(
                pool.query(sql).execute().await().iterator().next().getValue(0));
    }
}
