package app.fathi;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a workspace lays down is obeyed by what takes events and sends messages. */
class WorkspaceRulesTest {
    private static final String CURRENT = "/api/v1/workspaces/current";
    private static final String MESSAGES = "/api/v1/webpush/messages";

    private static FakePushService push;
    private static TestServer server;
    private static String device;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        var draft = push.subscribe().toJson();
        draft.remove("expirationTime");
        device = server.admin("POST", "/api/v1/webpush/subscriptions", draft)
                .json()
                .getString("id");
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    @BeforeEach
    void nothing_is_laid_down() {
        server.database().execute("DELETE FROM cep_quota_use");
        change(new JsonObject()
                .put("serverOnlyEvents", new JsonArray())
                .put("blockedIds", new JsonArray())
                .put("linkHosts", new JsonArray())
                .put("quota", new JsonObject())
                .putNull("mailSender"));
    }

    private static TestServer.Answer asked(JsonObject change) {
        var etag = server.admin("GET", CURRENT, null).header("ETag");
        return server.admin("PATCH", CURRENT, change, "If-Match", etag);
    }

    private static JsonObject change(JsonObject change) {
        var answer = asked(change);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static JsonObject message(String purpose, JsonObject content) {
        return new JsonObject()
                .put("audience", new JsonObject().put("subscriptionIds", new JsonArray().add(device)))
                .put("purpose", purpose)
                .put("tracking", false)
                .put("content", content.put("title", "t"));
    }

    private static TestServer.Answer send(JsonObject message) {
        return server.admin("POST", MESSAGES, message);
    }

    private static Map<String, Object> reasons(JsonObject message) {
        var taken = send(message);
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        var path = MESSAGES + "/" + taken.json().getString("id");
        return eventually("completed", () -> server.admin("GET", path, null).json(), status -> status.getString("state")
                        .equals("completed"))
                .getJsonObject("reasons")
                .getMap();
    }

    @Test
    void what_is_laid_down_is_shown_and_stands_in_the_trail_as_it_was_and_as_it_is() {
        var quota = new JsonObject().put("deliveriesPerDay", 5).putNull("deliveriesPerMonth");
        var rules = new JsonObject()
                .put("serverOnlyEvents", new JsonArray().add("Order Paid"))
                .put("linkHosts", new JsonArray().add("Shop.Example"))
                .put("quota", quota)
                .put("mailSender", " Grace's Shop ");
        var changed = change(rules);
        assertThat(changed.getJsonArray("serverOnlyEvents")).containsExactly("Order Paid");
        assertThat(changed.getJsonArray("linkHosts")).containsExactly("shop.example");
        assertThat(changed.getJsonObject("quota")).isEqualTo(quota);
        assertThat(changed.getString("mailSender")).isEqualTo("Grace's Shop");
        assertThat(server.admin("GET", CURRENT, null).json()).isEqualTo(changed);
        var line = server.admin("GET", "/api/v1/audit/events?operation=workspace.update&limit=1", null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0);
        assertThat(line.getJsonObject("before").getJsonArray("serverOnlyEvents"))
                .isEmpty();
        assertThat(line.getJsonObject("after").getJsonObject("quota")).isEqualTo(quota);
        assertThat(asked(new JsonObject().put("linkHosts", new JsonArray())).status())
                .isEqualTo(200);
        assertThat(server.admin("PATCH", CURRENT, rules, "If-Match", "\"v1\"").status())
                .isEqualTo(412);
    }

    @Test
    void an_id_that_is_blocked_names_nobody_in_events_and_subscriptions_whatever_its_case() {
        var changed = change(new JsonObject()
                .put("blockedIds", new JsonArray().add(" Unknown ").add("n/a")));
        assertThat(changed.getJsonArray("blockedIds")).containsExactly("n/a", "unknown");
        var event = new JsonObject().put("event", "Bought").put("userId", "UNKNOWN");
        eventually(
                "it is refused", () -> server.admin("POST", "/v1/track", event).status(), status -> status == 400);
        assertThat(server.admin("POST", "/v1/track", event.copy().put("anonymousId", "real-visitor"))
                        .status())
                .isEqualTo(200);
        eventually(
                "the visitor",
                () -> server.admin("GET", "/api/v1/cdp/profiles/anonymous:real-visitor", null)
                        .status(),
                status -> status == 200);
        var browser = push.subscribe(
                server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey"));
        var saved = server.admin(
                "POST",
                "/api/v1/webpush/subscriptions",
                new JsonObject()
                        .put("endpoint", browser.endpoint())
                        .put(
                                "keys",
                                new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()))
                        .put("userId", "unknown")
                        .put("anonymousId", "N/A"));
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        for (var nobody : new String[] {"user:UNKNOWN", "user:unknown", "anonymous:N%2FA"}) {
            assertThat(server.admin("GET", "/api/v1/cdp/profiles/" + nobody, null)
                            .status())
                    .as(nobody)
                    .isEqualTo(404);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"linkHosts\": [\"a.example\", \"https://b.example\"]} | /linkHosts/1",
                "{\"linkHosts\": [\"a.example:443\"]} | /linkHosts/0",
                "{\"serverOnlyEvents\": [\" \"]} | /serverOnlyEvents/0",
                "{\"blockedIds\": [\"x\", \" \"]} | /blockedIds/1",
                "{\"mailSender\": \"Shop <evil@example.com>\"} | /mailSender",
                "{\"mailSender\": \"Shop\\r\\nBcc: x\"} | /mailSender",
                "{\"purposes\": [{\"name\": \"news\", \"description\": \"\"}]} | /purposes",
                "{\"purposes\": [{\"name\": \"transactional\", \"description\": \"\"}, {\"name\": \"transactional\", \"description\": \"\"}]} | /purposes/1/name",
            })
    void what_makes_no_sense_is_refused_at_its_place(String change, String pointer) {
        var answer = asked(new JsonObject(change));
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        assertThat(answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo(pointer);
    }

    @Test
    void events_that_servers_alone_may_send_are_refused_from_browsers_and_nothing_of_the_request_is_taken() {
        change(new JsonObject().put("serverOnlyEvents", new JsonArray().add("Order Paid")));
        var paid = new JsonObject().put("anonymousId", "v").put("event", "Order Paid");
        var alone = server.browser("POST", "/v1/track", paid);
        assertThat(alone.status()).isEqualTo(422);
        assertThat(alone.body()).contains("/event", "from servers only");
        var batch = new JsonObject()
                .put(
                        "batch",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("type", "track")
                                        .put("anonymousId", "v")
                                        .put("event", "Seen"))
                                .add(paid.copy().put("type", "track")));
        var together = server.browser("POST", "/v1/batch", batch);
        assertThat(together.status()).isEqualTo(422);
        assertThat(together.body()).contains("/batch/1/event");
        assertThat(server.browser("POST", "/v1/track", paid.copy().put("event", "Seen"))
                        .status())
                .isEqualTo(200);
        assertThat(server.admin("POST", "/v1/track", paid).status()).isEqualTo(200);
    }

    @Test
    void messages_name_one_of_the_workspaces_purposes() {
        var before = server.admin("GET", CURRENT, null).json().getJsonArray("purposes");
        assertThat(before).hasSize(2);
        assertThat(send(message("order-news", new JsonObject())).body())
                .contains("/purpose", "marketing, transactional");
        change(new JsonObject()
                .put(
                        "purposes",
                        before.copy()
                                .add(new JsonObject().put("name", "order-news").put("description", "Yours"))));
        assertThat(reasons(message("order-news", new JsonObject()))).isEqualTo(Map.of("accepted", 1));
        change(new JsonObject().put("purposes", before));
        assertThat(send(message("order-news", new JsonObject())).status()).isEqualTo(422);
    }

    @Test
    void links_lead_to_the_hosts_that_the_workspace_names_to_those_below_and_to_its_sites() {
        var site = server.admin(
                "POST",
                "/api/v1/webpush/sites",
                new JsonObject().put("origin", "https://site.example").put("name", "Site"));
        assertThat(site.status()).as(site.body()).isEqualTo(201);
        change(new JsonObject().put("linkHosts", new JsonArray().add("shop.example")));
        for (var url : List.of(
                "https://shop.example/x",
                "https://news.SHOP.example:8443/",
                "https://site.example/",
                "https://a.site.example")) {
            assertThat(send(message("marketing", new JsonObject().put("url", url))
                                    .put("dryRun", true))
                            .status())
                    .as(url)
                    .isEqualTo(202);
        }
        for (var url : List.of(
                "https://evil.example/",
                "https://shop.example.evil.example/",
                "https://evilshop.example/",
                "https://shop.example@evil.example/",
                "https://evil.example/?x=https://shop.example",
                "https://evil.example\\@shop.example/")) {
            var refused =
                    send(message("marketing", new JsonObject().put("url", url)).put("dryRun", true));
            assertThat(refused.status()).as(url).isEqualTo(422);
            assertThat(refused.body()).contains("/content/url");
        }
        var action = new JsonObject().put("action", "go").put("title", "Go").put("url", "https://evil.example/");
        assertThat(send(message("marketing", new JsonObject().put("actions", new JsonArray().add(action))))
                        .body())
                .contains("/content/actions/0/url", "linkHosts");
        assertThat(reasons(message("marketing", new JsonObject().put("url", "https://{{ 'evil' }}.example/"))))
                .isEqualTo(Map.of("template_aborted", 1));
        assertThat(reasons(message("marketing", new JsonObject().put("url", "https://{{ 'shop' }}.example/"))))
                .isEqualTo(Map.of("accepted", 1));
        var batch = server.admin(
                "POST",
                MESSAGES + "/batch",
                new JsonObject()
                        .put("purpose", "marketing")
                        .put("dryRun", true)
                        .put("content", new JsonObject().put("title", "t"))
                        .put(
                                "items",
                                new JsonArray()
                                        .add(new JsonObject()
                                                .put("subscriptionId", device)
                                                .put(
                                                        "content",
                                                        new JsonObject().put("url", "https://evil.example/")))));
        assertThat(batch.body()).contains("/items/0/content/url");
    }

    private static Map<String, Object> used(String span) {
        return server.admin("GET", CURRENT + "/usage", null)
                .json()
                .getJsonObject(span)
                .getMap();
    }

    @Test
    void what_is_used_of_a_quota_begins_anew_where_the_workspace_has_its_midnight() {
        assertThat(used("day"))
                .as("nothing is counted without a quota")
                .containsEntry("limit", null)
                .containsEntry("used", null)
                .containsEntry("resetsAt", null);
        var quota = new JsonObject().put("deliveriesPerMonth", 10);
        change(new JsonObject().put("quota", quota).put("timezone", "Pacific/Kiritimati"));
        var zone = ZoneId.of("Pacific/Kiritimati");
        var today = LocalDate.now(zone);
        assertThat(used("day"))
                .containsEntry("limit", null)
                .containsEntry("used", 0)
                .containsEntry(
                        "resetsAt",
                        today.plusDays(1).atStartOfDay(zone).toInstant().toString());
        assertThat(used("month"))
                .containsEntry(
                        "resetsAt",
                        today.withDayOfMonth(1)
                                .plusMonths(1)
                                .atStartOfDay(zone)
                                .toInstant()
                                .toString());
        assertThat(server.send("GET", CURRENT + "/usage", server.otherWorkspace(), null)
                        .json()
                        .getJsonObject("month")
                        .getLong("limit"))
                .isNull();
        change(new JsonObject().put("timezone", "UTC"));
    }

    @Test
    void what_is_beyond_the_quota_is_skipped_and_the_next_day_begins_anew() {
        change(new JsonObject()
                .put("quota", new JsonObject().put("deliveriesPerDay", 2).put("deliveriesPerMonth", 3)));
        assertThat(used("day"))
                .containsEntry("limit", 2)
                .containsEntry("used", 0)
                .containsEntry("left", 2);
        assertThat(reasons(message("marketing", new JsonObject()))).isEqualTo(Map.of("accepted", 1));
        assertThat(used("day")).containsEntry("used", 1).containsEntry("left", 1);
        assertThat(used("month"))
                .containsEntry("limit", 3)
                .containsEntry("used", 1)
                .containsEntry("left", 2);
        assertThat(reasons(message("transactional", new JsonObject()))).isEqualTo(Map.of("accepted", 1));
        assertThat(reasons(message("marketing", new JsonObject()))).isEqualTo(Map.of("quota_exceeded", 1));
        assertThat(used("day")).containsEntry("used", 2).containsEntry("left", 0);
        server.database().execute("UPDATE cep_quota_use SET day = day - 1 WHERE extract(day FROM day) > 1");
        server.database()
                .execute(
                        "UPDATE cep_quota_use SET day = day + 1 WHERE extract(day FROM day) = 1 AND day = current_date");
        assertThat(reasons(message("marketing", new JsonObject()))).isEqualTo(Map.of("accepted", 1));
        assertThat(reasons(message("marketing", new JsonObject())))
                .as("the month's")
                .isEqualTo(Map.of("quota_exceeded", 1));
        change(new JsonObject().put("quota", new JsonObject()));
        assertThat(reasons(message("marketing", new JsonObject()))).isEqualTo(Map.of("accepted", 1));
    }
}
