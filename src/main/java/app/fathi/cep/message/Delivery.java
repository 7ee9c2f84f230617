package app.fathi.cep.message;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * One delivery as it is shown: a row of the ledger with the person's public id.
 *
 * @param profileId null when the profile is no more
 * @param retryReason why it was attempted more than once: {@code crash}, or the reason of the attempt before
 */
public record Delivery(
        int profileNo,
        int rank,
        UUID id,
        UUID profileId,
        UUID subscription,
        ChannelKind channel,
        State state,
        Reason reason,
        Integer httpStatus,
        int attempts,
        String retryReason,
        Instant createdAt,
        Instant attemptedAt,
        Instant acceptedAt,
        Instant shownAt,
        Instant clickedAt,
        String clickedAction,
        Instant closedAt) {

    public Delivery of(UUID profile) {
        return new Delivery(
                profileNo,
                rank,
                id,
                profile,
                subscription,
                channel,
                state,
                reason,
                httpStatus,
                attempts,
                retryReason,
                createdAt,
                attemptedAt,
                acceptedAt,
                shownAt,
                clickedAt,
                clickedAction,
                closedAt);
    }

    /** The sort columns of the list, for its cursor. */
    public List<Integer> position() {
        return List.of(profileNo, rank);
    }

    /** The contract's {@code Delivery}. */
    public JsonObject toJson() {
        return new JsonObject()
                .put("id", id.toString())
                .put("profileId", text(profileId))
                .put("subscriptionId", text(subscription))
                .put("channel", channel.word())
                .put("state", state.word())
                .put("reason", reason == null ? null : reason.word())
                .put("httpStatus", httpStatus)
                .put("attempts", attempts)
                .put("retryReason", retryReason)
                .put("createdAt", text(createdAt))
                .put("attemptedAt", text(attemptedAt))
                .put("acceptedAt", text(acceptedAt))
                .put("shownAt", text(shownAt))
                .put("clickedAt", text(clickedAt))
                .put("clickedAction", clickedAction)
                .put("closedAt", text(closedAt));
    }

    private static String text(Object value) {
        return value == null ? null : value.toString();
    }
}
