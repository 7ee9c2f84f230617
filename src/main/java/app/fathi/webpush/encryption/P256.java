package app.fathi.webpush.encryption;

import java.math.BigInteger;
import java.security.spec.ECFieldFp;
import java.security.spec.ECParameterSpec;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The curve P-256 (FIPS 186-5, SEC 2 {@code secp256r1}) in octets: points are uncompressed (0x04, x, y), scalars and
 * coordinates are 32 octets, big endian.
 */
final class P256 {
    /** Octets of an uncompressed point (SEC 1, section 2.3.3). */
    static final int POINT_OCTETS = 65;

    /** Octets of a private scalar, a coordinate and an ECDH secret. */
    static final int SCALAR_OCTETS = 32;

    private static final BigInteger P =
            new BigInteger("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);
    private static final BigInteger B =
            new BigInteger("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16);
    private static final BigInteger N =
            new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);
    private static final BigInteger THREE = BigInteger.valueOf(3);

    /** SubjectPublicKeyInfo (RFC 5480) of a P-256 key, up to its point. */
    private static final byte[] SPKI_PREFIX =
            HexFormat.of().parseHex("3059301306072a8648ce3d020106082a8648ce3d030107034200");

    /** PKCS#8 (RFC 5958) around an ECPrivateKey (RFC 5915) without the optional public key, up to the scalar. */
    private static final byte[] PKCS8_PREFIX = HexFormat.of()
            .parseHex("304102010030" + "1306072a8648ce3d020106082a8648ce3d030107" + "0427302502010104" + "20");

    /** Before the public key in an ECPrivateKey: [1], a bit string of 65 octets. */
    private static final byte[] PKCS8_POINT = HexFormat.of().parseHex("a144034200");

    private P256() {}

    /**
     * Refuses what is not the uncompressed encoding of a point on the curve. P-256 has cofactor 1, so a point on it
     * that is not infinity (which has no uncompressed form) is in the right group: the full check of SP 800-56A 5.6.2.3.3.
     */
    static void requirePoint(byte[] point, String name) {
        if (point.length == 33 && (point[0] == 2 || point[0] == 3)) {
            throw new IllegalArgumentException(name + " is a compressed point; the uncompressed one is needed");
        }
        if (point.length == 1 && point[0] == 0) {
            throw new IllegalArgumentException(name + " is the point at infinity");
        }
        if (point.length != POINT_OCTETS) {
            throw new IllegalArgumentException(
                    name + " has " + point.length + " octets; " + POINT_OCTETS + " are needed");
        }
        if (point[0] != 4) {
            throw new IllegalArgumentException(name + " is not an uncompressed point: it does not begin with 0x04");
        }
        BigInteger x = new BigInteger(1, point, 1, SCALAR_OCTETS);
        BigInteger y = new BigInteger(1, point, 1 + SCALAR_OCTETS, SCALAR_OCTETS);
        boolean inField = x.compareTo(P) < 0 && y.compareTo(P) < 0;
        // y² = x³ − 3x + b
        if (!inField
                || !y.multiply(y)
                        .subtract(x.multiply(x).subtract(THREE).multiply(x))
                        .subtract(B)
                        .mod(P)
                        .equals(BigInteger.ZERO)) {
            throw new IllegalArgumentException(name + " is not a point on the curve P-256");
        }
    }

    /** Refuses what is not a private scalar: 32 octets, 1 ≤ d < n. */
    static void requireScalar(byte[] d) {
        if (d.length != SCALAR_OCTETS) {
            throw new IllegalArgumentException(
                    "the private key has " + d.length + " octets; " + SCALAR_OCTETS + " are needed");
        }
        BigInteger value = new BigInteger(1, d);
        if (value.signum() == 0 || value.compareTo(N) >= 0) {
            throw new IllegalArgumentException("the private key is out of range");
        }
    }

    static byte[] spki(byte[] point) {
        return concat(SPKI_PREFIX, point);
    }

    static byte[] pkcs8(byte[] d) {
        return concat(PKCS8_PREFIX, d);
    }

    /** The point at the end of an encoded public key. Every provider we use writes the named-curve form. */
    static byte[] pointOf(byte[] spki) {
        if (spki.length != SPKI_PREFIX.length + POINT_OCTETS
                || !Arrays.equals(spki, 0, SPKI_PREFIX.length, SPKI_PREFIX, 0, SPKI_PREFIX.length)) {
            throw new IllegalArgumentException("not the encoding of a P-256 public key with an uncompressed point");
        }
        return Arrays.copyOfRange(spki, SPKI_PREFIX.length, spki.length);
    }

    /** Whether the parameters are this curve's. */
    static boolean isMine(ECParameterSpec curve) {
        return curve.getOrder().equals(N)
                && curve.getCurve().getB().equals(B)
                && curve.getCofactor() == 1
                && curve.getCurve().getField() instanceof ECFieldFp field
                && field.getP().equals(P);
    }

    /** The public key at the end of a PKCS#8 (the optional part of RFC 5915); null when it is left out. */
    static byte[] pointAtEndOf(byte[] pkcs8) {
        int from = pkcs8.length - POINT_OCTETS;
        int tagged = from - PKCS8_POINT.length;
        return tagged >= 0 && Arrays.equals(pkcs8, tagged, from, PKCS8_POINT, 0, PKCS8_POINT.length)
                ? Arrays.copyOfRange(pkcs8, from, pkcs8.length)
                : null;
    }

    /** A non-negative number as 32 octets. */
    static byte[] octets(BigInteger value) {
        byte[] signed = value.toByteArray();
        byte[] octets = new byte[SCALAR_OCTETS];
        int length = Math.min(signed.length, SCALAR_OCTETS);
        System.arraycopy(signed, signed.length - length, octets, SCALAR_OCTETS - length, length);
        return octets;
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] joined = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, joined, a.length, b.length);
        return joined;
    }
}
