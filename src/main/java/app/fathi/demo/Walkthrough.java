package app.fathi.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import app.fathi.demo.PublicApi.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What a team does on its first day, each step by the public API alone: signs in, makes an API key, tells who its people
 * are, has their browsers subscribe as the SDK does, sends them one personalised message, and reads what became of it.
 * Blocks; {@code ended} ends it at any moment with a {@link CancellationException}.
 */
final class Walkthrough {
    private static final int AT_ONCE = 32;
    /** Of 500 KB a batch, with half a kilobyte a person. */
    private static final int BATCH_PEOPLE = 500;

    /** More than enough to meet each of the stream's partitions. */
    private static final int LAST_PEOPLE = 100;

    private static final int TRIES = 60;
    private static final long AGAIN_MILLIS = 250;
    private static final Duration TOKEN_LIFE = Duration.ofHours(1);
    private static final String API_KEY = "Demo";
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    /**
     * What the site and its backend need.
     *
     * @param writeKey public, for pages
     * @param identityKey with which the backend says who is signed in
     * @param apiKey secret, for the backend
     */
    record Access(String writeKey, byte[] identityKey, String apiKey) {
        @Override
        public String toString() {
            return "Access[" + writeKey + "]";
        }
    }

    /** A step did not work, and why: in the server's words where it has some. */
    static final class StepException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StepException(String message) {
            super(message);
        }
    }

    private final PublicApi api;
    private final CountDownLatch ended;

    Walkthrough(PublicApi api, CountDownLatch ended) {
        this.api = api;
        this.ended = ended;
    }

    Access signIn(String email, String password) {
        var login = new JsonObject().put("email", email).put("password", password);
        var bearer = "Bearer " + ask("POST", "/api/v1/auth/login", login).json().getString("accessToken");
        var workspace = ask("GET", "/api/v1/workspaces/current", null, "Authorization", bearer)
                .json();
        return new Access(
                workspace.getString("writeKey"),
                Base64.getDecoder().decode(workspace.getString("identityKey")),
                newApiKey(bearer));
    }

    /** In place of that of the start before. */
    private String newApiKey(String bearer) {
        var keys = ask("GET", "/api/v1/api-keys?limit=200", null, "Authorization", bearer);
        for (var item : keys.json().getJsonArray("items")) {
            var key = (JsonObject) item;
            if (key.getString("name").equals(API_KEY)) {
                ask(
                        "DELETE",
                        "/api/v1/api-keys/" + key.getString("id"),
                        null,
                        "Authorization",
                        bearer,
                        "If-Match",
                        "\"v" + key.getLong("version") + "\"");
            }
        }
        var draft = new JsonObject()
                .put("name", API_KEY)
                .put(
                        "permissions",
                        new JsonArray()
                                .add("messages:send")
                                .add("messages:send-transactional")
                                .add("messages:read")
                                .add("segments:read")
                                .add("segments:manage")
                                .add("profiles:read")
                                .add("personal:read"));
        return ask("POST", "/api/v1/api-keys", draft, "Authorization", bearer)
                .json()
                .getString("secret");
    }

    /** What a team defines once: computed traits, and segments that ask for them. Those of the start before stay. */
    void define(Access access) {
        makeMissing(access, "/api/v1/cdp/computed-traits", Showcase.COMPUTED);
        makeMissing(
                access,
                "/api/v1/segments",
                Showcase.SEGMENTS.stream().map(Showcase.Segment::draft).toList());
    }

    private void makeMissing(Access access, String path, List<JsonObject> drafts) {
        var bearer = "Bearer " + access.apiKey();
        var there = ask("GET", path + "?limit=200", null, "Authorization", bearer).json().getJsonArray("items").stream()
                .map(item -> ((JsonObject) item).getString("name"))
                .toList();
        drafts.stream()
                .filter(draft -> !there.contains(draft.getString("name")))
                .forEach(draft -> ask("POST", path, draft, "Authorization", bearer));
    }

    /** By the write key, as their browsers would; each with the token of the site's backend, else nobody would be believed. */
    void identify(Access access, List<Person> people) {
        for (int from = 0; from < people.size(); from += BATCH_PEOPLE) {
            var batch = new JsonArray();
            for (var person : people.subList(from, Math.min(people.size(), from + BATCH_PEOPLE))) {
                batch.add(new JsonObject()
                        .put("type", "identify")
                        .put("userId", person.userId())
                        .put("anonymousId", person.anonymousId())
                        .put("traits", person.traits())
                        .put("context", new JsonObject().put("identityToken", token(access, person.userId()))));
            }
            ask("POST", "/v1/batch", new JsonObject().put("batch", batch), "X-Write-Key", access.writeKey());
        }
    }

    /** As {@code fathi.subscribe()} does for somebody who has signed in. */
    void subscribe(Access access, List<VirtualBrowser> browsers, String pushOrigin) {
        var key = ask("GET", "/api/v1/webpush/key", null, "X-Write-Key", access.writeKey())
                .json()
                .getString("id");
        atOnce(browsers, browser -> {
            var person = browser.person();
            var draft = new JsonObject()
                    .put("endpoint", browser.endpoint(pushOrigin))
                    .putNull("expirationTime")
                    .put("keys", browser.publicKeys())
                    .put("keyId", key)
                    .put("language", person.language())
                    .put("timezone", person.timezone())
                    .put("anonymousId", person.anonymousId())
                    .put("userId", person.userId())
                    .put("identityToken", token(access, person.userId()));
            ask(
                    "POST",
                    "/api/v1/webpush/subscriptions",
                    draft,
                    "X-Write-Key",
                    access.writeKey(),
                    "Origin",
                    api.baseUrl(),
                    "User-Agent",
                    browser.userAgent());
        });
    }

    /**
     * Until the names are in the profiles: events are durable when they are answered, and derived a moment later. They are
     * derived in order, so who was told of last is asked for.
     */
    void awaitNames(Access access, List<Person> people) {
        atOnce(people.subList(Math.max(0, people.size() - LAST_PEOPLE), people.size()), person -> {
            for (int tries = 0; tries < TRIES; tries++) {
                var profile = send(
                        "GET",
                        "/api/v1/cdp/profiles/user:" + person.userId(),
                        null,
                        "Authorization",
                        "Bearer " + access.apiKey());
                if (profile.isGood() && profile.json().getJsonObject("traits").containsKey("firstName")) {
                    return;
                }
                pause(AGAIN_MILLIS);
            }
            throw new StepException(person.userId() + " is still without a name");
        });
    }

    /** One message to all, with each one's name and language in it; its id. */
    String send(Access access, List<Person> people, String url) {
        var content = new JsonObject()
                .put("title", Person.greetingTemplate())
                .put("body", "{{ traits.city }}: something new for your plan, {{ traits.plan }}.")
                .put("url", url)
                .put("data", new JsonObject().put(VirtualBrowser.GREETS, "{{ traits.firstName }}"));
        var message = new JsonObject()
                .put(
                        "audience",
                        new JsonObject()
                                .put(
                                        "userIds",
                                        new JsonArray(people.stream()
                                                .map(Person::userId)
                                                .toList())))
                .put("purpose", "marketing")
                .put("content", content)
                .put("ttl", 3_600);
        return ask(
                        "POST",
                        "/api/v1/webpush/messages",
                        message,
                        "Authorization",
                        "Bearer " + access.apiKey(),
                        "Idempotency-Key",
                        UUID.randomUUID().toString())
                .json()
                .getString("id");
    }

    /** State and counts from the ledger. */
    JsonObject read(Access access, String message) {
        return ask("GET", "/api/v1/webpush/messages/" + message, null, "Authorization", "Bearer " + access.apiKey())
                .json();
    }

    /** Waits so long, or not at all when the demo ends. */
    void pause(long millis) {
        try {
            if (ended.await(millis, TimeUnit.MILLISECONDS)) {
                throw new CancellationException();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException();
        }
    }

    /** Asks until the server has time; fails when it refuses. */
    private Answer ask(String method, String path, JsonObject body, String... headers) {
        var answer = send(method, path, body, headers);
        for (int tries = 1; answer.isLater() && tries < TRIES; tries++) {
            pause(AGAIN_MILLIS);
            answer = send(method, path, body, headers);
        }
        if (!answer.isGood()) {
            throw new StepException(method + " " + path + " answers " + answer.detail());
        }
        return answer;
    }

    private Answer send(String method, String path, JsonObject body, String... headers) {
        if (ended.getCount() == 0) {
            throw new CancellationException();
        }
        try {
            return api.ask(method, path, body, headers).join();
        } catch (CompletionException e) {
            throw new StepException(method + " " + path + " is not answered: " + e.getCause());
        }
    }

    private interface Step<T> {
        void take(T one);
    }

    private static <T> void atOnce(List<T> all, Step<T> step) {
        var room = new Semaphore(AT_ONCE);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var steps = new ArrayList<Future<?>>(all.size());
            for (var one : all) {
                room.acquire();
                steps.add(threads.submit(() -> {
                    try {
                        step.take(one);
                    } finally {
                        room.release();
                    }
                }));
            }
            for (var taken : steps) {
                taken.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure
                    ? failure
                    : new StepException(e.getCause().toString());
        }
    }

    /** Who is signed in, as a site's backend says it: a JWT with HS256, see docs/guides/add-the-sdk.md. */
    static String token(Access access, String userId) {
        var claims = new JsonObject()
                .put("sub", userId)
                .put("exp", Instant.now().plus(TOKEN_LIFE).getEpochSecond());
        var signed = part("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + "." + part(claims.encode());
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(access.identityKey(), "HmacSHA256"));
            return signed + "." + BASE64.encodeToString(mac.doFinal(signed.getBytes(UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HMAC-SHA-256", e);
        }
    }

    private static String part(String json) {
        return BASE64.encodeToString(json.getBytes(UTF_8));
    }
}
