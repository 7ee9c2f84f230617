package app.fathi.webpush;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.outbound.Origin;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;

/**
 * One origin of a workspace, with what a message to a subscriber of it takes from it where it says nothing itself.
 *
 * @param icon null when there is none, as {@code badge} and {@code url}
 * @param bindsKeys whether the workspace's browser keys work from here, and from nowhere that does not say so, too
 * @param welcome what new subscribers are told; null for nothing
 * @param edits null for one that is not saved yet
 */
record Site(
        UUID id,
        String origin,
        String name,
        String description,
        List<String> tags,
        String icon,
        String badge,
        String url,
        boolean bindsKeys,
        Welcome welcome,
        Edits edits) {

    /** Shape and lengths are the contract's; what a value means is checked here. */
    static Site of(UUID id, JsonObject fields) {
        return new Site(
                id,
                origin(fields.getString("origin")),
                name(fields.getString("name")),
                fields.getString("description", ""),
                fields.getJsonArray("tags", new JsonArray()).stream()
                        .map(String.class::cast)
                        .distinct()
                        .toList(),
                link("/icon", fields.getString("icon")),
                link("/badge", fields.getString("badge")),
                link("/url", fields.getString("url")),
                fields.getBoolean("bindsKeys", false),
                Welcome.of(fields.getJsonObject("welcome")),
                null);
    }

    /** The same with the fields that the change names. */
    Site with(JsonObject change) {
        return of(id, fields().mergeIn(change));
    }

    JsonObject fields() {
        return new JsonObject()
                .put("origin", origin)
                .put("name", name)
                .put("description", description)
                .put("tags", new JsonArray(tags))
                .put("icon", icon)
                .put("badge", badge)
                .put("url", url)
                .put("bindsKeys", bindsKeys)
                .put("welcome", welcome == null ? null : welcome.toJson());
    }

    JsonObject toJson() {
        return edits.addTo(fields().put("id", id.toString()));
    }

    static String name(String name) {
        if (name.isBlank()) {
            throw ProblemException.unprocessable("/name", "A name must not be blank.");
        }
        return name.strip();
    }

    private static String origin(String text) {
        return Origin.parse(text)
                .orElseThrow(
                        () -> ProblemException.unprocessable(
                                "/origin",
                                "An origin is a scheme, a host and a port that is not the usual one, such as https://shop.example."));
    }

    private static String link(String pointer, String url) {
        if (!PushPayload.isWebAddress(url)) {
            throw ProblemException.unprocessable(
                    pointer, "A link is an absolute URL that begins with https:// or http://.");
        }
        return url == null ? null : url.strip();
    }
}
