package app.fathi.platform.audit;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Eventually;
import app.fathi.testing.TestServer;
import app.fathi.testing.ToolProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The audit trail as who may read it sees it. */
class AuditTest {
    private static final String AUDIT = "/api/v1/audit";
    private static final Map<String, String> KEY =
            Map.of("FATHI_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");

    private static TestServer server;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        var settings = new HashMap<>(KEY);
        settings.put("FATHI_AUDIT_CHAIN_MILLIS", "50");
        server = TestServer.start(settings);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static JsonObject key(String token, String name, String... permissions) {
        var draft = new JsonObject().put("name", name).put("permissions", new JsonArray(List.of(permissions)));
        var answer = server.send("POST", "/api/v1/api-keys", token, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json();
    }

    private static JsonArray events(String filter) {
        return server.admin("GET", AUDIT + "/events?" + filter, null).json().getJsonArray("items");
    }

    private static JsonObject awaitVerified() {
        return Eventually.eventually(
                "the chain",
                () -> server.admin("GET", AUDIT + "/verify", null).json(),
                found -> found.getLong("waiting") == 0 && found.getLong("checked") > 0);
    }

    @Test
    void a_change_is_chained_and_the_trail_verifies_here_and_at_the_machine() {
        key(server.token(), "chained", "messages:read");
        var found = awaitVerified();
        assertThat(found.getBoolean("valid")).as(found.encode()).isTrue();
        var head = found.getJsonObject("head");
        assertThat(server.admin(
                                "GET",
                                AUDIT + "/verify?head=" + head.getLong("seq") + ":" + head.getString("hash"),
                                null)
                        .json()
                        .getBoolean("valid"))
                .isTrue();
        assertThat(tool(0).out()).contains("Workspace Main", "all as they were written", "head ");

        server.database()
                .execute(
                        "UPDATE audit_event SET actor_name = 'Nobody' WHERE id = (SELECT event FROM audit_chain WHERE seq = 1)");
        var changed = server.admin("GET", AUDIT + "/verify", null).json();
        assertThat(changed.getBoolean("valid")).isFalse();
        assertThat(changed.getJsonArray("faults").getJsonObject(0).getString("kind"))
                .isEqualTo("changed");
        assertThat(tool(2).out()).contains("1 faults", "changed    number 1");
        server.database()
                .execute(
                        "UPDATE audit_event SET actor_name = 'Fathi' WHERE id = (SELECT event FROM audit_chain WHERE seq = 1)");
    }

    private ToolProcess.Answer tool(int exit) {
        var environment = new HashMap<>(KEY);
        environment.putAll(server.database().environment());
        var answer = ToolProcess.run(folder, environment, "audit", "verify");
        assertThat(answer.exit()).as(answer.out() + answer.err()).isEqualTo(exit);
        return answer;
    }

    @Test
    void another_workspace_verifies_its_own_chain_alone() {
        var stranger = server.otherWorkspace();
        var found = Eventually.eventually(
                "the chain",
                () -> server.send("GET", AUDIT + "/verify", stranger, null).json(),
                each -> each.getLong("waiting") == 0 && each.getLong("checked") > 0);
        assertThat(found.getBoolean("valid")).isTrue();
        assertThat(found.getLong("checked")).as("their sign-in").isEqualTo(1);
        var beyond = server.send("GET", AUDIT + "/verify?after=9", stranger, null);
        assertThat(beyond.status()).isEqualTo(400);
    }

    @Test
    void who_looks_at_people_is_on_record() {
        server.admin("POST", "/v1/identify", new JsonObject().put("userId", "seen"));
        Eventually.eventually(
                "the profile",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:seen", null)
                        .status(),
                status -> status == 200);
        var events =
                Eventually.eventually("the line", () -> events("operation=profile.read"), found -> !found.isEmpty());
        var event = events.getJsonObject(events.size() - 1);
        assertThat(event.getString("result")).isEqualTo("success");
        assertThat(event.getJsonObject("object"))
                .isEqualTo(new JsonObject().put("kind", "profile").putNull("id"));
        assertThat(event.getJsonObject("after")).isEqualTo(new JsonObject().put("asked", "user:seen"));
        server.admin("GET", "/api/v1/webpush/subscriptions", null);
        Eventually.eventually("the list", () -> events("operation=subscription.list"), found -> !found.isEmpty());
        assertThat(events("operation=profile.read&result=denied")).isEmpty();
    }

    @Test
    void lines_are_found_by_who_did_what_to_what() {
        var made = key(server.token(), "found", "messages:read");
        var mine = server.admin("GET", "/api/v1/auth/me", null).json().getString("id");
        assertThat(events("objectKind=api-key&objectId=" + made.getString("id")))
                .hasSize(1);
        assertThat(events("actorId=" + mine + "&operation=api-key.create")).isNotEmpty();
        assertThat(events("actorId=" + made.getString("id"))).isEmpty();
        assertThat(events("objectKind=message&objectId=" + made.getString("id")))
                .isEmpty();
        assertThat(server.admin("GET", AUDIT + "/events?actorId=x", null).status())
                .isEqualTo(400);
    }

    @Test
    void an_export_is_the_same_lines_and_no_cell_is_a_formula() {
        var formula = "=HYPERLINK(\"https://evil.example\",\"x\")";
        var key = key(server.token(), formula, "api-keys:create", "messages:read");
        key(key.getString("secret"), "plain, \"quoted\"", "messages:read");
        var filter = "operation=api-key.create&actorId=" + key.getString("id");
        var csv = server.admin("GET", AUDIT + "/export?format=csv&" + filter, null);
        assertThat(csv.header("Content-Type")).isEqualTo("text/csv");
        assertThat(csv.header("Content-Disposition")).isEqualTo("attachment; filename=\"audit.csv\"");
        assertThat(csv.body().lines()).hasSize(2);
        assertThat(csv.body())
                .startsWith("id,at,operation,")
                .contains(",\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\")\",");
        var lines = server.admin("GET", AUDIT + "/export?" + filter, null);
        assertThat(new JsonObject(lines.body())).isEqualTo(events(filter).getJsonObject(0));
        Eventually.eventually(
                "the export on record", () -> events("operation=audit.export"), found -> !found.isEmpty());
    }

    @Test
    void an_export_of_many_lines_has_each_once() {
        server.database()
                .execute(
                        """
                        WITH event AS (
                          INSERT INTO audit_event (ws, operation, result, actor_kind, actor_name, request_id, digest)
                          SELECT 1, 'thing.many', 'success', 'user', 'Ada', 'r', sha256('salt{}') FROM generate_series(1, 1200) RETURNING id)
                        INSERT INTO audit_detail (event, salt, detail) SELECT id, 'salt', '{}' FROM event
                        """);
        var lines = server.admin("GET", AUDIT + "/export?operation=thing.many", null)
                .body()
                .lines()
                .toList();
        assertThat(lines).hasSize(1_200).doesNotHaveDuplicates();
        var refused = server.admin("GET", AUDIT + "/export?from=2026-01-01T00:00:99Z", null);
        assertThat(refused.status()).isEqualTo(400);
    }
}
