package app.fathi.bench;

import app.fathi.testing.PushReceiver;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.VapidKey;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** What every contender of {@link EncryptionBench} encrypts for: the same subscriptions, the same key of the sender. */
final class EncryptionSet {
    static final Path FILE = Report.FOLDER.resolve("B1-set.json");

    /** A campaign's recipients all differ: as many as a chunk has. */
    private static final int SUBSCRIPTIONS = 1000;

    static final String SUBJECT = "mailto:bench@fathi.app";

    private EncryptionSet() {}

    static void write() throws IOException {
        var subscriptions = new JsonArray();
        for (int i = 0; i < SUBSCRIPTIONS; i++) {
            var browser = PushReceiver.create();
            subscriptions.add(new JsonObject()
                    .put("endpoint", "https://push.fathi.app/wpush/v2/" + Integer.toHexString(0x5eed0000 + i))
                    .put(
                            "keys",
                            new JsonObject().put("p256dh", browser.p256dh()).put("auth", browser.auth())));
        }
        var key = VapidKey.generate(new CryptoProviders("jdk"));
        var set = new JsonObject()
                .put("subject", SUBJECT)
                .put("publicKey", key.publicKey())
                .put("privateKey", Base64.getUrlEncoder().withoutPadding().encodeToString(key.privateKey()))
                .put("subscriptions", subscriptions);
        Files.createDirectories(FILE.getParent());
        Files.writeString(FILE, set.encode());
    }

    static JsonObject read() throws IOException {
        return new JsonObject(Files.readString(FILE));
    }

    static byte[] octets(JsonObject keys, String name) {
        return Base64.getUrlDecoder().decode(keys.getString(name));
    }

    /** A message of so many octets, never the same for two sizes. */
    static byte[] payload(int octets) {
        var payload = new byte[octets];
        for (int i = 0; i < octets; i++) {
            payload[i] = (byte) (' ' + (i * 31 + octets) % 90);
        }
        return payload;
    }
}
