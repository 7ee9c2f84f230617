package app.fathi.webpush;

import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.util.HexFormat;
import java.util.UUID;

/** One browser that can be reached, as the API shows it: without its endpoint and keys, which are secrets. */
record Subscription(
        UUID id,
        int profileNo,
        UUID profileId,
        UUID keyId,
        String status,
        byte[] endpointHash,
        String pushService,
        String site,
        String userAgent,
        String language,
        String timezone,
        OffsetDateTime createdAt,
        OffsetDateTime lastSeenAt,
        OffsetDateTime endedAt) {

    /** Enough of the hash to recognise an endpoint by. */
    private static final int SHOWN_HASH_OCTETS = 8;

    JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .put("status", status)
                .put("profileId", profileId.toString())
                .put("site", site)
                .put("pushService", pushService)
                .put("endpointHash", HexFormat.of().formatHex(endpointHash, 0, SHOWN_HASH_OCTETS))
                .put("keyId", keyId.toString())
                .put("userAgent", userAgent)
                .put("language", language)
                .put("timezone", timezone)
                .put("createdAt", createdAt.toInstant().toString())
                .put("lastSeenAt", lastSeenAt.toInstant().toString())
                .put("endedAt", endedAt == null ? null : endedAt.toInstant().toString());
    }
}
