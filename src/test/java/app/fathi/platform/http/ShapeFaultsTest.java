package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What does not fit the contract is told once, at its own place, in words that its sender understands. */
class ShapeFaultsTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Map<String, String> faults(String method, String path, JsonObject body, String... headers) {
        var answer = server.admin(method, path, body, headers);
        assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        assertThat(answer.json().getString("code")).isEqualTo("invalid_request");
        var faults = new TreeMap<String, String>();
        answer.json().getJsonArray("errors").stream()
                .map(JsonObject.class::cast)
                .forEach(fault -> faults.put(fault.getString("pointer"), fault.getString("detail")));
        return faults;
    }

    private static Map<String, String> message(String json) {
        return faults("POST", "/api/v1/webpush/messages", new JsonObject(json));
    }

    @Test
    void an_unknown_property_is_told_where_it_stands() {
        assertThat(
                        message(
                                """
                        {"audience": {"userIds": ["a"]}, "purpose": "marketing", "hurry": true,
                         "content": {"title": "x", "colour": "red", "actions": [{"action": "a", "title": "b", "size": 7}]}}"""))
                .isEqualTo(Map.of(
                        "/hurry", "There is no such property.",
                        "/content/colour", "There is no such property.",
                        "/content/actions/0/size", "There is no such property."));
    }

    @Test
    void a_property_that_is_known_but_wrong_is_not_called_unknown() {
        assertThat(
                        message(
                                """
                        {"audience": {"userIds": ["a", 7, ""]}, "purpose": "Sale!", "ttl": 1.5, "urgency": "fast", "topic": "",
                         "content": {"title": 3, "vibrate": [20000], "body": null}, "tracking": "yes"}"""))
                .isEqualTo(Map.of(
                        "/audience/userIds/1", "This takes a text.",
                        "/audience/userIds/2", "This takes at least 1 characters.",
                        "/purpose", "This does not have the form that the contract names.",
                        "/ttl", "This takes a whole number.",
                        "/urgency", "This takes one of very-low, low, normal, high.",
                        "/topic", "This takes at least 1 characters.",
                        "/content/title", "This takes a text.",
                        "/content/vibrate/0", "This takes at most 10000.",
                        "/content/body", "This takes a text.",
                        "/tracking", "This takes true or false."));
    }

    @Test
    void what_is_missing_is_told_where_it_should_stand() {
        assertThat(message("{\"audience\": {\"userIds\": [\"a\"]}, \"content\": {\"actions\": [{\"action\": \"a\"}]}}"))
                .isEqualTo(Map.of(
                        "/purpose", "This property is missing.",
                        "/content/title", "This property is missing.",
                        "/content/actions/0/title", "This property is missing."));
    }

    @Test
    void of_alternatives_only_their_place_is_told() {
        assertThat(
                        message(
                                """
                        {"audience": {"userIds": ["a"]}, "purpose": "marketing", "content": {"title": "x"},
                         "devices": {"lastActive": 99}}"""))
                .isEqualTo(Map.of("/devices", "This takes one of the forms that the contract names."));
    }

    @Test
    void limits_of_lists_are_told() {
        assertThat(
                        message(
                                """
                        {"audience": {"userIds": [], "profileIds": []}, "purpose": "marketing", "content": {"title": "x"}}"""))
                .isEqualTo(Map.of(
                        "/audience", "This has too few or too many properties.",
                        "/audience/userIds", "This takes at least 1 items.",
                        "/audience/profileIds", "This takes at least 1 items."));
        assertThat(faults(
                        "POST",
                        "/api/v1/api-keys",
                        new JsonObject()
                                .put("name", "k")
                                .put("permissions", new JsonArray().add("a:b").add("a:b"))))
                .isEqualTo(Map.of("/permissions", "No item may be repeated."));
    }

    @Test
    void a_parameter_is_told_by_its_name() {
        assertThat(faults("GET", "/api/v1/webpush/subscriptions?limit=0", null))
                .isEqualTo(Map.of("limit", "This takes at least 1."));
        assertThat(faults("GET", "/api/v1/webpush/subscriptions?limit=many", null))
                .containsOnlyKeys("limit");
        assertThat(faults("GET", "/api/v1/webpush/subscriptions?status=asleep", null))
                .isEqualTo(Map.of("status", "This takes one of active, expired, unsubscribed."));
        assertThat(faults("GET", "/api/v1/webpush/subscriptions?colour=red", null))
                .isEqualTo(Map.of("colour", "There is no such query parameter."));
        assertThat(faults("DELETE", "/api/v1/api-keys/1", null, "If-Match", "x".repeat(65)))
                .isEqualTo(Map.of("If-Match", "This takes at most 64 characters."));
    }

    @Test
    void a_missing_body_is_told() {
        assertThat(faults("POST", "/api/v1/webpush/messages", null)).isEqualTo(Map.of("", "The body is missing."));
    }
}
