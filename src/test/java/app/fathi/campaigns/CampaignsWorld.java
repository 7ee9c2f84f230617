package app.fathi.campaigns;

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
import io.vertx.sqlclient.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** A server with a push service behind it, and a marketer at work. */
final class CampaignsWorld implements AutoCloseable {
    static final String CAMPAIGNS = "/api/v1/campaigns";

    final FakePushService push = FakePushService.start();
    final TestServer server;
    final Vertx vertx = Vertx.vertx();
    final Pool pool;

    CampaignsWorld() {
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        pool = server.database().pool(vertx);
    }

    List<Row> rows(String sql) {
        var rows = new ArrayList<Row>();
        pool.query(sql).execute().await().forEach(rows::add);
        return rows;
    }

    void execute(String sql) {
        server.database().execute(sql);
    }

    /** So many people with a browser each, all in a segment of their own, whose id it is. */
    String segment(String prefix, int people) {
        var names = new JsonArray();
        for (int i = 0; i < people; i++) {
            subscribe(prefix + i);
            names.add("user:" + prefix + i);
        }
        var segment = made("/api/v1/segments", new JsonObject().put("name", "S " + UUID.randomUUID()))
                .getString("id");
        if (people > 0) {
            var added = server.admin(
                    "POST", "/api/v1/segments/" + segment + "/members", new JsonObject().put("add", names));
            assertThat(added.json().getInteger("added")).as(added.body()).isEqualTo(people);
        }
        return segment;
    }

    FakePushService.VirtualSubscription subscribe(String user) {
        var key = server.browser("GET", "/api/v1/webpush/key", null).json();
        var browser = push.subscribe(key.getString("publicKey"));
        var saved = server.admin(
                "POST", "/api/v1/webpush/subscriptions", browser.toJson().put("userId", user));
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        return browser;
    }

    JsonObject made(String path, JsonObject draft) {
        var answer = server.admin("POST", path, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json();
    }

    static JsonObject draft(String... segments) {
        return new JsonObject()
                .put("name", "C " + UUID.randomUUID())
                .put("purpose", "marketing")
                .put("content", new JsonObject().put("title", "Hello"))
                .put("audience", new JsonObject().put("include", new JsonArray(List.of(segments))));
    }

    JsonObject campaign(JsonObject draft) {
        return made(CAMPAIGNS, draft);
    }

    static String path(JsonObject campaign) {
        return CAMPAIGNS + "/" + campaign.getString("id");
    }

    Answer as(String token, JsonObject campaign, String method, String more, JsonObject body) {
        return server.send(
                method, path(campaign) + more, token, body, "If-Match", "\"v" + campaign.getLong("version") + "\"");
    }

    Answer edit(JsonObject campaign, String method, String more, JsonObject body) {
        return as(server.token(), campaign, method, more, body);
    }

    JsonObject edited(JsonObject campaign, String method, String more, JsonObject body) {
        return ok(edit(campaign, method, more, body));
    }

    JsonObject step(JsonObject campaign, String step) {
        return edited(campaign, "POST", "/" + step, null);
    }

    static JsonObject ok(Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    JsonObject get(JsonObject campaign, String more) {
        return ok(server.admin("GET", path(campaign) + more, null));
    }

    JsonObject awaitStatus(JsonObject campaign, String status) {
        return eventually("the campaign is " + status, () -> get(campaign, ""), found -> found.getString("status")
                .equals(status));
    }

    /** What the ledger itself says of the campaign's messages: deliveries by reason. */
    Map<String, Long> ledger(JsonObject campaign) {
        var reasons = new TreeMap<String, Long>();
        rows("""
                SELECT e.name, count(*) AS n FROM campaigns_run c JOIN cep_run r ON r.id = c.message
                JOIN cep_message m ON m.run = r.run JOIN cep_reason e ON e.code = m.reason
                WHERE c.campaign = '%s' AND m.state >= 2 GROUP BY e.name
                """
                        .formatted(campaign.getString("id")))
                .forEach(row -> reasons.put(row.getString("name"), row.getLong("n")));
        return reasons;
    }

    /** What others learn of it, in order. */
    List<String> facts(String campaign) {
        return rows("SELECT kind FROM stream_record WHERE topic = 'facts' AND key = '%s' ORDER BY pos"
                        .formatted(campaign))
                .stream()
                .map(row -> row.getString("kind"))
                .toList();
    }

    List<String> findings(JsonObject campaign) {
        return ok(server.admin("POST", path(campaign) + "/check", null)).getJsonArray("findings").stream()
                .map(JsonObject.class::cast)
                .map(one -> one.getString("severity") + " " + one.getString("code"))
                .toList();
    }

    /** The jobs that are to launch it are due now, for that slot. */
    void due(JsonObject campaign, String slot) {
        var launches = "type = 'campaigns.launch' AND key LIKE '%s%%'".formatted(campaign.getString("id"));
        // One that still runs would write over what is said here when it ends; and the key is that of a later slot,
        // which asks for its own.
        eventually(
                "its launch sleeps",
                () -> rows("SELECT state FROM jobs WHERE " + launches),
                jobs -> !jobs.isEmpty()
                        && jobs.stream().allMatch(job -> job.getString("state").equals("waiting")));
        execute(
                """
                WITH campaign AS (UPDATE campaigns_campaign SET next_slot = '%1$s' WHERE id = '%2$s')
                UPDATE jobs SET due_at = now(), key = key || '/earlier', payload = jsonb_set(payload, '{slot}', '"%1$s"')
                WHERE %3$s
                """
                        .formatted(slot, campaign.getString("id"), launches));
    }

    @Override
    public void close() {
        Closing.close(vertx);
        server.close();
        push.close();
    }
}
