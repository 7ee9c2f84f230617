package app.fathi.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An identity provider on loopback that says whatever a test wants: discovery, keys, tokens for codes, userinfo. What it
 * signs, the JDK signs. Honest ones are the business of npm oidc-provider.
 */
public final class FakeIssuer implements AutoCloseable {
    private final HttpServer http;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Key> published = new CopyOnWriteArrayList<>();
    private final Map<String, JsonObject> answers = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
    private final Map<String, String> lastForm = new ConcurrentHashMap<>();
    /** Over what is in the discovery document otherwise. */
    public final JsonObject metadata = new JsonObject();

    public volatile JsonObject userinfo = new JsonObject();
    /** The status of every answer. */
    public volatile int status = 200;

    private volatile CountDownLatch hanging = new CountDownLatch(0);

    /** A pair and what is published of it. */
    public record Key(String kid, String algorithm, KeyPair pair) {
        public static Key ec(String kid) {
            return new Key(kid, "ES256", pair("EC", 256));
        }

        public static Key rsa(String kid, int bits) {
            return new Key(kid, "RS256", pair("RSA", bits));
        }

        private static KeyPair pair(String type, int size) {
            try {
                var generator = KeyPairGenerator.getInstance(type);
                generator.initialize(size);
                return generator.generateKeyPair();
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }

        public JsonObject jwk() {
            var jwk = new JsonObject().put("kid", kid).put("use", "sig").put("alg", algorithm);
            return switch (pair.getPublic()) {
                case ECPublicKey ec ->
                    jwk.put("kty", "EC")
                            .put("crv", "P-256")
                            .put("x", part(octets(ec.getW().getAffineX(), 32)))
                            .put("y", part(octets(ec.getW().getAffineY(), 32)));
                case RSAPublicKey rsa ->
                    jwk.put("kty", "RSA")
                            .put(
                                    "n",
                                    part(octets(
                                            rsa.getModulus(), rsa.getModulus().bitLength() / 8)))
                            .put("e", part(octets(rsa.getPublicExponent(), 3)));
                default -> throw new IllegalStateException();
            };
        }

        private static byte[] octets(BigInteger number, int length) {
            var all = number.toByteArray();
            var octets = new byte[length];
            int count = Math.min(all.length, length);
            System.arraycopy(all, all.length - count, octets, length - count, count);
            return octets;
        }

        public JsonObject header() {
            return new JsonObject().put("typ", "JWT").put("alg", algorithm).put("kid", kid);
        }

        /** With this header, whatever it says. */
        public String sign(JsonObject header, JsonObject claims) {
            try {
                var signature = Signature.getInstance(
                        algorithm.equals("ES256") ? "SHA256withECDSAinP1363Format" : "SHA256withRSA");
                signature.initSign(pair.getPrivate());
                var text = part(header.encode().getBytes(UTF_8)) + "."
                        + part(claims.encode().getBytes(UTF_8));
                signature.update(text.getBytes(UTF_8));
                return text + "." + part(signature.sign());
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }

        public String sign(JsonObject claims) {
            return sign(header(), claims);
        }
    }

    private FakeIssuer(HttpServer http) {
        this.http = http;
    }

    public static FakeIssuer start() {
        try {
            var issuer =
                    new FakeIssuer(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
            issuer.published.add(Key.ec("first"));
            issuer.http.setExecutor(issuer.threads);
            issuer.http.createContext("/", issuer::answer);
            issuer.http.start();
            return issuer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String url() {
        return "http://127.0.0.1:" + http.getAddress().getPort();
    }

    public Key key() {
        return published.getLast();
    }

    /** What it publishes, the one that signs last. */
    public void publish(Key... keys) {
        published.clear();
        published.addAll(Arrays.asList(keys));
    }

    /** Claims of a token that is good for a machine or, with a nonce, for a person. */
    public JsonObject claims(String audience, String subject) {
        var now = Instant.now().getEpochSecond();
        return new JsonObject()
                .put("iss", url())
                .put("aud", audience)
                .put("sub", subject)
                .put("iat", now)
                .put("exp", now + 300);
    }

    /** A code for which it answers with a token that says this. */
    public String codeFor(JsonObject claims) {
        return codeForToken(key().sign(claims));
    }

    public String codeForToken(String idToken) {
        var code = UUID.randomUUID().toString();
        answers.put(
                code,
                new JsonObject()
                        .put("token_type", "Bearer")
                        .put("access_token", code)
                        .put("id_token", idToken));
        return code;
    }

    /** Answers nothing until {@link #goOn}. */
    public void hang() {
        hanging = new CountDownLatch(1);
    }

    public void goOn() {
        hanging.countDown();
    }

    /** How often a path was asked for. */
    public int asked(String path) {
        return asked.computeIfAbsent(path, key -> new AtomicInteger()).get();
    }

    /** What was sent last for a code. */
    public Map<String, String> lastForm() {
        return Map.copyOf(lastForm);
    }

    private void answer(HttpExchange exchange) throws IOException {
        var path = exchange.getRequestURI().getPath();
        asked.computeIfAbsent(path, key -> new AtomicInteger()).incrementAndGet();
        var body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
        try {
            hanging.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        var answer =
                switch (path) {
                    case "/.well-known/openid-configuration" -> discovery();
                    case "/jwks" ->
                        new JsonObject()
                                .put(
                                        "keys",
                                        new JsonArray(
                                                published.stream().map(Key::jwk).toList()));
                    case "/token" -> token(exchange, body);
                    case "/userinfo" -> userinfo;
                    default -> null;
                };
        var known = answer != null && !answer.containsKey("error");
        var octets = (answer == null ? new JsonObject() : answer).encode().getBytes(UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(status != 200 ? status : known ? 200 : 400, octets.length);
        exchange.getResponseBody().write(octets);
        exchange.close();
    }

    private JsonObject discovery() {
        return new JsonObject()
                .put("issuer", url())
                .put("authorization_endpoint", url() + "/authorize")
                .put("token_endpoint", url() + "/token")
                .put("userinfo_endpoint", url() + "/userinfo")
                .put("jwks_uri", url() + "/jwks")
                .mergeIn(metadata);
    }

    /** A code works once. */
    private JsonObject token(HttpExchange exchange, String body) {
        lastForm.clear();
        lastForm.putAll(Stream.of(body.split("&"))
                .map(field -> field.split("=", 2))
                .collect(Collectors.toMap(field -> field[0], field -> URLDecoder.decode(field[1], UTF_8))));
        var authorization = exchange.getRequestHeaders().getFirst("Authorization");
        if (authorization != null) {
            lastForm.put("authorization", authorization);
        }
        var answer = answers.remove(lastForm.getOrDefault("code", ""));
        return answer != null ? answer : new JsonObject().put("error", "invalid_grant");
    }

    public static String part(byte[] octets) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }

    @Override
    public void close() {
        goOn();
        http.stop(0);
        threads.close();
    }
}
