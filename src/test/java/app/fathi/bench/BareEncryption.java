package app.fathi.bench;

import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.function.Supplier;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The floor of B1: what RFC 8291 cannot do without, called as lean as the JDK's interfaces allow and without a line of
 * Fathi. A key pair, one ECDH with a receiver's key that is ready and checked, five HMACs of the same lengths, one AES-GCM
 * of the same length. No salt is drawn, no body put together, nothing authorised.
 */
final class BareEncryption {
    private BareEncryption() {}

    public static void main(String[] arguments) throws Exception {
        var provider = provider(arguments[0]);
        var receivers = EncryptionSet.read().getJsonArray("subscriptions").stream()
                .map(each -> ((JsonObject) each).getJsonObject("keys"))
                .map(keys -> receiver(provider, EncryptionSet.octets(keys, "p256dh")))
                .toList();
        var workloads = new HashMap<String, Supplier<Workloads.Work>>();
        for (int octets : EncryptionBench.SIZES) {
            workloads.put("message-" + octets, () -> work(provider, receivers, octets));
        }
        Workloads.serve(workloads);
    }

    /** Null: whoever the JDK prefers. */
    private static Provider provider(String name) {
        return switch (name) {
            case "accp" -> new com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider();
            case "conscrypt" -> new org.conscrypt.OpenSSLProvider();
            case "bouncycastle" -> new org.bouncycastle.jce.provider.BouncyCastleProvider();
            case "jdk" -> null;
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static PublicKey receiver(Provider provider, byte[] point) {
        try {
            var parameters = AlgorithmParameters.getInstance("EC");
            parameters.init(new ECGenParameterSpec("secp256r1"));
            var spec = new ECPublicKeySpec(
                    new ECPoint(new BigInteger(1, point, 1, 32), new BigInteger(1, point, 33, 32)),
                    parameters.getParameterSpec(ECParameterSpec.class));
            return (provider == null ? KeyFactory.getInstance("EC") : KeyFactory.getInstance("EC", provider))
                    .generatePublic(spec);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Workloads.Work work(Provider provider, List<PublicKey> receivers, int octets) {
        try {
            return new Loop(provider, receivers, octets);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Loop implements Workloads.Work {
        private final KeyPairGenerator generator;
        private final KeyAgreement agreement;
        private final Mac hmac = Mac.getInstance("HmacSHA256");
        private final Cipher aesGcm = Cipher.getInstance("AES/GCM/NoPadding");
        private final List<PublicKey> receivers;
        private final byte[] secret16 = new byte[16];
        private final byte[] info145 = new byte[145];
        private final byte[] info29 = new byte[29];
        private final byte[] info25 = new byte[25];
        private final byte[] plaintext;
        private final byte[] ciphertext;
        private int next;

        Loop(Provider provider, List<PublicKey> receivers, int octets) throws GeneralSecurityException {
            this.receivers = receivers;
            generator = provider == null
                    ? KeyPairGenerator.getInstance("EC")
                    : KeyPairGenerator.getInstance("EC", provider);
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            agreement =
                    provider == null ? KeyAgreement.getInstance("ECDH") : KeyAgreement.getInstance("ECDH", provider);
            plaintext = Arrays.copyOf(EncryptionSet.payload(octets), octets + 1);
            ciphertext = new byte[plaintext.length + 16];
        }

        @Override
        public int once() throws GeneralSecurityException {
            agreement.init(generator.generateKeyPair().getPrivate());
            agreement.doPhase(receivers.get(next++ % receivers.size()), true);
            hmac.init(new SecretKeySpec(secret16, "HmacSHA256"));
            var prkKey = hmac.doFinal(agreement.generateSecret());
            hmac.init(new SecretKeySpec(prkKey, "HmacSHA256"));
            var ikm = hmac.doFinal(info145);
            hmac.init(new SecretKeySpec(secret16, "HmacSHA256"));
            var prk = hmac.doFinal(ikm);
            hmac.init(new SecretKeySpec(prk, "HmacSHA256"));
            var key = hmac.doFinal(info29);
            var nonce = hmac.doFinal(info25);
            aesGcm.init(
                    Cipher.ENCRYPT_MODE, new SecretKeySpec(key, 0, 16, "AES"), new GCMParameterSpec(128, nonce, 0, 12));
            aesGcm.doFinal(plaintext, 0, plaintext.length, ciphertext, 0);
            return ciphertext[ciphertext.length - 1];
        }
    }
}
