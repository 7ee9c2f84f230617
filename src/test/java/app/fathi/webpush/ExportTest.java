package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.security.SealedInput;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** All subscriptions with their secrets, as a sealed file. */
class ExportTest {
    private static final String EXPORT = "/api/v1/webpush/subscriptions/export";
    private static final String PASSPHRASE = "correct horse battery staple";
    private static final JsonObject DRAFT = new JsonObject().put("passphrase", PASSPHRASE);
    private static final int ROWS = 1_203;

    private static TestServer server;
    private static String keyId;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
        keyId = server.browser("GET", "/api/v1/webpush/key", null).json().getString("id");
        var file = new StringBuilder();
        for (int i = 0; i < ROWS; i++) {
            file.append(line(i).encode()).append('\n');
        }
        importAll(server.token(), keyId, file.toString());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void the_file_holds_everything_and_another_workspace_takes_it_as_it_is() throws Exception {
        var answer = download(server.token());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Disposition").orElseThrow())
                .contains("subscriptions-");
        assertThat(new String(answer.body(), UTF_8)).doesNotContain("fcm.googleapis.com", "BTBZMqHH6r4Tts7J_aSIgg");
        var plain = new SealedInput(new ByteArrayInputStream(answer.body()), PASSPHRASE).readAllBytes();
        var lines = new String(plain, UTF_8).lines().map(JsonObject::new).toList();
        var key = lines.getFirst();
        assertThat(key.getString("type")).isEqualTo("pushKey");
        assertThat(key.getString("id")).isEqualTo(keyId);
        var subscriptions = lines.subList(1, lines.size());
        var byEndpoint = new HashMap<String, JsonObject>();
        subscriptions.forEach(one -> byEndpoint.put(one.getString("endpoint"), one));
        assertThat(byEndpoint).hasSize(ROWS);
        for (int i = 0; i < ROWS; i++) {
            var told = line(i);
            var exported = byEndpoint.get(told.getString("endpoint"));
            assertThat(exported.getString("status")).isEqualTo("active");
            told.forEach(entry -> assertThat(exported.getValue(entry.getKey()))
                    .as(entry.getKey())
                    .isEqualTo(entry.getValue()));
        }

        var other = server.otherWorkspace();
        var there = server.send(
                        "POST",
                        "/api/v1/webpush/keys/import",
                        other,
                        new JsonObject()
                                .put("publicKey", key.getString("publicKey"))
                                .put("privateKey", key.getString("privateKey")))
                .json()
                .getString("id");
        var file = new StringBuilder();
        subscriptions.forEach(one -> file.append(one.encode()).append('\n'));
        assertThat(importAll(other, there, file.toString()).getMap())
                .containsEntry("created", ROWS)
                .containsEntry("faulty", 0);
    }

    @Test
    void an_api_key_an_old_sign_in_and_another_role_get_nothing() {
        var key = server.admin(
                "POST",
                "/api/v1/api-keys",
                new JsonObject()
                        .put("name", "exporter")
                        .put("permissions", new JsonArray().add("subscriptions:export")));
        var refused = server.send("POST", EXPORT, key.json().getString("secret"), DRAFT);
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.json().getString("detail")).contains("not for an API key");

        var token = server.member("administrator");
        server.database()
                .execute("UPDATE users_session SET signed_in_at = now() - interval '6 minutes' WHERE account ="
                        + " (SELECT id FROM users_account ORDER BY created_at DESC LIMIT 1)");
        var late = server.send("POST", EXPORT, token, DRAFT);
        assertThat(late.status()).as(late.body()).isEqualTo(403);
        assertThat(late.json().getString("detail")).contains("within the last 5 minutes");

        for (var role : List.of("integrator", "marketing-manager")) {
            assertThat(server.send("POST", EXPORT, server.member(role), DRAFT).status())
                    .isEqualTo(403);
        }
        assertThat(server.admin("POST", EXPORT, new JsonObject().put("passphrase", "short"))
                        .status())
                .isEqualTo(400);
    }

    @Test
    void each_export_stands_in_the_audit_trail_without_its_passphrase() throws Exception {
        download(server.token());
        var events = eventually(
                "the record",
                () -> server.admin("GET", "/api/v1/audit/events?operation=subscription.export&result=success", null),
                answer -> answer.json().getJsonArray("items").size() > 0);
        assertThat(events.body()).doesNotContain(PASSPHRASE);
    }

    private static JsonObject line(int i) {
        return new JsonObject()
                .put("endpoint", "https://fcm.googleapis.com/fcm/send/" + i)
                .put(
                        "keys",
                        new JsonObject()
                                .put(
                                        "p256dh",
                                        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
                                .put("auth", "BTBZMqHH6r4Tts7J_aSIgg"))
                .put("userId", "person-" + i)
                .put("language", "tr")
                .put("timezone", "Europe/Istanbul")
                .put("site", "https://shop.example")
                .put("createdAt", "2026-01-05T09:30:00Z")
                .put("lastSeenAt", "2026-02-05T09:30:00Z");
    }

    private static JsonObject importAll(String token, String key, String file) {
        var taken = server.octets(
                "POST",
                "/api/v1/webpush/subscriptions/import?keyId=" + key,
                token,
                file.getBytes(UTF_8),
                "Content-Type",
                "application/x-ndjson");
        return eventually(
                        "the end of the import",
                        () -> server.send("GET", taken.header("Location"), token, null)
                                .json(),
                        json -> json.getString("finishedAt") != null)
                .getJsonObject("counts");
    }

    private static HttpResponse<byte[]> download(String token) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url() + EXPORT))
                                .header("Authorization", "Bearer " + token)
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(DRAFT.encode()))
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray());
    }
}
