package app.fathi.browsers;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What the site's backend does: sends messages, reads what became of them, says who its visitors are. */
record PushApi(TestServer server) {

    JsonObject subscription(String id) {
        return get("/api/v1/webpush/subscriptions/" + id);
    }

    /** To one browser; the message's id. */
    String send(String subscriptionId, JsonObject content) {
        return send(new JsonObject().put("subscriptionIds", new JsonArray().add(subscriptionId)), content);
    }

    /** To a person; the message's id. */
    String sendToUser(String userId, JsonObject content) {
        return send(new JsonObject().put("userIds", new JsonArray().add(userId)), content);
    }

    String sendToProfile(String profileId, JsonObject content) {
        return send(new JsonObject().put("profileIds", new JsonArray().add(profileId)), content);
    }

    private String send(JsonObject audience, JsonObject content) {
        var answer = server.admin(
                "POST",
                "/api/v1/webpush/messages",
                new JsonObject()
                        .put("audience", audience)
                        .put("purpose", "marketing")
                        .put("content", content));
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return answer.json().getString("id");
    }

    /** The counts of a message that are not 0. */
    Map<String, Integer> counts(String message) {
        return numbers(get("/api/v1/webpush/messages/" + message).getJsonObject("counts"));
    }

    void awaitCount(String message, String name, int count) {
        eventually(name + " of the message", () -> counts(message), counts -> counts.getOrDefault(name, 0) == count);
    }

    /** Why its deliveries ended as they did, once all have. */
    Map<String, Integer> reasons(String message) {
        return numbers(eventually(
                        "the end of the message",
                        () -> get("/api/v1/webpush/messages/" + message),
                        json -> json.getString("state").equals("completed"))
                .getJsonObject("reasons"));
    }

    /** Its only delivery. */
    JsonObject delivery(String message) {
        return get("/api/v1/webpush/messages/" + message + "/deliveries")
                .getJsonArray("items")
                .getJsonObject(0);
    }

    /** As a backend does with its secret key: the person is known from now on. */
    void identify(String userId, JsonObject traits) {
        var answer = server.send(
                "POST",
                "/v1/identify",
                server.token(),
                new JsonObject().put("userId", userId).put("traits", traits));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        awaitProfile("user:" + userId);
    }

    /** Waits until what was told of the person is derived. */
    JsonObject awaitProfile(String id) {
        return eventually(
                        "the profile " + id,
                        () -> server.admin("GET", "/api/v1/cdp/profiles/" + id, null),
                        answer -> answer.status() == 200)
                .json();
    }

    /** A JWT that says who the visitor is (HS256, RFC 7515), as a backend makes it without any library. */
    String identityToken(String userId) {
        var key = Base64.getDecoder().decode(get("/api/v1/workspaces/current").getString("identityKey"));
        var signed = base64url("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + "."
                + base64url(new JsonObject()
                        .put("sub", userId)
                        .put("exp", Instant.now().getEpochSecond() + 600)
                        .encode());
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return signed + "."
                    + Base64.getUrlEncoder()
                            .withoutPadding()
                            .encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String base64url(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A site of the workspace, and a prompt that is for it alone; the prompt's id. */
    String prompt(String origin, JsonObject draft) {
        var site = post(
                "/api/v1/webpush/sites",
                new JsonObject().put("origin", origin).put("name", "Shop").put("icon", origin + "/icon.svg"));
        return further(site, draft);
    }

    /** One more on the site of another. */
    String promptBeside(String prompt, JsonObject draft) {
        return further(get("/api/v1/webpush/prompts/" + prompt).getString("siteId"), draft);
    }

    private String further(String siteId, JsonObject draft) {
        return post("/api/v1/webpush/prompts", draft.copy().put("siteId", siteId));
    }

    private String post(String path, JsonObject draft) {
        var answer = server.admin("POST", path, draft);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json().getString("id");
    }

    /** Waits until the pages have told of so many in all: shown, accepted, refused. */
    void awaitPrompt(String id, int shown, int accepted, int refused) {
        eventually(
                "what became of the prompt",
                () -> {
                    var counts = get("/api/v1/webpush/prompts/" + id).getJsonObject("counts");
                    return List.of(total(counts, "shown"), total(counts, "accepted"), total(counts, "refused"));
                },
                List.of(shown, accepted, refused)::equals);
    }

    private static int total(JsonObject counts, String name) {
        return counts.getJsonObject(name).getInteger("total");
    }

    private JsonObject get(String path) {
        var answer = server.admin("GET", path, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static Map<String, Integer> numbers(JsonObject json) {
        return json.stream()
                .filter(entry -> !entry.getValue().equals(0))
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> (Integer) entry.getValue()));
    }
}
