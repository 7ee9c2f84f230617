package app.fathi.users;

import static app.fathi.testing.FakeIssuer.part;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.outbound.OutboundClient;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.testing.Eventually;
import app.fathi.testing.FakeIssuer;
import app.fathi.testing.FakeIssuer.Key;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What others have signed is believed by the keys that they publish, and these are asked for sparingly. */
class ForeignTokensTest {
    private static final String AUDIENCE = "https://push.example.com";

    private final Vertx vertx = Vertx.vertx();
    private final FakeIssuer issuer = FakeIssuer.start();
    private final AtomicLong nanos = new AtomicLong();
    private final Config config = Config.of(Map.of(
            "FATHI_OUTBOUND_ALLOW", "127.0.0.0/8",
            "FATHI_OUTBOUND_PLAINTEXT", "true",
            "FATHI_SECURITY_PROVIDER_TIMEOUT_SECONDS", "60"));
    private final OutboundClient client = new OutboundClient(
            vertx,
            config.outbound(),
            new OutboundGuard(vertx, config.outbound()),
            config.security().providerTimeoutSeconds());
    private final ForeignTokens tokens = new ForeignTokens(
            vertx, new ProviderDocuments(vertx, client, config.security(), nanos::get), InstantSource.system());

    @AfterEach
    void close() {
        issuer.close();
        client.close().await();
        vertx.close().await();
    }

    private JsonObject claims() {
        return issuer.claims(AUDIENCE, "robot");
    }

    private Future<ForeignClaims> verify(String token) {
        return tokens.verify(token, issuer.url(), URI.create(issuer.url() + "/jwks"));
    }

    /** Null when it is good. */
    private Kind refusal(String token) {
        try {
            verify(token).await();
            return null;
        } catch (ProblemException refused) {
            // Anything else would be a fault of ours, and 500 to whoever sent it.
            return refused.problem().kind();
        }
    }

    @Test
    void a_token_of_each_kind_of_key_is_believed() {
        var ec = Key.ec("ec");
        var rsa = Key.rsa("rsa", 2_048);
        issuer.publish(ec, rsa);
        for (var key : List.of(ec, rsa)) {
            assertThat(verify(key.sign(claims())).await().text("sub")).isEqualTo("robot");
        }
        assertThat(refusal(ec.sign(ec.header().put("x5t", "c29tZXRoaW5n"), claims())))
                .isNull();
    }

    @Test
    void a_forged_token_is_refused_however_it_was_made() {
        var ours = issuer.key();
        var rsa = Key.rsa("rsa", 2_048);
        var weak = Key.rsa("weak", 1_024);
        issuer.publish(ours, rsa, weak);
        var theirs = Key.ec("first");
        var good = ours.sign(claims());
        assertThat(refusal(good))
                .as("the forger's tools are sharp: what they make with the issuer's key is good")
                .isNull();
        long now = claims().getLong("iat");
        var end = good.lastIndexOf('.');

        var forged = new LinkedHashMap<String, String>();
        for (var none : List.of("none", "None", "NONE", "")) {
            var header = ours.header().put("alg", none);
            forged.put("alg " + none, ours.sign(header, claims()));
            forged.put(
                    "alg " + none + ", unsigned",
                    part(header.encode().getBytes(US_ASCII)) + "."
                            + part(claims().encode().getBytes(US_ASCII)) + ".");
        }
        forged.put("no alg", ours.sign(without(ours.header(), "alg"), claims()));
        for (var key : List.of(
                rsa.pair().getPublic().getEncoded(),
                rsa.jwk().encode().getBytes(US_ASCII),
                rsa.jwk().getString("n").getBytes(US_ASCII),
                Base64.getUrlDecoder().decode(rsa.jwk().getString("n")))) {
            forged.put(
                    "HS256 with what is public, " + key.length,
                    hmac(rsa.header().put("alg", "HS256"), claims(), key));
        }
        forged.put(
                "an algorithm of another type of key", ours.sign(ours.header().put("alg", "RS256"), claims()));
        forged.put("an algorithm that the key is not for", rsa.sign(rsa.header().put("alg", "PS256"), claims()));
        forged.put("a key that is too short", weak.sign(claims()));
        forged.put("another key, a kid of the issuer", theirs.sign(claims()));
        forged.put("a kid that nobody has", ours.sign(ours.header().put("kid", "second"), claims()));
        forged.put("a kid that leads elsewhere", theirs.sign(theirs.header().put("kid", "../../dev/null"), claims()));
        forged.put("a kid that is no text", ours.sign(ours.header().put("kid", 1), claims()));
        forged.put("an embedded key", theirs.sign(theirs.header().put("jwk", theirs.jwk()), claims()));
        for (var pointer : List.of("jku", "x5u")) {
            forged.put(pointer, theirs.sign(theirs.header().put(pointer, "https://evil.example/keys"), claims()));
            forged.put(pointer + ", rightly signed", ours.sign(ours.header().put(pointer, issuer.url()), claims()));
        }
        forged.put("x5c", theirs.sign(theirs.header().put("x5c", new JsonArray().add("MIIB")), claims()));
        forged.put("crit", ours.sign(ours.header().put("crit", new JsonArray().add("b64")), claims()));
        forged.put("expired", ours.sign(claims().put("exp", now - 120)));
        forged.put("never expires", ours.sign(without(claims(), "exp")));
        forged.put("expires in words", ours.sign(claims().put("exp", "tomorrow")));
        forged.put("not valid yet", ours.sign(claims().put("nbf", now + 600)));
        forged.put("made in the future", ours.sign(claims().put("iat", now + 600)));
        forged.put("another issuer", ours.sign(claims().put("iss", issuer.url() + "/")));
        forged.put("no issuer", ours.sign(without(claims(), "iss")));
        forged.put("nobody", ours.sign(without(claims(), "sub")));
        forged.put("a subject that is no text", ours.sign(claims().put("sub", 7)));
        forged.put("without its signature", good.substring(0, end + 1));
        forged.put("without its end", good.substring(0, good.length() - 4));
        forged.put("without its payload", good.substring(0, good.indexOf('.') + 1) + good.substring(end));
        forged.put("two parts", good.substring(0, end));
        forged.put("four parts", good + "." + good.substring(end + 1));
        forged.put("a signature of zeros", good.substring(0, end + 1) + part(new byte[64]));
        forged.put(
                "another payload",
                good.substring(0, good.indexOf('.') + 1)
                        + part(claims().put("sub", "admin").encode().getBytes(US_ASCII))
                        + good.substring(end));
        forged.put("nothing", "");
        forged.put("no JSON", "AAAA.AAAA.AAAA");
        forged.put("too long", good + "A".repeat(100_000));

        var refusals = new LinkedHashMap<String, Kind>();
        forged.forEach((how, token) -> refusals.put(how, refusal(token)));
        assertThat(refusals).allSatisfy((how, kind) -> assertThat(kind).isEqualTo(Kind.UNAUTHENTICATED));
    }

    @Test
    void a_token_without_a_kid_is_believed_where_one_key_alone_fits() {
        var header = without(issuer.key().header(), "kid");
        assertThat(refusal(issuer.key().sign(header, claims()))).isNull();
        try (var other = FakeIssuer.start()) {
            var one = other.key();
            other.publish(one, Key.ec("second"));
            assertThat(isRefused(tokens.verify(
                            one.sign(header, other.claims(AUDIENCE, "robot")),
                            other.url(),
                            URI.create(other.url() + "/jwks"))))
                    .isTrue();
        }
    }

    // ---- the keys ----

    @Test
    void a_new_key_is_found_and_a_flood_of_unknown_ones_asks_once_in_a_pause() {
        assertThat(refusal(issuer.key().sign(claims()))).isNull();
        var next = Key.ec("next");
        issuer.publish(next);
        assertThat(refusal(next.sign(claims()))).as("within the pause").isEqualTo(Kind.UNAUTHENTICATED);
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(31));
        assertThat(refusal(next.sign(claims()))).isNull();
        int before = issuer.asked("/jwks");
        for (int i = 0; i < 200; i++) {
            assertThat(refusal(next.sign(next.header().put("kid", "unknown-" + i), claims())))
                    .isEqualTo(Kind.UNAUTHENTICATED);
        }
        assertThat(issuer.asked("/jwks")).isEqualTo(before);
    }

    @Test
    void while_the_issuer_is_away_its_keys_of_before_are_believed_for_a_day() {
        var token = issuer.key().sign(claims());
        assertThat(refusal(token)).isNull();
        issuer.status = 500;
        nanos.addAndGet(TimeUnit.HOURS.toNanos(2));
        assertThat(refusal(token)).isNull();
        assertThat(refusal(Key.ec("unknown").sign(claims()))).isEqualTo(Kind.UNAUTHENTICATED);
        nanos.addAndGet(TimeUnit.HOURS.toNanos(23));
        assertThat(refusal(token)).isEqualTo(Kind.UNAVAILABLE);
        issuer.status = 200;
        nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
        assertThat(refusal(token)).isNull();
    }

    @Test
    void an_issuer_that_hangs_holds_up_few_who_come_for_it_and_nobody_else() {
        issuer.hang();
        var waiting = new ArrayList<Future<ForeignClaims>>();
        for (int i = 0; i < 100; i++) {
            waiting.add(verify(issuer.key().sign(claims())));
        }
        Eventually.eventually(
                "those who are sent away at once",
                () -> waiting.stream().filter(Future::failed).count(),
                refused -> refused == 80);
        try (var other = FakeIssuer.start()) {
            assertThat(tokens.verify(
                                    other.key().sign(other.claims(AUDIENCE, "robot")),
                                    other.url(),
                                    URI.create(other.url() + "/jwks"))
                            .await()
                            .text("sub"))
                    .isEqualTo("robot");
        }
        issuer.goOn();
        Future.join(waiting).otherwiseEmpty().await();
        assertThat(waiting.stream().filter(Future::succeeded)).hasSize(20);
        assertThat(issuer.asked("/jwks")).isEqualTo(1);
    }

    @Test
    void an_issuer_that_hangs_is_given_up() {
        issuer.hang();
        var impatient = new OutboundClient(vertx, config.outbound(), new OutboundGuard(vertx, config.outbound()), 1);
        var documents = new ProviderDocuments(vertx, impatient, config.security(), nanos::get);
        assertThat(isRefused(documents.read(URI.create(issuer.url() + "/jwks"))))
                .isTrue();
        assertThat(isRefused(documents.read(URI.create(issuer.url() + "/jwks"))))
                .as("and not asked again within the pause")
                .isTrue();
        assertThat(issuer.asked("/jwks")).isEqualTo(1);
        impatient.close().await();
    }

    private static boolean isRefused(Future<?> asked) {
        return asked.transform(done -> Future.succeededFuture(done.failed())).await();
    }

    @Test
    void keys_that_are_too_many_for_an_answer_are_not_read() {
        issuer.metadata.put("filler", "x".repeat(70_000));
        var page = URI.create(issuer.url() + "/.well-known/openid-configuration");
        assertThat(isRefused(new ProviderDocuments(vertx, client, config.security(), nanos::get).read(page)))
                .isTrue();
    }

    private static JsonObject without(JsonObject json, String name) {
        var copy = json.copy();
        copy.remove(name);
        return copy;
    }

    private static String hmac(JsonObject header, JsonObject payload, byte[] key) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            var text = part(header.encode().getBytes(US_ASCII)) + "."
                    + part(payload.encode().getBytes(US_ASCII));
            return text + "." + part(mac.doFinal(text.getBytes(US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
