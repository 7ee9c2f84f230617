package app.fathi.users;

import app.fathi.platform.security.Secrets;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.List;
import java.util.UUID;

/** The key pairs that sign access tokens: made here, kept sealed under the installation's own data key. */
final class SigningKeys {
    /** The installation itself, which is no workspace. */
    private static final int INSTALLATION = 0;

    private static final int COORDINATE_OCTETS = 32;

    private final Secrets secrets;
    private final SigningKeysStore store = new SigningKeysStore();

    SigningKeys(Secrets secrets) {
        this.secrets = secrets;
    }

    /** Private keys as JWK, the one that signs first. */
    Future<List<JsonObject>> load(SqlClient client) {
        return secrets.workspaceKey(client, INSTALLATION)
                .compose(key -> store.active(client).map(stored -> stored.stream()
                        .map(each -> new JsonObject(
                                new String(key.open(place(each.kid()), each.sealed()), StandardCharsets.UTF_8)))
                        .toList()));
    }

    Future<Void> make(SqlClient tx) {
        var jwk = generate();
        var kid = jwk.getString("kid");
        return secrets.workspaceKey(tx, INSTALLATION)
                .compose(key ->
                        store.insert(tx, kid, key.seal(place(kid), jwk.encode().getBytes(StandardCharsets.UTF_8))));
    }

    private static String place(String kid) {
        return "users_signing_key.sealed|" + kid;
    }

    /** A P-256 key pair as JWK (RFC 7517, RFC 7518 section 6.2). */
    static JsonObject generate() {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            var pair = generator.generateKeyPair();
            var point = ((ECPublicKey) pair.getPublic()).getW();
            return new JsonObject()
                    .put("kty", "EC")
                    .put("crv", "P-256")
                    .put("use", "sig")
                    .put("alg", "ES256")
                    .put("kid", UUID.randomUUID().toString())
                    .put("x", coordinate(point.getAffineX()))
                    .put("y", coordinate(point.getAffineY()))
                    .put("d", coordinate(((ECPrivateKey) pair.getPrivate()).getS()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has P-256", e);
        }
    }

    private static String coordinate(BigInteger number) {
        var octets = new byte[COORDINATE_OCTETS];
        var signed = number.toByteArray();
        var length = Math.min(signed.length, COORDINATE_OCTETS);
        System.arraycopy(signed, signed.length - length, octets, COORDINATE_OCTETS - length, length);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }
}
