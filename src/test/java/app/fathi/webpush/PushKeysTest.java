package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The life of push keys over the API, with a push service that refuses whatever is signed with another key. */
class PushKeysTest {
    private static final String KEYS = "/api/v1/webpush/keys";
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";
    private static final String RAW_PUBLIC =
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
    private static final String RAW_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";

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
    void after_a_rotation_everybody_is_reached_by_their_own_key_and_those_who_come_back_get_the_new_one() {
        var before = current();
        var subscribers = new HashMap<String, Subscriber>();
        for (int i = 0; i < 40; i++) {
            var subscriber = subscribe(before);
            subscribers.put(subscriber.id, subscriber);
        }
        var after = server.admin("POST", KEYS + "/rotate", null).json();
        assertThat(after.getString("state")).isEqualTo("current");
        assertThat(current()).isEqualTo(after.getString("id")).isNotEqualTo(before);

        // Half of them open a page again: the SDK subscribes them with the new key and tells it by PUT.
        var healed = subscribers.values().stream().limit(20).toList();
        for (var subscriber : healed) {
            var browser = push.subscribe(after.getString("publicKey"));
            var answer = server.browser(
                    "PUT",
                    SUBSCRIPTIONS + "/" + subscriber.id,
                    draft(browser).put("keyId", after.getString("id")),
                    "X-Device-Secret",
                    subscriber.secret);
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            subscriber.browser.unsubscribe();
        }
        assertThat(bound(after.getString("id"))).isEqualTo(20);
        assertThat(bound(before)).isEqualTo(20);
        assertThat(report(before).getJsonObject("subscriptions").getJsonObject("seenWithin"))
                .isEqualTo(new JsonObject()
                        .put("day", 20)
                        .put("week", 20)
                        .put("month", 20)
                        .put("quarter", 20));
        assertThat(listed(before))
                .hasSize(20)
                .doesNotContainAnyElementsOf(healed.stream().map(Subscriber::id).toList());

        assertThat(reasons(send(List.copyOf(subscribers.keySet())))).isEqualTo(Map.of("accepted", 40));
        assertThat(push.faults()).isEmpty();
    }

    @Test
    void a_known_endpoint_stays_with_its_key_when_nobody_says_which() {
        var before = current();
        var subscriber = subscribe(before);
        server.admin("POST", KEYS + "/rotate", null);
        var again = server.browser("POST", SUBSCRIPTIONS, draft(subscriber.browser));
        assertThat(again.status()).as(again.body()).isEqualTo(200);
        assertThat(again.json().getString("keyId")).isEqualTo(before);
        assertThat(reasons(send(List.of(subscriber.id)))).isEqualTo(Map.of("accepted", 1));
    }

    @Test
    void who_subscribes_anew_instead_of_what_the_browser_had_is_counted_once() {
        var subscriber = subscribe(current());
        var profile = subscription(subscriber.id).getString("profileId");
        var rotated = server.admin("POST", KEYS + "/rotate", null).json();
        var browser = push.subscribe(rotated.getString("publicKey"));
        var draft = draft(browser).put("keyId", rotated.getString("id")).put("replaces", subscriber.id);
        var stranger = server.browser("POST", SUBSCRIPTIONS, draft, "X-Device-Secret", "fds_not-the-one");
        assertThat(stranger.status())
                .as("who lacks the secret takes nobody's place")
                .isEqualTo(201);
        server.admin("DELETE", SUBSCRIPTIONS + "/" + stranger.json().getString("id"), null);

        var other = push.subscribe(rotated.getString("publicKey"));
        var saved = server.browser(
                "POST",
                SUBSCRIPTIONS,
                draft(other).put("keyId", rotated.getString("id")).put("replaces", subscriber.id),
                "X-Device-Secret",
                subscriber.secret);
        assertThat(saved.status()).isEqualTo(200);
        assertThat(saved.json().getString("id")).isEqualTo(subscriber.id);
        assertThat(subscription(subscriber.id).getString("profileId")).isEqualTo(profile);
    }

    @Test
    void rotating_twenty_times_at_once_leaves_one_current_key() throws Exception {
        var calls = new ArrayList<Thread>();
        for (int i = 0; i < 20; i++) {
            calls.add(Thread.startVirtualThread(() -> assertThat(
                            server.admin("POST", KEYS + "/rotate", null).status())
                    .isEqualTo(201)));
        }
        for (var call : calls) {
            call.join();
        }
        var items = server.admin("GET", KEYS + "?limit=200", null).json().getJsonArray("items");
        assertThat(items.stream()
                        .filter(key -> ((JsonObject) key).getString("state").equals("current")))
                .hasSize(1);
    }

    @Test
    void a_rotation_can_be_taken_back() {
        var before = current();
        server.admin("POST", KEYS + "/rotate", null);
        var back = server.admin("POST", KEYS + "/rotate", new JsonObject().put("keyId", before));
        assertThat(back.status()).as(back.body()).isEqualTo(201);
        assertThat(current()).isEqualTo(before);
        assertThat(server.admin(
                                "POST",
                                KEYS + "/rotate",
                                new JsonObject().put("keyId", UUID.randomUUID().toString()))
                        .status())
                .isEqualTo(422);
    }

    @Test
    void a_pair_from_elsewhere_is_kept_once_and_its_subscribers_are_reached() {
        var pair = new JsonObject().put("publicKey", RAW_PUBLIC).put("privateKey", RAW_PRIVATE + "=");
        var taken = server.admin("POST", KEYS + "/import", pair);
        assertThat(taken.status()).as(taken.body()).isEqualTo(201);
        assertThat(taken.json().getString("state")).isEqualTo("previous");
        assertThat(taken.body()).doesNotContain(RAW_PRIVATE);
        assertThat(server.admin("POST", KEYS + "/import", pair).status()).isEqualTo(200);
        var subscriber = subscribe(taken.json().getString("id"));
        assertThat(reasons(send(List.of(subscriber.id)))).isEqualTo(Map.of("accepted", 1));
        assertThat(push.faults()).isEmpty();
    }

    @Test
    void a_private_key_in_pem_is_read_as_openssl_writes_it() throws Exception {
        var pem = pem("secp256r1");
        var taken = server.admin(
                "POST", KEYS + "/import", new JsonObject().put("pem", pem).put("publicKey", publicKey));
        assertThat(taken.status()).as(taken.body()).isEqualTo(201);
        assertThat(taken.json().getString("publicKey")).isEqualTo(publicKey);
        // With the public key inside, as openssl does: made of the same pair by openssl's own layout.
        var openssl =
                """
                -----BEGIN PRIVATE KEY-----
                MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgq1dXpw3UpT5VOmu/
                cf/v6ih07Aems3njxI+JWgLcM96hRANCAAQlcbK+zf3jYFUarx7Q9M02bBHOvlVf
                iby3sYalMzkXMWjs4uvgGFl70wR5uG48j47O1XfKWRh+kkaZDbaCAIsO
                -----END PRIVATE KEY-----
                """;
        var same = server.admin("POST", KEYS + "/import", new JsonObject().put("pem", openssl));
        assertThat(same.status()).as(same.body()).isEqualTo(201);
        assertThat(same.json().getString("publicKey"))
                .isEqualTo("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
    }

    @Test
    void what_is_no_pair_is_refused_in_words_that_do_not_repeat_it() throws Exception {
        var other = server.browser("GET", "/api/v1/webpush/key", null).json().getString("publicKey");
        for (var wrong : List.of(
                new JsonObject().put("publicKey", other).put("privateKey", RAW_PRIVATE),
                new JsonObject().put("publicKey", RAW_PUBLIC).put("privateKey", "AAAA"),
                new JsonObject().put("publicKey", RAW_PUBLIC).put("privateKey", "not base64url!"),
                new JsonObject().put("publicKey", "AAAA").put("privateKey", RAW_PRIVATE),
                new JsonObject().put("pem", "nonsense"),
                new JsonObject().put("pem", "-----END PRIVATE KEY----------BEGIN PRIVATE KEY-----"),
                new JsonObject().put("pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
                new JsonObject().put("pem", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----"),
                new JsonObject().put("pem", pem("secp384r1")),
                new JsonObject().put("pem", pem("secp256r1")))) {
            var refused = server.admin("POST", KEYS + "/import", wrong);
            assertThat(refused.status()).as(wrong + " → " + refused.body()).isEqualTo(422);
            assertThat(refused.body()).doesNotContain(RAW_PRIVATE);
        }
    }

    @Test
    void a_key_with_subscribers_is_retired_only_when_that_is_said_and_then_they_are_ended() {
        var before = server.admin("POST", KEYS + "/rotate", null).json().getString("id");
        var left = subscribe(before);
        assertThat(server.admin("POST", KEYS + "/" + before + "/retire", null).status())
                .as("the current one")
                .isEqualTo(409);
        server.admin("POST", KEYS + "/rotate", null);
        var refused = server.admin("POST", KEYS + "/" + before + "/retire", new JsonObject());
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.json().getString("detail")).startsWith("1 subscriptions are bound to this key");

        var retired =
                server.admin("POST", KEYS + "/" + before + "/retire", new JsonObject().put("endSubscriptions", true));
        assertThat(retired.status()).as(retired.body()).isEqualTo(200);
        eventually("its end", () -> subscription(left.id), found -> found.getString("status")
                .equals("expired"));
        assertThat(report(before).getString("state")).isEqualTo("retired");
        assertThat(reasons(send(List.of(left.id)))).isEqualTo(Map.of("no_subscription", 1));

        // Its browser comes back with the retired key, is told, and is the same subscription with the current one.
        var old = server.browser(
                "PUT",
                SUBSCRIPTIONS + "/" + left.id,
                draft(push.subscribe()).put("keyId", before),
                "X-Device-Secret",
                left.secret);
        assertThat(old.status()).isEqualTo(409);
        var healed = server.browser(
                "PUT",
                SUBSCRIPTIONS + "/" + left.id,
                draft(push.subscribe()).put("keyId", current()),
                "X-Device-Secret",
                left.secret);
        assertThat(healed.status()).as(healed.body()).isEqualTo(200);
        assertThat(subscription(left.id).getString("status")).isEqualTo("active");
    }

    @Test
    void keys_are_the_administrators_alone_and_another_workspaces_are_not_there() {
        var key = current();
        for (var role : List.of("marketing-manager", "integrator", "analyst", "campaign-manager")) {
            var member = server.member(role);
            assertThat(server.send("GET", KEYS, member, null).status()).as(role).isEqualTo(403);
            assertThat(server.send("POST", KEYS + "/rotate", member, new JsonObject())
                            .status())
                    .as(role)
                    .isEqualTo(403);
        }
        var stranger = server.otherWorkspace();
        assertThat(server.send("GET", KEYS + "/" + key, stranger, null).status())
                .isEqualTo(404);
        assertThat(server.send("POST", KEYS + "/" + key + "/retire", stranger, new JsonObject())
                        .status())
                .isEqualTo(404);
        assertThat(server.send("POST", KEYS + "/rotate", stranger, new JsonObject().put("keyId", key))
                        .status())
                .isEqualTo(422);
        assertThat(server.send("GET", SUBSCRIPTIONS + "?keyId=" + key, stranger, null)
                        .json()
                        .getJsonArray("items"))
                .isEmpty();
        assertThat(server.send("GET", KEYS, stranger, null).body()).doesNotContain(key);
    }

    private record Subscriber(String id, String secret, VirtualSubscription browser) {}

    private static Subscriber subscribe(String keyId) {
        var browser = push.subscribe(report(keyId).getString("publicKey"));
        var saved = server.browser("POST", SUBSCRIPTIONS, draft(browser).put("keyId", keyId));
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        return new Subscriber(saved.json().getString("id"), saved.json().getString("deviceSecret"), browser);
    }

    private static String current() {
        return server.browser("GET", "/api/v1/webpush/key", null).json().getString("id");
    }

    private static JsonObject report(String keyId) {
        return server.admin("GET", KEYS + "/" + keyId, null).json();
    }

    private static int bound(String keyId) {
        return report(keyId).getJsonObject("subscriptions").getInteger("active");
    }

    private static JsonObject subscription(String id) {
        return server.admin("GET", SUBSCRIPTIONS + "/" + id, null).json();
    }

    /** The ids of who is bound to the key, read page by page. */
    private static List<String> listed(String keyId) {
        var ids = new ArrayList<String>();
        String cursor = null;
        do {
            var page = server.admin(
                            "GET",
                            SUBSCRIPTIONS + "?limit=7&keyId=" + keyId + (cursor == null ? "" : "&cursor=" + cursor),
                            null)
                    .json();
            page.getJsonArray("items").forEach(item -> ids.add(((JsonObject) item).getString("id")));
            cursor = page.getString("nextCursor");
        } while (cursor != null);
        return ids;
    }

    private static String send(List<String> ids) {
        var answer = server.admin(
                "POST",
                "/api/v1/webpush/messages",
                new JsonObject()
                        .put("audience", new JsonObject().put("subscriptionIds", new JsonArray(ids)))
                        .put("purpose", "transactional")
                        .put("content", new JsonObject().put("title", "Hello")));
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return answer.json().getString("id");
    }

    private static Map<String, Object> reasons(String message) {
        return eventually(
                        "the end of the message",
                        () -> server.admin("GET", "/api/v1/webpush/messages/" + message, null)
                                .json(),
                        json -> json.getString("state").equals("completed"))
                .getJsonObject("reasons")
                .getMap();
    }

    private static JsonObject draft(VirtualSubscription browser) {
        return new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
    }

    private String publicKey;

    /** A new private key as Java writes it, without its public half, which {@code publicKey} has then. */
    private String pem(String curve) throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(curve));
        var pair = generator.generateKeyPair();
        var spki = pair.getPublic().getEncoded();
        publicKey = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(java.util.Arrays.copyOfRange(spki, spki.length - 65, spki.length));
        return "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(pair.getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
    }
}
