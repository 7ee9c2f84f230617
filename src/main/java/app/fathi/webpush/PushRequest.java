package app.fathi.webpush;

import app.fathi.cep.message.Urgency;
import java.net.URI;
import java.util.UUID;

/**
 * One POST to a push service (RFC 8030 section 5).
 *
 * @param body the encrypted message, at most 4,096 octets
 * @param authorization the value of the header (RFC 8292 section 3)
 * @param keyId of the key in it
 * @param urgent never waits behind what is not
 * @param retry not the message's first attempt
 * @param ttlSeconds how long the push service keeps it; 0 is now or never
 * @param topic at most 32 characters of base64url
 */
record PushRequest(
        URI endpoint,
        byte[] body,
        String authorization,
        UUID keyId,
        boolean urgent,
        boolean retry,
        int ttlSeconds,
        Urgency urgency,
        String topic) {}
