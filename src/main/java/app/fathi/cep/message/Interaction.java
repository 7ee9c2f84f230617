package app.fathi.cep.message;

import io.vertx.core.json.JsonObject;
import java.time.Instant;

/**
 * What a device reports about a message: an event of kind {@link #KIND} on the {@code ingest} stream, which the
 * ledger's stage writes into the ledger.
 *
 * @param type {@link Reason#SHOWN}, {@link Reason#CLICKED} or {@link Reason#CLOSED}
 * @param action which of the notification's actions was clicked, null for the notification itself
 * @param at when it happened, by our clock or corrected to it
 */
public record Interaction(DeliveryKey delivery, Reason type, String action, Instant at) {

    /** The kind of these events on the {@code ingest} stream. */
    public static final String KIND = "interaction";

    /** The key that keeps one person's interactions in order on the stream. */
    public String streamKey() {
        return "#" + delivery.profileNo();
    }

    /** The event's payload. */
    public JsonObject toPayload() {
        return new JsonObject()
                .put("run", delivery.run())
                .put("step", delivery.step())
                .put("profileNo", delivery.profileNo())
                .put("rank", delivery.rank())
                .put("type", type.word())
                .put("action", action)
                .put("at", at.toString());
    }

    public static Interaction of(int ws, JsonObject payload) {
        var delivery = new DeliveryKey(
                ws,
                payload.getLong("run"),
                payload.getInteger("step"),
                payload.getInteger("profileNo"),
                payload.getInteger("rank"));
        return new Interaction(
                delivery,
                Reason.of(payload.getString("type")),
                payload.getString("action"),
                Instant.parse(payload.getString("at")));
    }
}
