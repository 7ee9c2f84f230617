package app.fathi.templates;

import io.vertx.core.json.JsonObject;

/** How much of the room a channel has for one message its content takes. */
public interface Payload {
    /** Octets of the rendered content as it would be sent. */
    int octets(JsonObject content);

    /** Octets that are carried; more is skipped as {@code payload_too_large}. */
    int limit();
}
