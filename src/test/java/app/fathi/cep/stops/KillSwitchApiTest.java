package app.fathi.cep.stops;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KillSwitchApiTest {
    private static final String PATH = "/api/v1/cep/kill-switch";

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void lift() {
        for (var each : engaged()) {
            var one = (JsonObject) each;
            var change = new JsonObject().put("scope", one.getString("scope")).put("engaged", false);
            if (one.getString("target") != null) {
                change.put("target", one.getString("target"));
            }
            server.admin("PUT", PATH, change);
        }
        assertThat(engaged()).isEmpty();
    }

    private static JsonArray engaged() {
        return server.admin("GET", PATH, null).json().getJsonArray("engaged");
    }

    private static JsonObject stop(String scope) {
        return new JsonObject().put("scope", scope).put("reason", "wrong price");
    }

    @Test
    void what_is_stopped_can_be_read_with_its_reason_and_by_whom_until_it_is_lifted() {
        var answer = server.admin("PUT", PATH, stop("workspace").put("exceptTransactional", true));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(engaged()).hasSize(1);
        var one = engaged().getJsonObject(0);
        assertThat(one.getString("scope")).isEqualTo("workspace");
        assertThat(one.getBoolean("exceptTransactional")).isTrue();
        assertThat(one.getString("reason")).isEqualTo("wrong price");
        assertThat(one.getString("engagedBy")).isEqualTo("Administrator");

        server.admin("PUT", PATH, stop("workspace"));
        assertThat(engaged()).hasSize(1);
        assertThat(engaged().getJsonObject(0).getBoolean("exceptTransactional")).isFalse();

        var lift = new JsonObject().put("scope", "workspace").put("engaged", false);
        assertThat(server.admin("PUT", PATH, lift).json().getJsonArray("engaged"))
                .isEmpty();
        assertThat(server.admin("PUT", PATH, lift).status()).as("lifting again").isEqualTo(200);
    }

    @Test
    void each_change_is_on_record_with_what_was_before() {
        server.admin("PUT", PATH, stop("all"));
        server.admin("PUT", PATH, new JsonObject().put("scope", "all").put("engaged", false));
        var events = server.admin("GET", "/api/v1/audit/events?operation=kill-switch.set&limit=2", null)
                .json()
                .getJsonArray("items");
        assertThat(events.getJsonObject(0).getJsonObject("before").getString("reason"))
                .isEqualTo("wrong price");
        assertThat(events.getJsonObject(1).getJsonObject("after").getString("reason"))
                .isEqualTo("wrong price");
    }

    @Test
    void readiness_and_metrics_show_it_to_who_knows_nothing_of_it() {
        assertThat(server.raw("GET", "/health/ready", null, null).json().getString("status"))
                .isEqualTo("ready");
        server.admin("PUT", PATH, stop("origin").put("target", "https://FCM.example:443/"));
        var ready = eventually(
                "readiness says so", () -> server.raw("GET", "/health/ready", null, null), answer -> answer.json()
                        .containsKey("notices"));
        assertThat(ready.status()).as("still ready").isEqualTo(200);
        assertThat(ready.json().getJsonArray("notices")).containsExactly("kill-switch");
        assertThat(server.raw("GET", "/metrics", null, null).body()).contains("fathi_kill_switches 1.0");
        assertThat(engaged().getJsonObject(0).getString("target")).isEqualTo("https://fcm.example");
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "workspace, -, -, /reason",
                "workspace, -, '  ', /reason",
                "channel, -, why, /target",
                "channel, email, why, /target",
                "origin, -, why, /target",
                "origin, fcm.example, why, /target",
                "origin, https://fcm.example/path, why, /target",
                "origin, ftp://fcm.example, why, /target",
                "campaign, -, why, /target",
                "campaign, boots, why, /target",
                "campaign, 01932fa0-0000-7a00-8000-000000000001, why, /target",
                "workspace, webpush, why, /target"
            })
    void what_makes_no_sense_is_refused_with_what_to_do(String scope, String target, String reason, String pointer) {
        var change = new JsonObject().put("scope", scope);
        if (target != null) {
            change.put("target", target);
        }
        if (reason != null) {
            change.put("reason", reason);
        }
        var answer = server.admin("PUT", PATH, change);
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo(pointer);
        assertThat(engaged()).isEmpty();
    }

    @Test
    void a_campaign_that_is_stopped_says_so_where_it_is_checked_and_no_other_does() {
        var boots = campaign("Boots");
        var socks = campaign("Socks");
        var stopped = server.admin("PUT", PATH, stop("campaign").put("target", boots.toUpperCase(Locale.ROOT)));
        assertThat(stopped.status()).as(stopped.body()).isEqualTo(200);
        assertThat(engaged().getJsonObject(0).getString("target")).isEqualTo(boots);
        assertThat(checked(boots)).contains("kill_switch");
        assertThat(checked(socks)).doesNotContain("kill_switch");
    }

    private static String campaign(String name) {
        return server.admin(
                        "POST",
                        "/api/v1/campaigns",
                        new JsonObject().put("name", name).put("purpose", "marketing"))
                .json()
                .getString("id");
    }

    private static String checked(String campaign) {
        return server.admin("POST", "/api/v1/campaigns/" + campaign + "/check", null)
                .body();
    }

    @Test
    void who_may_only_send_messages_may_not_stop_them() {
        var draft = new JsonObject().put("name", "sender").put("permissions", new JsonArray().add("messages:send"));
        var key = server.admin("POST", "/api/v1/api-keys", draft).json().getString("secret");
        assertThat(server.send("PUT", PATH, key, stop("workspace")).status()).isEqualTo(403);
        assertThat(server.send("GET", PATH, key, null).status()).isEqualTo(403);
    }
}
