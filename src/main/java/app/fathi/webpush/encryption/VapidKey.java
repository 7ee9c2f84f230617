package app.fathi.webpush.encryption;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;

/**
 * An application server key (RFC 8292): the key pair that a browser's subscription is bound to. Immutable; the two
 * halves are checked against each other when it is made.
 */
public final class VapidKey {
    private static final String PEM_BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String PEM_END = "-----END PRIVATE KEY-----";

    private final byte[] scalar;
    private final byte[] point;
    private final String publicKey;

    private VapidKey(byte[] scalar, byte[] point) {
        this.scalar = scalar;
        this.point = point;
        publicKey = Base64.getUrlEncoder().withoutPadding().encodeToString(point);
    }

    public static VapidKey generate(CryptoProviders providers) {
        KeyPair pair = providers.keyPairGenerator().generateKeyPair();
        return new VapidKey(
                P256.octets(((ECPrivateKey) pair.getPrivate()).getS()),
                P256.pointOf(pair.getPublic().getEncoded()));
    }

    /**
     * From its stored form.
     *
     * @param privateKey 32 octets, big endian, what {@link #privateKey()} gave
     * @param publicKey the uncompressed point, 65 octets
     * @throws IllegalArgumentException when one of them is not of P-256 or they do not belong together
     */
    public static VapidKey of(byte[] privateKey, byte[] publicKey) {
        P256.requireScalar(privateKey);
        P256.requirePoint(publicKey, "the public key");
        VapidKey key = new VapidKey(privateKey.clone(), publicKey.clone());
        key.requirePair();
        return key;
    }

    /**
     * From the pair of texts that other push libraries keep: the private scalar and the uncompressed point, both
     * base64url with or without padding.
     *
     * @throws IllegalArgumentException as {@link #of}
     */
    public static VapidKey parse(String privateKey, String publicKey) {
        return of(decode(privateKey, "the private key"), decode(publicKey, "the public key"));
    }

    /**
     * From a private key in PEM (RFC 7468), PKCS#8 without a passphrase, as {@code openssl} and most libraries write it.
     *
     * @param publicKey the uncompressed point, base64url; null when the PEM holds it, as it nearly always does
     * @throws IllegalArgumentException as {@link #of}; it never repeats what was given
     */
    public static VapidKey parsePem(String pem, String publicKey) {
        if (pem.contains("-----BEGIN EC PRIVATE KEY-----")) {
            throw new IllegalArgumentException(
                    "the PEM is in the form SEC1: make PKCS#8 of it with openssl pkcs8 -topk8 -nocrypt");
        }
        if (pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")) {
            throw new IllegalArgumentException(
                    "the PEM is encrypted: make a plain one of it with openssl pkcs8 -topk8 -nocrypt");
        }
        int from = pem.indexOf(PEM_BEGIN);
        int to = pem.indexOf(PEM_END);
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("the PEM holds no private key: BEGIN PRIVATE KEY is missing");
        }
        byte[] der;
        ECPrivateKey key;
        try {
            der = Base64.getMimeDecoder().decode(pem.substring(from + PEM_BEGIN.length(), to));
            if (!(KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der))
                    instanceof ECPrivateKey read)) {
                throw new IllegalArgumentException("the PEM holds no private key of an elliptic curve");
            }
            key = read;
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the PEM holds no private key of an elliptic curve in PKCS#8", e);
        }
        if (!P256.isMine(key.getParams())) {
            throw new IllegalArgumentException("the private key is not of the curve P-256");
        }
        byte[] point = publicKey == null ? P256.pointAtEndOf(der) : decode(publicKey, "the public key");
        if (point == null) {
            throw new IllegalArgumentException("the PEM does not hold the public key: send publicKey beside it");
        }
        return of(P256.octets(key.getS()), point);
    }

    private static byte[] decode(String text, String name) {
        try {
            return Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + " is not base64url", e);
        }
    }

    private void requirePair() {
        try {
            KeyFactory keys = KeyFactory.getInstance("EC");
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(keys.generatePrivate(new PKCS8EncodedKeySpec(pkcs8())));
            signature.update(point);
            byte[] signed = signature.sign();
            signature.initVerify(keys.generatePublic(new X509EncodedKeySpec(P256.spki(point))));
            signature.update(point);
            if (!signature.verify(signed)) {
                throw new IllegalArgumentException("the private and the public key do not belong together");
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the keys cannot be used", e);
        }
    }

    /** The public key as browsers take it ({@code applicationServerKey}): 87 characters of base64url. */
    public String publicKey() {
        return publicKey;
    }

    /** The public key as an uncompressed point, 65 octets. */
    public byte[] point() {
        return point.clone();
    }

    /** The private scalar, 32 octets, big endian, to be sealed and stored. Never shown, never logged. */
    public byte[] privateKey() {
        return scalar.clone();
    }

    /** The private key in PKCS#8, DER (RFC 5958). */
    byte[] pkcs8() {
        return P256.pkcs8(scalar);
    }

    /** By the public half. */
    @Override
    public boolean equals(Object other) {
        return other instanceof VapidKey key && Arrays.equals(point, key.point);
    }

    @Override
    public int hashCode() {
        return publicKey.hashCode();
    }

    @Override
    public String toString() {
        return "VapidKey[" + publicKey + "]";
    }
}
