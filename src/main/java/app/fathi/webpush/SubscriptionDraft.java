package app.fathi.webpush;

import app.fathi.cdp.Profiles;
import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.ProblemException;
import app.fathi.webpush.encryption.SubscriptionKeys;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.UUID;

/**
 * What a browser tells when it subscribes: the address, who it says it is, and what it is.
 *
 * @param keyId the push key it subscribed with; null for the current one
 * @param replaces the subscription that this browser had before; null when it had none
 * @param adopt only to be known again by the server, which knows the endpoint or leaves it alone
 * @param anonymousId the visitor's id that the SDK made; null when not told
 * @param userId the person it claims to be; null when it claims nobody
 * @param identityToken what proves the claim; null when nothing does
 * @param site origin of the page, from the request's {@code Origin}; null for servers
 */
record SubscriptionDraft(
        URI endpoint,
        SubscriptionKeys keys,
        UUID keyId,
        UUID replaces,
        boolean adopt,
        String anonymousId,
        String userId,
        String identityToken,
        String site,
        String userAgent,
        String language,
        String timezone) {

    private static final int USER_AGENT_LIMIT = 512;

    static SubscriptionDraft of(Call call) {
        var json = call.json();
        var keys = json.getJsonObject("keys");
        return new SubscriptionDraft(
                endpoint(json),
                keys(keys),
                uuid(json, "keyId"),
                uuid(json, "replaces"),
                json.getBoolean("adopt", false),
                somebody(json.getString("anonymousId")),
                somebody(json.getString("userId")),
                json.getString("identityToken"),
                origin(call.header("origin")),
                cut(call.header("user-agent")),
                json.getString("language"),
                timezone(json));
    }

    private static URI endpoint(JsonObject json) {
        try {
            return new URI(json.getString("endpoint"));
        } catch (URISyntaxException e) {
            throw ProblemException.unprocessable("/endpoint", "The endpoint is not a URL.");
        }
    }

    private static SubscriptionKeys keys(JsonObject keys) {
        try {
            return SubscriptionKeys.parse(keys.getString("p256dh"), keys.getString("auth"));
        } catch (IllegalArgumentException e) {
            throw ProblemException.unprocessable("/keys", "These are no push keys: " + e.getMessage() + ".");
        }
    }

    private static UUID uuid(JsonObject json, String name) {
        try {
            var text = json.getString(name);
            return text == null ? null : UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("/" + name, "This is not a UUID.");
        }
    }

    private static String timezone(JsonObject json) {
        var name = json.getString("timezone");
        try {
            return name == null ? null : ZoneId.of(name).getId();
        } catch (DateTimeException e) {
            throw ProblemException.unprocessable("/timezone", "There is no such IANA time zone.");
        }
    }

    private static String origin(String header) {
        return header == null || header.equals("null") ? null : header;
    }

    private static String cut(String text) {
        return text == null || text.length() <= USER_AGENT_LIMIT ? text : text.substring(0, USER_AGENT_LIMIT);
    }

    /** What broken clients send where there is no id names nobody: all of their browsers would become one person's. */
    private static String somebody(String id) {
        return id == null || Profiles.namesNobody(id) ? null : id;
    }
}
