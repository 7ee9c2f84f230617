package app.fathi.crash;

import static app.fathi.crash.Node.must;
import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld.Sent;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.UUID;

/**
 * A campaign to everybody.
 *
 * @param title like no other's
 * @param before how many requests the push service had seen when it was made
 */
public record Campaign(String id, String title, long before) {
    private static final String CAMPAIGNS = "/api/v1/campaigns/";

    /** A draft. */
    public static Campaign plan(CrashWorld world, Node node) {
        var title = "campaign " + UUID.randomUUID();
        var everybody = new JsonObject().put("type", "subscribed").put("channel", "webpush");
        var draft = CrashWorld.message(title, new JsonArray())
                .put("name", title)
                .put("audience", new JsonObject().put("rule", everybody));
        var id = must(201, node.post("/api/v1/campaigns", draft)).getString("id");
        return new Campaign(id, title, world.push.requests());
    }

    public Campaign launch(Node node) {
        must(200, node.post(path() + "/launch", new JsonObject(), "If-Match", "\"v1\""));
        return this;
    }

    /** Waits until so many of its messages have come to the push service. */
    public Campaign awaitRequests(CrashWorld world, int requests) {
        world.awaitRequests(new Sent("", title, before), requests);
        return this;
    }

    /** Whether it was there to be paused: who asks too late is told so. */
    public boolean pause(Node node) {
        return node.post(path() + "/pause", new JsonObject()).status() == 200;
    }

    public void resume(Node node) {
        must(200, node.post(path() + "/resume", new JsonObject()));
    }

    /** The one message of its one run. */
    public Sent sent(Node node) {
        var runs = eventually(
                "its run",
                () -> must(200, node.get(path() + "/runs")).getJsonArray("items"),
                items -> !items.isEmpty());
        assertThat(runs).hasSize(1);
        return new Sent(runs.getJsonObject(0).getString("messageId"), title, before);
    }

    public void awaitCompleted(Node node) {
        eventually(
                "it is completed",
                Duration.ofMinutes(5),
                () -> must(200, node.get(path())).getString("status"),
                status -> status.equals("completed"));
    }

    private String path() {
        return CAMPAIGNS + id;
    }
}
