package app.fathi.cep.policies;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoliciesApiTest {
    private static final String PATH = "/api/v1/cep/policies";

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Answer put(JsonObject policies) {
        return server.admin(
                "PUT",
                PATH,
                policies,
                "If-Match",
                server.admin("GET", PATH, null).header("ETag"));
    }

    private static JsonObject caps(String... caps) {
        var all = new JsonArray();
        for (var cap : caps) {
            all.add(new JsonObject(cap));
        }
        return new JsonObject().put("caps", all);
    }

    private static final String ROLLING =
            "{'name':'a','limit':3,'window':{'kind':'rolling','hours':24}}".replace('\'', '"');

    @Test
    void what_is_laid_down_is_read_again_with_all_that_was_left_to_us_and_stands_in_the_audit_trail() {
        var before = server.admin("GET", PATH, null);
        var laid = put(caps(ROLLING)
                .put("quietHours", new JsonObject().put("start", "22:00").put("end", "08:00")));
        assertThat(laid.status()).as(laid.body()).isEqualTo(200);
        assertThat(laid.json()).isEqualTo(server.admin("GET", PATH, null).json());
        assertThat(laid.header("ETag")).isNotEqualTo(before.header("ETag"));
        var cap = laid.json().getJsonArray("caps").getJsonObject(0);
        assertThat(cap.getString("onExceed")).isEqualTo("drop");
        assertThat(cap.getJsonObject("scope").getString("kind")).isEqualTo("all");
        assertThat(laid.json().getJsonObject("quietHours").getString("then")).isEqualTo("hold");
        assertThat(laid.json().containsKey("priorities")).isTrue();
        assertThat(laid.json().getJsonObject("priorities")).isNull();
        assertThat(laid.json().getJsonObject("channelWeights")).isNull();

        assertThat(put(new JsonObject()).json().getJsonArray("caps"))
                .as("replaced as a whole")
                .isEmpty();
        var line = server.admin("GET", "/api/v1/audit/events?operation=policies.set&limit=1", null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0);
        assertThat(line.getJsonObject("before").getJsonArray("caps")).hasSize(1);
        assertThat(line.getJsonObject("after").getJsonArray("caps")).isEmpty();
    }

    @Test
    void nobody_overwrites_what_they_have_not_read() {
        put(caps(ROLLING));
        assertThat(server.admin("PUT", PATH, new JsonObject()).status()).isEqualTo(428);
        assertThat(server.admin("PUT", PATH, new JsonObject(), "If-Match", "\"v0\"")
                        .status())
                .isEqualTo(412);
        assertThat(server.admin("GET", PATH, null).json().getJsonArray("caps")).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'caps':[{'name':'a','limit':65,'window':{'kind':'rolling','hours':1}}]} | 400 | /caps/0/limit",
                "{'caps':[{'name':'a','limit':3,'window':{'kind':'rolling'}}]} | 422 | /caps/0/window/hours",
                "{'caps':[{'name':'a','limit':3,'window':{'kind':'rolling','hours':1,'unit':'day'}}]} | 422 | /caps/0/window/unit",
                "{'caps':[{'name':'a','limit':3,'window':{'kind':'calendar'}}]} | 422 | /caps/0/window/unit",
                "{'caps':[{'name':'a','limit':3,'window':{'kind':'rolling','hours':1},'scope':{'kind':'tag'}}]} | 422 | /caps/0/scope/tag",
                "{'caps':[{'name':'a','limit':3,'window':{'kind':'rolling','hours':1},'onExceed':'queue'}]} | 422 | /caps/0/maxWaitHours",
                "{'caps':[{'name':'a','limit':3,'window':{'kind':'rolling','hours':1},'maxWaitHours':2}]} | 422 | /caps/0/maxWaitHours",
                "{'caps':[{'name':'a','limit':3,'window':{'kind':'rolling','hours':1}},{'name':'a','limit':4,'window':{'kind':'rolling','hours':2}}]} | 422 | /caps/1/name",
                "{'caps':[{'name':'a','limit':40,'window':{'kind':'rolling','hours':1}},{'name':'b','limit':30,'window':{'kind':'rolling','hours':2},'scope':{'kind':'tag','tag':'x'}}]} | 422 | /caps",
                "{'quietHours':{'start':'08:00','end':'08:00'}} | 422 | /quietHours/end",
                "{'quietHours':{'start':'24:00','end':'08:00'}} | 400 | /quietHours/start",
                "{'blackouts':[{'name':'a','start':'2026-02-30T00:00','end':'2026-03-02T00:00'}]} | 422 | /blackouts/0/start",
                "{'blackouts':[{'name':'a','start':'2026-03-02T00:00','end':'2026-03-02T00:00'}]} | 422 | /blackouts/0/end",
                "{'holdout':{'percent':51}} | 400 | /holdout/percent",
                "{'holdout':{'percent':'5'}} | 400 | /holdout/percent",
                "{'priorities':{'minutes':0}} | 400 | /priorities/minutes",
                "{'priorities':{'minutes':10081}} | 400 | /priorities/minutes",
                "{'priorities':{'minutes':60,'onExceed':'queue'}} | 422 | /priorities/maxWaitHours",
                "{'channelWeights':{'webpush':0}} | 400 | /channelWeights/webpush",
                "{'channelWeights':{'pigeon':1}} | 400 | /channelWeights/pigeon",
                "{'channelWeights':{}} | 400 | /channelWeights",
                "{'caps':[null]} | 400 | /caps/0",
                "{'minGap':null} | 400 | /minGap"
            })
    void what_makes_no_sense_is_refused_at_its_place(String body, int status, String pointer) {
        var answer = put(new JsonObject(body.replace('\'', '"')));
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo(pointer);
    }

    @Test
    void policies_are_a_workspaces_own() {
        put(caps(ROLLING));
        var other = server.otherWorkspace();
        assertThat(server.send("GET", PATH, other, null).json().getInteger("version"))
                .isZero();
    }
}
