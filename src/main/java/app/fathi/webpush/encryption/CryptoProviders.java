package app.fathi.webpush.encryption;

import app.fathi.platform.logging.Thrown;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.crypto.KeyAgreement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who computes on the curve P-256: the fastest provider on the class path that passes a trial of the operation.
 * Elliptic curves are nine tenths of a message's cost and differ 12-fold between providers; HMAC and AES-GCM are
 * intrinsics of the JDK, faster there than through any native call, and stay with it.
 *
 * <p>Key agreement and signatures are chosen apart: a provider that fails at one may serve the other. No provider is
 * installed globally: what else runs in this process keeps the JDK's.
 */
public final class CryptoProviders {
    private static final Logger LOG = LoggerFactory.getLogger(CryptoProviders.class);

    /** In order of speed. */
    private static final List<Candidate> CANDIDATES = List.of(
            new Candidate("accp", "com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider"),
            new Candidate("conscrypt", "org.conscrypt.OpenSSLProvider"),
            new Candidate("bouncycastle", "org.bouncycastle.jce.provider.BouncyCastleProvider"),
            new Candidate("jdk", null));

    /** @param type the provider's class; null: whoever the JDK prefers */
    private record Candidate(String name, String type) {
        Provider load() throws ReflectiveOperationException {
            return type == null
                    ? null
                    : (Provider) Class.forName(type).getConstructor().newInstance();
        }
    }

    /** A provider that passed its trial; {@code provider} is null for the JDK's own choice. */
    private record Chosen(String name, Provider provider) {}

    private interface Trial {
        void run(Provider provider) throws GeneralSecurityException;
    }

    private final Chosen agreement;
    private final Chosen signature;

    /** Tries all, fastest first. Loading a native library takes some 100 ms: make one and share it. */
    public CryptoProviders() {
        this(CANDIDATES);
    }

    /**
     * Only the named one ({@code accp}, {@code conscrypt}, {@code bouncycastle} or {@code jdk}).
     *
     * @throws IllegalStateException when it is not on the class path or fails its trial
     */
    public CryptoProviders(String name) {
        this(CANDIDATES.stream()
                .filter(candidate -> candidate.name.equals(name))
                .toList());
    }

    private CryptoProviders(List<Candidate> candidates) {
        agreement = first(candidates, "key agreement", CryptoProviders::tryAgreement);
        signature = first(candidates, "signatures", CryptoProviders::trySignature);
        LOG.info("elliptic curves: key agreement by {}, signatures by {}", agreement.name, signature.name);
    }

    /** The names that work on this machine, fastest first. */
    public static List<String> available() {
        List<String> names = new ArrayList<>();
        for (Candidate candidate : CANDIDATES) {
            try {
                new CryptoProviders(candidate.name);
                names.add(candidate.name);
            } catch (IllegalStateException unavailable) {
                LOG.debug("{} is not available", candidate.name, unavailable);
            }
        }
        return names;
    }

    private static Chosen first(List<Candidate> candidates, String purpose, Trial trial) {
        Throwable last = null;
        for (Candidate candidate : candidates) {
            try {
                Provider provider = candidate.load();
                trial.run(provider);
                return new Chosen(candidate.name, provider);
            } catch (ClassNotFoundException e) {
                last = e; // Not shipped: nothing to report.
            } catch (ReflectiveOperationException | GeneralSecurityException | RuntimeException | LinkageError e) {
                last = e;
                LOG.warn("{} cannot be used for {}: {}", candidate.name, purpose, Thrown.text(e));
            }
        }
        throw new IllegalStateException("no provider for " + purpose, last);
    }

    private static void tryAgreement(Provider provider) throws GeneralSecurityException {
        KeyPair ours = keyPairGenerator(provider).generateKeyPair();
        KeyPair theirs = keyPairGenerator(provider).generateKeyPair();
        byte[] one = agree(provider, ours, theirs);
        byte[] other = agree(provider, theirs, ours);
        if (one.length != P256.SCALAR_OCTETS || !Arrays.equals(one, other)) {
            throw new GeneralSecurityException("the two sides of a key agreement differ");
        }
    }

    private static byte[] agree(Provider provider, KeyPair ours, KeyPair theirs) throws GeneralSecurityException {
        KeyAgreement agreement = keyAgreement(provider);
        agreement.init(ours.getPrivate());
        byte[] spki = P256.spki(P256.pointOf(theirs.getPublic().getEncoded()));
        agreement.doPhase(keyFactory(provider).generatePublic(new X509EncodedKeySpec(spki)), true);
        return agreement.generateSecret();
    }

    private static void trySignature(Provider provider) throws GeneralSecurityException {
        KeyPair pair = keyPairGenerator(provider).generateKeyPair();
        byte[] text = {1, 2, 3};
        Signature signature = signature(provider);
        signature.initSign(pair.getPrivate());
        signature.update(text);
        byte[] signed = signature.sign();
        Signature verifier = Signature.getInstance("SHA256withECDSA");
        verifier.initVerify(KeyFactory.getInstance("EC")
                .generatePublic(new X509EncodedKeySpec(pair.getPublic().getEncoded())));
        verifier.update(text);
        if (!verifier.verify(signed)) {
            throw new GeneralSecurityException("a signature does not verify");
        }
    }

    /** Who is active, for logs and health: {@code accp}, or {@code accp+jdk} when signatures are another's. */
    public String name() {
        return agreement.name.equals(signature.name) ? agreement.name : agreement.name + "+" + signature.name;
    }

    KeyPairGenerator keyPairGenerator() {
        return unchecked(() -> keyPairGenerator(agreement.provider));
    }

    KeyFactory keyFactory() {
        return unchecked(() -> keyFactory(agreement.provider));
    }

    KeyAgreement keyAgreement() {
        return unchecked(() -> keyAgreement(agreement.provider));
    }

    /** Makes private keys for {@link #signature()}. */
    KeyFactory signatureKeyFactory() {
        return unchecked(() -> keyFactory(signature.provider));
    }

    /** ES256 with DER output: the one form that every provider has. */
    Signature signature() {
        return unchecked(() -> signature(signature.provider));
    }

    /** The JDK's non-blocking source, seeded by the operating system. */
    static SecureRandom random() {
        try {
            return SecureRandom.getInstance("NativePRNGNonBlocking");
        } catch (NoSuchAlgorithmException notUnix) {
            return new SecureRandom();
        }
    }

    private static KeyPairGenerator keyPairGenerator(Provider provider) throws GeneralSecurityException {
        KeyPairGenerator generator =
                provider == null ? KeyPairGenerator.getInstance("EC") : KeyPairGenerator.getInstance("EC", provider);
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator;
    }

    private static KeyFactory keyFactory(Provider provider) throws GeneralSecurityException {
        return provider == null ? KeyFactory.getInstance("EC") : KeyFactory.getInstance("EC", provider);
    }

    private static KeyAgreement keyAgreement(Provider provider) throws GeneralSecurityException {
        return provider == null ? KeyAgreement.getInstance("ECDH") : KeyAgreement.getInstance("ECDH", provider);
    }

    private static Signature signature(Provider provider) throws GeneralSecurityException {
        return provider == null
                ? Signature.getInstance("SHA256withECDSA")
                : Signature.getInstance("SHA256withECDSA", provider);
    }

    private interface Lookup<T> {
        T get() throws GeneralSecurityException;
    }

    private static <T> T unchecked(Lookup<T> lookup) {
        try {
            return lookup.get();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a provider that passed its trial lost the operation", e);
        }
    }
}
