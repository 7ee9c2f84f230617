package app.fathi.webpush;

import app.fathi.cep.Messages;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.ByTemplate;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Tenancy;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.UUID;

/**
 * What a site tells whoever subscribes on it.
 *
 * @param purpose never {@code transactional}: nobody asked for it
 */
record Welcome(UUID templateId, String purpose, boolean enabled) {
    /** By which caps count it, and by which what it brings about can be asked for. */
    private static final String TAG = "welcome";

    private static final String MARKETING = "marketing";
    private static final String TRANSACTIONAL = "transactional";

    /** Null for none. */
    static Welcome of(JsonObject json) {
        if (json == null) {
            return null;
        }
        try {
            return new Welcome(
                    UUID.fromString(json.getString("templateId")),
                    json.getString("purpose", MARKETING),
                    json.getBoolean("enabled", true));
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("/welcome/templateId", "This is not a UUID.");
        }
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("templateId", templateId.toString())
                .put("purpose", purpose)
                .put("enabled", enabled);
    }

    MessageRequest request(List<UUID> subscriptions, boolean dryRun) {
        return new MessageRequest(
                        new Audience.Subscriptions(subscriptions),
                        null,
                        purpose,
                        MessageRequest.DEFAULT_TTL_SECONDS,
                        Urgency.NORMAL,
                        null,
                        null,
                        null,
                        null,
                        null,
                        true,
                        dryRun)
                .by(new ByTemplate(templateId, null, null, new JsonObject()))
                .tagged(TAG);
    }

    /** Fails with {@code unprocessable} where it could not be sent as it is. One that is switched off is not looked at. */
    Future<Void> check(SqlConnection tx, int ws, Messages messages, Tenancy tenancy) {
        if (!enabled) {
            return Future.succeededFuture();
        }
        return tenancy.rules(ws)
                .compose(rules -> {
                    if (purpose.equals(TRANSACTIONAL) || !rules.purposes().contains(purpose)) {
                        throw ProblemException.unprocessable(
                                "/welcome/purpose",
                                purpose.equals(TRANSACTIONAL)
                                        ? "Nobody asked for a welcome: it is not transactional."
                                        : "This workspace has no such purpose.");
                    }
                    return messages.request(tx, ws, request(List.of(), true))
                            .mapEmpty()
                            .recover(Welcome::named);
                })
                .mapEmpty();
    }

    /** The same, under the name that it has here. */
    private static Future<Object> named(Throwable failure) {
        return Future.failedFuture(
                failure instanceof ProblemException refused
                        ? ProblemException.unprocessable("/welcome/templateId", told(refused))
                        : failure);
    }

    private static String told(ProblemException refused) {
        var faults = refused.problem().faults();
        return faults.isEmpty() ? refused.problem().detail() : faults.getFirst().detail();
    }
}
