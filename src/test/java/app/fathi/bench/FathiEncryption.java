package app.fathi.bench;

import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.PushEncryption;
import app.fathi.webpush.encryption.SubscriptionKeys;
import app.fathi.webpush.encryption.Vapid;
import app.fathi.webpush.encryption.VapidKey;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.function.Supplier;

/**
 * Fathi's contender in B1: everything between a subscription as it lies in the database and a request ready for the wire.
 * One key, {@code --key}, is not remembered between messages: the point is read and checked anew for each.
 */
final class FathiEncryption {
    /** A subscription as the database gives it. */
    private record Stored(URI endpoint, byte[] p256dh, byte[] auth) {}

    private FathiEncryption() {}

    public static void main(String[] arguments) throws Exception {
        var set = EncryptionSet.read();
        var providers = new CryptoProviders(arguments[0]);
        var encryption = new PushEncryption(providers);
        var vapid = new Vapid(providers, InstantSource.system(), Duration.ofHours(12));
        var key = VapidKey.parse(set.getString("privateKey"), set.getString("publicKey"));
        var subject = set.getString("subject");
        var stored = set.getJsonArray("subscriptions").stream()
                .map(each -> stored((JsonObject) each))
                .toList();
        var workloads = new HashMap<String, Supplier<Workloads.Work>>();
        for (int octets : EncryptionBench.SIZES) {
            var payload = EncryptionSet.payload(octets);
            workloads.put("message-" + octets, () -> new Workloads.Work() {
                private int next;

                @Override
                public int once() {
                    var to = stored.get(next++ % stored.size());
                    var body = encryption.encrypt(new SubscriptionKeys(to.p256dh, to.auth), payload);
                    var authorization = vapid.authorization(to.endpoint, key, subject);
                    return body[body.length - 1] + authorization.length();
                }
            });
        }
        Workloads.serve(workloads);
    }

    private static Stored stored(JsonObject subscription) {
        var keys = subscription.getJsonObject("keys");
        return new Stored(
                URI.create(subscription.getString("endpoint")),
                EncryptionSet.octets(keys, "p256dh"),
                EncryptionSet.octets(keys, "auth"));
    }
}
