package app.fathi.cep.message;

import app.fathi.templates.Templates.Pin;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/**
 * What became of a message, straight from the ledger.
 *
 * @param state {@code queued}, {@code sending}, {@code completed} or {@code cancelled}
 * @param resendOf the message that this one sends again; null for none
 * @param pin the version of a template that it says; null for none
 * @param plan how it is spread over people and time
 * @param pausedAt since when it waits for somebody who lets it go on; null where it does not
 * @param audience how far the people are found whom nobody named, as the contract's {@code MessageAudience}; null for none
 * @param counts {@code planned} (people), then deliveries by state, then interactions
 * @param reasons final deliveries by reason
 */
public record MessageStatus(
        UUID id,
        String state,
        Source source,
        UUID resendOf,
        String purpose,
        Instant createdAt,
        Instant expiresAt,
        Pin pin,
        Plan plan,
        Instant pausedAt,
        JsonObject audience,
        Map<String, Long> counts,
        Map<String, Long> reasons) {

    /** The contract's {@code Message}. */
    public JsonObject toJson() {
        var countsJson = new JsonObject();
        counts.forEach(countsJson::put);
        var reasonsJson = new JsonObject();
        reasons.forEach(reasonsJson::put);
        var json = new JsonObject()
                .put("id", id.toString())
                .put("state", state)
                .put("source", source.word())
                .put("resendOf", resendOf == null ? null : resendOf.toString())
                .put("purpose", purpose)
                .put("createdAt", createdAt.toString())
                .put("expiresAt", expiresAt.toString())
                .put("audience", audience)
                .put("counts", countsJson)
                .put("reasons", reasonsJson)
                .put("pausedAt", pausedAt == null ? null : pausedAt.toString());
        plan.toJson().forEach(field -> json.put(field.getKey(), field.getValue()));
        if (plan.campaign() != null) {
            json.put("campaignId", plan.campaign().toString());
        }
        return pin == null
                ? json
                : json.put(
                        "template",
                        new JsonObject().put("id", pin.template().toString()).put("version", pin.version()));
    }
}
