package app.fathi.webpush.encryption;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import app.fathi.platform.outbound.Origin;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Voluntary application server identification (RFC 8292): the signed token that tells a push service who sends. One
 * token serves all messages of a key to an origin until half of its life is over, so signing costs nothing per message.
 */
public final class Vapid {
    /** Push services refuse tokens that live longer (RFC 8292, section 2). */
    public static final Duration LIFE_LIMIT = Duration.ofHours(24);

    /** Kept off the limit: the push service's clock may be behind ours. */
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(10);

    /** Tokens kept; the least recently used goes first. One is about 600 octets. */
    private static final int CACHE_LIMIT = 10_000;

    private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();
    private static final String HEADER =
            BASE64URL.encodeToString("{\"typ\":\"JWT\",\"alg\":\"ES256\"}".getBytes(US_ASCII));

    private final CryptoProviders providers;
    private final InstantSource clock;
    private final Duration life;
    private final Map<TokenKey, Token> tokens;

    private record TokenKey(String origin, VapidKey key, String subject) {}

    private record Token(String authorization, Instant renewAt) {}

    /** @param life of a token, at most {@link #LIFE_LIMIT}; 12 hours is a good one */
    public Vapid(CryptoProviders providers, InstantSource clock, Duration life) {
        this(providers, clock, life, CACHE_LIMIT);
    }

    Vapid(CryptoProviders providers, InstantSource clock, Duration life, int cacheLimit) {
        if (life.isNegative() || life.isZero() || life.compareTo(LIFE_LIMIT) > 0) {
            throw new IllegalArgumentException("a token lives more than 0 and at most 24 hours, not " + life);
        }
        Duration longest = LIFE_LIMIT.minus(CLOCK_SKEW);
        this.providers = providers;
        this.clock = clock;
        this.life = life.compareTo(longest) > 0 ? longest : life;
        tokens = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<TokenKey, Token> eldest) {
                return size() > cacheLimit;
            }
        };
    }

    /**
     * The value of the {@code Authorization} header (RFC 8292, section 3): {@code vapid t=<token>, k=<public key>}.
     *
     * @param endpoint any URL of the push service; its origin is the token's audience
     * @param subject a contact that {@link VapidSubject#require} accepts
     */
    public String authorization(URI endpoint, VapidKey key, String subject) {
        TokenKey wanted = new TokenKey(Origin.of(endpoint), key, subject);
        Instant now = clock.instant();
        synchronized (tokens) {
            Token token = tokens.get(wanted);
            if (token == null || !now.isBefore(token.renewAt)) {
                token = sign(wanted, now);
                tokens.put(wanted, token);
            }
            return token.authorization;
        }
    }

    private Token sign(TokenKey wanted, Instant now) {
        JsonObject claims = new JsonObject()
                .put("aud", wanted.origin)
                .put("exp", now.plus(life).getEpochSecond())
                .put("sub", wanted.subject);
        String unsigned =
                HEADER + "." + BASE64URL.encodeToString(claims.encode().getBytes(UTF_8));
        String signature = BASE64URL.encodeToString(sign(wanted.key, unsigned.getBytes(US_ASCII)));
        return new Token(
                "vapid t=" + unsigned + "." + signature + ", k=" + wanted.key.publicKey(), now.plus(life.dividedBy(2)));
    }

    private byte[] sign(VapidKey key, byte[] text) {
        try {
            PrivateKey privateKey =
                    providers.signatureKeyFactory().generatePrivate(new PKCS8EncodedKeySpec(key.pkcs8()));
            Signature signature = providers.signature();
            signature.initSign(privateKey);
            signature.update(text);
            return rawSignature(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a VAPID token could not be signed", e);
        }
    }

    /** DER {@code SEQUENCE {INTEGER r, INTEGER s}} to r ‖ s of 32 octets each, as JWS wants it (RFC 7518, 3.4). */
    static byte[] rawSignature(byte[] der) {
        byte[] raw = new byte[2 * P256.SCALAR_OCTETS];
        int r = 2; // Both integers together are at most 70 octets, so every length is one octet.
        int s = r + 2 + der[r + 1];
        copyInteger(der, r, raw, 0);
        copyInteger(der, s, raw, P256.SCALAR_OCTETS);
        return raw;
    }

    private static void copyInteger(byte[] der, int at, byte[] raw, int to) {
        int length = der[at + 1];
        int start = at + 2;
        // A leading zero keeps the sign positive; short numbers are filled up on the left.
        int skipped = Math.max(0, length - P256.SCALAR_OCTETS);
        int used = length - skipped;
        System.arraycopy(der, start + skipped, raw, to + P256.SCALAR_OCTETS - used, used);
    }
}
