package app.fathi.demo;

import app.fathi.webpush.encryption.BrowserKeys;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.PushDecryption;
import app.fathi.webpush.encryption.PushDecryption.UnreadableException;
import app.fathi.webpush.encryption.SubscriptionKeys;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;

/**
 * The browser of one of the demo's people.
 *
 * @param id names it in its endpoint: as hard to guess as those of real push services
 */
record VirtualBrowser(Person person, String id, BrowserKeys keys) {
    /** Of a message's {@code data}: whom it greets. The newcomer's own messages may say what they like. */
    static final String GREETS = "greets";

    private static final int ID_OCTETS = 18;
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    /** What real ones call themselves. */
    private static final List<String> USER_AGENTS = List.of(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15");

    /** A message as this browser would show it. */
    record Notification(String delivery, String token, String track) {}

    static VirtualBrowser make(int number, CryptoProviders providers) {
        var id = new byte[ID_OCTETS];
        new SecureRandom().nextBytes(id);
        return new VirtualBrowser(Person.of(number), BASE64.encodeToString(id), BrowserKeys.make(providers));
    }

    String userAgent() {
        return USER_AGENTS.get(person.number() % USER_AGENTS.size());
    }

    String endpoint(String pushOrigin) {
        return pushOrigin + PushService.PATH + id;
    }

    /** As {@code PushSubscription.toJSON()} gives them. */
    JsonObject publicKeys() {
        return new JsonObject()
                .put("p256dh", BASE64.encodeToString(keys.shared().p256dh()))
                .put("auth", BASE64.encodeToString(keys.shared().auth()));
    }

    String toLine() {
        return publicKeys()
                .put("id", id)
                .put("privateKey", BASE64.encodeToString(keys.privateKey()))
                .encode();
    }

    static VirtualBrowser ofLine(int number, String line) {
        var json = new JsonObject(line);
        var shared = SubscriptionKeys.parse(json.getString("p256dh"), json.getString("auth"));
        var privateKey = Base64.getUrlDecoder().decode(json.getString("privateKey"));
        return new VirtualBrowser(Person.of(number), json.getString("id"), new BrowserKeys(privateKey, shared));
    }

    /**
     * Reads a push as a service worker does, and looks whether it is for whom it should be.
     *
     * @throws UnreadableException when it cannot be decrypted
     * @throws StrangeException when it can be, and is none of ours or greets somebody else
     */
    Notification read(byte[] body, PushDecryption decryption) throws UnreadableException, StrangeException {
        try {
            var message = new JsonObject(Buffer.buffer(decryption.decrypt(keys, body)));
            var notification = message.getJsonObject("notification");
            var data = notification.getJsonObject("data");
            var greeted = data.getString(GREETS);
            if (greeted != null
                    && !(greeted.equals(person.firstName())
                            && person.greeting().equals(notification.getString("title")))) {
                throw new StrangeException("it does not greet whom it was sent to");
            }
            var ours = data.getJsonObject("fathi");
            return new Notification(ours.getString("id"), ours.getString("token"), ours.getString("track"));
        } catch (DecodeException | ClassCastException | NullPointerException e) {
            throw new StrangeException("it is no message of the kind that the SDK's worker shows");
        }
    }

    /** Read, and not what this browser's person should see. */
    static final class StrangeException extends Exception {
        private static final long serialVersionUID = 1L;

        StrangeException(String message) {
            super(message);
        }
    }
}
