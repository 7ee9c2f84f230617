package app.fathi.webpush;

import app.fathi.cep.message.Channel;
import app.fathi.platform.outbound.Origin;
import app.fathi.webpush.encryption.SubscriptionKeys;
import io.vertx.core.buffer.Buffer;
import java.net.URI;
import java.util.UUID;

/**
 * Where a push goes. A secret in whole: never logged, never answered, sealed in the database.
 *
 * @param language of the browser, as a BCP 47 tag; null when it is not known
 * @param pageOrigin of the page that subscribed; null when a server did
 * @param site what the workspace says of that origin; null when it says nothing
 */
record PushAddress(
        UUID id,
        int profileNo,
        UUID keyId,
        String language,
        String pageOrigin,
        Site site,
        URI endpoint,
        SubscriptionKeys keys)
        implements Channel.Address {

    /** What is sealed: {@code p256dh (65) | auth (16) | endpoint}. */
    static byte[] encode(URI endpoint, SubscriptionKeys keys) {
        return Buffer.buffer()
                .appendBytes(keys.p256dh())
                .appendBytes(keys.auth())
                .appendString(endpoint.toString())
                .getBytes();
    }

    static PushAddress decode(UUID id, int profileNo, UUID keyId, String pageOrigin, byte[] opened) {
        var buffer = Buffer.buffer(opened);
        var authAt = 65;
        var endpointAt = authAt + SubscriptionKeys.AUTH_OCTETS;
        return new PushAddress(
                id,
                profileNo,
                keyId,
                null,
                pageOrigin,
                null,
                URI.create(buffer.getString(endpointAt, buffer.length())),
                new SubscriptionKeys(buffer.getBytes(0, authAt), buffer.getBytes(authAt, endpointAt)));
    }

    PushAddress on(Site known) {
        return new PushAddress(id, profileNo, keyId, language, pageOrigin, known, endpoint, keys);
    }

    PushAddress in(String known) {
        return new PushAddress(id, profileNo, keyId, known, pageOrigin, site, endpoint, keys);
    }

    @Override
    public String origin() {
        return Origin.of(endpoint);
    }

    /** The endpoint is a capability URL and must not end in a log. */
    @Override
    public String toString() {
        return "PushAddress[" + id + "]";
    }
}
