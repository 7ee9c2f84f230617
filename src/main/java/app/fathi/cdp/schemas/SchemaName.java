package app.fathi.cdp.schemas;

import io.vertx.core.json.JsonObject;

/**
 * Whose schema it is.
 *
 * @param type the call
 * @param name what happened, for a {@code track}; empty for all other calls, whose names are as many as pages
 */
record SchemaName(String type, String name) {
    static SchemaName of(JsonObject event) {
        var type = event.getString("type");
        return new SchemaName(type, type.equals("track") ? event.getString("event", "") : "");
    }
}
