package app.fathi.webpush.encryption;

import java.security.SecureRandom;

/**
 * The keys of a subscription as the browser itself holds them.
 *
 * @param privateKey PKCS#8 of a P-256 key; never leaves the browser
 * @param shared what the browser gives to the site with its subscription
 */
public record BrowserKeys(byte[] privateKey, SubscriptionKeys shared) {
    private static final SecureRandom RANDOM = CryptoProviders.random();

    public BrowserKeys {
        privateKey = privateKey.clone();
    }

    /** New ones, as {@code pushManager.subscribe()} makes them. */
    public static BrowserKeys make(CryptoProviders providers) {
        var pair = providers.keyPairGenerator().generateKeyPair();
        var auth = new byte[SubscriptionKeys.AUTH_OCTETS];
        RANDOM.nextBytes(auth);
        return new BrowserKeys(
                pair.getPrivate().getEncoded(),
                new SubscriptionKeys(P256.pointOf(pair.getPublic().getEncoded()), auth));
    }

    @Override
    public byte[] privateKey() {
        return privateKey.clone();
    }

    @Override
    public String toString() {
        return "BrowserKeys[hidden]";
    }
}
