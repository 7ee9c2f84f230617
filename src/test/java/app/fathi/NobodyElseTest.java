package app.fathi;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.config.Config;
import app.fathi.platform.security.Identities.Policy;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.testing.Closing;
import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Nobody is somebody else: what a stranger's browser says over the public key, at each door and with each sort of token, and
 * whether the pushes for a known person then come to it.
 */
class NobodyElseTest {
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";
    private static final String MASTER_KEY = Base64.getEncoder().encodeToString(new byte[32]);

    private static Vertx vertx;
    private static FakePushService push;
    private static TestServer server;
    private static byte[] pushKey;
    private static byte[] retiredKey;
    private static byte[] key;
    private static byte[] otherWorkspacesKey;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        push = FakePushService.start();
        server = TestServer.start(Map.of(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString(), "FATHI_MASTER_KEY", MASTER_KEY));
        pushKey = Base64.getUrlDecoder()
                .decode(server.browser("GET", "/api/v1/webpush/key", null)
                        .json()
                        .getString("publicKey"));
        var pool = server.database().pool(vertx);
        retiredKey = identityKey();
        sealAnIdentityKey(pool, "SELECT no, id FROM users_workspace", SecureRandom.getSeed(32));
        key = eventually(
                "the key that replaced it", NobodyElseTest::identityKey, now -> !Arrays.equals(now, retiredKey));
        otherWorkspacesKey = "a key of another workspace, whole".getBytes(StandardCharsets.US_ASCII);
        sealAnIdentityKey(
                pool,
                """
                INSERT INTO users_workspace (id, name, timezone, language, identity_key)
                VALUES (gen_random_uuid(), 'Other', 'UTC', 'en', '') RETURNING no, id
                """,
                otherWorkspacesKey);
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
        Closing.close(vertx);
    }

    private static void sealAnIdentityKey(Pool pool, String workspace, byte[] identityKey) {
        var secrets = Secrets.open(pool, Config.of(Map.of("FATHI_MASTER_KEY", MASTER_KEY)))
                .await();
        pool.withTransaction(tx -> tx.query(workspace).execute().compose(rows -> {
                    var row = rows.iterator().next();
                    int ws = row.getInteger("no");
                    return secrets.workspaceKey(tx, ws)
                            .compose(sealing -> tx.preparedQuery(
                                            "UPDATE users_workspace SET identity_key = $2 WHERE no = $1")
                                    .execute(Tuple.of(
                                            ws,
                                            Buffer.buffer(sealing.seal(
                                                    "users_workspace.identity_key|" + row.getUUID("id"),
                                                    identityKey)))))
                            .compose(done -> SecurityEpochs.bump(tx, ws));
                }))
                .await();
    }

    private static TestServer.Answer rotate(Integer overlapSeconds) {
        return server.admin(
                "POST",
                "/api/v1/workspaces/current/identity-key/rotate",
                overlapSeconds == null ? null : new JsonObject().put("overlapSeconds", overlapSeconds));
    }

    private static byte[] keyOf(TestServer.Answer rotated) {
        assertThat(rotated.status()).as(rotated.body()).isEqualTo(200);
        return Base64.getDecoder().decode(rotated.json().getString("identityKey"));
    }

    private static boolean isBelieved(byte[] signedWith) {
        var before = key;
        key = signedWith;
        try {
            return Attempt.at(Door.SUBSCRIBE, Proof.VALID).ask() == 201;
        } finally {
            key = before;
        }
    }

    @Test
    void a_site_changes_its_identity_key_without_a_gap_and_a_leaked_one_ends_at_once() {
        require(Policy.ADDRESSES);
        var first = key;
        var second = keyOf(rotate(null));
        assertThat(identityKey()).isEqualTo(second).isNotEqualTo(first);
        assertThat(isBelieved(first)).as("what the site still signs with").isTrue();
        assertThat(isBelieved(second)).isTrue();
        assertThat(workspace().json().getInstant("previousIdentityKeyUntil"))
                .isBetween(Instant.now().plusSeconds(86_000), Instant.now().plusSeconds(86_500));
        var twice = rotate(60);
        assertThat(twice.status()).isEqualTo(409);
        assertThat(twice.body()).contains("overlapSeconds 0");
        server.database().execute("UPDATE users_workspace SET identity_key_before_until = now() + interval '1 second'");
        var third = keyOf(rotate(0));
        assertThat(isBelieved(first) || isBelieved(second)).isFalse();
        assertThat(isBelieved(third)).isTrue();
        assertThat(workspace().json().getString("previousIdentityKeyUntil")).isNull();
        var fourth = keyOf(rotate(1));
        eventually("the end of the overlap", () -> isBelieved(third), believed -> !believed);
        assertThat(isBelieved(fourth)).isTrue();
        key = keyOf(rotate(1));
    }

    private static byte[] identityKey() {
        return Base64.getDecoder().decode(workspace().json().getString("identityKey"));
    }

    private static TestServer.Answer workspace() {
        return server.admin("GET", "/api/v1/workspaces/current", null);
    }

    private static void require(Policy policy) {
        var name = policy.name().toLowerCase(java.util.Locale.ROOT);
        server.admin(
                "PATCH",
                "/api/v1/workspaces/current",
                new JsonObject().put("identityVerification", name),
                "If-Match",
                workspace().header("ETag"));
        assertThat(workspace().json().getString("identityVerification")).isEqualTo(name);
    }

    /** Where a browser says who its visitor is. */
    private enum Door {
        SUBSCRIBE,
        RENEW,
        IDENTIFY,
        IDENTIFY_IN_A_BATCH,
        ALIAS,
        ALIAS_IN_A_BATCH;

        boolean takesEvents() {
            return this != SUBSCRIBE && this != RENEW;
        }
    }

    /** What it brings along for it. */
    private enum Proof {
        MISSING,
        FORGED_SIGNATURE,
        WITHOUT_SIGNATURE,
        ALG_NONE,
        SIGNED_WITH_THE_PUSH_KEY,
        SIGNED_WITH_THE_WRITE_KEY,
        NAMED_ES256,
        WITH_A_KEY_OF_ITS_OWN,
        EXPIRED,
        WITHOUT_END,
        FOR_A_YEAR,
        NOT_YET_VALID,
        WRONG_SUBJECT,
        WITHOUT_SUBJECT,
        OF_ANOTHER_WORKSPACE,
        OF_A_RETIRED_KEY,
        VALID;

        String token(String userId) {
            long now = Instant.now().getEpochSecond();
            var header = new JsonObject().put("alg", "HS256").put("typ", "JWT");
            var claims = new JsonObject().put("sub", userId).put("exp", now + 600);
            return switch (this) {
                case MISSING -> null;
                case FORGED_SIGNATURE -> jwt(header, claims, new byte[32]);
                case WITHOUT_SIGNATURE -> unsigned(header, claims) + ".";
                case ALG_NONE -> unsigned(header.put("alg", "none"), claims) + ".";
                case SIGNED_WITH_THE_PUSH_KEY -> jwt(header, claims, pushKey);
                case SIGNED_WITH_THE_WRITE_KEY ->
                    jwt(header, claims, server.writeKey().getBytes(StandardCharsets.US_ASCII));
                case NAMED_ES256 -> jwt(header.put("alg", "ES256"), claims, key);
                case WITH_A_KEY_OF_ITS_OWN ->
                    jwt(
                            header.put(
                                    "jwk",
                                    new JsonObject()
                                            .put("kty", "oct")
                                            .put("k", Base64.getUrlEncoder().encodeToString(new byte[32]))),
                            claims,
                            new byte[32]);
                case EXPIRED -> jwt(header, claims.put("exp", now - 10), key);
                case WITHOUT_END -> jwt(header, new JsonObject().put("sub", userId), key);
                case FOR_A_YEAR -> jwt(header, claims.put("exp", now + 31_536_000), key);
                case NOT_YET_VALID -> jwt(header, claims.put("nbf", now + 300), key);
                case WRONG_SUBJECT -> jwt(header, claims.put("sub", "mallory"), key);
                case WITHOUT_SUBJECT -> jwt(header, new JsonObject().put("exp", now + 600), key);
                case OF_ANOTHER_WORKSPACE -> jwt(header, claims, otherWorkspacesKey);
                case OF_A_RETIRED_KEY -> jwt(header, claims, retiredKey);
                case VALID -> jwt(header, claims, key);
            };
        }

        private static String unsigned(JsonObject header, JsonObject claims) {
            return base64url(header.encode().getBytes(StandardCharsets.UTF_8)) + "."
                    + base64url(claims.encode().getBytes(StandardCharsets.UTF_8));
        }

        private static String jwt(JsonObject header, JsonObject claims, byte[] key) {
            var signed = unsigned(header, claims);
            try {
                var mac = Mac.getInstance("HmacSHA256");
                mac.init(new SecretKeySpec(key, "HmacSHA256"));
                return signed + "." + base64url(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }

        private static String base64url(byte[] octets) {
            return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
        }
    }

    /** A stranger's browser says at a door that it is a person who has a browser already. */
    private record Attempt(
            Door door,
            Proof proof,
            String person,
            VirtualSubscription theirs,
            String visitor,
            VirtualSubscription stranger) {
        static Attempt at(Door door, Proof proof) {
            var id = UUID.randomUUID().toString();
            var attempt = new Attempt(door, proof, "person-" + id, push.subscribe(), "visitor-" + id, push.subscribe());
            var known =
                    server.admin("POST", SUBSCRIPTIONS, draft(attempt.theirs).put("userId", attempt.person));
            assertThat(known.status()).as(known.body()).isEqualTo(201);
            return attempt;
        }

        int ask() {
            var who = new JsonObject().put("userId", person);
            var token = proof.token(person);
            if (door == Door.SUBSCRIBE) {
                return server.browser(
                                "POST",
                                SUBSCRIPTIONS,
                                draft(stranger).mergeIn(who).mergeIn(proving(token)))
                        .status();
            }
            var saved = server.browser("POST", SUBSCRIPTIONS, draft(stranger).put("anonymousId", visitor))
                    .json();
            if (door == Door.RENEW) {
                return server.browser(
                                "PUT",
                                SUBSCRIPTIONS + "/" + saved.getString("id"),
                                draft(stranger).mergeIn(who).mergeIn(proving(token)),
                                "X-Device-Secret",
                                saved.getString("deviceSecret"))
                        .status();
            }
            var event = who.put("context", proving(token))
                    .put(isAlias() ? "previousId" : "anonymousId", visitor)
                    // What only the server may say of an event.
                    .put("verified", true)
                    .put("trusted", true);
            var type = isAlias() ? "alias" : "identify";
            return door == Door.IDENTIFY || door == Door.ALIAS
                    ? server.browser("POST", "/v1/" + type, event).status()
                    : server.browser(
                                    "POST",
                                    "/v1/batch",
                                    new JsonObject().put("batch", new JsonArray().add(event.put("type", type))))
                            .status();
        }

        private boolean isAlias() {
            return door == Door.ALIAS || door == Door.ALIAS_IN_A_BATCH;
        }

        private static JsonObject proving(String token) {
            return token == null ? new JsonObject() : new JsonObject().put("identityToken", token);
        }

        /** Whether this browser is believed, and how that is told. */
        String expected(Policy policy) {
            var asksNothing = policy == Policy.OFF && (door.takesEvents() || proof == Proof.MISSING);
            if (proof == Proof.VALID || asksNothing) {
                return (door == Door.SUBSCRIBE ? 201 : 200) + " and it gets the person's pushes";
            }
            var taken = policy == Policy.ADDRESSES && door.takesEvents() && proof == Proof.MISSING;
            return (taken ? 200 : 422) + " and it gets nothing";
        }

        /** An event that was taken has been derived: the visitor is this person now, whoever gets the pushes. */
        void awaitDerived() {
            eventually(
                    "what " + door + " said",
                    () -> server.admin("GET", "/api/v1/cdp/profiles/anonymous:" + visitor, null),
                    answer -> answer.status() == 200
                            && person.equals(answer.json().getString("userId")));
        }

        @Override
        public String toString() {
            return door + " " + proof;
        }
    }

    private static JsonObject draft(VirtualSubscription browser) {
        return new JsonObject()
                .put("endpoint", browser.endpoint())
                .put("keys", new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth()));
    }

    /** Sends and waits for the end of it. */
    private static void send(List<String> userIds) {
        var taken = server.admin(
                "POST",
                "/api/v1/webpush/messages",
                new JsonObject()
                        .put("audience", new JsonObject().put("userIds", new JsonArray(userIds)))
                        .put("purpose", "marketing")
                        .put("content", new JsonObject().put("title", "For you only")));
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        eventually(
                "the end of the message",
                () -> server.admin("GET", taken.header("Location"), null).json(),
                message -> message.getString("state").equals("completed"));
    }

    @ParameterizedTest
    @EnumSource(Policy.class)
    void over_a_public_key_a_persons_pushes_come_only_to_who_is_proven_to_be_them(Policy policy) {
        require(policy);
        var attempts = new ArrayList<Attempt>();
        var expected = new TreeMap<String, String>();
        var seen = new TreeMap<String, String>();
        for (var door : Door.values()) {
            for (var proof : Proof.values()) {
                var attempt = Attempt.at(door, proof);
                attempts.add(attempt);
                expected.put(attempt.toString(), attempt.expected(policy));
                seen.put(attempt.toString(), String.valueOf(attempt.ask()));
            }
        }
        attempts.stream()
                .filter(attempt -> attempt.door().takesEvents()
                        && seen.get(attempt.toString()).equals("200"))
                .forEach(Attempt::awaitDerived);
        send(attempts.stream().map(Attempt::person).toList());
        for (var attempt : attempts) {
            assertThat(attempt.theirs().receipts())
                    .as("the person's own browser")
                    .hasSize(1);
            seen.merge(
                    attempt.toString(),
                    attempt.stranger().receipts().isEmpty()
                            ? " and it gets nothing"
                            : " and it gets the person's pushes",
                    String::concat);
        }
        assertThat(seen).isEqualTo(expected);
    }

    @Test
    void a_token_for_oneself_takes_nobody_elses_name() {
        for (var policy : List.of(Policy.ADDRESSES, Policy.ALL)) {
            require(policy);
            var attempt = Attempt.at(Door.SUBSCRIBE, Proof.VALID);
            var mallory = "mallory-" + attempt.visitor();
            var token = Proof.VALID.token(mallory);
            var own = draft(attempt.stranger()).put("userId", mallory).put("identityToken", token);
            assertThat(server.browser("POST", SUBSCRIPTIONS, own).status()).isEqualTo(201);
            var taken = server.browser(
                    "POST",
                    "/v1/alias",
                    new JsonObject()
                            .put("previousId", attempt.person())
                            .put("userId", mallory)
                            .put("context", new JsonObject().put("identityToken", token)));
            assertThat(taken.status()).as(taken.body()).isEqualTo(200);
            eventually(
                    "the alias",
                    () -> server.admin("GET", "/api/v1/cdp/profiles/anonymous:" + attempt.person(), null),
                    answer -> answer.status() == 200);
            send(List.of(attempt.person()));
            assertThat(attempt.theirs().receipts()).hasSize(1);
            assertThat(attempt.stranger().receipts()).isEmpty();
        }
    }

    @Test
    void a_batch_is_refused_with_the_event_whose_token_proves_somebody_else_and_no_token_is_kept() {
        require(Policy.ADDRESSES);
        var person = "batched-" + UUID.randomUUID();
        var events = new JsonArray();
        for (var proof : List.of(Proof.VALID, Proof.MISSING, Proof.WRONG_SUBJECT)) {
            events.add(new JsonObject()
                    .put("type", "identify")
                    .put("userId", person)
                    .put("context", Attempt.proving(proof.token(person))));
        }
        var refused = server.browser("POST", "/v1/batch", new JsonObject().put("batch", events));
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().getJsonArray("errors").getJsonObject(0).getString("pointer"))
                .isEqualTo("/batch/2/context/identityToken");
        events.remove(2);
        for (var batch : List.of(
                server.browser("POST", "/v1/batch", new JsonObject().put("batch", events)),
                server.admin("POST", "/v1/batch", new JsonObject().put("batch", events)))) {
            assertThat(batch.status()).as(batch.body()).isEqualTo(200);
        }
        var kept = server.database().pool(vertx);
        var payloads = kept.query("SELECT payload::text FROM stream_record WHERE key = '" + person + "'")
                .execute()
                .await();
        assertThat(payloads).hasSize(4).noneMatch(row -> row.getString(0).contains("identityToken"));
    }

    @Test
    void knowing_a_persons_visitor_id_is_not_being_them() {
        require(Policy.ADDRESSES);
        var attempt = Attempt.at(Door.IDENTIFY, Proof.VALID);
        var claim = new JsonObject().put("userId", attempt.person()).put("anonymousId", attempt.visitor());
        assertThat(server.admin("POST", "/v1/identify", claim).status()).isEqualTo(200);
        attempt.awaitDerived();
        var draft = draft(attempt.stranger()).put("anonymousId", attempt.visitor());
        assertThat(server.browser("POST", SUBSCRIPTIONS, draft).status()).isEqualTo(201);
        send(List.of(attempt.person()));
        assertThat(attempt.theirs().receipts()).hasSize(1);
        assertThat(attempt.stranger().receipts()).isEmpty();
    }

    @Test
    void an_alias_by_the_sites_own_server_makes_two_known_people_one_with_all_their_browsers() {
        require(Policy.ADDRESSES);
        var former = Attempt.at(Door.ALIAS, Proof.VALID);
        var user = Attempt.at(Door.ALIAS, Proof.VALID);
        var told = new JsonObject().put("previousId", former.person()).put("userId", user.person());
        assertThat(server.admin("POST", "/v1/alias", told).status()).isEqualTo(200);
        var one = eventually(
                        "the alias",
                        () -> server.admin("GET", "/api/v1/cdp/profiles/user:" + former.person(), null),
                        answer -> user.person().equals(answer.json().getString("userId")))
                .json();
        assertThat(one.getJsonArray("otherUserIds")).containsExactly(former.person());
        send(List.of(former.person()));
        send(List.of(user.person()));
        for (var browser : List.of(former.theirs(), user.theirs())) {
            assertThat(browser.receipts()).as("by either name").hasSize(2);
        }
        var later = push.subscribe();
        assertThat(server.admin("POST", SUBSCRIPTIONS, draft(later).put("userId", former.person()))
                        .status())
                .isEqualTo(201);
        send(List.of(user.person()));
        assertThat(later.receipts()).hasSize(1);
    }
}
