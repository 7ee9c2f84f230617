package app.fathi.cep.decisions;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.policies.PolicyRows;
import app.fathi.cep.policies.Ring.Sent;
import app.fathi.testing.Closing;
import app.fathi.testing.TestServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecisionsApiTest {
    private static final String EXPLAIN = "/api/v1/cep/explain";
    private static final String DECISIONS = "/api/v1/cep/decisions";
    private static final String NOBODY = "01932f11-21f0-7b00-9000-1a1b1c1d1e1f";

    private static TestServer server;
    private static String profile;
    private static Vertx vertx;
    private static Pool pool;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
        vertx = Vertx.vertx();
        pool = server.database().pool(vertx);
        var event = new JsonObject()
                .put("userId", "ada")
                .put("traits", new JsonObject().put("plan", "gold"))
                .put("context", new JsonObject().put("timezone", "Asia/Tokyo"));
        server.admin("POST", "/v1/identify", event.put("writeKey", server.writeKey()));
        profile = eventually(
                        "the person is there",
                        () -> server.admin("GET", "/api/v1/cdp/profiles/user:ada", null),
                        answer -> answer.status() == 200)
                .json()
                .getString("id");
        var etag = server.admin("GET", "/api/v1/cep/policies", null).header("ETag");
        var dark = new JsonObject()
                .put("name", "mourning")
                .put("start", "2020-01-01T00:00")
                .put("end", "2098-01-01T00:00");
        var policies = new JsonObject()
                .put("blackouts", new JsonArray().add(dark))
                .put("priorities", new JsonObject().put("minutes", 60))
                .put("channelWeights", new JsonObject().put("webpush", 2))
                .put("quietHours", new JsonObject().put("start", "22:00").put("end", "08:00"));
        assertThat(server.admin("PUT", "/api/v1/cep/policies", policies, "If-Match", etag)
                        .status())
                .isEqualTo(200);
    }

    @AfterAll
    static void stop() {
        Closing.close(vertx);
        server.close();
    }

    private static JsonObject ask() {
        return new JsonObject().put("profileId", profile).put("purpose", "marketing");
    }

    @Test
    void an_explanation_names_the_first_stage_and_what_all_the_others_say_at_that_hour() {
        var told = server.admin("POST", EXPLAIN, ask().put("at", "2026-11-02T14:30:00Z"))
                .json();
        var delivery = told.getJsonArray("deliveries").getJsonObject(0);
        assertThat(delivery.getString("outcome")).isEqualTo("skip");
        assertThat(delivery.getString("reason")).isEqualTo("blackout");
        assertThat(delivery.getJsonObject("policy").getString("name")).isEqualTo("mourning");
        assertThat(told.getJsonObject("person").getString("timezone")).isEqualTo("Asia/Tokyo");
        var quiet = stage(delivery, "quiet_hours");
        assertThat(quiet.getString("heldUntil"))
                .as("half past eleven at night in Tokyo")
                .isEqualTo("2026-11-02T23:00:00Z");
        assertThat(stage(delivery, "reachable").getString("reason")).isEqualTo("no_subscription");
        for (var other : List.of("caps", "throttle", "render", "size", "quota")) {
            assertThat(stage(delivery, other).getBoolean("passes")).as(other).isTrue();
        }

        var urgent = server.admin("POST", EXPLAIN, ask().put("purpose", "transactional"))
                .json();
        assertThat(urgent.getJsonArray("deliveries").getJsonObject(0).getString("reason"))
                .isEqualTo("no_subscription");
    }

    @Test
    void an_explanation_says_what_more_important_message_goes_first() {
        var scheduled = server.admin(
                        "POST",
                        "/api/v1/webpush/messages",
                        new JsonObject()
                                .put("audience", new JsonObject().put("userIds", new JsonArray().add("ada")))
                                .put("purpose", "marketing")
                                .put("priority", 80)
                                .put("sendAt", Instant.now().plusSeconds(1_800).toString())
                                .put("content", new JsonObject().put("title", "Later")))
                .json()
                .getString("id");
        assertThat(priority(ask()).getString("reason")).isEqualTo("lower_priority");
        assertThat(priority(ask()).getJsonObject("policy").getString("name")).isEqualTo("priority 80");
        assertThat(priority(ask().put("priority", 80)).getBoolean("passes")).isTrue();
        assertThat(server.admin("POST", EXPLAIN, ask().put("priority", 101)).status())
                .isEqualTo(400);
        server.admin("POST", "/api/v1/webpush/messages/" + scheduled + "/cancel", null);
        assertThat(priority(ask()).getBoolean("passes")).isTrue();
    }

    private static JsonObject priority(JsonObject asked) {
        return stage(
                server.admin("POST", EXPLAIN, asked)
                        .json()
                        .getJsonArray("deliveries")
                        .getJsonObject(0),
                "priority");
    }

    private static JsonObject stage(JsonObject delivery, String name) {
        return delivery.getJsonArray("stages").stream()
                .map(JsonObject.class::cast)
                .filter(stage -> stage.getString("stage").equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void why_somebody_did_not_get_it_is_answered_by_person_and_by_message() {
        var draft = new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray().add("ada")))
                .put("purpose", "marketing")
                .put("tag", "newsletter")
                .put("content", new JsonObject().put("title", "Hello"));
        var message =
                server.admin("POST", "/api/v1/webpush/messages", draft).json().getString("id");
        server.admin("POST", "/api/v1/webpush/messages", draft);
        var decided = eventually(
                "both are decided",
                () -> server.admin("GET", DECISIONS + "?profileId=" + profile, null),
                answer -> answer.json().getJsonArray("items").size() == 2);
        var newest = decided.json().getJsonArray("items").getJsonObject(0);
        assertThat(newest.getString("reason")).isEqualTo("blackout");
        assertThat(newest.getString("stage")).isEqualTo("blackout");
        assertThat(newest.getJsonObject("policy").getString("name")).isEqualTo("mourning");
        var explained = server.admin("POST", EXPLAIN, ask().put("content", draft.getJsonObject("content")))
                .json()
                .getJsonArray("deliveries")
                .getJsonObject(0);
        assertThat(newest.getJsonObject("score"))
                .isEqualTo(explained.getJsonObject("score"))
                .isEqualTo(new JsonObject()
                        .put("value", 0.2)
                        .put("weight", 2.0)
                        .put("efficacy", 0.1)
                        .put("engagement", 1.0)
                        .put("time", 1.0)
                        .put("fit", 1.0)
                        .put("preference", 1.0));

        var first = server.admin("GET", DECISIONS + "?profileId=" + profile + "&limit=1", null)
                .json();
        var rest = server.admin(
                        "GET",
                        DECISIONS + "?profileId=" + profile + "&limit=1&cursor=" + first.getString("nextCursor"),
                        null)
                .json();
        assertThat(rest.getJsonArray("items").getJsonObject(0).getString("messageId"))
                .isEqualTo(message)
                .isNotEqualTo(first.getJsonArray("items").getJsonObject(0).getString("messageId"));
        for (var query : List.of(
                "?messageId=" + message,
                "?messageId=" + message + "&profileId=" + profile,
                "?messageId=" + message + "&reason=blackout&from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z")) {
            assertThat(items(query)).as(query).hasSize(1);
        }
        assertThat(items("?limit=1")).as("a page is of one message").hasSize(1);
        var next =
                server.admin("GET", DECISIONS + "?reason=blackout", null).json().getString("nextCursor");
        assertThat(items("?reason=blackout&cursor=" + next).getJsonObject(0).getString("messageId"))
                .isEqualTo(message);
        assertThat(items("?messageId=" + message + "&reason=capped")).isEmpty();
        assertThat(items("?profileId=" + profile + "&to=2020-01-01T00:00:00Z")).isEmpty();
    }

    private static JsonArray items(String query) {
        return server.admin("GET", DECISIONS + query, null).json().getJsonArray("items");
    }

    @ParameterizedTest
    @CsvSource({
        "'', 200",
        "?messageId=" + NOBODY + ", 404",
        "?profileId=" + NOBODY + ", 404",
        "?profileId=nobody, 400",
        "?profileId=" + NOBODY + "&reason=unheard_of, 404"
    })
    void a_list_needs_to_know_of_what(String query, int status) {
        assertThat(server.admin("GET", DECISIONS + query, null).status()).isEqualTo(status);
    }

    @Test
    void nobody_is_explained_who_is_not_here_and_nothing_that_makes_no_sense() {
        assertThat(server.admin("POST", EXPLAIN, ask().put("profileId", NOBODY)).status())
                .isEqualTo(404);
        assertThat(server.admin("POST", EXPLAIN, ask().put("purpose", "unheard-of"))
                        .status())
                .isEqualTo(422);
        assertThat(server.admin("POST", EXPLAIN, ask().put("userId", "ada")).status())
                .isEqualTo(400);
        var broken = new JsonObject().put("title", "{{ ");
        assertThat(server.admin("POST", EXPLAIN, ask().put("content", broken)).status())
                .isEqualTo(422);
        assertThat(server.send("POST", EXPLAIN, server.otherWorkspace(), ask()).status())
                .isEqualTo(404);
    }

    @Test
    void who_becomes_one_person_has_got_what_both_got() {
        int bob = person("bob", 1, 2);
        int carl = person("carl", 2, 3);
        var into = server.admin("GET", "/api/v1/cdp/profiles/user:carl", null).json();
        var merged = server.admin(
                "POST", "/api/v1/cdp/profiles/user:bob/merge", new JsonObject().put("into", into.getString("id")));
        assertThat(merged.status()).as(merged.body()).isEqualTo(200);
        int one = row("SELECT profile_no FROM cdp_identity WHERE ws = 1 AND value = 'bob'")
                .getInteger("profile_no");
        assertThat(one).isEqualTo(carl).isNotEqualTo(bob);
        assertThat(sent(one)).as("the message that both got counts once").hasSize(3);
    }

    /** Somebody who got these messages; their number. */
    private static int person(String userId, long... runs) {
        server.admin(
                "POST", "/v1/identify", new JsonObject().put("userId", userId).put("writeKey", server.writeKey()));
        eventually(
                "the person is there",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:" + userId, null),
                answer -> answer.status() == 200);
        int no = row("SELECT profile_no FROM cdp_profile WHERE user_id = '" + userId + "'")
                .getInteger("profile_no");
        server.database()
                .execute("INSERT INTO cep_profile_policy VALUES (1, %d, '\\x%s')"
                        .formatted(no, HexFormat.of().formatHex(PolicyRows.ring(runs))));
        return no;
    }

    /** What the person got lately. */
    private static List<Sent> sent(int no) {
        return PolicyRows.sent(row("SELECT ring FROM cep_profile_policy WHERE ws = 1 AND profile_no = " + no));
    }

    private static Row row(String sql) {
        return pool.query(sql).execute().await().iterator().next();
    }

    @Test
    void where_people_are_is_hidden_from_who_may_not_see_what_is_personal() {
        var told = server.send("POST", EXPLAIN, server.member("analyst"), ask()).json();
        assertThat(told.getJsonObject("person").getString("timezone")).isNotEqualTo("Asia/Tokyo");
    }
}
