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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a person may ask for: that nothing is sent, what is known of them, and that it be forgotten. With real pushes. */
class PrivacyTest {
    private static final String PROFILES = "/api/v1/cdp/profiles";
    private static final String SUPPRESSIONS = "/api/v1/cdp/suppressions";

    private static FakePushService push;
    private static Vertx vertx;

    private static TestServer server;
    private static Pool pool;

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

    // ---- consent -------------------------------------------------------------------------------------------------

    @Test
    void what_a_person_has_refused_is_not_sent_and_what_they_have_not_is() {
        var id = subscribed();
        assertThat(sent(id, "marketing")).isEqualTo("accepted");
        var refused = consents(id, word("marketing", "*", false));
        assertThat(refused.status()).as(refused.body()).isEqualTo(200);
        assertThat(sent(id, "marketing")).isEqualTo("no_consent");
        assertThat(sent(id, "transactional")).isEqualTo("accepted");
        consents(id, word("marketing", "webpush", true));
        assertThat(sent(id, "marketing")).as("the later word counts").isEqualTo("accepted");
        consents(id, word("marketing", "email", false));
        assertThat(sent(id, "marketing")).as("another channel").isEqualTo("accepted");
        consents(id, word("marketing", "*", false));
        assertThat(sent(id, "marketing")).isEqualTo("no_consent");
    }

    @Test
    void consent_stands_with_what_shows_it_and_each_word_stands_in_the_timeline() {
        var id = subscribed();
        var evidence = new JsonObject().put("text", "Yes, send me offers");
        consents(id, word("offers", "webpush", true).put("evidence", evidence));
        consents(id, word("offers", "webpush", false));
        var items = server.admin("GET", PROFILES + "/user:" + id + "/consents", null)
                .json()
                .getJsonArray("items");
        assertThat(items).hasSize(1);
        assertThat(items.getJsonObject(0).getBoolean("granted")).isFalse();
        assertThat(items.getJsonObject(0).getString("source")).isEqualTo("user");
        var events = server.admin("GET", PROFILES + "/user:" + id + "/events?name=Consent%20Changed", null)
                .json()
                .getJsonArray("items");
        assertThat(events).hasSize(2);
        assertThat(events.getJsonObject(1).getJsonObject("properties").getJsonObject("evidence"))
                .isEqualTo(evidence);
    }

    @Test
    void a_browser_says_it_for_its_visitor_and_for_nobody_known_without_proof() {
        var id = subscribed();
        var visitor = UUID.randomUUID().toString();
        server.browser("POST", "/api/v1/webpush/subscriptions", subscription().put("anonymousId", visitor));
        var event = new JsonObject()
                .put("event", "Consent Changed")
                .put("properties", new JsonObject().put("purpose", "marketing").put("granted", false));
        server.browser("POST", "/v1/track", event.copy().put("userId", id).put("messageId", "x-" + id));
        server.browser("POST", "/v1/track", event.copy().put("anonymousId", visitor));
        var known = eventually(
                "the visitor's word",
                () -> server.admin("GET", PROFILES + "/anonymous:" + visitor + "/consents", null)
                        .json(),
                answer -> !answer.getJsonArray("items").isEmpty());
        assertThat(known.getJsonArray("items").getJsonObject(0).getString("source"))
                .isEqualTo("browser-key");
        eventually(
                "the other event",
                () -> server.admin("GET", PROFILES + "/user:" + id + "/events", null)
                        .body(),
                body -> body.contains("x-" + id));
        assertThat(server.admin("GET", PROFILES + "/user:" + id + "/consents", null)
                        .json()
                        .getJsonArray("items"))
                .isEmpty();
        assertThat(sent(id, "marketing")).isEqualTo("accepted");
    }

    @Test
    void a_visitor_whom_somebody_claims_without_proof_is_left_alone_when_they_refuse() {
        var id = someone();
        var visitor = UUID.randomUUID().toString();
        var subscription = server.browser(
                        "POST", "/api/v1/webpush/subscriptions", subscription().put("anonymousId", visitor))
                .json()
                .getString("id");
        server.browser(
                "POST", "/v1/identify", new JsonObject().put("userId", id).put("anonymousId", visitor));
        eventually(
                "the claim",
                () -> server.admin("GET", PROFILES + "/user:" + id, null),
                answer -> answer.status() == 200 && answer.body().contains(visitor));
        assertThat(sentTo(subscription, "marketing")).isEqualTo("accepted");
        consents(id, word("marketing", "*", false));
        assertThat(sentTo(subscription, "marketing")).isEqualTo("no_consent");
    }

    @Test
    void nobody_agrees_for_a_known_person_by_claiming_to_be_them() {
        var id = subscribed();
        var path = PROFILES + "/user:" + id + "/consents";
        consents(id, word("marketing", "*", false));
        var visitor = UUID.randomUUID().toString();
        for (var event : List.of(
                new JsonObject()
                        .put("type", "track")
                        .put("event", "Consent Changed")
                        .put(
                                "properties",
                                new JsonObject().put("purpose", "marketing").put("granted", true)),
                new JsonObject()
                        .put("type", "track")
                        .put("event", "Consent Changed")
                        .put(
                                "properties",
                                new JsonObject().put("purpose", "news").put("granted", false)),
                new JsonObject().put("type", "identify").put("userId", id))) {
            var answer = server.browser(
                    "POST",
                    "/v1/batch",
                    new JsonObject().put("batch", JsonArray.of(event.put("anonymousId", visitor))));
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        }
        eventually(
                "what the claimant has refused",
                () -> server.admin("GET", path, null).body(),
                body -> body.contains("news"));
        assertThat(granted(path, "marketing")).isFalse();
        assertThat(sent(id, "marketing")).isEqualTo("no_consent");

        server.admin("POST", "/v1/identify", new JsonObject().put("userId", id).put("anonymousId", visitor));
        eventually("what was theirs, as is proven now", () -> granted(path, "marketing"), Boolean.TRUE::equals);
        assertThat(sent(id, "marketing")).isEqualTo("accepted");
    }

    private static boolean granted(String path, String purpose) {
        return server.admin("GET", path, null).json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .filter(consent -> consent.getString("purpose").equals(purpose))
                .findFirst()
                .orElseThrow()
                .getBoolean("granted");
    }

    @Test
    void a_consent_that_says_nothing_possible_is_refused() {
        var id = subscribed();
        assertThat(consents(id, word("Marketing!", "*", true)).status()).isEqualTo(400);
        assertThat(consents(id, word("marketing", "pigeon", true)).status()).isEqualTo(400);
        assertThat(consents(
                                id,
                                word("marketing", "*", true)
                                        .put("evidence", new JsonObject().put("text", "x".repeat(5_000))))
                        .status())
                .isEqualTo(422);
        assertThat(consents(id, word("a", "*", true), word("a", "*", false)).status())
                .isEqualTo(422);
    }

    // ---- suppression ---------------------------------------------------------------------------------------------

    @Test
    void who_is_on_the_list_gets_nothing_for_any_purpose_until_they_are_off_it() {
        var id = subscribed();
        var entry = suppress("userId", id);
        assertThat(sent(id, "marketing")).isEqualTo("suppressed");
        assertThat(sent(id, "transactional")).isEqualTo("suppressed");
        assertThat(server.admin("POST", SUPPRESSIONS, entry("userId", id)).status())
                .isEqualTo(409);
        assertThat(server.admin("DELETE", SUPPRESSIONS + "/" + entry, null).status())
                .isEqualTo(204);
        assertThat(sent(id, "transactional")).isEqualTo("accepted");
    }

    @Test
    void an_address_is_known_by_its_traits_whenever_they_come_and_however_they_are_written() {
        var id = subscribed();
        var mail = "Ada." + id + "@Example.com";
        suppress("email", mail.toUpperCase(Locale.ROOT));
        assertThat(sent(id, "marketing")).isEqualTo("accepted");
        traits(id, new JsonObject().put("email", mail));
        assertThat(sent(id, "marketing")).isEqualTo("suppressed");
        traits(id, new JsonObject().put("email", "other@example.com"));
        assertThat(sent(id, "marketing")).isEqualTo("accepted");
        var phone = id.replaceAll("[^0-9]", "");
        traits(id, new JsonObject().put("phone", "+" + phone.substring(0, 3) + " (" + phone.substring(3) + ")"));
        suppress("phone", phone);
        assertThat(sent(id, "marketing")).isEqualTo("suppressed");
    }

    @Test
    void somebody_may_be_on_the_list_before_they_come() {
        var id = someone();
        suppress("userId", id);
        subscribe(id);
        assertThat(sent(id, "marketing")).isEqualTo("suppressed");
    }

    @Test
    void the_list_is_found_by_value_by_who_may_see_it() {
        var id = someone();
        suppress("email", id + "@example.com");
        var path = SUPPRESSIONS + "?kind=email&value=" + id.toUpperCase(Locale.ROOT) + "@EXAMPLE.com";
        var items = server.admin("GET", path, null).json().getJsonArray("items");
        assertThat(items).hasSize(1);
        assertThat(items.getJsonObject(0).getString("value")).isEqualTo(id + "@example.com");
        var analyst = server.member("analyst");
        assertThat(server.send("GET", path, analyst, null).status()).isEqualTo(403);
        assertThat(server.send("GET", SUPPRESSIONS, analyst, null).body()).doesNotContain(id);
        assertThat(server.admin("GET", SUPPRESSIONS + "?value=x", null).status())
                .isEqualTo(400);
        assertThat(server.admin("POST", SUPPRESSIONS, entry("phone", "nobody")).status())
                .isEqualTo(422);
    }

    // ---- export and erasure --------------------------------------------------------------------------------------

    @Test
    void an_export_holds_all_that_is_known_and_no_secret() {
        var id = subscribed();
        traits(id, new JsonObject().put("city", "Izmir"));
        consents(id, word("offers", "*", true));
        sent(id, "marketing");
        var file = server.admin("GET", PROFILES + "/user:" + id + "/export", null);
        assertThat(file.header("Content-Type")).isEqualTo("application/x-ndjson");
        var kinds = file.body()
                .lines()
                .map(line -> new JsonObject(line).getString("kind"))
                .toList();
        assertThat(kinds).contains("profile", "consent", "subscription", "message", "event");
        assertThat(file.body()).contains("Izmir", "offers").doesNotContain("/push/", "p256dh", "secret");
    }

    @Test
    void who_is_erased_is_gone_from_every_table_and_does_not_come_again() {
        var id = subscribed();
        var visitor = UUID.randomUUID().toString();
        var mail = id + "@example.com";
        traits(id, new JsonObject().put("email", mail).put("city", "Pergamon"));
        server.admin("POST", "/v1/identify", new JsonObject().put("userId", id).put("anonymousId", visitor));
        eventually(
                "the visitor",
                () -> server.admin("GET", PROFILES + "/user:" + id, null).body(),
                body -> body.contains(visitor));
        sent(id, "marketing");
        var path = PROFILES + "/user:" + id;
        var profileId = server.admin("GET", path, null).json().getString("id");

        var asked = server.admin("POST", path + "/erase", null, "Idempotency-Key", id);
        assertThat(asked.status()).as(asked.body()).isEqualTo(202);
        assertThat(server.admin("POST", path + "/erase", null, "Idempotency-Key", id)
                        .json())
                .isEqualTo(asked.json());
        var receipt = eventually(
                "the receipt",
                () -> server.admin("GET", asked.header("Location"), null).json(),
                answer -> answer.getString("state").equals("done"));
        assertThat(receipt.getString("profileId")).isEqualTo(profileId);
        assertThat(receipt.getJsonObject("counts").getInteger("webpush_subscription"))
                .isEqualTo(1);
        assertThat(receipt.getJsonObject("counts").getInteger("cdp_event")).isPositive();
        assertThat(receipt.getJsonObject("counts").getInteger("audit_detail")).isPositive();
        assertThat(server.admin("GET", path, null).status()).isEqualTo(404);
        assertThat(server.admin("GET", PROFILES + "/" + profileId, null).status())
                .isEqualTo(404);

        for (var table : tables()) {
            for (var word : List.of(id, visitor, "Pergamon")) {
                assertThat(query("SELECT count(*) FROM %s t WHERE t::text LIKE '%%%s%%'".formatted(table, word)))
                        .as("%s in %s", word, table)
                        .isEqualTo("0");
            }
        }

        assertThat(server.admin(
                                "POST",
                                "/api/v1/webpush/subscriptions",
                                subscription().put("userId", id))
                        .status())
                .isEqualTo(422);
        var other = someone();
        for (var who : List.of(
                new JsonObject().put("userId", id),
                new JsonObject().put("anonymousId", visitor),
                new JsonObject().put("userId", other).put("anonymousId", visitor))) {
            server.admin("POST", "/v1/identify", who.put("traits", new JsonObject().put("city", "Pergamon")));
        }
        subscribe(other);
        traits(other, new JsonObject().put("email", mail));
        assertThat(sent(other, "marketing")).as("the address, too").isEqualTo("suppressed");
        assertThat(server.admin("GET", path, null).status()).isEqualTo(404);
        assertThat(server.admin("GET", PROFILES + "/anonymous:" + visitor, null).status())
                .isEqualTo(404);
        assertThat(server.admin("GET", "/api/v1/audit/verify", null).json().getBoolean("valid"))
                .isTrue();

        var entry = server.admin("GET", SUPPRESSIONS + "?kind=userId&value=" + id, null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0);
        assertThat(entry.getString("reason")).isEqualTo("erased");
        assertThat(UUID.fromString(entry.getString("id")).version())
                .as("in the order of the list")
                .isEqualTo(7);
        assertThat(entry.getString("value")).isNull();
        server.admin("DELETE", SUPPRESSIONS + "/" + entry.getString("id"), null);
        subscribe(id);
        assertThat(sent(id, "marketing")).as("who wants to come back").isEqualTo("accepted");
    }

    @Test
    void who_is_erased_takes_no_other_known_person_along() {
        var ada = someone();
        var eve = subscribed();
        var visitor = UUID.randomUUID().toString();
        for (var id : List.of(ada, eve)) {
            server.admin(
                    "POST", "/v1/identify", new JsonObject().put("userId", id).put("anonymousId", visitor));
            eventually(
                    "the claim of " + id,
                    () -> server.admin("GET", PROFILES + "/user:" + id + "/events", null)
                            .body(),
                    body -> body.contains(visitor));
        }
        for (var gone : List.of(ada, eve)) {
            var asked = server.admin("POST", PROFILES + "/user:" + gone + "/erase", null);
            eventually(
                    "the receipt of " + gone,
                    () -> server.admin("GET", asked.header("Location"), null).json(),
                    answer -> answer.getString("state").equals("done"));
            if (gone.equals(ada)) {
                assertThat(sent(eve, "marketing")).isEqualTo("accepted");
            }
        }
        assertThat(
                        query(
                                "SELECT count(*) FROM cdp_identity WHERE address_no NOT IN (SELECT profile_no FROM cdp_profile)"))
                .as("ids that lead to nobody")
                .isEqualTo("0");
    }

    @Test
    void a_device_that_others_have_used_remembers_nobody_who_was_erased() {
        var ada = someone();
        var eve = someone();
        var visitor = UUID.randomUUID().toString();
        for (var id : List.of(ada, eve)) {
            server.admin(
                    "POST", "/v1/identify", new JsonObject().put("userId", id).put("anonymousId", visitor));
            eventually(
                    "the claim of " + id,
                    () -> query("SELECT count(*) FROM cdp_identity WHERE value = '%s' AND claimants ? '%s'"
                            .formatted(visitor, id)),
                    "1"::equals);
        }
        erase(eve);
        assertThat(query("SELECT claimants = jsonb_build_array('%s', '') FROM cdp_identity WHERE value = '%s'"
                        .formatted(ada, visitor)))
                .as("that somebody else has used it is still known")
                .isEqualTo("true");
        for (var table : tables()) {
            assertThat(query("SELECT count(*) FROM %s t WHERE t::text LIKE '%%%s%%'".formatted(table, eve)))
                    .as("who was erased in %s", table)
                    .isEqualTo("0");
        }
        assertThat(server.admin("GET", PROFILES + "/user:" + ada + "/identities", null)
                        .json()
                        .getJsonArray("items")
                        .getJsonObject(1)
                        .getJsonArray("links")
                        .getJsonObject(0)
                        .getBoolean("verified"))
                .as("the last to prove it was somebody else")
                .isFalse();
    }

    @Test
    void who_waits_to_be_erased_gets_nothing_whatever_comes_of_them_meanwhile() {
        var id = subscribed();
        var listed = someone() + "@example.com";
        server.admin("POST", SUPPRESSIONS, new JsonObject().put("kind", "email").put("value", listed));
        var asked = server.admin("POST", PROFILES + "/user:" + id + "/erase", null);
        server.admin(
                "POST",
                "/v1/identify",
                new JsonObject().put("userId", id).put("traits", new JsonObject().put("city", id)));
        eventually(
                "what came meanwhile, or the end of the person",
                () -> query("SELECT count(*) FROM cdp_profile WHERE user_id = '%s' AND traits ->> 'city' IS NULL"
                        .formatted(id)),
                "0"::equals);
        assertThat(query("SELECT count(*) FROM cdp_profile WHERE user_id = '%s' AND NOT suppressed".formatted(id)))
                .isEqualTo("0");
        eventually(
                "the receipt",
                () -> server.admin("GET", asked.header("Location"), null).json(),
                answer -> answer.getString("state").equals("done"));
    }

    private static void erase(String userId) {
        var asked = server.admin("POST", PROFILES + "/user:" + userId + "/erase", null);
        eventually(
                "the receipt of " + userId,
                () -> server.admin("GET", asked.header("Location"), null).json(),
                answer -> answer.getString("state").equals("done"));
    }

    /** All but the streams and the idempotency keys, which forget by themselves within hours. */
    private static List<String> tables() {
        return List.of(query(
                        """
                        SELECT string_agg(relname, ',') FROM pg_class
                        WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
                          AND relname NOT IN ('stream_record', 'idempotency')
                        """)
                .split(","));
    }

    private static String query(String sql) {
        return pool.query(sql).execute().await().iterator().next().getValue(0).toString();
    }

    // ---- what is asked again and again ---------------------------------------------------------------------------

    private static String someone() {
        return "person-" + UUID.randomUUID();
    }

    private static String subscribed() {
        var id = someone();
        subscribe(id);
        return id;
    }

    private static void subscribe(String userId) {
        var saved = server.admin(
                "POST", "/api/v1/webpush/subscriptions", subscription().put("userId", userId));
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
    }

    private static JsonObject subscription() {
        var browser = push.subscribe(
                server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey"));
        return new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
    }

    private static void traits(String userId, JsonObject traits) {
        var path = PROFILES + "/user:" + userId;
        var changed = server.admin(
                "PATCH",
                path,
                new JsonObject().put("traits", traits),
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
        assertThat(changed.status()).as(changed.body()).isEqualTo(200);
    }

    private static JsonObject word(String purpose, String channel, boolean granted) {
        return new JsonObject().put("purpose", purpose).put("channel", channel).put("granted", granted);
    }

    private static Answer consents(String userId, JsonObject... words) {
        return server.admin(
                "PUT",
                PROFILES + "/user:" + userId + "/consents",
                new JsonObject().put("consents", new JsonArray(List.of(words))));
    }

    private static JsonObject entry(String kind, String value) {
        return new JsonObject().put("kind", kind).put("value", value);
    }

    private static String suppress(String kind, String value) {
        var made = server.admin("POST", SUPPRESSIONS, entry(kind, value));
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        return made.json().getString("id");
    }

    private static String sent(String userId, String purpose) {
        return sent(new JsonObject().put("userIds", new JsonArray().add(userId)), purpose);
    }

    private static String sentTo(String subscription, String purpose) {
        return sent(new JsonObject().put("subscriptionIds", new JsonArray().add(subscription)), purpose);
    }

    /** The reason of the one delivery that came of it. */
    private static String sent(JsonObject audience, String purpose) {
        var message = new JsonObject()
                .put("audience", audience)
                .put("purpose", purpose)
                .put("content", new JsonObject().put("title", "Hello"));
        var taken = server.admin("POST", "/api/v1/webpush/messages", message);
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        var path = "/api/v1/webpush/messages/" + taken.json().getString("id");
        eventually("its end", () -> server.admin("GET", path, null).json(), found -> found.getString("state")
                .equals("completed"));
        return server.admin("GET", path + "/deliveries", null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0)
                .getString("reason");
    }
}
