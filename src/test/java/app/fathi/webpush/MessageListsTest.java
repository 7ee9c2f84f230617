package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Testing a subscription, sending again what did not arrive, and finding messages and deliveries. */
class MessageListsTest {
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";
    private static final String MESSAGES = "/api/v1/webpush/messages";

    private static FakePushService push;
    private static TestServer server;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    @Test
    void a_test_reaches_its_browser_and_the_answer_says_where_to_look() {
        var browser = push.subscribe();
        var id = subscribe(browser, null);
        var answer = server.send("POST", SUBSCRIPTIONS + "/" + id + "/test", server.member("campaign-manager"), null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        var end = completed(answer.header("Location"));
        assertThat(end.getString("source")).isEqualTo("test");
        assertThat(end.getJsonObject("reasons").getMap()).isEqualTo(Map.of("accepted", 1));
        assertThat(browser.receipts().getFirst().json().toString()).contains("This is a test notification.");

        var own = new JsonObject().put("content", new JsonObject().put("title", "Mine"));
        completed(server.admin("POST", SUBSCRIPTIONS + "/" + id + "/test", own).header("Location"));
        assertThat(browser.receipts().getLast().json().toString()).contains("Mine");
        var before = browser.receipts().size();
        assertThat(server.admin("POST", SUBSCRIPTIONS + "/" + id + "/test", new JsonObject().put("dryRun", true))
                        .json()
                        .getInteger("reachable"))
                .isEqualTo(1);
        assertThat(browser.receipts()).hasSize(before);

        assertThat(server.send("POST", SUBSCRIPTIONS + "/" + id + "/test", server.member("analyst"), null)
                        .status())
                .isEqualTo(403);
        assertThat(server.send("POST", SUBSCRIPTIONS + "/" + id + "/test", server.otherWorkspace(), null)
                        .status())
                .isEqualTo(404);
        server.admin("DELETE", SUBSCRIPTIONS + "/" + id, null);
        assertThat(server.admin("POST", SUBSCRIPTIONS + "/" + id + "/test", null)
                        .status())
                .isEqualTo(409);
    }

    @Test
    void what_failed_is_sent_again_once_and_never_to_whom_it_reached() throws Exception {
        var fine = push.subscribe();
        var refused = push.subscribe().answer(FakePushService.Answer.status(400));
        var gone = push.subscribe().answer(FakePushService.Answer.status(410));
        var ids = List.of(subscribe(fine, null), subscribe(refused, null), subscribe(gone, null));
        var first = send(new JsonObject().put("subscriptionIds", new JsonArray(ids)), "Once more");
        assertThat(completed(first).getJsonObject("reasons").getMap())
                .isEqualTo(Map.of("accepted", 1, "bad_request", 1, "gone", 1));

        var preview = server.admin("POST", first + "/resend", new JsonObject().put("dryRun", true));
        assertThat(preview.status()).as(preview.body()).isEqualTo(202);
        assertThat(preview.json().getInteger("planned")).isEqualTo(2);
        assertThat(preview.json().getInteger("reachable")).isEqualTo(1);

        var taken = new ConcurrentLinkedQueue<TestServer.Answer>();
        var calls = new ArrayList<Thread>();
        for (int i = 0; i < 10; i++) {
            calls.add(Thread.startVirtualThread(() -> taken.add(server.admin("POST", first + "/resend", null))));
        }
        for (var call : calls) {
            call.join();
        }
        assertThat(taken.stream().filter(answer -> answer.status() == 202)).hasSize(1);
        assertThat(taken.stream().filter(answer -> answer.status() == 409)).hasSize(9);
        var second = taken.stream()
                .filter(answer -> answer.status() == 202)
                .findFirst()
                .orElseThrow();
        var end = completed(second.header("Location"));
        assertThat(end.getString("source")).isEqualTo("resend");
        assertThat(first).endsWith(end.getString("resendOf"));
        assertThat(end.getJsonObject("reasons").getMap()).isEqualTo(Map.of("accepted", 1, "no_subscription", 1));
        assertThat(fine.receipts()).hasSize(1);
        assertThat(refused.receipts().getLast().json().toString()).contains("Once more");
        assertThat(server.admin("POST", first + "/resend", null).json().getString("detail"))
                .contains(second.json().getString("id"));
        var chosen = new JsonObject()
                .put("reasons", new JsonArray().add("bad_request"))
                .put("dryRun", true);
        assertThat(server.admin("POST", second.header("Location") + "/resend", chosen)
                        .json()
                        .getInteger("planned"))
                .isZero();
        assertThat(server.admin("POST", second.header("Location") + "/resend", chosen.put("dryRun", false))
                        .status())
                .as("nothing of it")
                .isEqualTo(409);
        assertThat(server.admin(
                                "POST",
                                first + "/resend",
                                new JsonObject().put("reasons", new JsonArray().add("because")))
                        .status())
                .isEqualTo(400);
        assertThat(server.send("POST", first + "/resend", server.otherWorkspace(), null)
                        .status())
                .isEqualTo(404);
    }

    @Test
    void a_message_whose_time_is_over_is_sent_again_only_with_a_new_time() {
        var browser = push.subscribe().answer(FakePushService.Answer.status(400));
        var message = send(
                new JsonObject().put("subscriptionIds", new JsonArray().add(subscribe(browser, null))), "Too late");
        completed(message);
        var id = message.substring(MESSAGES.length() + 1);
        server.database()
                .execute("UPDATE cep_run SET expires_at = now() - interval '1 minute' WHERE id = '" + id + "'");
        var late = server.admin("POST", message + "/resend", null);
        assertThat(late.status()).isEqualTo(409);
        assertThat(late.json().getString("detail")).contains("Name a ttl");
        var again = server.admin("POST", message + "/resend", new JsonObject().put("ttl", 60));
        assertThat(again.status()).as(again.body()).isEqualTo(202);
        assertThat(completed(again.header("Location")).getJsonObject("reasons").getMap())
                .isEqualTo(Map.of("accepted", 1));
    }

    @Test
    void a_message_to_one_device_is_not_sent_again_to_another_of_the_same_person() {
        var visitor = "visitor-of-two";
        var first = push.subscribe();
        var other = push.subscribe();
        var id = subscribe(first, visitor);
        subscribe(other, visitor);
        server.admin("DELETE", SUBSCRIPTIONS + "/" + id, null);
        var message = send(new JsonObject().put("subscriptionIds", new JsonArray().add(id)), "For the first alone");
        assertThat(completed(message).getJsonObject("reasons").getMap()).isEqualTo(Map.of("no_subscription", 1));
        completed(server.admin("POST", message + "/resend", null).header("Location"));
        assertThat(other.receipts()).isEmpty();
    }

    @Test
    void each_item_of_a_batch_keeps_its_own_words_when_it_is_sent_again() {
        var browser = push.subscribe().answer(FakePushService.Answer.status(400));
        var item = new JsonObject()
                .put("subscriptionId", subscribe(browser, null))
                .put("data", new JsonObject().put("code", "731924"));
        var batch = server.admin(
                "POST",
                MESSAGES + "/batch",
                new JsonObject()
                        .put("purpose", "transactional")
                        .put("content", new JsonObject().put("title", "Your code is {{ data.code }}"))
                        .put("items", new JsonArray().add(item)));
        var message = MESSAGES + "/"
                + batch.json().getJsonArray("items").getJsonObject(0).getString("messageId");
        assertThat(completed(message).getString("source")).isEqualTo("batch");
        completed(server.admin("POST", message + "/resend", null).header("Location"));
        assertThat(browser.receipts().getLast().json().toString()).contains("Your code is 731924");
    }

    @Test
    void a_message_that_is_under_way_is_not_sent_again() {
        var message = server.admin(
                        "POST",
                        MESSAGES,
                        draft(
                                        new JsonObject()
                                                .put(
                                                        "subscriptionIds",
                                                        new JsonArray().add(subscribe(push.subscribe(), null))),
                                        "Later")
                                .put(
                                        "sendAt",
                                        java.time.Instant.now()
                                                .plusSeconds(3_600)
                                                .toString()))
                .header("Location");
        assertThat(server.admin("POST", message + "/resend", null).status()).isEqualTo(409);
    }

    @Test
    void messages_are_found_by_state_source_purpose_topic_and_time_however_many_others_there_are() {
        var workspace = server.otherWorkspace();
        server.database()
                .execute(
                        """
                        INSERT INTO cep_run (run, ws, id, kind, channel, state, purpose, content, ttl_seconds, urgency, topic,
                                             tracking, send_at, expires_at, planned, unknown, chunks_left, created_at)
                        SELECT 1000000 + n, (SELECT max(no) FROM users_workspace), gen_random_uuid(),
                               CASE WHEN n = 7 THEN 'test' ELSE 'api' END, 1,
                               CASE WHEN n = 3 THEN 'cancelled' ELSE 'completed' END, 'marketing', '{}', 0, 'normal',
                               CASE WHEN n = 5 THEN 'order-7' END, true, now(), now(), 1, 0, 0,
                               '2026-01-01'::timestamptz + make_interval(secs => n / 2)
                        FROM generate_series(1, 12000) AS n
                        """);
        assertThat(all(workspace, "limit=200&from=2026-01-01T01:30:00Z"))
                .hasSize(1_201)
                .doesNotHaveDuplicates();
        assertThat(all(workspace, "limit=7&to=2026-01-01T00:00:30Z")).hasSize(59);
        assertThat(all(workspace, "from=2026-01-01T00:00:01Z&to=2026-01-01T00:00:02Z"))
                .hasSize(2);
        for (var filter : List.of("state=cancelled", "source=test", "topic=order-7")) {
            assertThat(all(workspace, filter)).as(filter).hasSize(1);
            var first =
                    server.send("GET", MESSAGES + "?" + filter, workspace, null).json();
            assertThat(first.getJsonArray("items"))
                    .as("not among the first that are looked at")
                    .isEmpty();
            assertThat(first.getString("nextCursor")).isNotNull();
        }
        assertThat(all(workspace, "purpose=transactional")).isEmpty();
        var cursor = server.send("GET", MESSAGES + "?limit=1", workspace, null)
                .json()
                .getString("nextCursor");
        assertThat(server.admin("GET", MESSAGES + "?limit=1&cursor=" + cursor, null)
                        .status())
                .as("another workspace's cursor")
                .isEqualTo(400);
        assertThat(server.send("GET", MESSAGES + "?state=completed&cursor=" + cursor, workspace, null)
                        .status())
                .as("another filter's cursor")
                .isEqualTo(400);
        assertThat(server.admin("GET", MESSAGES + "?from=yesterday", null).status())
                .isEqualTo(400);
    }

    @Test
    void deliveries_are_found_by_their_reason() {
        var gone = push.subscribe().answer(FakePushService.Answer.status(410));
        var ids = new JsonArray().add(subscribe(push.subscribe(), null)).add(subscribe(gone, null));
        var message = send(new JsonObject().put("subscriptionIds", ids), "Who is there?");
        completed(message);
        var found = server.admin("GET", message + "/deliveries?reason=gone&state=failed&limit=1", null);
        assertThat(found.json().getJsonArray("items")).hasSize(1);
        assertThat(found.json().getString("nextCursor")).isNull();
        assertThat(server.admin("GET", message + "/deliveries?reason=capped", null)
                        .json()
                        .getJsonArray("items"))
                .isEmpty();
        assertThat(server.admin("GET", message + "/deliveries?reason=because", null)
                        .status())
                .isEqualTo(400);
    }

    private static List<String> all(String token, String filter) {
        var ids = new ArrayList<String>();
        String cursor = "";
        while (cursor != null) {
            var page = server.send(
                            "GET", MESSAGES + "?" + filter + (cursor.isEmpty() ? "" : "&cursor=" + cursor), token, null)
                    .json();
            page.getJsonArray("items").forEach(item -> ids.add(((JsonObject) item).getString("id")));
            cursor = page.getString("nextCursor");
        }
        return ids;
    }

    private static String subscribe(VirtualSubscription browser, String anonymousId) {
        var draft = browser.toJson();
        draft.remove("expirationTime");
        if (anonymousId != null) {
            draft.put("anonymousId", anonymousId);
        }
        return server.browser("POST", SUBSCRIPTIONS, draft).json().getString("id");
    }

    /** Where the message is found. */
    private static String send(JsonObject audience, String title) {
        var answer = server.admin("POST", MESSAGES, draft(audience, title));
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return answer.header("Location");
    }

    private static JsonObject draft(JsonObject audience, String title) {
        return new JsonObject()
                .put("audience", audience)
                .put("purpose", "transactional")
                .put("content", new JsonObject().put("title", title));
    }

    private static JsonObject completed(String message) {
        return eventually(
                "the end of the message",
                () -> server.admin("GET", message, null).json(),
                json -> json.getString("state").equals("completed"));
    }
}
