package app.fathi.platform.stream;

import io.vertx.core.json.JsonObject;

/**
 * One record of a stream.
 *
 * @param key records of one workspace with one key stay in order
 * @param kind what it is; says how to read the payload
 */
public record StreamRecord(int ws, String key, String kind, JsonObject payload) {}
