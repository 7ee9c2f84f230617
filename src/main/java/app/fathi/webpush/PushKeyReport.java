package app.fathi.webpush;

import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.UUID;

/**
 * A push key without its private half, with the subscriptions that are bound to it: who would be lost with it.
 *
 * @param active bound subscriptions that can be reached; the {@code within…} count those whose browser was seen since then
 * @param lastSeenAt when one of those browsers was last seen; null when there is none
 */
record PushKeyReport(
        UUID id,
        byte[] publicKey,
        boolean current,
        String source,
        OffsetDateTime createdAt,
        OffsetDateTime retiredAt,
        long active,
        long within1Day,
        long within7Days,
        long within30Days,
        long within90Days,
        OffsetDateTime lastSeenAt) {

    JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .put("publicKey", Base64.getUrlEncoder().withoutPadding().encodeToString(publicKey))
                .put("state", current ? "current" : retiredAt == null ? "previous" : "retired")
                .put("source", source)
                .put("createdAt", text(createdAt))
                .put("retiredAt", text(retiredAt))
                .put(
                        "subscriptions",
                        new JsonObject()
                                .put("active", active)
                                .put("lastSeenAt", text(lastSeenAt))
                                .put(
                                        "seenWithin",
                                        new JsonObject()
                                                .put("day", within1Day)
                                                .put("week", within7Days)
                                                .put("month", within30Days)
                                                .put("quarter", within90Days)));
    }

    static String text(OffsetDateTime time) {
        return time == null ? null : time.toInstant().toString();
    }
}
